"""Sparse kernels against torch's dense ones: what comes out of a network, and the gradients of what is kept."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

pytest.importorskip("numba", reason="sparse kernels need numba")

from lth.catalog.architectures import ARCHITECTURES
from lth.compiling import compiled
from lth.export.graph import module_of
from lth.export.trace import graph_of
from lth.sparse import kernels, steps
from lth.sparse.dropout import draw_factors, dropouts_of
from lth.sparse.inference import runner
from lth.sparse.layout import Layout, lay_out
from lth.sparse.operations import Operations, Unsupported

CLOSE = 3e-6
"""Activations closer than this to zero, or to another one in a pooling window, may fall on either side by rounding."""


class Close(Exception):
    """An activation lies where rounding decides."""


def masks_of(network: nn.Module, density: float) -> dict[str, Tensor]:
    named = dict(network.named_parameters())
    layers = [f"{n}.weight" for n, m in network.named_modules() if isinstance(m, nn.Linear | nn.Conv2d)]
    return {name: torch.rand(named[name].shape) < density for name in layers}


def filled(network: nn.Module, graph: Operations, masks: dict[str, Tensor], batch: int) -> Layout:
    """The network as arrays, holding its weights, which are masked in the network itself, too."""
    layout = lay_out(graph, masks, batch)
    state = network.state_dict()
    for name, (part, kept) in layout.weights.items():
        state[name].mul_(masks[name])
        layout.arrays.parameters[part] = state[name].float().flatten().numpy()[kept]
    for name, part in layout.others.items():
        layout.arrays.parameters[part] = state[name].float().numpy()
    for name, part in layout.running.items():
        layout.arrays.running[part] = state[name].float().numpy()
    return layout


def compare(
    network: nn.Module,
    shape: tuple[int, int, int],
    batch: int,
    density: float,
    smoothing: float = 0.0,
    small: bool = False,
) -> None:
    """A step's loss, gradients and statistics, against torch's in float64; then the logits of the network in use."""
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.5 if parameter.ndim == 1 else 1.5 / parameter[0].numel() ** 0.5)
    network.double().train()
    masks = masks_of(network, density)
    graph = Operations.of(network, *shape)
    layout = filled(network, graph, masks, batch)
    inputs, labels = torch.randn(batch, *shape), torch.randint(0, 3, (batch,))
    close: list[bool] = []
    hooks = [module.register_forward_hook(_watch(close, small)) for module in network.modules()]
    dropped = torch.get_rng_state()
    logits = network(inputs.double())
    for hook in hooks:
        hook.remove()
    if any(close):
        raise Close
    functional.cross_entropy(logits, labels, label_smoothing=smoothing).backward()
    frame, arrays, predicted = steps.frame_of(layout), layout.arrays, np.empty(batch, np.int64)
    steps.put(inputs.numpy(), arrays, frame)
    torch.set_rng_state(dropped)
    draw_factors(layout, dropouts_of(graph.nodes), batch)
    kernels.forward(arrays, layout.width, batch, True)
    loss = steps.cross_entropies(labels.numpy(), arrays, frame, smoothing, predicted)
    kernels.backward(arrays, layout.width, batch)
    assert loss / batch == pytest.approx(functional.cross_entropy(logits, labels).item(), rel=1e-4, abs=1e-5)
    assert (predicted == logits.argmax(1).numpy()).all()
    parameters, buffers = dict(network.named_parameters()), dict(network.named_buffers())
    largest = max(float(gradient(parameter).abs().max()) for parameter in parameters.values())
    for name, (part, kept) in layout.weights.items():
        agree(arrays.parameter_gradients[part], gradient(parameters[name]).flatten().numpy()[kept], name, largest)
    for name, part in layout.others.items():
        agree(arrays.parameter_gradients[part], gradient(parameters[name]).numpy(), name, largest)
    for name, part in layout.running.items():
        agree(arrays.running[part], buffers[name].numpy(), name)
    network.eval()
    kernels.forward(arrays, layout.width, batch, False)
    steps.cross_entropies(labels.numpy(), arrays, frame, 0.0, predicted)
    assert (predicted == network(inputs.double()).argmax(1).numpy()).mean() > 0.9


def gradient(parameter: nn.Parameter) -> Tensor:
    assert parameter.grad is not None
    return parameter.grad


def agree(found: Any, expected: Any, name: str, largest: float = 0.0) -> None:
    """Within rounding of the layer's own numbers, and of the network's, of which they may be differences."""
    own = abs(expected).max(initial=0)
    allowed = 1e-4 * own + (1e-5 if own > 1e-9 else 1e-4) * largest + 1e-6  # zero: of a bias before batch norm
    assert abs(found - expected).max(initial=0) <= allowed, name


def _watch(close: list[bool], small: bool) -> Any:
    """Notes whether a module sees numbers that rounding could put into another order, or that it would magnify."""

    def look(module: nn.Module, inputs: Any, _output: Any) -> None:
        values = inputs[0].detach() if inputs else torch.zeros(0)
        if small and isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):  # where nothing varies, it magnifies rounding
            close.append(bool((values.transpose(0, 1).flatten(1).var(1, correction=0) < 0.01).any()))
        if isinstance(module, nn.ReLU):
            close.append(bool(((values.abs() < CLOSE) & (values != 0)).any()))
        if isinstance(module, nn.MaxPool2d) and module.kernel_size != 1:
            size = int(module.kernel_size)  # type: ignore[call-overload]
            windows = functional.unfold(values.flatten(0, 1).unsqueeze(1), size, stride=size)
            first, second = windows.topk(2, dim=1).values.unbind(1)
            close.append(bool(((first - second < CLOSE) & (first != second)).any()))

    return look


@st.composite
def networks(draw: st.DrawFn) -> tuple[nn.Module, tuple[int, int, int]]:
    """Convolutions of all kinds, batch norm, poolings, then linear layers, some without a bias, and dropout."""
    channels, rows, columns = draw(st.integers(1, 3)), draw(st.integers(5, 11)), draw(st.integers(5, 11))
    shape, layers = (channels, rows, columns), list[nn.Module]()
    for _ in range(draw(st.integers(0, 2))):
        size = draw(st.sampled_from([1, 3, 5]))
        padding, stride = draw(st.integers(0, (size - 1) // 2)), draw(st.integers(1, 3))
        if min(rows, columns) + 2 * padding < size + stride:
            break
        groups = channels if draw(st.booleans()) else 1
        after = channels * draw(st.integers(1, 2)) if groups > 1 else draw(st.integers(1, 5))
        bias = draw(st.booleans())
        layers.append(nn.Conv2d(channels, after, size, stride=stride, padding=padding, groups=groups, bias=bias))
        channels, rows, columns = after, *((n + 2 * padding - size) // stride + 1 for n in (rows, columns))
        layers += [nn.BatchNorm2d(channels)] if draw(st.booleans()) else []
        layers += [nn.ReLU()] if draw(st.booleans()) else []
        window = draw(st.integers(1, 3))
        if min(rows, columns) >= window > 1:
            layers.append(nn.MaxPool2d(window))
            rows, columns = rows // window, columns // window
    if layers and draw(st.booleans()):
        layers.append(nn.AdaptiveAvgPool2d(1))
        rows = columns = 1
    hidden = draw(st.integers(1, 9))
    layers += [nn.Flatten(), nn.Linear(channels * rows * columns, hidden, bias=draw(st.booleans()))]
    layers += [nn.BatchNorm1d(hidden)] if draw(st.booleans()) else []
    layers += [nn.ReLU()] if draw(st.booleans()) else []
    layers += [nn.Dropout(draw(st.sampled_from([0.2, 0.5])))] if draw(st.booleans()) else []
    return nn.Sequential(*layers, nn.Linear(hidden, 3)), shape


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.filter_too_much])
@given(
    made=networks(),
    batch=st.sampled_from([7, 16, 40, 48, 64, 70]),
    density=st.sampled_from([0.0, 0.05, 0.3, 1.0]),
    smoothing=st.sampled_from([0.0, 0.1]),
    seed=st.integers(0, 99),
)
def test_gradients_of_any_network_are_those_of_dense_kernels(
    made: tuple[nn.Module, tuple[int, int, int]], batch: int, density: float, smoothing: float, seed: int
) -> None:
    torch.manual_seed(seed)
    try:
        compare(*made, batch, density, smoothing, small=True)
    except Close:
        assume(False)


@pytest.mark.parametrize(
    ("name", "channels", "size"),
    [
        *(("lenet_300_100", 1, 28), ("lenet5_classic", 1, 28), ("conv4", 3, 8), ("vgg_like", 3, 16)),
        *(("resnet20", 3, 8), ("resnet18", 3, 8), ("wrn_16_4", 3, 8)),
    ],
)
def test_gradients_of_networks_of_the_sources(
    name: str, channels: int, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lth.networks.vgg.WIDTHS", (8, 12, 16, 16, 512))  # the same layers, in milliseconds
    rates = {"dropout": 0.2} if name in ("vgg_like", "conv4") else {}
    for seed in range(20):
        torch.manual_seed(seed)
        try:
            compare(ARCHITECTURES[name].load()(channels, size, 3, **rates), (channels, size, size), 4, 0.15)
        except Close:
            continue
        return
    raise AssertionError("all had such an activation")


class Own(nn.Module):
    """Code of a user's in `forward`; `twist` makes it something that no chain of layers is."""

    def __init__(self, twist: str = "") -> None:
        super().__init__()
        self.first, self.second, self.norm = nn.Conv2d(2, 4, 3, padding=1), nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4)
        self.hidden, self.out, self.twist = nn.Linear(4 * 3 * 3, 9), nn.Linear(9, 3), twist

    def forward(self, images: Tensor) -> Tensor:
        found = functional.relu(self.first(images))
        if self.twist == "sum":
            found = found + functional.relu(found)
        found = self.norm(self.first(found) if self.twist == "twice" else self.second(found)).relu()
        found = functional.max_pool2d(found, 2).view(images.size(0), -1)
        found = torch.tanh(self.hidden(found)) if self.twist == "tanh" else self.hidden(found).relu()
        if self.twist == "branch" and found.sum() > 0:
            found = found * 2
        return self.out(functional.dropout(found, 0.2, self.training))


def test_gradients_of_a_network_with_code_of_its_own() -> None:
    for seed in range(20):
        torch.manual_seed(seed)
        try:
            compare(Own(), (2, 8, 8), 5, 0.3)
        except Close:
            continue
        return
    raise AssertionError("all had such an activation")


@pytest.mark.parametrize(
    ("twist", "named"),
    [
        ("sum", "add (a sum that is no residual connection)"),
        ("tanh", "a network that computes tanh"),
        ("branch", "a network that cannot be traced (TraceError)"),
    ],
)
def test_code_of_other_things_than_known_layers_has_no_kernel(twist: str, named: str) -> None:
    with pytest.raises(Unsupported) as caught:
        Operations.of(Own(twist).train(), 2, 8, 8)
    assert named in str(caught.value)


def test_a_layer_that_is_used_twice_has_no_kernel() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer, self.out = nn.Linear(4, 4), nn.Linear(4, 3)

        def forward(self, images: Tensor) -> Tensor:
            return self.out(self.layer(self.layer(images.flatten(1)).relu()).relu())

    with pytest.raises(Unsupported, match="a network that uses a layer more than once"):
        Operations.of(Twice(), 1, 2, 2)


def test_a_batch_norm_of_pixels_has_no_kernel() -> None:
    with pytest.raises(Unsupported, match="a batch norm of pixels"):
        Operations.of(nn.Sequential(nn.Flatten(), nn.BatchNorm1d(8), nn.Linear(8, 3)), 2, 2, 2)


BLOCKS = ("after", "before", "active", "branches", "plain", "strided")


class Blocks(nn.Module):
    """Residual connections in all places: around or before norms and ReLUs, of images, of two branches, strided."""

    def __init__(self, kinds: Sequence[str]) -> None:
        super().__init__()
        self.kinds, width = kinds, 2
        self.convolutions, self.norms, self.others = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        for kind in kinds:
            after = width + 2 * (kind == "strided")
            stride = 1 + (kind == "strided")
            self.convolutions.append(nn.Conv2d(width, after, 3, padding=1, stride=stride))
            self.norms.append(nn.BatchNorm2d(after))
            self.others.append(nn.Conv2d(width, after, 1) if kind == "branches" else nn.Identity())
            width = after
        self.relu, self.pool, self.out = nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Linear(width, 3)

    def forward(self, images: Tensor) -> Tensor:
        x = images
        for kind, convolution, norm, other in zip(self.kinds, self.convolutions, self.norms, self.others, strict=True):
            match kind:
                case "after":
                    x = self.relu(x + norm(convolution(x)))
                case "before":
                    x = convolution(self.relu(norm(x))) + x
                case "active":
                    active = self.relu(norm(x))
                    x = convolution(active) + active
                case "branches":
                    x = norm(convolution(x)) + other(x)
                case "plain":
                    x = self.relu(norm(convolution(x)))
                case _:
                    x = functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, 2)) + norm(convolution(x))
        return self.out(self.pool(x).flatten(1))


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.filter_too_much])
@given(
    kinds=st.lists(st.sampled_from(BLOCKS), min_size=1, max_size=4),
    size=st.integers(5, 8),
    batch=st.sampled_from([3, 16, 50]),
    density=st.sampled_from([0.3, 1.0]),
    seed=st.integers(0, 99),
)
def test_gradients_of_residual_connections(kinds: list[str], size: int, batch: int, density: float, seed: int) -> None:
    torch.manual_seed(seed)
    try:
        compare(Blocks(kinds), (2, size, size), batch, density, small=True)
    except Close:
        assume(False)


class Written(nn.Module):
    """What `code` makes of the images and of a layer's output; the network's logits."""

    def __init__(self, code: Callable[[Tensor, nn.Module], Tensor]) -> None:
        super().__init__()
        self.code, self.layer, self.out = code, nn.Conv2d(1, 1, 3, padding=1), nn.Linear(16, 3)

    def forward(self, images: Tensor) -> Tensor:
        return self.out(self.code(images, self.layer).flatten(1))


def before_and_after(images: Tensor, layer: nn.Module) -> Tensor:
    found = layer(images)
    return functional.relu(found) + images + found


def in_place(images: Tensor, layer: nn.Module) -> Tensor:
    found = layer(images)
    return found.relu_() + found


def unused(images: Tensor, layer: nn.Module) -> Tensor:
    functional.relu(images)
    return layer(images)


@pytest.mark.parametrize(
    ("code", "named"),
    [
        (before_and_after, "add_1 (what comes before a ReLU that others take)"),
        (in_place, "a network that changes a tensor in place (relu_) that is used elsewhere"),
        (unused, "a network that computes relu and does not use it"),
        (lambda images, layer: layer(images) + images[:, :, :1], "a network that computes getitem"),
        (lambda images, layer: layer(images) + layer.bias, "a network that computes layer.bias"),
        (lambda images, layer: functional.pad(layer(images), (0, 0, 0, 0, 0, 3)), "flatten (a layer after a stride"),
        (lambda images, layer: (found := layer(images)) + functional.max_pool2d(found, 1, 1), "a sum that is"),
        (
            lambda images, layer: (
                functional.max_pool2d(found := layer(images), 2).flatten(1) + found[:, :, ::2, ::2].flatten(1)
            ),
            "flatten",
        ),
        (
            lambda images, layer: layer(images)[:, :, ::1, ::1] + functional.pad(images, (0, 0, 0, 0, 0, 1)),
            "add (a sum",
        ),
        (lambda images, layer: layer(images[:, :, ::2, ::2]), "layer (a layer after a stride without a conv"),
        (lambda images, layer: functional.dropout(layer(images).flatten(1)), "drops values in evaluation mode, too"),
        (lambda images, layer: functional.dropout(layer(images), 0.5, True), "drops values in evaluation mode, too"),
    ],
)
def test_code_that_would_be_read_wrongly_has_no_kernel(code: Any, named: str) -> None:
    with pytest.raises(Unsupported) as caught:
        Operations.of(Written(code), 1, 4, 4)
    assert named in str(caught.value)


def test_a_pooling_of_what_others_take_has_no_kernel() -> None:
    """It writes the gradients of what it takes, and adds none to those of others."""

    def pooled_too(images: Tensor, layer: nn.Module) -> Tensor:
        found = layer(images)
        return functional.max_pool2d(found, 2) + found[:, :, ::2, ::2]

    with pytest.raises(Unsupported, match=r"max_pool2d \(a pooling or dropout of what others take, too"):
        Operations.of(Written(pooled_too), 1, 8, 8)


@pytest.mark.parametrize(
    ("network", "named"),
    [
        (nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 3)), "2 (Tanh)"),
        (nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(4, 3)), "1 (dropout of images)"),
        (
            nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.Dropout(0.5), nn.ReLU()),
            "3 (a ReLU that no layer comes right",
        ),
        (nn.Sequential(nn.MaxPool2d(2, stride=1), nn.Flatten(), nn.Linear(1, 3)), "whose windows overlap"),
        (nn.Sequential(nn.MaxPool2d(2, dilation=2), nn.Flatten(), nn.Linear(1, 3)), "0 (a max-pooling with dilation"),
        (nn.Sequential(nn.MaxPool2d(17), nn.Flatten(), nn.Linear(1, 3)), "or of more than 256 pixels)"),
        (nn.Sequential(nn.Conv2d(1, 2, 2, dilation=2)), "0 (a convolution with dilation"),
        (nn.Sequential(nn.Conv2d(1, 3, 1)), "a network whose output is no logits"),
        (nn.Sequential(nn.ReLU(), nn.Flatten(), nn.Linear(4, 3)), "0 (a ReLU that no layer comes right before)"),
    ],
)
def test_what_has_no_kernel_is_named(network: nn.Module, named: str) -> None:
    with pytest.raises(Unsupported) as caught:
        Operations.of(network, 1, 2, 2)
    assert named in str(caught.value)


def test_what_a_hook_does_has_no_kernel() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 3))
    Operations.of(network, 1, 2, 2)
    network[1].register_forward_hook(lambda _module, _given, output: 2 * output)
    with pytest.raises(Unsupported, match="has hooks"):
        Operations.of(network, 1, 2, 2)


@pytest.mark.parametrize(
    "layers",
    [
        [nn.Flatten(), nn.Linear(16, 4), nn.ReLU(), nn.Linear(4, 3)],
        [nn.Conv2d(1, 4, 3), nn.MaxPool2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(4, 3)],
        [nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)],
    ],
    ids=["linear", "pooling", "norm"],
)
def test_what_is_not_a_number_passes_a_relu(layers: list[nn.Module]) -> None:
    """As in torch: otherwise a training that has diverged could end as a good one."""
    network = nn.Sequential(*layers).eval()
    next(one for one in layers if isinstance(one, nn.Linear | nn.Conv2d)).bias.data.fill_(float("nan"))
    images = torch.randn(2, 1, 4, 4)
    with torch.inference_mode():
        assert network(images).isnan().all()
        assert runner(network, (1, 4, 4))(images).isnan().all()


@pytest.mark.parametrize(("name", "batch"), [("lenet5_classic", 1), ("lenet5_classic", 70), ("resnet20", 3)])
def test_a_finished_network_gives_the_logits_that_torch_gives(name: str, batch: int) -> None:
    torch.manual_seed(0)
    network = ARCHITECTURES[name].load()(1, 16, 3).eval()
    for parameter, mask in masks_of(network, 0.2).items():
        network.get_parameter(parameter).data.mul_(mask)
    images = torch.randn(batch, 1, 16, 16)
    with torch.inference_mode():
        for read in (network, module_of(graph_of(network, (1, 16, 16), "it"))):  # an export's is read like any other
            torch.testing.assert_close(runner(read, (1, 16, 16))(images), network(images), rtol=1e-4, atol=1e-5)


def test_a_step_by_hand() -> None:
    """One weight of two, no bias: x = [2, 5], w = [[3, 0], [0, 1]]; logits [6, 5]; label 1."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(2, 2, bias=False))
    masks = {"1.weight": torch.tensor([[True, False], [False, True]])}
    network.load_state_dict({"1.weight": torch.tensor([[3.0, 9.0], [9.0, 1.0]])})
    layout = filled(network, Operations.of(network, 1, 1, 2), masks, 1)
    assert layout.arrays.parameters.tolist() == [3.0, 1.0]
    frame, predicted = steps.frame_of(layout), np.empty(1, np.int64)
    steps.put(np.array([[[[2.0, 5.0]]]], np.float32), layout.arrays, frame)
    kernels.forward(layout.arrays, layout.width, 1, True)
    loss = steps.cross_entropies(np.array([1]), layout.arrays, frame, 0.0, predicted)
    kernels.backward(layout.arrays, layout.width, 1)
    chance = 1 / (1 + np.exp(-1))  # of class 0, whose logit is larger by 1
    assert predicted.tolist() == [0]
    assert loss == pytest.approx(-np.log(1 - chance), rel=1e-6)
    assert layout.arrays.parameter_gradients.tolist() == pytest.approx([2 * chance, -5 * chance], rel=1e-5)


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 5, 7), (2, 4, 4)])
@pytest.mark.parametrize("border", [0, 1])
@pytest.mark.parametrize("batch", [3, 16, 60])
def test_bytes_become_numbers_where_they_belong(shape: tuple[int, int, int], border: int, batch: int) -> None:
    network = nn.Sequential(nn.Conv2d(shape[0], 2, 3, padding=border), nn.Flatten(), nn.LazyLinear(3))
    network(torch.zeros(1, *shape))
    layout = lay_out(Operations.of(network, *shape), {}, batch)
    images = np.random.default_rng(0).integers(0, 256, (40, *shape), dtype=np.uint8)
    mean, scale = np.arange(shape[0], dtype=np.float32) + 100, np.arange(shape[0], dtype=np.float32) / 64 + 0.5
    rows = np.random.default_rng(1).integers(0, 40, batch)
    frame = steps.frame_of(layout)
    steps.take(steps.Pixels(images.reshape(-1), mean, scale), rows, layout.arrays, frame)
    taken = layout.arrays.activations.copy()
    numbers = (images[rows].astype(np.float32) - mean[:, None, None]) * scale[:, None, None]
    layout.arrays.activations[:] = 0
    steps.put(numbers, layout.arrays, frame)
    put = layout.arrays.activations
    lanes = (
        np.arange(len(put)) % layout.width < batch % layout.width if batch % layout.width else np.ones(len(put), bool)
    )
    assert (taken[lanes] == put[lanes]).all()


def test_where_nothing_can_be_kept_every_process_compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(function: Any, *_: Any, **__: Any) -> Any:
        raise RuntimeError("cannot cache function 'double': no locator available for file 'x.py'")

    monkeypatch.setattr("numba.core.caching.CacheImpl.__init__", refuses)

    @compiled
    def double(number: int) -> int:
        return 2 * number

    assert double(21) == 42
