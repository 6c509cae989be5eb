"""Code of the user's in `forward`, read by torch.fx: which layer without parameters a call of a function is."""

import operator
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import fx, nn
from torch.nn import functional

Arguments = Mapping[str | int, Any]
"""Of a call: by name, or by position without the tensor, which is the first."""


def is_shape(node: fx.Node) -> bool:
    """Whether a node only asks how many images, channels or pixels there are (`x.size(0)`, `x.shape[0]`)."""
    if node.op == "call_method":
        return node.target == "size"
    if node.op != "call_function":
        return False
    first = node.args[0] if node.args else None
    inside = node.target is operator.getitem and isinstance(first, fx.Node) and is_shape(first)
    return inside or (node.target is getattr and node.args[1:] == ("shape",))


def as_module(node: fx.Node) -> nn.Module | None:
    """The layer without parameters that a call of a function or method is; None if it is none that is known."""
    if node.op not in ("call_function", "call_method"):
        return None
    make = _LAYERS.get(node.target)
    return make({**node.kwargs, **dict(enumerate(node.args[1:]))}) if make else None  # type: ignore[dict-item]


def is_sum(node: fx.Node) -> bool:
    """Whether a node adds two tensors."""
    target = node.target in (operator.add, operator.iadd, torch.add, "add", "add_")
    return target and len(node.args) == 2 and not node.kwargs and all(isinstance(arg, fx.Node) for arg in node.args)


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
