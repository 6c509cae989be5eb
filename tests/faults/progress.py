"""Whether processes still get on, however busy the machine is: by what they use of the processor, not by the clock."""

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
IDLE_SHARE = 0.005
"""Of the processor: what a process that only looks at something now and then uses less than."""


def used(process: int) -> tuple[float, bool]:
    """Seconds of processor time, and whether it sleeps (nobody keeps it from running)."""
    with suppress(OSError):
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK, fields[0] not in "RD"
    return 0.0, True


class Progress:
    """Looks at processes again and again."""

    def __init__(self) -> None:
        self.before: dict[int, float] = {}
        self.since = time.monotonic()

    def asleep(self, processes: Iterable[int]) -> float:
        """For how many seconds all of them have slept; 0 if there are new ones, or one has done something."""
        looked = {process: used(process) for process in processes}
        now = {process: seconds for process, (seconds, _) in looked.items()}
        allowed = max(0.02, IDLE_SHARE * (time.monotonic() - self.since))
        rests = all(sleeps for _, sleeps in looked.values())
        if not rests or any(now[each] > self.before.get(each, -1) + allowed for each in now):
            self.before, self.since = now, time.monotonic()
        return time.monotonic() - self.since
