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
    zero, maxima means, and activations pass everything on, so that what flows through a weight is above zero where a
    path leads through it. That is so if `forward` does nothing but what is known to keep the sign of what flows.

    Args:
        network: of the masks, on the CPU; it is not changed.
        masks: bool, by parameter name.
        shape: of one input: [channels, height, width].

    Returns:
        Masks within `masks`; None for networks with attention, embeddings, or norms other than batch norm, for those
        whose `forward` calls something else that the flow cannot be followed through (a difference, a softmax), for
        those that do not compute in float64, and for those so deep that the flow leaves its range.
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
    except (RuntimeError, _Unknown):  # the first: somebody's own code, which computes in single precision
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


class _Unknown(Exception):
    """A function through which what flows may change its sign."""


def _same(flow: Tensor, *_: Any, **__: Any) -> Tensor:
    return flow


_ACTIVATIONS = frozenset(
    """
    relu relu_ relu6 leaky_relu leaky_relu_ elu elu_ celu selu gelu silu mish softplus softsign tanh sigmoid hardtanh
    hardtanh_ hardsigmoid hardswish prelu rrelu dropout dropout1d dropout2d dropout3d alpha_dropout
    feature_alpha_dropout
    """.split()  # noqa: SIM905
)
"""Where one is not flat, something flows through it; where it is, for other inputs."""
_KNOWN = frozenset(
    """
    linear conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d batch_norm matmul __matmul__ mm bmm
    einsum add add_ __add__ __radd__ __iadd__ mul mul_ __mul__ __rmul__ __imul__ div div_ __truediv__ __itruediv__ mean
    sum amax max fn max_pool1d max_pool3d avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d adaptive_avg_pool2d
    adaptive_avg_pool3d cat concat concatenate stack chunk split unbind narrow select __getitem__ index_select pad
    interpolate pixel_shuffle pixel_unshuffle channel_shuffle flatten unflatten view reshape permute transpose swapaxes
    movedim squeeze unsqueeze expand expand_as repeat contiguous clone roll flip size dim numel __get__ __len__
    """.split()  # noqa: SIM905
)
"""Functions and methods that turn what is at least zero into sums and products of it; `fn` is torch's of maxima."""


class _Means(TorchFunctionMode):
    """Of each window the mean: where one is not the maximum, something flows through it for other inputs."""

    _INSTEAD: ClassVar[Mapping[Any, Any]] = {
        functional.max_pool2d: _mean,
        torch.max_pool2d: _mean,
        functional.adaptive_max_pool2d: functional.adaptive_avg_pool2d,
    }
    """With indices they are other functions, and remain as they are."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Raises _Unknown for a function of tensors that is not known to keep the sign of what flows."""
        name, given = getattr(func, "__name__", ""), (*args, *(kwargs or {}).values())
        if func in self._INSTEAD:
            func, kwargs = self._INSTEAD[func], {key: kwargs[key] for key in kwargs or {} if key != "return_indices"}
        elif name in _ACTIVATIONS:
            func = _same
        elif (name not in _KNOWN and any(map(_flows, given))) or any(_is_negative(one, name) for one in given):
            raise _Unknown(name)
        return func(*args, **(kwargs or {}))


def _flows(value: Any) -> bool:
    """Whether a tensor of numbers is given, or a list with one."""
    if isinstance(value, list | tuple):
        return any(map(_flows, value))
    return isinstance(value, Tensor) and value.is_floating_point()


_FACTORS = frozenset("mul mul_ __mul__ __rmul__ __imul__ div div_ __truediv__ __itruediv__".split())  # noqa: SIM905


def _is_negative(value: Any, name: str) -> bool:
    """Whether a number changes the sign of what flows; a negative integer may also be a place."""
    return (isinstance(value, float) or (isinstance(value, int) and name in _FACTORS)) and value < 0
