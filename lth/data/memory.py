"""Whether a data set fits into memory, looked at before it is read."""

import os
from pathlib import Path

from lth.errors import UserError

_LIMIT = Path("/sys/fs/cgroup/memory.max")
"""What a container or a cluster's job may take, where there is such a limit."""
_MEMINFO = Path("/proc/meminfo")


def available_bytes() -> int:
    """The memory that a process can still get: what the system counts as available, or a limit of the job if lower."""
    try:
        lines = dict(line.split(":", 1) for line in _MEMINFO.read_text().splitlines())
        found = 1024 * int(lines["MemAvailable"].split()[0])
    except (OSError, KeyError, ValueError):
        found = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        return min(found, int(_LIMIT.read_text()))
    except (OSError, ValueError):  # there is none, or it is `max`
        return found


def check_memory(where: str, what: str, prepared: int, held: int = 0) -> None:
    """Check that a data set can be prepared.

    Args:
        where: the key, for the sentence.
        what: the images in words.
        prepared: bytes of the prepared images; while they are written there are two copies.
        held: bytes of the source, beside them.

    Raises:
        UserError: that is more than is available.
    """
    needed, there = max(2 * prepared, prepared + held), available_bytes()
    if needed > there:
        message = (
            f"{where}: {what} need {needed / 1e9:.1f} GB of memory to be prepared, and {there / 1e9:.1f} GB are free"
        )
        raise UserError(f"{message}; ask for fewer (`train`, `validation`, `test`) or for a smaller `size`")
