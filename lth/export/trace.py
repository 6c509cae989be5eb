"""From a network to its graph."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import accumulate, chain, count
from typing import Any

import torch
from torch import nn

from lth.errors import UserError
from lth.export.graph import Graph, Step, is_place, misfit
from lth.networks.calls import Call, Unread, calls_of
from lth.printable import printable
from lth.seeds import generator

_SHOWN = 200
"""Characters of a name that a sentence repeats."""


def graph_of(network: nn.Module, shape: tuple[int, int, int], name: str) -> Graph:
    """A network's graph in eval mode, which the network is left in; tensors are copies.

    Args:
        network: on the CPU.
        shape: of an image: channels, height, width.
        name: what a sentence calls it.

    Raises:
        UserError: it does something that is not among `STEP_KINDS`, or its graph computes something else.
    """
    network.eval()
    try:
        calls = calls_of(network)
    except Unread as problem:
        raise _unsupported(name, str(problem)) from None
    if odd := next((call.name for call in calls if not is_place(call.name)), None):
        shown = printable(repr(odd), _SHOWN)
        raise _unsupported(name, f"has a layer {shown}, whose name could not be read back")
    steps, stands_for, taken = list[Step](), list[str](), _places(calls)
    for call in calls:
        step = _step(call, tuple(stands_for[one] for one in call.inputs), name)
        if step is not None:
            if not step.tensors:
                step = replace(step, name=_free(step.name, len(steps), taken))
            steps.append(step)
            taken.add(step.name)
        stands_for.append(steps[-1].name if step is not None else stands_for[call.inputs[0]])
    graph = Graph(tuple(steps), shape)
    if fault := misfit(graph):
        raise _unsupported(name, f"has a step that does not fit ({fault})")
    _check_same(network, graph, name)
    return graph


def _check_same(network: nn.Module, graph: Graph, name: str) -> None:
    """What the code does not show (a view that is changed, a bias that a parametrisation computes) is seen here."""
    images = torch.randn(3, *graph.shape, generator=generator(0, "traced"))
    with torch.no_grad():
        expected = network(images.clone())
    found = graph.run(images)[graph.steps[-1].name]
    if found.shape != expected.shape or not torch.allclose(found, expected, rtol=1e-3, atol=1e-4):
        raise _unsupported(name, "computes something else than its layers in the order in which they are called")


def _places(calls: Sequence[Call]) -> set[str]:
    """Where layers with tensors are, which keep their names, and what contains a layer: no other step is called so."""
    held = {call.name for call in calls if call.layer is not None and call.layer.state_dict()}
    inside = (call.name.split(".")[:-1] for call in calls)
    return held.union(*(accumulate(parts, "{}.{}".format) for parts in inside))


def _free(name: str, number: int, taken: Collection[str]) -> str:
    """The name of a step without tensors, with a number where it is taken: a layer may be called as torch.fx calls a
    function (`relu`), and one without tensors may be used again."""
    numbered = (f"{name}_{other}" for other in count(number))
    return next(one for one in chain([name], numbered) if one not in taken)


def _step(call: Call, inputs: tuple[str, ...], name: str) -> Step | None:
    """The step that a call is; None where it does nothing."""
    match call.kind:
        case "images":
            return Step("input", "input")
        case "add":
            return Step(call.name, "add", inputs)
        case "stride":
            return Step(call.name, "stride", inputs, {"by": call.number})
        case "pad":
            return Step(call.name, "pad", inputs, {"channels": call.number})
    assert call.layer is not None
    return _of_layer(call.layer, call.name, inputs[0], name)


def _of_layer(module: nn.Module, place: str, before: str, name: str) -> Step | None:
    """The step that a layer is; None where it does nothing."""
    what = f"has a layer {place} ({type(module).__name__})"
    for key, (fits, wanted) in _wanted(module).items():
        if not fits:
            words = f"network '{name}' {what} with {key} {getattr(module, key)!r}, where {wanted} is needed"
            raise UserError(f"{words}; what can be exported is in docs/files.md (section Exports)")
    tensors = {key: tensor.detach().clone() for key, tensor in module.state_dict().items() if "." not in key}
    tensors.pop("num_batches_tracked", None)
    settings: dict[str, Any] = {}
    match module:
        case nn.Identity():
            return None
        case nn.Conv2d():
            kind, settings = "conv", {"stride": _number(module.stride), "padding": _padding(module)}
        case nn.Linear():
            kind = "linear"
        case nn.BatchNorm1d() | nn.BatchNorm2d():
            kind, settings = "norm", {"eps": module.eps, "images": int(isinstance(module, nn.BatchNorm2d))}
        case nn.ReLU():
            kind = "relu"
        case nn.MaxPool2d():
            kind, settings = "max", {"size": _number(module.kernel_size), "stride": _number(module.stride)}
        case nn.AdaptiveAvgPool2d():
            kind = "average"
        case nn.Flatten():
            kind = "flatten"
        case nn.Dropout():
            kind, settings = "dropout", {"p": module.p}
        case _:
            raise _unsupported(name, what)
    return Step(place, kind, (before,), settings, tensors)


def _wanted(module: nn.Module) -> dict[str, tuple[bool, str]]:
    """Settings of a layer that a step has not: whether each is as steps are, and what that is."""
    both = "one number for both directions"
    match module:
        case nn.Conv2d():
            return {
                "groups": (module.groups == 1, "1"),
                "dilation": (_number(module.dilation) == 1, "1"),
                "padding_mode": (module.padding_mode == "zeros", "'zeros'"),
                "stride": (_number(module.stride) is not None, both),
                "padding": (_padding(module) is not None, "one number for all sides"),
            }
        case nn.BatchNorm1d() | nn.BatchNorm2d():
            return {key: (bool(getattr(module, key)), "True") for key in ("affine", "track_running_stats")}
        case nn.MaxPool2d():
            return {
                "kernel_size": (_number(module.kernel_size) is not None, both),
                "stride": (_number(module.stride) is not None, both),
                "padding": (_number(module.padding) == 0, "0"),
                "dilation": (_number(module.dilation) == 1, "1"),
                "ceil_mode": (not module.ceil_mode, "False"),
            }
        case nn.AdaptiveAvgPool2d():
            return {"output_size": (_number(module.output_size) == 1, "1")}
        case nn.Flatten():
            return {"start_dim": (module.start_dim == 1, "1"), "end_dim": (module.end_dim == -1, "-1")}
    return {}


def _number(value: Any) -> int | None:
    """What is the same in both directions, as one number; None where it differs."""
    first, *others = value if isinstance(value, tuple | list) else (value,)
    return first if isinstance(first, int) and all(other == first for other in others) else None


def _padding(module: nn.Conv2d) -> int | None:
    """Zeros on every side of the images, where there are as many on each."""
    if module.padding == "valid":
        return 0
    if module.padding == "same":  # which torch allows with a stride of 1 only
        size = _number(module.kernel_size)
        return size // 2 if size is not None and size % 2 else None
    return _number(module.padding)


def _unsupported(name: str, why: str) -> UserError:
    known = "convolutions, linear layers, batch norm, ReLU, max pooling, averages over the whole image and dropout"
    known = f"chains and residual networks of {known}"
    return UserError(f"network '{name}' {why}, which cannot be exported as a network; what can: {known}")
