"""From a network to its graph."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import accumulate, chain, count
from typing import Any

import torch
from torch import nn

from lth.errors import UserError
from lth.export.graph import Graph, Step, misfit
from lth.networks.calls import Call, Unread, calls_of
from lth.seeds import generator


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
    tensors = {key: tensor.detach().clone() for key, tensor in module.state_dict().items() if "." not in key}
    tensors.pop("num_batches_tracked", None)
    settings: dict[str, Any] | None = None
    kind = ""
    match module:
        case nn.Identity():
            return None
        case nn.Conv2d(groups=1, dilation=(1, 1), padding_mode="zeros", stride=(a, b), padding=(c, d)) if (
            a == b and c == d
        ):
            kind, settings = "conv", {"stride": a, "padding": c}
        case nn.Linear():
            kind, settings = "linear", {}
        case nn.BatchNorm1d() | nn.BatchNorm2d() if module.affine and module.track_running_stats:
            kind, settings = "norm", {"eps": module.eps, "images": int(isinstance(module, nn.BatchNorm2d))}
        case nn.ReLU():
            kind, settings = "relu", {}
        case nn.MaxPool2d(padding=0, dilation=1, ceil_mode=False, kernel_size=int(size), stride=int(stride)):
            kind, settings = "max", {"size": size, "stride": stride}
        case nn.AdaptiveAvgPool2d(output_size=1 | (1, 1)):
            kind, settings = "average", {}
        case nn.Flatten(start_dim=1, end_dim=-1):
            kind, settings = "flatten", {}
        case nn.Dropout():
            kind, settings = "dropout", {"p": module.p}
    if isinstance(module, nn.Conv2d) and module.groups > 1:
        raise _unsupported(name, f"has a convolution in {module.groups} groups ({place})")
    if settings is None:
        raise _unsupported(name, f"has a layer {place} ({type(module).__name__})")
    return Step(place, kind, (before,), settings, tensors)


def _unsupported(name: str, why: str) -> UserError:
    known = "chains and residual networks of convolutions, linear layers, batch norm, ReLU, pooling and dropout"
    return UserError(f"network '{name}' {why}, which cannot be exported as a network; what can: {known}")
