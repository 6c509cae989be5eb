"""The workflow's arithmetic for the length of a call, and the caller's settings back afterwards."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from threading import RLock
from typing import ParamSpec, TypeVar

import torch

from lth.config.study import Compute
from lth.training.device import prepare_device

_Given = ParamSpec("_Given")
_Made = TypeVar("_Made")
_CALLS = RLock()


def one_at_a_time(call: Callable[_Given, _Made]) -> Callable[_Given, _Made]:
    """Calls of other threads wait until this one has returned.

    Torch's settings and its random numbers, from which networks of the caller's draw their weights, are those of the
    whole process: of two calls at once, each would change what the other gives.
    """

    @wraps(call)
    def waiting(*given: _Given.args, **named: _Given.kwargs) -> _Made:
        with _CALLS:
            return call(*given, **named)

    return waiting


@contextmanager
def arithmetic(compute: Compute) -> Iterator[torch.device]:
    """Compute as jobs do: with a fixed number of threads, deterministic algorithms only, denormals flushed.

    Gradients are computed, and new tensors are float32, whatever the caller has set.

    Afterwards torch has the settings that it had before, except that it does not say whether denormals were flushed:
    they are not.

    Yields:
        the device.
    """
    threads, mode = torch.get_num_threads(), torch.get_deterministic_debug_mode()
    filled = torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    tf32, matmul, dtype = (
        torch.backends.cudnn.allow_tf32,
        torch.get_float32_matmul_precision(),
        torch.get_default_dtype(),
    )
    try:
        torch.set_default_dtype(torch.float32)
        with torch.inference_mode(False), torch.enable_grad():
            yield prepare_device(compute)
    finally:
        torch.set_default_dtype(dtype)
        torch.set_float32_matmul_precision(matmul)
        torch.set_num_threads(threads)
        torch.set_deterministic_debug_mode(mode)
        torch.utils.deterministic.fill_uninitialized_memory = filled  # type: ignore[attr-defined]
        torch.backends.cudnn.allow_tf32 = tf32
        torch.set_flush_denormal(False)
