"""What a network computes, read by torch.fx: its calls of layers, sums and shortcuts, in their order.

One reader for all that need a network as a list: sparse kernels (`lth.sparse.operations`) and exports
(`lth.export.trace`). A function or method that is a layer without parameters (`functional.relu(x)`, `x.flatten(1)`) is
read as that layer.
"""

import operator
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import fx, nn
from torch.nn import functional

from lth.pruning.scores.passes import modes

_ZEROS = {"mode": "constant", "value": None}
"""What padding is asked for where nothing else is."""
Arguments = Mapping[str | int, Any]
"""Of a call: by name, or by position without the tensor, which is the first."""


class Unread(Exception):
    """A network that is no list of such calls; says what it does, as a verb with its object."""


@dataclass(frozen=True)
class Call:
    """One operation of a network's `forward`."""

    name: str
    """The layer's place in the network, which may be there twice if it has no tensors; else what torch.fx calls it."""
    kind: Literal["images", "layer", "add", "stride", "pad"]
    inputs: tuple[int, ...] = ()
    """Which calls' outputs it takes, by their positions in the list."""
    layer: nn.Module | None = None
    number: int = 0
    """`stride`: it takes every so many-th row and column; `pad`: it appends so many channels of zeros."""


def calls_of(network: nn.Module) -> list[Call]:
    """All calls in the order in which they are made: the first are the images, the last gives what comes out.

    The network is read in the mode that it is in: dropout does nothing in eval mode.

    Raises:
        Unread: its code cannot be traced, uses a layer with parameters twice, computes what is no such call or is not
            used, draws random numbers, changes a tensor that is used elsewhere, drops values in eval mode, or has
            hooks, which a trace does not show.
    """
    if any(module._forward_hooks or module._forward_pre_hooks for module in network.modules()):
        raise Unread("has hooks")
    if not [*network.children()] and type(network).__module__.startswith("torch.nn."):  # torch.fx would look inside it
        return [Call("images", "images"), Call("", "layer", (0,), network)]
    *nodes, output = _traced(network)
    if any(node.target is functional.dropout for node in nodes):
        with modes(network):
            if any(_drops(node) for node in _traced(network)):
                raise Unread("drops values in evaluation mode, too")
    modules, calls, place = dict(network.named_modules()), list[Call](), dict[fx.Node, int]()
    for node in nodes:
        users = _users(node)
        if node.op == "placeholder" and calls and not users:
            continue  # an argument with a default
        if not users:
            raise Unread(f"computes {_shown(node)} and does not use it")
        place[node] = len(calls)
        calls.append(_call(node, modules, place, bool(calls)))
        if _in_place(node, calls[-1].layer) and any(len(_users(one)) > 1 for one in _tensors(node)):
            raise Unread(f"changes a tensor in place ({_shown(node)}) that is used elsewhere")
    with_tensors = [call.name for call in calls if call.layer is not None and call.layer.state_dict()]
    if len(with_tensors) > len({*with_tensors}):
        raise Unread("uses a layer more than once")
    if place.get(output.args[0]) != len(calls) - 1:  # type: ignore[arg-type]
        raise Unread("has several outputs")
    return calls


def _traced(network: nn.Module) -> list[fx.Node]:
    """The nodes of one trace, which draws no random numbers: what it decided by them would be right for it alone."""
    with torch.random.fork_rng(devices=[]):
        before = torch.get_rng_state(), random.getstate(), np.random.get_state()
        try:
            nodes = [node for node in fx.symbolic_trace(network).graph.nodes if not is_shape(node)]
        except Exception as error:  # whatever its code may say to a stand-in for a tensor
            raise Unread(f"cannot be traced ({type(error).__name__})") from None
        finally:
            after = torch.get_rng_state(), random.getstate(), np.random.get_state()
            random.setstate(before[1])
            np.random.set_state(before[2])
    if not after[0].equal(before[0]) or repr(after[1:]) != repr(before[1:]):
        raise Unread("draws random numbers")
    return nodes


def _drops(node: fx.Node) -> bool:
    return node.target is functional.dropout and isinstance(_as_layer(node), nn.Dropout)


def _call(node: fx.Node, modules: Mapping[str, nn.Module], place: Mapping[fx.Node, int], begun: bool) -> Call:
    inputs = tuple(place[one] for one in _tensors(node))
    if node.op == "placeholder":
        if begun:
            raise Unread("takes more than images")
        return Call("images", "images")
    if node.op == "call_module" and len(inputs) == 1:
        return Call(str(node.target), "layer", inputs, modules[str(node.target)])
    if _is_sum(node):
        return Call(node.name, "add", inputs)
    if len(inputs) == 1:
        if layer := _as_layer(node):
            return Call(node.name, "layer", inputs, layer)
        match (node.target, *node.args[1:]):
            case (
                operator.getitem,
                (slice(step=None), slice(step=None), slice(start=None, stop=None, step=int(by)), last),
            ) if last == slice(None, None, by):
                return Call(node.name, "stride", inputs, number=by)
            case (functional.pad, (0, 0, 0, 0, 0, int(extra))) if node.kwargs == _ZEROS:
                return Call(node.name, "pad", inputs, number=extra)
    raise Unread(f"computes {_shown(node)}")


def _tensors(node: fx.Node) -> list[fx.Node]:
    """The nodes whose outputs it takes, but for numbers of images, channels and pixels."""
    return [one for one in node.all_input_nodes if not is_shape(one)]


def _users(node: fx.Node) -> list[fx.Node]:
    return [user for user in node.users if not is_shape(user)]


def is_shape(node: fx.Node) -> bool:
    """Whether a node only asks how many images, channels or pixels there are (`x.size(0)`, `x.shape[0]`)."""
    if node.op == "call_method":
        return node.target == "size"
    if node.op != "call_function":
        return False
    first = node.args[0] if node.args else None
    inside = node.target is operator.getitem and isinstance(first, fx.Node) and is_shape(first)
    return inside or (node.target is getattr and node.args[1:] == ("shape",))


def _as_layer(node: fx.Node) -> nn.Module | None:
    """The layer without parameters that a call of a function or method is; None if it is none that is known."""
    if node.op not in ("call_function", "call_method"):
        return None
    make = _LAYERS.get(node.target)
    return make({**node.kwargs, **dict(enumerate(node.args[1:]))}) if make else None  # type: ignore[dict-item]


def _is_sum(node: fx.Node) -> bool:
    """Whether a node adds two tensors."""
    adds = node.target in (operator.add, operator.iadd, torch.add, "add", "add_")
    return adds and len(node.args) == 2 and not node.kwargs and len(_tensors(node)) == 2


def _in_place(node: fx.Node, layer: nn.Module | None) -> bool:
    """Whether a node writes into the tensor that it takes."""
    method = node.op == "call_method" and str(node.target).endswith("_")
    asked = getattr(layer, "inplace", False) or node.kwargs.get("inplace", False)
    return bool(method or asked or node.target is operator.iadd)


def _shown(node: fx.Node) -> str:
    if node.op == "call_module":
        return f"the layer {node.target}"
    return str(getattr(node.target, "__name__", node.target))


def _pooling(told: Arguments) -> nn.Module | None:
    size, stride = told.get("kernel_size", told.get(0)), told.get("stride", told.get(1))
    plain = {"padding": 0, "dilation": 1, "ceil_mode": False, "return_indices": False}
    if any(told.get(key, value) != value for key, value in plain.items()) or any(key in told for key in (2, 3, 4)):
        return None
    return nn.MaxPool2d(size, stride) if isinstance(size, int) and isinstance(stride, int | None) else None


def _average(told: Arguments) -> nn.Module | None:
    size = told.get("output_size", told.get(0))
    return nn.AdaptiveAvgPool2d(1) if size in (1, (1, 1), [1, 1]) else None


def _dropout(told: Arguments) -> nn.Module | None:
    share, training = told.get("p", told.get(0, 0.5)), told.get("training", told.get(1, True))
    return nn.Dropout(share) if training is True and isinstance(share, int | float) else nn.Identity()


def _flatten(told: Arguments) -> nn.Module | None:
    first, last = told.get("start_dim", told.get(0)), told.get("end_dim", told.get(1, -1))
    return nn.Flatten() if (first, last) == (1, -1) else None


def _view(told: Arguments) -> nn.Module | None:
    """`x.view(x.size(0), -1)`, or `x.view(-1, 400)`, whose number the layer after it checks."""
    first, second = told.get(0), told.get(1)
    images = isinstance(first, fx.Node) and is_shape(first) and second == -1
    return nn.Flatten() if len(told) == 2 and (images or (first == -1 and isinstance(second, int))) else None


_LAYERS: Mapping[Any, Callable[[Arguments], nn.Module | None]] = {
    torch.relu: lambda _: nn.ReLU(),
    functional.relu: lambda _: nn.ReLU(),
    "relu": lambda _: nn.ReLU(),
    "relu_": lambda _: nn.ReLU(),
    functional.max_pool2d: _pooling,
    torch.max_pool2d: _pooling,
    functional.adaptive_avg_pool2d: _average,
    functional.dropout: _dropout,
    torch.flatten: _flatten,
    "flatten": _flatten,
    "view": _view,
    "reshape": _view,
    "contiguous": lambda _: nn.Identity(),
}
