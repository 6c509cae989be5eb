"""What can be said of this machine without importing torch."""

from pathlib import Path


def has_gpu() -> bool:
    """Whether an NVIDIA driver is loaded; on a cluster's login node it usually is not (then say `device: cuda`)."""
    return Path("/dev/nvidiactl").exists()
