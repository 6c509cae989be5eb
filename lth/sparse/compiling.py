"""How numba compiles what sparse training consists of."""

import numpy as np
from numba import njit

compiled = njit(cache=True, boundscheck=False, nogil=True, error_model="numpy")
"""Compiled once on a machine and kept beside the source; on one thread, with the order of operations as written."""
ZERO, ONE = np.float32(0), np.float32(1)
"""A whole number in such a function would make it compute in float64."""
