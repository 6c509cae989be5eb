"""Layers of names that torch allows and Python's identifiers are not: exported, written as source and read back."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import lth
from lth.cli import main
from lth.errors import UserError
from lth.export.folder import read_export
from lth.export.graph import Graph, graph_from, module_of, state_of
from lth.export.source import model_source
from lth.export.trace import graph_of

NAMES = ["conv-3", "größe", "\ufb01rst", "a b", "it's", "a;b", "__x", "7"]
"""One begins with a ligature, which Python's source does not keep; in a class, it changes what begins with `__`."""
UNTRACED = ["class", 'say "it"', "x\\y", 'it\'s "it"']
"""torch.fx cannot read a network with them; a record may have them all the same."""


class Named(nn.Module):
    """A chain through a layer of that name, in a dictionary of them or not; perhaps with a sum, which is no chain."""

    def __init__(self, name: str, *, inside: bool, chain: bool) -> None:
        super().__init__()
        self.flatten, self.chain = nn.Flatten(), chain
        layers = {name: nn.Linear(64, 64), f"{name}-2": nn.Linear(64, 3)}
        if inside:
            self.layers = nn.ModuleDict(layers)
        else:
            for key, layer in layers.items():
                self.add_module(key, layer)
        self.way = [("layers." if inside else "") + key for key in layers]

    def forward(self, images: Tensor) -> Tensor:
        found = self.flatten(images)
        first, second = (self._at(place) for place in self.way)
        found = first(found) if self.chain else first(found) + found
        return second(torch.relu(found))

    def _at(self, place: str) -> nn.Module:
        found: nn.Module = self
        for part in place.split("."):
            found = found._modules[part]  # type: ignore[assignment]
        return found


@pytest.mark.parametrize("chain", [True, False])
@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_a_name_comes_back_from_data_and_from_source(name: str, inside: bool, chain: bool) -> None:
    network = Named(name, inside=inside, chain=chain).eval()
    graph = graph_of(network, (1, 8, 8), "it")
    assert graph.tensors().keys() == network.state_dict().keys()
    again = graph_from(json.loads(json.dumps(graph.described())), graph.tensors(), list(graph.shape))
    check_equal(network, again)


def check_equal(network: nn.Module, graph: Graph) -> None:
    """A graph, and the source that it is written as, compute what a network does."""
    made: dict[str, Any] = {"__name__": "model", "__file__": "model.py"}
    exec(model_source(graph, "It", "state_dict.pt"), made)
    written = made["build"]()
    written.load_state_dict(state_of(graph))
    images = torch.randn(3, *graph.shape)
    with torch.inference_mode():
        for other in (module_of(graph), written):
            assert torch.equal(other(images), network(images))


@pytest.mark.parametrize("chain", [True, False])
@pytest.mark.parametrize("name", UNTRACED)
def test_a_name_of_a_record_is_written_as_it_is(name: str, chain: bool) -> None:
    network = Named("x", inside=False, chain=chain).eval()
    check_equal(network, renamed(network, name))


def renamed(network: nn.Module, name: Any) -> Graph:
    """The graph of a network, read from data in which its layer `x` is called otherwise."""
    graph = graph_of(network, (1, 8, 8), "it")
    steps, tensors = graph.described(), dict(graph.tensors())
    for step in steps:
        step["name"] = name if step["name"] == "x" else step["name"]
        step["inputs"] = [name if one == "x" else one for one in step["inputs"]]
    for key in ("weight", "bias"):
        tensors[f"{name}.{key}"] = tensors.pop(f"x.{key}")
    return graph_from(steps, tensors, graph.shape)


@pytest.mark.parametrize("kind", ["torch", "huggingface", "csr", "onnx"])
def test_an_export_with_such_names_is_timed(kind: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`lth speed` could not read it: a step without a valid name."""
    if kind == "onnx":
        pytest.importorskip("onnxruntime", reason="needs the extra `export`")
    network = Named("größe-1", inside=True, chain=False)
    ticket = lth.load(network.state_dict(), network, shape=(1, 8, 8))
    lth.export_ticket(ticket, tmp_path / "out", kind, compact=True)
    read_export(tmp_path / "out")
    assert main(["speed", str(tmp_path / "out"), "--rounds", "2"]) == 0
    assert "batch 64" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["a\x1bb", "a\u202eb"])
def test_a_name_that_cannot_be_printed_is_refused(name: str) -> None:
    """At the export, not when it is read again; the sentence names the layer."""
    shown = re.escape(f"layers.{name}".encode("unicode_escape").decode())
    with pytest.raises(UserError, match=f"network 'it' has a layer '{shown}', whose name .*, which cannot be exported"):
        graph_of(Named(name, inside=True, chain=True).eval(), (1, 8, 8), "it")


@pytest.mark.parametrize(
    "name", ["", ".", "a..b", ".a", "a.", "a\nb", "a\x1b", "\ud800", "training", "forward", "a.add_module", 3, None]
)
def test_data_with_other_names_are_refused(name: Any) -> None:
    """Of those that modules have themselves torch gives no layer one."""
    with pytest.raises(ValueError, match="a step without a valid name and kind"):
        renamed(Named("x", inside=False, chain=False).eval(), name)
