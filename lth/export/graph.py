"""A network as a list of steps with plain tensors: what is compacted, written into other formats, and timed.

Steps are those of the project's own networks in eval mode (`STEP_KINDS`). A graph is data: it can be stored as JSON
beside its tensors and read back without running anybody's code.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

STEP_KINDS = ("input", "conv", "linear", "norm", "relu", "max", "average", "flatten", "dropout", "add", "stride", "pad")
"""What a step can be: `average` is over all that is left of the image, `stride` takes every n-th pixel, `pad` appends
channels of zeros; `norm` is batch norm."""
_PARAMETERS = {"conv": ("weight", "bias"), "linear": ("weight", "bias"), "norm": ("weight", "bias")}
_BUFFERS = {"norm": ("running_mean", "running_var")}


@dataclass(frozen=True)
class Step:
    """One operation."""

    name: str
    """Its place in the network, `stage1.0.conv1`, which is where its tensors are in a `state_dict`; unique."""
    kind: str
    inputs: tuple[str, ...] = ()
    """Names of the steps whose outputs it takes."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Numbers: strides, paddings, sizes, probabilities."""
    tensors: dict[str, Tensor] = field(default_factory=dict)
    """Parameters and buffers by their names in a module; a bias only where there is one."""


@dataclass(frozen=True)
class Graph:
    """Steps in the order in which they are computed: the first is the input, the last gives the logits."""

    steps: tuple[Step, ...]
    shape: tuple[int, int, int]
    """Of the input: channels, height, width."""

    def tensors(self) -> dict[str, Tensor]:
        """All tensors, by the names that they have in a `state_dict`."""
        return {f"{step.name}.{name}": tensor for step in self.steps for name, tensor in step.tensors.items()}

    def parameters(self) -> int:
        """How many parameters there are, pruned ones included; running statistics of norms are none."""
        return sum(
            tensor.numel()
            for step in self.steps
            for name, tensor in step.tensors.items()
            if name in _PARAMETERS.get(step.kind, ())
        )

    def kept(self) -> int:
        """How many of these are not zero."""
        return sum(
            int(tensor.count_nonzero())
            for step in self.steps
            for name, tensor in step.tensors.items()
            if name in _PARAMETERS.get(step.kind, ())
        )

    def bytes(self) -> int:
        """Bytes of all tensors."""
        return sum(tensor.numel() * tensor.element_size() for tensor in self.tensors().values())

    def flops(self) -> int:
        """Of one image through dense kernels: two (multiply, add) for each weight and place that it is used at."""
        outputs = self.run(torch.zeros(1, *self.shape))
        return sum(
            2 * step.tensors["weight"].numel() * outputs[step.name][0, 0].numel()
            for step in self.steps
            if step.kind in ("conv", "linear")
        )

    @torch.inference_mode()
    def run(self, images: Tensor) -> dict[str, Tensor]:
        """What every step gives.

        Args:
            images: float [n, channels, height, width].
        """
        outputs: dict[str, Tensor] = {}
        for step in self.steps:
            outputs[step.name] = _apply(step, [outputs[name] for name in step.inputs], images)
        return outputs

    def described(self) -> list[dict[str, Any]]:
        """The steps as plain data, without what tensors hold."""
        return [
            {"name": step.name, "kind": step.kind, "inputs": list(step.inputs), "settings": step.settings}
            for step in self.steps
        ]


def graph_from(described: Any, tensors: Mapping[str, Tensor], shape: Any) -> Graph:
    """The graph that `Graph.described` described.

    Raises:
        ValueError: anything in it is not as this project writes it, or it cannot be computed; the text says what.
    """
    if not (
        isinstance(shape, list | tuple) and len(shape) == 3 and all(type(n) is int and 0 < n < 4096 for n in shape)
    ):
        raise ValueError("no valid input shape")
    if not isinstance(described, list) or not described or any(not isinstance(step, dict) for step in described):
        raise ValueError("no list of steps")
    steps = list[Step]()
    for told in described:
        name, kind, inputs, settings = (told.get(key) for key in ("name", "kind", "inputs", "settings"))
        known = {step.name for step in steps}
        if not (isinstance(name, str) and is_place(name) and name not in known and kind in STEP_KINDS):
            raise ValueError("a step without a valid name and kind")
        if not (isinstance(inputs, list) and all(isinstance(other, str) for other in inputs) and known >= {*inputs}):
            raise ValueError(f"step '{name}' has no valid inputs")
        if not (isinstance(settings, dict) and all(_is_number(value) for value in settings.values())):
            raise ValueError(f"step '{name}' has no valid settings")
        names = _PARAMETERS.get(kind, ()) + _BUFFERS.get(kind, ())
        own = {key: tensors[f"{name}.{key}"] for key in names if f"{name}.{key}" in tensors}
        steps.append(Step(name, kind, tuple(inputs), settings, own))
    graph = Graph(tuple(steps), (shape[0], shape[1], shape[2]))
    if extra := sorted({*tensors} - {*graph.tensors()}):
        raise ValueError(f"a tensor '{extra[0]}' that no step has")
    try:
        fault = misfit(graph)
    except (RuntimeError, KeyError, IndexError, TypeError, ValueError, MemoryError) as error:
        raise ValueError(f"steps that cannot be computed ({error})") from None
    if fault:
        raise ValueError(fault)
    return graph


def is_place(name: str) -> bool:
    """Whether a step may have a name: one of a layer's place, as torch allows it, that can be printed.

    Parts between dots may hold anything; of what a module has itself (`training`) torch gives no layer the name.
    """
    bare = nn.Module()
    return name.isprintable() and all(part and not hasattr(bare, part) for part in name.split("."))


def misfit(graph: Graph) -> str | None:
    """What of a graph that can be computed is not as compaction and ONNX take it; None where all is."""
    outputs = graph.run(torch.zeros(1, *graph.shape))
    for step in graph.steps:
        given = [outputs[name] for name in step.inputs]
        dimensions = {"conv": 4, "max": 4, "average": 4, "stride": 4, "pad": 4, "linear": 2}.get(step.kind)
        if any(tensor.dtype != torch.float32 for tensor in step.tensors.values()):
            return f"step '{step.name}' has tensors that are not float32"
        if len(given) != {"input": 0, "add": 2}.get(step.kind, 1) or len({one.shape for one in given}) > 1:
            return f"step '{step.name}' has other inputs than it takes"
        if dimensions and given[0].ndim != dimensions:
            return f"step '{step.name}' takes {dimensions} dimensions, found {given[0].ndim}"
    return None if outputs[graph.steps[-1].name].ndim == 2 else "the last step gives no logits"


def module_of(graph: Graph) -> nn.Module:
    """The graph as a module in eval mode.

    A chain becomes `nn.Sequential`, anything else a module that goes through the steps.
    """
    steps = graph.steps[1:]
    layers = {step.name: layer for step in steps if (layer := layer_of(step)) is not None}
    if is_chain(graph):
        network: nn.Module = nn.Sequential(OrderedDict(layers))
    else:
        network = _Stepwise(graph, layers)
    network.load_state_dict(state_of(graph), strict=True)
    return network.eval()


def state_of(graph: Graph) -> dict[str, Tensor]:
    """The `state_dict` as torch's modules have it: with the counters of batch norms, which are zero here."""
    counters = {
        f"{step.name}.num_batches_tracked": torch.zeros((), dtype=torch.int64)
        for step in graph.steps
        if step.kind == "norm"
    }
    return {**graph.tensors(), **counters}


def is_chain(graph: Graph) -> bool:
    """Whether each step takes the output of the one before, and has a name that `nn.Sequential` can give a layer: one
    without dots that is no attribute of its own (`append`)."""
    steps = pairwise(graph.steps)
    return all(
        step.inputs == (before.name,) and "." not in step.name and not hasattr(nn.Sequential, step.name)
        for before, step in steps
    )


def layer_of(step: Step) -> nn.Module | None:
    """The layer of a step, its tensors not yet in it; None for what is only arithmetic."""
    settings, weight = step.settings, step.tensors.get("weight")
    bias = "bias" in step.tensors
    if step.kind == "conv":
        assert weight is not None
        outputs, inputs, *size = weight.shape
        return nn.Conv2d(inputs, outputs, tuple(size), settings["stride"], settings["padding"], bias=bias)  # type: ignore[arg-type]
    if step.kind == "linear":
        assert weight is not None
        return nn.Linear(weight.shape[1], weight.shape[0], bias=bias)
    if step.kind == "norm":
        assert weight is not None
        norm = nn.BatchNorm2d if settings["images"] else nn.BatchNorm1d
        return norm(len(weight), eps=settings["eps"])
    plain: dict[str, Any] = {
        "relu": nn.ReLU,
        "max": lambda: nn.MaxPool2d(settings["size"], settings["stride"]),
        "average": lambda: nn.AdaptiveAvgPool2d(1),
        "flatten": nn.Flatten,
        "dropout": lambda: nn.Dropout(settings["p"]),
    }
    return plain[step.kind]() if step.kind in plain else None


class _Stepwise(nn.Module):
    """Goes through the steps of a graph, with the layers where their names say."""

    def __init__(self, graph: Graph, layers: Mapping[str, nn.Module]) -> None:
        super().__init__()
        for place, layer in layers.items():
            *path, name = place.split(".")
            parent: nn.Module = self
            for part in path:
                if part not in parent._modules:
                    parent.add_module(part, nn.Module())
                parent = parent.get_submodule(part)
            parent.add_module(name, layer)
        self._plan = [(step, layers.get(step.name)) for step in graph.steps]

    def forward(self, images: Tensor) -> Tensor:
        outputs: dict[str, Tensor] = {}
        output = images
        for step, layer in self._plan:
            inputs = [outputs[name] for name in step.inputs]
            output = layer(inputs[0]) if layer is not None else _apply(step, inputs, images)
            outputs[step.name] = output
        return output


def _apply(step: Step, inputs: list[Tensor], images: Tensor) -> Tensor:  # noqa: PLR0911  (one for each kind)
    settings, tensors = step.settings, step.tensors
    match step.kind:
        case "input":
            return images
        case "conv":
            return functional.conv2d(
                inputs[0], tensors["weight"], tensors.get("bias"), settings["stride"], settings["padding"]
            )
        case "linear":
            return functional.linear(inputs[0], tensors["weight"], tensors.get("bias"))
        case "norm":
            mean, variance = tensors["running_mean"], tensors["running_var"]
            return functional.batch_norm(
                inputs[0], mean, variance, tensors["weight"], tensors["bias"], eps=settings["eps"]
            )
        case "relu":
            return inputs[0].relu()
        case "max":
            return functional.max_pool2d(inputs[0], settings["size"], settings["stride"])
        case "average":
            return functional.adaptive_avg_pool2d(inputs[0], 1)
        case "flatten":
            return inputs[0].flatten(1)
        case "dropout":
            return inputs[0]
        case "add":
            return inputs[0] + inputs[1]
        case "stride":
            return inputs[0][:, :, :: settings["by"], :: settings["by"]]
        case _:
            return functional.pad(inputs[0], (0, 0, 0, 0, 0, settings["channels"]))


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value < 1e6
