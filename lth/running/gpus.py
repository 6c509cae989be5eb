"""Which GPU a job takes, where several jobs run side by side on a machine with several GPUs.

Snakemake only counts GPUs; it does not say which is free. So each job locks one: a lock file for each GPU and each job
that may share it, held until the process ends, however it ends. Nobody waits: a job that finds all of them taken says
with whom it shares one. A job to which a scheduler (Slurm, LSF) has assigned one GPU sees only that, and locks nothing.
"""

import os
import stat
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from filelock import FileLock

from lth.errors import UserError
from lth.running.locks import ASSIGNED, Busy, acquire

_held: list[FileLock] = []  # until the process ends


def take_gpu(
    count: int,
    sharing: int,
    environment: Mapping[str, str] = os.environ,
    shares: Callable[[str], None] = lambda _: None,
) -> int | None:
    """The GPU that this process is to use, as torch numbers those that it sees; None if there is no choice.

    Args:
        count: of the GPUs that torch sees.
        sharing: how many jobs may use one at once.
        environment: may restrict the GPUs with CUDA_VISIBLE_DEVICES, or say that a scheduler has assigned them.
        shares: takes a sentence, where more jobs run than the study allows.

    Raises:
        UserError: the folder of the locks is a link, somebody else's, or open to others.
    """
    if count < 2:
        return None
    visible = [name.strip() for name in environment.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
    numbers = [str(number) for number in range(count)]
    allocation = next((f"{environment[name]}-" for name in ASSIGNED if name in environment), "")
    return _first_free((visible or numbers)[:count], sharing, _folder(), shares, allocation)


def _first_free(
    devices: Sequence[str], sharing: int, folder: Path, shares: Callable[[str], None], allocation: str
) -> int:
    """The first device with a free slot, those with fewer jobs before those with more; the first if none is free.

    Of each allocation of a scheduler by itself: in each the numbers of its GPUs may begin at 0.
    """
    others: list[str] = []
    for slot in range(sharing):
        for number, device in enumerate(devices):
            name = f"gpu-{allocation}{device}-{slot}".replace("/", "-")
            try:
                _held.append(acquire(folder / f"{name}.lock", folder / f"{name}.json"))
            except Busy as busy:
                others.append(str(busy))
                continue
            return number
    shares(f"all GPUs are taken, so this job shares GPU {devices[0]} with {others[0]}")  # started by somebody else
    return 0


def _folder() -> Path:
    """The folder of the locks: of this user, and closed to all others, who might put links in the place of locks."""
    folder = Path(tempfile.gettempdir()) / f"lth-gpus-{os.getuid()}"
    try:
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        found = folder.lstat()
    except OSError as error:
        raise UserError(f"{folder}: cannot be made: {error.strerror}; set TMPDIR to a folder of yours") from None
    fault = _fault(found)
    if fault:
        raise UserError(f"{folder}: {fault}, but must be a folder that you alone may open; remove it, or set TMPDIR")
    return folder


def _fault(found: os.stat_result) -> str:
    """Why this is no private folder of this user."""
    if not stat.S_ISDIR(found.st_mode):
        return "is a link" if stat.S_ISLNK(found.st_mode) else "is no folder"
    if found.st_uid != os.getuid():
        return f"belongs to user {found.st_uid}"
    mode = stat.S_IMODE(found.st_mode)
    return f"has mode {mode:o}" if mode != 0o700 else ""
