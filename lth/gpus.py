"""Which GPU a job takes, where several jobs run side by side on a machine with several GPUs.

Snakemake only counts GPUs; it does not say which is free. So each job locks one: a lock file for each GPU and each job
that may share it, held until the process ends, however it ends. Where a scheduler has assigned devices (Slurm, LSF),
its word counts and nothing is locked.
"""

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from filelock import FileLock, Timeout

ASSIGNED = ("SLURM_JOB_ID", "LSB_JOBID")
"""Variables of a job whose scheduler has chosen its devices."""
_held: list[FileLock] = []  # until the process ends


def take_gpu(count: int, sharing: int, environment: Mapping[str, str] = os.environ) -> int | None:
    """The GPU that this process is to use, as torch numbers those that it sees; None if there is no choice.

    Args:
        count: of the GPUs that torch sees.
        sharing: how many jobs may use one at once.
        environment: may restrict the GPUs with CUDA_VISIBLE_DEVICES, or say that a scheduler has assigned them.
    """
    if count < 2 or any(name in environment for name in ASSIGNED):
        return None
    visible = [name.strip() for name in environment.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
    return _first_free((visible or [str(number) for number in range(count)])[:count], sharing, _folder())


def _first_free(devices: Sequence[str], sharing: int, folder: Path) -> int:
    """The first device with a free slot, those with fewer jobs before those with more; the first if none is free."""
    for slot in range(sharing):
        for number, device in enumerate(devices):
            lock = FileLock(folder / f"gpu-{device.replace('/', '-')}-{slot}.lock")
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue
            _held.append(lock)
            return number
    return 0  # more jobs than the study allows: started by somebody else


def _folder() -> Path:
    folder = Path(tempfile.gettempdir()) / f"lth-gpus-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder
