"""A run on a terminal: the lines of its jobs, and below them one line that says how far it is.

Snakemake and its jobs write into a pipe of ours, so that nothing of theirs lands in the middle of that line. Lines that
only Snakemake's own log needs are left out; whatever is not known stays.
"""

import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TextIO

from lth.printable import escaped

_STEPS = re.compile(r"(\d+) of (\d+) steps \([0-9.]+%\) done")
_TOTAL = re.compile(r"total +(\d+)")
_NOISE = re.compile(
    r"Select jobs to execute\.\.\.|Execute \d+ jobs?\.\.\.|\[\w{3} \w{3} +\d+ [\d:]+ \d{4}\]|Finished jobid: .*|"
    r"Building DAG of jobs\.\.\.|Using shell: .*|Provided cores: .*|Provided resources: .*|host: .*|"
    r"Rules claiming more threads will be scaled down\.|Assuming unrestricted shared filesystem usage\.|"
    r"Using workflow specific profile .*|Conda environments: ignored|Elapsed time: .*|SNAKEMAKE|=+|"
    r"  (Date|Workflow ID|Platform|Host|User|Snakemake version|Python version|Command|Snakefile|Base directory|"
    r"Run directory|Working directory|Config file\(s\)|Config MD5): .*|"
)
_CLEAR = "\r\x1b[K"
_EVERY = 1.0
"""Seconds from one look at how far the run is to the next, at least; looking takes no more than a twentieth of it."""


@dataclass
class Steps:
    """Snakemake's count of its jobs."""

    done: int = 0
    total: int | None = None
    _table: bool = False

    def shown(self, line: str) -> bool:
        """Whether a line of Snakemake or a job is shown; counts are read from those that are not."""
        if found := _STEPS.fullmatch(line):
            self.done, self.total = int(found[1]), int(found[2])
            return False
        if line == "Job stats:":
            self._table = True
        if self._table:
            if found := _TOTAL.fullmatch(line):
                self.total, self._table = int(found[1]), False
            return False
        return not _NOISE.fullmatch(line)


def can_be_drawn_on(stream: TextIO | None) -> bool:
    """Whether a stream is a terminal on which a line can be written over."""
    return stream is not None and stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def follow(command: Sequence[str], status: Callable[[Steps], str], terminal: TextIO | None = None) -> int:
    """Run a command, and show its lines with a status line below them.

    Args:
        command: that starts Snakemake.
        status: says how far the run is; called about once a second.
        terminal: where to draw; standard error if none is given.

    Returns:
        the command's exit status, as shells have it.
    """
    screen, steps, lines = terminal or sys.stderr, Steps(), queue.SimpleQueue[bytes | None]()
    with subprocess.Popen(command, stderr=subprocess.PIPE) as child, _signals(child):
        threading.Thread(target=_read, args=(child, lines), daemon=True).start()
        shown, due = "", time.monotonic() + _EVERY
        while (line := _next(lines, due)) is not None:
            if line:
                text = escaped(line.decode("utf-8", errors="replace").rstrip("\r\n"), keep="\t")
                if steps.shown(text):
                    _draw(screen, f"{_CLEAR}{text}\n{shown}")
            if time.monotonic() >= due:
                begun = time.monotonic()
                with suppress(Exception):  # a line less is no reason to end a run
                    shown = _cut(status(steps))
                _draw(screen, f"{_CLEAR}{shown}")
                due = time.monotonic() + max(_EVERY, 20 * (time.monotonic() - begun))
        _draw(screen, _CLEAR)
        found = child.wait()
    return found if found >= 0 else 128 - found


def _read(child: "subprocess.Popen[bytes]", lines: "queue.SimpleQueue[bytes | None]") -> None:
    assert child.stderr is not None
    for line in child.stderr:
        lines.put(line)
    lines.put(None)


def _next(lines: "queue.SimpleQueue[bytes | None]", due: float) -> bytes | None:
    """The next line, or an empty one where there is none in time; None at the end."""
    try:
        return lines.get(timeout=max(0.01, due - time.monotonic()))
    except queue.Empty:
        return b""


def _cut(text: str) -> str:
    """The part of a line that fits into the terminal's width, which it must not reach."""
    width = shutil.get_terminal_size().columns - 1
    text = escaped(text)
    return text if len(text) <= width else f"{text[: max(0, width - 3)]}..."


def _draw(screen: TextIO, text: str) -> None:
    """A terminal that is gone is no reason to end the run."""
    with suppress(OSError, ValueError):
        screen.write(text)
        screen.flush()


@contextmanager
def _signals(child: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Ctrl-C reaches Snakemake by itself, which ends its jobs; what is sent to this process alone is passed on."""

    def pass_on(number: int, _: object) -> None:
        with suppress(OSError):
            child.send_signal(number)

    handlers = {signal.SIGINT: lambda *_: None, signal.SIGTERM: pass_on, signal.SIGHUP: pass_on}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
