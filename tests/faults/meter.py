"""Processor time of everything that an attack starts, also of what is killed and of what a warm Python forks."""

import os
import threading
from contextlib import suppress
from pathlib import Path

EVERY = 0.2
"""Seconds between two looks: what a process used after the last look at it is not counted."""
TICK = os.sysconf("SC_CLK_TCK")


class Meter:
    """Looks at the processes of this session until it is stopped."""

    def __init__(self) -> None:
        self._used: dict[tuple[str, str], int] = {}
        self._others = {place for place, _ in _session()}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def seconds(self) -> float:
        """Stop, and say how much was used."""
        self._stop.set()
        self._thread.join()
        return sum(self._used.values()) / TICK

    def _look(self) -> None:
        while not self._stop.wait(EVERY):
            for place, ticks in _session():
                if place not in self._others or place[0] == str(os.getpid()):
                    self._used[place] = ticks


def _session() -> list[tuple[tuple[str, str], int]]:
    """The processes of this session: number and start, and ticks in user and kernel mode."""
    found, session = [], str(os.getsid(0))
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()  # the third field of proc(5) is the first of these
            if fields[3] == session:
                found.append(((path.parent.name, fields[19]), int(fields[11]) + int(fields[12])))
    return found
