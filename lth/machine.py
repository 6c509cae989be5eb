"""What can be said of this machine without importing torch."""

import os
from importlib.util import find_spec
from pathlib import Path

NO_NUMBA = "numba is not installed (pip install numba)"


def has_numba() -> bool:
    """Whether inner loops can be compiled; numba itself is imported where one is."""
    return find_spec("numba") is not None


def has_gpu() -> bool:
    """Whether an NVIDIA driver is loaded; on a cluster's login node it usually is not (then say `device: cuda`)."""
    return Path("/dev/nvidiactl").exists()


def process_lives(number: int) -> bool:
    """Whether there is a process of that number on this machine; on Linux also a thread."""
    if os.name == "nt":  # signal 0 would be Ctrl+C
        return True
    try:
        os.kill(number, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # it is there, and somebody else's
        return True
    return True
