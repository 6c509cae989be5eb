"""Which of a mask's weights lie on a path from the input to the output: the others take part in nothing."""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional
from torch.nn.modules.instancenorm import _InstanceNorm
from torch.overrides import TorchFunctionMode

from lth.pruning.scores.passes import modes
from lth.pruning.scores.synflow import SHIFTS

_UNFIT = (nn.LayerNorm, nn.GroupNorm, _InstanceNorm, nn.MultiheadAttention, nn.Embedding)
"""Modules that subtract a mean of what flows, or look it up: nothing can be followed through them by its sign."""


def on_path(network: nn.Module, masks: Mapping[str, Tensor], shape: tuple[int, ...]) -> dict[str, Tensor] | None:
    """Kept weights that a path of kept weights joins to an input and to an output, as masks; None if it cannot be said.

    A weight that is not on a path has no influence on the outputs but through its layer's biases, and (behind no kept
    path to the output) no gradient: it is kept, and does nothing. The share of weights on a path is a mask's effective
    density (Vysogorets & Kempe 2023, "Connectivity matters").

    Found by one pass forwards and backwards in float64: all inputs are one, kept weights positive, biases and shifts
    zero, and maxima means, so that what flows through a weight is above zero where a path leads through it.

    Args:
        network: of the masks, on the CPU; it is not changed.
        masks: bool, by parameter name.
        shape: of one input: [channels, height, width].

    Returns:
        Masks within `masks`; None for networks with attention, embeddings, or norms other than batch norm, for those
        that do not compute in float64, and for those so deep that the flow leaves its range.
    """
    if any(isinstance(module, _UNFIT) for module in network.modules()):
        return None
    state = {name: _passing(name, tensor) for name, tensor in (*network.named_parameters(), *network.named_buffers())}
    for name, mask in masks.items():
        by_output = mask.reshape(len(mask), -1).sum(1).double().mean().clamp_min(1)
        state[name] = (mask / by_output).requires_grad_()  # on average, what flows on is as large as what came in
    ones = torch.ones(1, *shape, dtype=torch.float64)
    try:
        with modes(network), _Means():
            flow = functional_call(network, state, (ones,)).sum()
    except RuntimeError:  # somebody's own code, which computes in single precision whatever it is given
        return None
    if not flow.isfinite():
        return None
    if not flow.requires_grad or flow == 0:
        return {name: torch.zeros_like(mask) for name, mask in masks.items()}
    slopes = torch.autograd.grad(flow, [state[name] for name in masks], materialize_grads=True)  # 0: of a layer unused
    if not all(slope.isfinite().all() for slope in slopes):
        return None
    return {name: mask & (slope > 0) for (name, mask), slope in zip(masks.items(), slopes, strict=True)}


def _passing(name: str, tensor: Tensor) -> Tensor:
    """A parameter or buffer that lets pass what flows, and adds nothing; counters are as they are."""
    if not tensor.is_floating_point():
        return tensor
    adds = name.rpartition(".")[2] in SHIFTS
    return torch.full_like(tensor, 0.0 if adds else 1.0, dtype=torch.float64)


def _mean(
    maps: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False
) -> Tensor:
    """As `max_pool2d`, but for windows with gaps, of which torch has no mean."""
    if dilation not in (1, (1, 1)):
        return torch.max_pool2d(maps, kernel_size, stride, padding, dilation, ceil_mode)
    return functional.avg_pool2d(maps, kernel_size, stride, padding, ceil_mode)


class _Means(TorchFunctionMode):
    """Of each window the mean: where one is not the maximum, something flows through it for other inputs."""

    _INSTEAD: ClassVar[Mapping[Any, Any]] = {
        functional.max_pool2d: _mean,
        torch.max_pool2d: _mean,
        functional.adaptive_max_pool2d: functional.adaptive_avg_pool2d,
    }
    """With indices they are other functions, and remain as they are."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in self._INSTEAD:
            func, kwargs = self._INSTEAD[func], {key: kwargs[key] for key in kwargs or {} if key != "return_indices"}
        return func(*args, **(kwargs or {}))
