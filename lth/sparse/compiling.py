"""How numba compiles what sparse training consists of."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit


def compiled(function: Callable[..., Any]) -> Any:
    """Compile a function, on one thread and with the order of operations as written.

    Once on a machine: the result is kept beside the source, or in the user's cache folder. Where neither can be written
    to, every process compiles anew.
    """
    for cache in (True, False):
        try:
            return njit(cache=cache, boundscheck=False, nogil=True, error_model="numpy")(function)
        except RuntimeError as problem:
            if not cache or "cannot cache" not in str(problem):
                raise
    raise AssertionError("the second way returns or raises")


ZERO, ONE = np.float32(0), np.float32(1)
"""A whole number in such a function would make it compute in float64."""
