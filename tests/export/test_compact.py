"""Compaction: the smaller network computes the same function, and what goes is what was worked out by hand."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import graph, sparse, spec
from torch import Tensor, nn

from lth.errors import UserError
from lth.export.compact import Sizes, compacted
from lth.export.graph import Graph, graph_from, module_of
from lth.export.trace import graph_of

SMALL = ("lenet_300_100", "lenet5_classic", "lenet5", "conv2")
MIDDLE = ("conv4", "conv6")
DEEP = ("vgg11", "vgg_like", "resnet20", "wrn_16_4", "resnet18")
"""Those of VGG with fewer channels (`conftest.py`)."""


def _same(one: Graph, other: Graph, tolerance: float = 1e-6) -> None:
    """Equal logits, up to a millionth of the largest."""
    images = torch.randn(4, *one.shape, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        expected, found = module_of(one)(images), module_of(other)(images)
    assert float((expected - found).abs().max()) <= tolerance * max(1.0, float(expected.abs().max()))


@pytest.mark.parametrize("architecture", [*SMALL, "mlp_7", *DEEP[:4]])
def test_the_graph_is_the_network(architecture: str) -> None:
    ticket = sparse(spec(architecture), 0.5)
    network, found = ticket.module().eval(), graph(ticket)
    images = torch.randn(2, *found.shape)
    with torch.inference_mode():
        assert network(images).equal(module_of(found)(images))
        assert network(images).allclose(found.run(images)[found.steps[-1].name], atol=1e-6)
    state = network.state_dict()
    assert {name for name in state if not name.endswith("num_batches_tracked")} == {*found.tensors()}
    assert found.parameters() == sum(p.numel() for p in network.parameters())


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(SMALL), st.sampled_from([0.002, 0.01, 0.03, 0.1, 0.5, 1.0]), st.integers(0, 1000))
def test_the_smaller_network_computes_the_same(architecture: str, density: float, seed: int) -> None:
    before = graph(sparse(spec(architecture, dropout=0.5 if "conv" in architecture else 0), density, seed))
    after = compacted(before)
    _same(before, after)
    assert after.parameters() <= before.parameters() + len(before.steps)
    assert compacted(after).parameters() == after.parameters()


@pytest.mark.parametrize(
    ("architecture", "density"),
    [*((name, 0.03) for name in (*MIDDLE, *DEEP)), ("vgg11", 0.003), ("resnet20", 0.003)],
)
def test_with_dropout_batch_norm_and_residual_sums_too(architecture: str, density: float) -> None:
    before = graph(sparse(spec(architecture), density))
    after = compacted(before)
    _same(before, after)
    assert after.parameters() < before.parameters()
    assert after.flops() < before.flops()


@pytest.mark.parametrize(
    ("architecture", "which"),
    [(name, which) for name in ("lenet_300_100", "lenet5_classic") for which in (0, -2, -1)]
    + [("conv4", -2), ("vgg_like", -2), ("resnet20", 1)],
)
def test_with_a_layer_that_keeps_nothing(architecture: str, which: int) -> None:
    network = spec(architecture)
    names = [*sparse(network, 1.0).masks]
    before = graph(sparse(network, 0.1, empty=names[which]))
    _same(before, compacted(before))


def _chain(*layers: nn.Module, shape: tuple[int, int, int]) -> Graph:
    return graph_of(nn.Sequential(*layers), shape, "by hand")


def _linear(weight: list[list[float]], bias: list[float]) -> nn.Linear:
    layer = nn.Linear(len(weight[0]), len(weight))
    layer.load_state_dict({"weight": torch.tensor(weight), "bias": torch.tensor(bias)})
    return layer


def test_by_hand_two_layers() -> None:
    """Of four units one is computed, one is the constant relu(2) = 2, one is constant and zero after ReLU, and nothing
    reads the last."""
    first = _linear([[1.0, -1.0], [0.0, 0.0], [0.0, 0.0], [3.0, 1.0]], [0.5, 2.0, -1.0, 1.0])
    second = _linear([[2.0, 5.0, 7.0, 0.0]], [1.0])
    before = _chain(nn.Flatten(), first, nn.ReLU(), second, shape=(1, 1, 2))
    after = compacted(before)
    tensors = {name: tensor.tolist() for name, tensor in after.tensors().items()}
    assert tensors == {"1.weight": [[1.0, -1.0]], "1.bias": [0.5], "3.weight": [[2.0]], "3.bias": [11.0]}
    assert Sizes.of(before) == Sizes(parameters=17, flops=24, bytes=68)
    assert Sizes.of(after) == Sizes(parameters=5, flops=6, bytes=20)
    _same(before, after)


def test_by_hand_it_goes_through_layers_until_nothing_is_left_to_go() -> None:
    """The output reads unit 0 of the third layer, that unit 1 of the second, that unit 1 of the first."""
    first = _linear([[1.0], [2.0]], [0.0, 0.0])
    second = _linear([[1.0, 0.0], [0.0, 3.0]], [0.0, 0.0])
    third = _linear([[0.0, 4.0], [5.0, 0.0]], [0.0, 0.0])
    last = _linear([[6.0, 0.0]], [0.0])
    after = compacted(_chain(nn.Flatten(), first, second, third, last, shape=(1, 1, 1)))
    weights = [tensor.tolist() for name, tensor in after.tensors().items() if name.endswith("weight")]
    assert weights == [[[2.0]], [[3.0]], [[4.0]], [[6.0]]]


def _convolutions(bias: float, padding: int, norm: nn.Module | None = None) -> Graph:
    """Two channels, the second a constant of `bias`, into a second convolution that reads both."""
    first, second = nn.Conv2d(1, 2, 1), nn.Conv2d(2, 1, 3, padding=padding)
    with torch.no_grad():
        first.weight[1] = 0
        first.bias[1] = bias  # type: ignore[index]
    layers = [first, *([norm] if norm is not None else []), nn.ReLU(), second]
    return _chain(*layers, nn.Flatten(), nn.Linear((5 + 2 * padding - 2) ** 2, 2), shape=(1, 5, 5))


@pytest.mark.parametrize(
    ("bias", "padding", "channels"),
    [(1.0, 0, 1), (1.0, 1, 2), (-1.0, 1, 1), (0.0, 1, 1)],
    ids=["no padding", "seen at the border", "zero after ReLU", "zero"],
)
def test_a_constant_channel_is_folded_only_where_padding_does_not_show(
    bias: float, padding: int, channels: int
) -> None:
    before = _convolutions(bias, padding)
    after = compacted(before)
    assert len(after.tensors()["0.weight"]) == channels
    _same(before, after)


def test_the_norm_decides_what_constant_it_is() -> None:
    """relu(1 - 3) is zero, so padding does not show; relu(1 + 3) is not."""
    for shift, channels in ((-3.0, 1), (3.0, 2)):
        norm = nn.BatchNorm2d(2).eval()
        nn.init.constant_(norm.bias, shift)
        before = _convolutions(1.0, 1, norm)
        after = compacted(before)
        assert len(after.tensors()["0.weight"]) == len(after.tensors()["1.running_mean"]) == channels
        _same(before, after)


class _Residual(nn.Module):
    """One block on three channels, of which the output reads the first."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.inner = nn.Conv2d(1, 3, 1), nn.Conv2d(3, 3, 1)
        self.pool, self.out = nn.AdaptiveAvgPool2d(1), nn.Linear(3, 2)
        with torch.no_grad():
            self.out.weight[:, 1:] = 0
            self.inner.weight[0] = torch.tensor([0.0, 1.0, 0.0]).view(3, 1, 1)

    def forward(self, images: Tensor) -> Tensor:
        stem = self.stem(images)
        output: Tensor = self.out(torch.flatten(self.pool(self.inner(stem) + stem), 1))
        return output


def test_by_hand_a_stream_keeps_what_any_block_reads() -> None:
    """The output reads channel 0 and the block channel 1; channel 2 goes from the whole stream."""
    before = graph_of(_Residual(), (1, 4, 4), "by hand")
    after = compacted(before)
    shapes = {name: list(tensor.shape) for name, tensor in after.tensors().items() if name.endswith("weight")}
    assert shapes == {"stem.weight": [2, 1, 1, 1], "inner.weight": [2, 2, 1, 1], "out.weight": [2, 2]}
    _same(before, after)


@pytest.mark.parametrize("architecture", ["lenet5_classic", "resnet20"])
def test_a_graph_comes_back_from_plain_data(architecture: str) -> None:
    before = compacted(graph(sparse(spec(architecture), 0.05)))
    after = graph_from(before.described(), before.tensors(), list(before.shape))
    _same(before, after, 0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda steps: steps[1].update(name="a..b"), "without a valid name"),
        (lambda steps: steps[1].update(kind="exec"), "without a valid name and kind"),
        (lambda steps: steps[1].update(inputs=["later"]), "no valid inputs"),
        (lambda steps: steps[1].update(settings={"stride": "1", "padding": 0}), "no valid settings"),
        (lambda steps: steps[1].update(settings={}), "cannot be computed"),
        (lambda steps: steps[2].update(kind="flatten"), "cannot be computed"),
        (lambda steps: steps.pop(), "a tensor '11.bias' that no step has"),
        (lambda steps: steps.clear(), "no list of steps"),
        (lambda steps: steps[1].update(inputs=["input", "input"]), "other inputs than it takes"),
    ],
)
def test_plain_data_that_is_no_graph_is_refused(change, words) -> None:  # type: ignore[no-untyped-def]
    found = graph(sparse(spec("lenet5_classic"), 0.5))
    steps = found.described()
    change(steps)
    with pytest.raises(ValueError, match=words):
        graph_from(steps, found.tensors(), found.shape)


def test_what_is_no_such_network_is_refused_with_its_name() -> None:
    with pytest.raises(UserError, match=r"network 'by hand' has a layer 0 \(GELU\), which cannot be exported"):
        _chain(nn.GELU(), shape=(1, 2, 2))
    with pytest.raises(UserError, match=r"step '0' takes 2 dimensions, found 4"):
        _chain(nn.Linear(2, 2), nn.Flatten(), shape=(2, 2, 2))


REFUSED = [
    (nn.Conv2d(2, 2, 1, groups=2), "groups 2, where 1 is needed"),
    (nn.Conv2d(2, 2, 3, dilation=2), r"dilation \(2, 2\), where 1 is needed"),
    (nn.Conv2d(2, 2, 3, padding=1, padding_mode="reflect"), "padding_mode 'reflect', where 'zeros' is needed"),
    (nn.Conv2d(2, 2, 3, (1, 2)), r"stride \(1, 2\), where one number for both directions is needed"),
    (nn.Conv2d(2, 2, 3, padding=(0, 1)), r"padding \(0, 1\), where one number for all sides is needed"),
    (nn.Conv2d(2, 2, (3, 1), padding="same"), "padding 'same', where one number for all sides is needed"),
    (nn.Conv2d(2, 2, 2, padding="same"), "padding 'same', where one number for all sides is needed"),
    (nn.BatchNorm2d(2, affine=False), "affine False, where True is needed"),
    (nn.BatchNorm2d(2, track_running_stats=False), "track_running_stats False, where True is needed"),
    (nn.MaxPool2d(3, padding=1), "padding 1, where 0 is needed"),
    (nn.MaxPool2d(2, dilation=2), "dilation 2, where 1 is needed"),
    (nn.MaxPool2d(2, ceil_mode=True), "ceil_mode True, where False is needed"),
    (nn.MaxPool2d((2, 3)), r"kernel_size \(2, 3\), where one number for both directions is needed"),
    (nn.MaxPool2d(2, (1, 2)), r"stride \(1, 2\), where one number for both directions is needed"),
    (nn.AdaptiveAvgPool2d(2), "output_size 2, where 1 is needed"),
    (nn.AdaptiveAvgPool2d((1, None)), r"output_size \(1, None\), where 1 is needed"),
    (nn.Flatten(2), "start_dim 2, where 1 is needed"),
    (nn.Flatten(1, 2), "end_dim 2, where -1 is needed"),
]


@pytest.mark.parametrize(("layer", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_a_setting_that_cannot_be_exported_is_named(layer: nn.Module, words: str) -> None:
    """It was said that convolutions can be exported, of a convolution."""
    kind = type(layer).__name__
    with pytest.raises(UserError, match=rf"^network 'by hand' has a layer 0 \({kind}\) with {words}; .* Exports\)$"):
        _chain(layer, nn.Flatten(), shape=(2, 6, 6))


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(2, 3, 3, padding="same"),
        nn.Conv2d(2, 3, 5, padding="same", bias=False),
        nn.Conv2d(2, 3, (1, 1), padding="same"),
        nn.Conv2d(2, 3, (2, 3), 2, padding="valid"),
        nn.MaxPool2d((2, 2)),
        nn.MaxPool2d((3, 3), (2, 2), (0, 0), (1, 1)),
        nn.AdaptiveAvgPool2d((1, 1)),
    ],
    ids=str,
)
def test_settings_that_are_one_number_in_other_words_are_exported(layer: nn.Module) -> None:
    network = nn.Sequential(layer, nn.Flatten()).eval()
    found = graph_of(network, (2, 6, 6), "it")
    images = torch.randn(3, 2, 6, 6)
    again = graph_from(found.described(), found.tensors(), list(found.shape))
    with torch.inference_mode():
        assert torch.allclose(module_of(again)(images), network(images), atol=1e-6)
    _same(found, compacted(found))
