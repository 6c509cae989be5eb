"""What can be said of this machine without importing torch."""

from importlib.util import find_spec
from pathlib import Path

NO_NUMBA = "numba is not installed (pip install numba)"


def has_numba() -> bool:
    """Whether inner loops can be compiled; numba itself is imported where one is."""
    return find_spec("numba") is not None


def has_gpu() -> bool:
    """Whether an NVIDIA driver is loaded; on a cluster's login node it usually is not (then say `device: cuda`)."""
    return Path("/dev/nvidiactl").exists()
