"""From a network to its graph."""

import operator
from collections.abc import Mapping
from typing import Any

from torch import fx, nn
from torch.nn import functional

from lth.errors import UserError
from lth.export.graph import Graph, Step, misfit
from lth.networks.calls import as_module, is_shape, is_sum


def graph_of(network: nn.Module, shape: tuple[int, int, int], name: str) -> Graph:
    """A network's graph in eval mode; tensors are copies.

    Args:
        network: on the CPU.
        shape: of an image: channels, height, width.
        name: what a sentence calls it.

    Raises:
        UserError: it does something that is not among `STEP_KINDS`.
    """
    try:
        traced = fx.symbolic_trace(network)
    except Exception as error:  # whatever its code may say to a stand-in for a tensor
        raise _unsupported(name, f"cannot be traced ({type(error).__name__})") from None
    modules, steps, stands_for = dict(network.named_modules()), list[Step](), dict[str, str]()
    for node in traced.graph.nodes:
        if is_shape(node):
            continue
        if node.op == "output":
            if stands_for.get(str(node.args[0])) != steps[-1].name:
                raise _unsupported(name, "has several outputs")
            continue
        if node.op == "placeholder":
            step: Step | None = Step("input", "input")
        elif node.op == "call_module":
            step = _of_module(modules[node.target], node.target, stands_for[str(node.args[0])], name)
        else:
            step = _of_call(node, stands_for, name)
        if step is None:  # does nothing
            stands_for[node.name] = stands_for[str(node.args[0])]
            continue
        if any(step.name == other.name for other in steps):
            step = Step(f"{step.name}_{len(steps)}", step.kind, step.inputs, step.settings, step.tensors)
            if step.tensors:
                raise _unsupported(name, "uses a layer more than once")
        steps.append(step)
        stands_for[node.name] = step.name
    graph = Graph(tuple(steps), shape)
    if fault := misfit(graph):
        raise _unsupported(name, f"has a step that does not fit ({fault})")
    return graph


def _of_module(module: nn.Module, place: str, before: str, name: str) -> Step | None:
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


def _of_call(node: fx.Node, stands_for: Mapping[str, str], name: str) -> Step | None:
    """The step that an expression is: a layer without parameters, a sum, every n-th pixel, channels of zeros."""
    if module := as_module(node):
        return _of_module(module, node.name, stands_for[str(node.args[0])], name)
    inputs = tuple(stands_for[str(value)] for value in node.args if isinstance(value, fx.Node) and not is_shape(value))
    if is_sum(node):
        return Step(node.name, "add", inputs)
    if node.op == "call_function" and node.target is operator.getitem:
        match node.args[1]:
            case (slice(step=None), slice(step=None), slice(start=None, stop=None, step=int(by)), last) if (
                last == slice(None, None, by)
            ):
                return Step(node.name, "stride", inputs, {"by": by})
    if node.op == "call_function" and node.target is functional.pad:
        match node.args[1:]:
            case ((0, 0, 0, 0, 0, int(extra)),):
                return Step(node.name, "pad", inputs, {"channels": extra})
    raise _unsupported(name, f"computes {getattr(node.target, '__name__', node.target)}")


def _unsupported(name: str, why: str) -> UserError:
    known = "chains and residual networks of convolutions, linear layers, batch norm, ReLU, pooling and dropout"
    return UserError(f"network '{name}' {why}, which cannot be exported as a network; what can: {known}")
