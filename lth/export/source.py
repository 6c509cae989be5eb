"""A graph as the Python of a module that needs torch alone: `model.py`."""

import keyword
from math import prod

from lth.export.graph import Graph, Step, is_chain, layer_of

_HEAD = '''"""{about}

Needs torch, and safetensors where the weights are such a file. `load()` gives the network in eval mode:

    logits = load()(images)  # float [n, {channels}, {height}, {width}], normalised as in training -> [n, {classes}]
"""

from collections import OrderedDict
from pathlib import Path

import torch
{imports}from torch import nn
from torch.nn import functional
'''
_LOAD = '''

def load(path=Path(__file__).with_name("{weights}")):
    """The network with the weights of a file."""
    network = build()
    network.load_state_dict({read})
    return network.eval()
'''
_READ = {
    "state_dict.pt": "torch.load(path, weights_only=True)",
    "model.safetensors": "load_file(path)",
}


def model_source(graph: Graph, about: str, weights: str) -> str:
    """The text of `model.py`: functions `build` (the network, freshly drawn) and `load` (with its weights).

    Args:
        graph: the network.
        about: one sentence on what it is.
        weights: the name of the file with its `state_dict`: `state_dict.pt` or `model.safetensors`.
    """
    channels, height, width = graph.shape
    last = next(step for step in reversed(graph.steps) if step.kind in ("linear", "conv"))
    head = _HEAD.format(
        about=about.replace("\\", "/").replace('"', "'"),
        channels=channels,
        height=height,
        width=width,
        classes=len(last.tensors["weight"]),
        imports="from safetensors.torch import load_file\n" if weights.endswith(".safetensors") else "",
    )
    body = _chain(graph) if is_chain(graph) else _stepwise(graph)
    return head + body + _LOAD.format(weights=weights, read=_READ[weights])


def _chain(graph: Graph) -> str:
    layers = [f"        ({_quoted(step.name)}, {_layer(step)})," for step in graph.steps[1:]]
    return "\n".join(["\n", "def build():", "    return nn.Sequential(OrderedDict([", *layers, "    ]))", ""])


def _stepwise(graph: Graph) -> str:
    """A class whose `forward` goes through the steps; modules lie where the names of their tensors say."""
    places = [step.name for step in graph.steps if layer_of(step) is not None]
    parents = {
        ".".join(parts[:end]) for place in places for parts in [place.split(".")] for end in range(1, len(parts))
    }
    made = [
        f"        {_add(place)}nn.Module())" for place in sorted(parents, key=lambda place: (place.count("."), place))
    ]
    made += [f"        {_add(step.name)}{_layer(step)})" for step in graph.steps if step.name in places]
    numbers = {step.name: f"x{number}" for number, step in enumerate(graph.steps)}
    went = [f"        {numbers[step.name]} = {_call(step, numbers)}" for step in graph.steps[1:]]
    return "\n".join(
        [
            "\n",
            "class Network(nn.Module):",
            "    def __init__(self):",
            "        super().__init__()",
            *made,
            "",
            "    def forward(self, x0):",
            *went,
            f"        return {numbers[graph.steps[-1].name]}",
            "\n",
            "def build():",
            "    return Network()",
            "",
        ]
    )


def _add(place: str) -> str:
    parent, _, name = place.rpartition(".")
    return f"{_reach(parent)}.add_module({_quoted(name)}, "


def _reach(place: str) -> str:
    """The expression of a module at a place: attributes, and `getattr` where a name is a number, or one that a class
    would take for another: Python normalises identifiers, and changes those that begin with two underscores."""
    found = "self"
    for part in filter(None, place.split(".")):
        plain = part.isascii() and part.isidentifier() and not keyword.iskeyword(part) and not part.startswith("__")
        found = f"{found}.{part}" if plain else f"getattr({found}, {_quoted(part)})"
    return found


def _quoted(name: str) -> str:
    """A name as a literal of Python, in double quotes where it holds none."""
    literal = repr(name)
    return literal if '"' in literal else f'"{literal[1:-1]}"'


def _call(step: Step, numbers: dict[str, str]) -> str:
    inputs = [numbers[name] for name in step.inputs]
    if step.kind == "add":
        return f"{inputs[0]} + {inputs[1]}"
    if step.kind == "stride":
        return f"{inputs[0]}[:, :, :: {step.settings['by']}, :: {step.settings['by']}]"
    if step.kind == "pad":
        return f"functional.pad({inputs[0]}, (0, 0, 0, 0, 0, {step.settings['channels']}))"
    return f"{_reach(step.name)}({inputs[0]})"


def _layer(step: Step) -> str:  # noqa: PLR0911  (one for each kind)
    """The expression that makes a layer."""
    settings, weight, bias = step.settings, step.tensors.get("weight"), "bias" in step.tensors
    shape = [] if weight is None else list(weight.shape)
    match step.kind:
        case "conv":
            numbers = f"stride={settings['stride']}, padding={settings['padding']}, bias={bias}"
            return f"nn.Conv2d({shape[1]}, {shape[0]}, ({shape[2]}, {shape[3]}), {numbers})"
        case "linear":
            return f"nn.Linear({shape[1]}, {shape[0]}, bias={bias})"
        case "norm":
            return f"nn.BatchNorm{2 if settings['images'] else 1}d({prod(shape)}, eps={settings['eps']!r})"
        case "max":
            return f"nn.MaxPool2d({settings['size']}, {settings['stride']})"
        case "dropout":
            return f"nn.Dropout({settings['p']!r})"
        case "average":
            return "nn.AdaptiveAvgPool2d(1)"
        case _:
            return {"relu": "nn.ReLU()", "flatten": "nn.Flatten()"}[step.kind]
