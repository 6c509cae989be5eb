"""Networks with code of their own in `forward`: read by what their functions are, refused where they are unknown."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from lth.errors import UserError
from lth.export.compact import compacted
from lth.export.graph import module_of
from lth.export.onnx_file import check_onnx, onnx_bytes
from lth.export.source import model_source
from lth.export.trace import graph_of


class Residual(nn.Module):
    """Functions and methods in the place of layers, a residual sum, and dropout that evaluation leaves out."""

    def __init__(self, ending: str) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.norm, self.out, self.ending = nn.BatchNorm2d(4), nn.Linear(4 * 4 * 4, 5), ending

    def forward(self, images: Tensor) -> Tensor:
        found = functional.relu(self.first(images))
        found = torch.relu(found + self.norm(self.second(found)))
        found = functional.dropout(functional.max_pool2d(found, kernel_size=2).relu(), 0.3, self.training)
        match self.ending:
            case "view":
                flat = found.contiguous().view(found.size(0), -1)
            case "reshape":
                flat = found.reshape(found.shape[0], -1)
            case "numbers":
                flat = found.view(-1, 64)
            case "method":
                flat = found.flatten(1)
            case "function":
                flat = torch.flatten(found, start_dim=1)
            case other:
                flat = getattr(torch, other)(found).flatten(1)
        return self.out(flat)


@pytest.mark.parametrize("ending", ["view", "reshape", "numbers", "method", "function"])
def test_a_network_of_functions_is_read_as_layers(ending: str) -> None:
    network = Residual(ending).eval()
    images = torch.randn(3, 1, 8, 8)
    graph = graph_of(network, (1, 8, 8), "it")
    *_, logits = graph.run(images).values()
    assert torch.allclose(logits, network(images), atol=1e-6)
    kinds = ["input", "conv", "relu", "conv", "norm", "add", "relu", "max", "relu", "flatten", "linear"]
    assert [step.kind for step in graph.steps] == kinds


def test_a_function_that_is_not_known_is_named() -> None:
    with pytest.raises(UserError, match="network 'it' computes tanh, which cannot be exported"):
        graph_of(Residual("tanh").eval(), (1, 8, 8), "it")


class Pools(nn.Module):
    def __init__(self, **told: object) -> None:
        super().__init__()
        self.told = told

    def forward(self, images: Tensor) -> Tensor:
        return functional.max_pool2d(images, 3, **self.told)


@pytest.mark.parametrize("told", [{"padding": 1}, {"dilation": 2}, {"ceil_mode": True}])
def test_a_pooling_with_other_settings_is_refused(told: dict[str, object]) -> None:
    with pytest.raises(UserError, match="computes max_pool2d"):
        graph_of(Pools(**told).eval(), (1, 8, 8), "it")


class Named(nn.Module):
    """Layers of some names, each perhaps in a container of that name, and functions between them."""

    def __init__(self, *names: str, inside: bool = False, chain: bool = False) -> None:
        super().__init__()
        self.names, self.chain = names, chain
        for name, (inputs, outputs) in zip(names, ((16, 4), (4, 4), (4, 3)), strict=True):
            layer = nn.Linear(inputs, outputs)
            self.add_module(name, nn.Sequential(layer) if inside else layer)

    def forward(self, images: Tensor) -> Tensor:
        first, second, third = (getattr(self, name) for name in self.names)
        found = torch.relu(first(images.flatten(1)))
        other = torch.relu(second(found))
        return third(other if self.chain else found + other)


NAMED = [
    Named("input", "flatten", "relu"),
    Named("add", "relu_1", "relu_2"),
    Named("relu_4", "relu", "flatten_1"),
    Named("images", "logits", "output"),
    Named("relu", "flatten", "add", inside=True),
    Named("append", "insert", "input", chain=True),  # attributes of nn.Sequential
]
"""What steps without tensors, and the values of an ONNX file, are called as well."""


@pytest.mark.parametrize("network", NAMED, ids=lambda network: "-".join(network.names))
def test_a_layer_keeps_its_name_whatever_other_steps_are_called(network: Named) -> None:
    images = torch.randn(3, 1, 4, 4)
    expected, graph = network(images), graph_of(network.eval(), (1, 4, 4), "it")
    assert graph.tensors().keys() == network.state_dict().keys()
    assert len({step.name for step in graph.steps}) == len(graph.steps)
    made: dict[str, Any] = {"__name__": "model", "__file__": "model.py"}
    exec(model_source(graph, "It", "state_dict.pt"), made)
    written = made["build"]()
    written.load_state_dict(network.state_dict())
    for found in (module_of(graph)(images), written(images), module_of(compacted(graph))(images)):
        assert torch.allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("network", NAMED, ids=lambda network: "-".join(network.names))
def test_a_layer_of_any_name_is_computed_by_onnx_runtime(network: Named) -> None:
    pytest.importorskip("onnxruntime", reason="needs the extra `export`")
    graph = graph_of(network.eval(), (1, 4, 4), "it")
    assert check_onnx(onnx_bytes(graph), graph) < 1e-5
