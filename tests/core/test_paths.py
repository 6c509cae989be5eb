"""Kept weights on a path from input to output, by hand, against compaction, and by what a change of a weight does."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from lth.artifacts.tickets import Ticket
from lth.config.data import Network
from lth.export.compact import compacted
from lth.export.folder import network_graph
from lth.networks.build import build, initial_weights
from lth.pruning.paths import on_path


class Small(nn.Module):
    """Two linear layers with a ReLU between them, and biases."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(3, 2), nn.Linear(2, 2)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.second(torch.relu(self.first(inputs.flatten(1))))


def test_a_weight_needs_a_way_in_and_a_way_out() -> None:
    masks = {
        "first.weight": torch.tensor([[1, 0, 1], [0, 1, 0]], dtype=torch.bool),
        "second.weight": torch.tensor([[1, 0], [1, 0]], dtype=torch.bool),  # nothing reads the second unit
    }
    found = on_path(Small(), masks, (1, 1, 3))
    assert found is not None
    assert found["first.weight"].tolist() == [[True, False, True], [False, False, False]]
    assert found["second.weight"].tolist() == [[True, False], [True, False]]
    masks["first.weight"][0] = False  # the first unit is a constant now, and the second is not read
    assert not any(mask.any() for mask in (on_path(Small(), masks, (1, 1, 3)) or {}).values())


def test_a_layer_that_is_not_used_is_on_no_path() -> None:
    network = Small()
    network.unused = nn.Linear(3, 2)
    masks = {f"{name}.weight": torch.ones(2, 3 if name != "second" else 2).bool() for name in ("first", "second")}
    found = on_path(network, {**masks, "unused.weight": torch.ones(2, 3).bool()}, (1, 1, 3))
    assert found is not None
    assert [int(mask.sum()) for mask in found.values()] == [6, 4, 0]


def test_a_shortcut_is_a_path() -> None:
    """ResNet-20: with the first convolution of a block empty, the second leads nowhere, and the rest goes around."""
    network = build(Network(architecture="resnet20", channels=3, size=8))
    masks = {
        name: torch.ones_like(parameter, dtype=torch.bool)
        for name, parameter in network.named_parameters()
        if parameter.dim() > 1
    }
    names = list(masks)
    masks[names[1]] = torch.zeros_like(masks[names[1]])
    found = on_path(network, masks, (3, 8, 8))
    assert found is not None
    assert [name for name in names if not found[name].any()] == names[1:3]
    assert all(found[name].all() for name in names[3:])


@pytest.mark.parametrize("architecture", ["lenet5_classic", "conv2", "vgg11"])
def test_all_of_a_dense_network_is_on_a_path(architecture: str) -> None:
    """VGG's last maximum is over 2x2 pixels, of which each has other weights of the kernel in its padding."""
    spec = Network(architecture=architecture, channels=3, size=32)
    network = build(spec)
    masks = {n: torch.ones_like(p, dtype=torch.bool) for n, p in network.named_parameters() if p.dim() > 1}
    found = on_path(network, masks, (3, 32, 32))
    assert found is not None
    assert all(mask.all() for mask in found.values())


class Functional(nn.Module):
    """Maxima as functions, of which each pixel has other weights of the kernel in its padding."""

    def __init__(self, pool: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.first, self.second, self.pool = nn.Conv2d(1, 2, 3, padding=1), nn.Linear(2, 2), pool

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.second(self.pool(self.first(inputs)).flatten(1))


@pytest.mark.parametrize(
    "pool",
    [
        lambda maps: functional.max_pool2d(maps, 2),
        lambda maps: torch.max_pool2d(maps, (2, 2)),
        lambda maps: functional.adaptive_max_pool2d(maps, 1),
        nn.AdaptiveMaxPool2d(1),
        lambda maps: maps.amax((2, 3)),
    ],
)
def test_so_it_is_through_maxima_that_are_called(pool: Callable[[torch.Tensor], torch.Tensor]) -> None:
    masks = {"first.weight": torch.ones(2, 1, 3, 3).bool(), "second.weight": torch.ones(2, 2).bool()}
    found = on_path(Functional(pool), masks, (1, 2, 2))
    assert found is not None
    assert all(mask.all() for mask in found.values())


@given(st.integers(0, 10**6), st.floats(0.05, 0.5))
def test_what_is_not_on_a_path_changes_no_output(seed: int, density: float) -> None:
    """With zero biases: a network without these weights computes the same, for any inputs and any weights."""
    spec = Network(architecture="lenet5_classic")
    network, weights = build(spec), initial_weights(spec, seed % 7)
    stream = torch.Generator().manual_seed(seed)
    masks = {n: torch.rand(w.shape, generator=stream) < density for n, w in weights.items() if w.dim() > 1}
    masks["9.weight"] &= torch.rand(masks["9.weight"].shape, generator=stream) < 0.05
    found = on_path(network, masks, (1, 28, 28))
    assert found is not None
    assert all((found[name] <= mask).all() for name, mask in masks.items())
    assert sum(int(mask.sum()) for mask in found.values()) < sum(int(mask.sum()) for mask in masks.values())
    inputs = torch.randn(4, 1, 28, 28, generator=stream)
    outputs = []
    for kept in (masks, found):
        network.load_state_dict({name: w * kept[name] if name in kept else w for name, w in weights.items()})
        with torch.no_grad():
            outputs.append(network(inputs))
    assert torch.allclose(*outputs, atol=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_as_many_weights_are_on_a_path_as_compaction_leaves(tmp_path: Path, seed: int) -> None:
    dense = Ticket.dense(Network(architecture="lenet5_classic"), seed)
    stream = torch.Generator().manual_seed(seed)
    masks = {name: torch.rand(mask.shape, generator=stream) < 0.04 for name, mask in dense.masks.items()}
    ticket = dense.derive(masks, dense.weights)
    ticket.save(tmp_path / "ticket.safetensors")
    _, graph = network_graph(tmp_path / "ticket.safetensors", "initial")
    left = [step.tensors["weight"] for step in compacted(graph).steps if "weight" in step.tensors]
    found = ticket.on_path()
    assert found is not None
    count = sum(int(mask.sum()) for mask in found.values())
    assert (
        count == sum(int(weight.count_nonzero()) for weight in left) < sum(int(mask.sum()) for mask in masks.values())
    )


class Single(nn.Module):
    """Somebody's own code, which computes in single precision whatever it is given."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return inputs.float()


@pytest.mark.parametrize("between", [nn.LayerNorm(3), nn.InstanceNorm1d(1), Single()])
def test_what_cannot_be_followed_is_none(between: nn.Module) -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.Unflatten(1, (1, 3)), between, nn.Linear(3, 2))
    masks = {"1.weight": torch.ones(3, 4, dtype=torch.bool), "4.weight": torch.ones(2, 3, dtype=torch.bool)}
    assert on_path(network, masks, (1, 2, 2)) is None


class Written(nn.Module):
    """Two layers, and a line of somebody's own between input and output."""

    def __init__(self, line: Callable[[nn.Module, torch.Tensor], torch.Tensor], where: str) -> None:
        super().__init__()
        self.a, self.b, self.line, self.where = nn.Linear(4, 3), nn.Linear(3, 2), line, where
        self.register_buffer("mean", torch.full((4,), 0.5))
        self.scale = nn.Parameter(torch.ones(3))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        flow = inputs.flatten(1)
        flow = self.line(self, flow) if self.where == "first" else flow
        flow = self.a(flow)
        flow = self.line(self, flow) if self.where == "between" else flow
        flow = self.b(flow)
        return self.line(self, flow) if self.where == "last" else flow


MASKS = {"a.weight": torch.ones(3, 4).bool(), "b.weight": torch.ones(2, 3).bool()}


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ("first", lambda net, x: (x - net.mean) / 2),
        ("first", lambda net, x: 1 - x),
        ("first", lambda net, x: x * -1.0),
        ("first", lambda net, x: x - x.mean(1, keepdim=True)),
        ("between", lambda net, x: functional.layer_norm(x, (3,))),
        ("between", lambda net, x: functional.normalize(x)),
        ("between", lambda net, x: -x),
        ("last", lambda net, x: functional.log_softmax(x, 1)),
        ("last", lambda net, x: x.softmax(1)),
    ],
)
def test_what_may_change_the_sign_of_the_flow_is_none(
    where: str, line: Callable[[nn.Module, torch.Tensor], torch.Tensor]
) -> None:
    assert on_path(Written(line, where), MASKS, (1, 2, 2)) is None


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ("between", lambda net, x: functional.relu6(100 * x)),
        ("between", lambda net, x: torch.tanh(100 * x)),
        ("between", lambda net, x: x.relu_() * net.scale + x),
        ("between", lambda net, x: torch.stack([x, x]).mean(0).view(x.shape[0], -1)),
        ("between", lambda net, x: torch.cat([x[:, :1], x[:, 1:]], 1)),
        ("first", lambda net, x: x / 255.0),
    ],
)
def test_all_is_on_a_path_through_what_keeps_the_sign(
    where: str, line: Callable[[nn.Module, torch.Tensor], torch.Tensor]
) -> None:
    found = on_path(Written(line, where), MASKS, (1, 2, 2))
    assert found is not None
    assert all(mask.all() for mask in found.values())
