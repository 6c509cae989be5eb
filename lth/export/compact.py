"""Compaction: a smaller dense network that computes the same function, without what pruning has left useless.

Two facts about each channel (or unit) of each step are sought:

- its *constant*: the value that it has at every place, whatever the input; none for most. A unit whose incoming weights
  are all zero is its bias; activation, norms, pooling and sums carry constants on.
- whether it is *used*: the logits depend on it, other than as a constant.

A constant is folded into the biases of what reads it. Not so where a convolution pads with zeros and the constant is
another number: at the border it sees fewer of them, so such a channel is used. Steps that work channel by channel
(norm, activation, pooling, sums of residual streams) keep the same channels as their inputs, so a channel of a stream
goes only if nothing uses it on the whole stream; what has to be kept there without being used is computed as zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from lth.export.graph import Graph, Step

Channels = np.ndarray[tuple[int], np.dtype[np.float64]]
Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]


@dataclass(frozen=True)
class Sizes:
    """What a network takes."""

    parameters: int
    flops: int
    """Of one image through dense kernels."""
    bytes: int
    """Of its tensors."""

    @classmethod
    def of(cls, graph: Graph) -> "Sizes":
        """Those of a graph."""
        return cls(graph.parameters(), graph.flops(), graph.bytes())


def compacted(graph: Graph) -> Graph:
    """The smaller graph; the same if nothing can go.

    Logits differ by rounding alone. One unit of a layer always stays, if a useless one, and the input keeps its shape.
    """
    widths, places = _widths(graph)
    constants = _constants(graph, widths, places)
    used = _used(graph, widths, places, constants)
    kept = _kept(graph, used, places)
    return Graph(tuple(_shrunk(step, constants, used, kept) for step in graph.steps), graph.shape)


def _widths(graph: Graph) -> tuple[dict[str, int], dict[str, int]]:
    """Channels of each step's output, and the places that each has."""
    outputs = graph.run(torch.zeros(1, *graph.shape))
    widths = {name: output.shape[1] for name, output in outputs.items()}
    return widths, {name: output[0, 0].numel() for name, output in outputs.items()}


def _constants(graph: Graph, widths: Mapping[str, int], places: Mapping[str, int]) -> dict[str, Channels]:
    """By step: float64 [channels], NaN where a channel is no constant."""
    found: dict[str, Channels] = {}
    for step in graph.steps:
        given = [found[name] for name in step.inputs]
        match step.kind:
            case "input":
                found[step.name] = np.full(widths[step.name], np.nan)
            case "conv" | "linear":
                open_ = _reads(step) & ~_folds(step, given[0])  # [outputs, inputs]
                found[step.name] = np.where(open_.any(1), np.nan, _folded_bias(step, given[0]))
            case "norm":
                scale, shift = _affine(step)
                found[step.name] = np.where(scale == 0, shift, given[0] * scale + shift)
            case "relu":
                found[step.name] = np.maximum(given[0], 0)  # NaN stays
            case "add":
                found[step.name] = given[0] + given[1]
            case "pad":
                found[step.name] = np.concatenate([given[0], np.zeros(step.settings["channels"])])
            case "flatten":
                found[step.name] = given[0].repeat(places[step.inputs[0]])
            case _:
                found[step.name] = given[0]
    return found


def _used(
    graph: Graph, widths: Mapping[str, int], places: Mapping[str, int], constants: Mapping[str, Channels]
) -> dict[str, Flags]:
    """By step: bool [channels]; from the logits backwards, each step after all that read it."""
    used = {name: np.zeros(width, dtype=np.bool_) for name, width in widths.items()}
    used[graph.steps[-1].name][:] = True
    for step in reversed(graph.steps):
        own = used[step.name]
        for name in step.inputs:
            if step.kind in ("conv", "linear"):
                computed = own & np.isnan(constants[step.name])
                used[name] |= (_reads(step) & ~_folds(step, constants[name]))[computed].any(0)
            elif step.kind == "flatten":
                used[name] |= own.reshape(-1, places[name]).any(1)
            else:  # channel by channel; of `pad` the first ones
                used[name] |= own[: len(used[name])]
    return used


def _kept(graph: Graph, used: Mapping[str, Flags], places: Mapping[str, int]) -> dict[str, Flags]:
    """By step: bool [channels], the least sets with all that is used that fit each other and are not empty: found by
    going over the steps until none grows."""
    kept = {name: flags.copy() for name, flags in used.items()}
    kept[graph.steps[0].name][:] = True
    before = -1
    while (count := sum(int(flags.sum()) for flags in kept.values())) != before:
        before = count
        for step in graph.steps:
            own = kept[step.name]
            own[0] |= not own.any()
            for name in step.inputs:
                if step.kind == "flatten":
                    kept[name] |= own.reshape(-1, places[name]).any(1)
                    own |= kept[name].repeat(places[name])
                elif step.kind not in ("conv", "linear"):
                    first = own[: len(kept[name])]  # all, but for `pad`
                    kept[name] |= first
                    first |= kept[name]
    return kept


def _shrunk(
    step: Step, constants: Mapping[str, Channels], used: Mapping[str, Flags], kept: Mapping[str, Flags]
) -> Step:
    """The step without the channels that are not kept."""
    own = kept[step.name]
    if step.kind in ("conv", "linear"):
        before = step.inputs[0]
        after = np.where(used[step.name], constants[step.name], 0)
        return _shrunk_layer(step, constants[before], after, kept[before], own)
    if step.kind == "norm":
        which = torch.from_numpy(own)
        return replace(step, tensors={name: tensor[which].clone() for name, tensor in step.tensors.items()})
    if step.kind == "pad":
        return replace(step, settings={"channels": int(own[len(kept[step.inputs[0]]) :].sum())})
    return step


def _shrunk_layer(step: Step, before: Channels, after: Channels, inputs: Flags, outputs: Flags) -> Step:
    """A convolution or linear layer: constants of its inputs in its bias, constant outputs by their bias alone.

    Args:
        step: the layer.
        before: constants of its inputs.
        after: likewise of its outputs; those that are not used count as zero.
        inputs: those that are kept.
        outputs: those that are kept.
    """
    weight = step.tensors["weight"].clone()
    weight[:, torch.from_numpy(_folds(step, before))] = 0
    weight[torch.from_numpy(~np.isnan(after))] = 0
    weight = weight[torch.from_numpy(outputs)][:, torch.from_numpy(inputs)].contiguous()
    bias = np.where(np.isnan(after), _folded_bias(step, before), after)[outputs]
    tensors = {"weight": weight}
    if "bias" in step.tensors or bias.any():
        tensors["bias"] = torch.from_numpy(bias).to(weight.dtype)
    return replace(step, tensors=tensors)


def _reads(step: Step) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """bool [outputs, inputs]: a weight is not zero."""
    return np.asarray(
        (step.tensors["weight"].flatten(2) if step.kind == "conv" else step.tensors["weight"][..., None]).ne(0).any(2)
    )


def _folds(step: Step, before: Channels) -> Flags:
    """bool [inputs]: a constant that is the same at every place that the layer looks at."""
    return np.asarray(before == 0 if step.settings.get("padding") else ~np.isnan(before))


def _folded_bias(step: Step, before: Channels) -> Channels:
    """The bias with what constant inputs add to it: float64 [outputs]."""
    weight = step.tensors["weight"].double()
    summed = weight.flatten(2).sum(2) if step.kind == "conv" else weight
    values = torch.from_numpy(np.where(_folds(step, before), before, 0))
    return np.asarray(summed @ values + _bias(step))


def _bias(step: Step) -> Tensor:
    bias = step.tensors.get("bias")
    return torch.zeros((), dtype=torch.float64) if bias is None else bias.double()


def _affine(step: Step) -> tuple[Channels, Channels]:
    """Scale and shift of a batch norm in eval mode: float64 [channels] each."""
    mean, variance = step.tensors["running_mean"].double(), step.tensors["running_var"].double()
    scale = step.tensors["weight"].double() / (variance + step.settings["eps"]).sqrt()
    return np.asarray(scale), np.asarray(step.tensors["bias"].double() - mean * scale)
