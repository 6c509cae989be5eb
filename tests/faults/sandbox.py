"""Calls in a forked process, with limits of time and memory: whatever is called, the caller goes on.

A fork shares the libraries that are imported already, so a call costs some milliseconds.
"""

import json
import os
import re
import resource
import select
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from traceback import print_exc
from typing import NoReturn

from progress import Progress

from lth.errors import UserError

ASLEEP_SECONDS = 5.0
"""For which a call may do nothing at all; the machine may be shared, so there is no limit by the clock alone."""
CPU_SECONDS = 2.0
"""Of the processor's time, at most: what bad input may take until there is a sentence."""
CPU_KILLED = 60.0
"""Seconds of processor time after which a call is killed."""
MEGABYTES = 500
"""By which the process may grow, at most."""
LONGEST = 4000
"""Characters that a sentence may have, in one line."""
RAW = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters that a terminal would obey, apart from tab and line feed, and what turns the direction of text."""


@dataclass(frozen=True)
class Said:
    """What a call came to."""

    status: int
    """0, or 1 if it ended in a sentence, or 2 if it ended in a traceback, a crash or not at all."""
    text: str
    """All that it printed."""
    hung: str = ""
    """Which limit it passed."""

    def faults(self) -> dict[str, str]:
        """What no call may show, whatever its input: kind and evidence."""
        if self.hung:
            return {"hung": f"{self.hung}\n{self.text[-500:]}"}
        if self.status > 1 or "Traceback (most recent call last)" in self.text:
            return {"traceback": self.text}
        if raw := RAW.search(self.text):
            return {"wrong": f"control characters are printed raw: {self.text[max(0, raw.start() - 60) :][:120]!a}"}
        if (longest := max(map(len, self.text.splitlines()), default=0)) > LONGEST:
            return {"wrong": f"a line of {longest:,} characters: {self.text[:200]!a}"}
        return {}


def call(do: Callable[[], object], folder: Path, cpu_seconds: float = CPU_SECONDS) -> Said:
    """Call it in a fork whose current folder is this one; an integer that it returns is its status."""
    reading, writing = os.pipe()
    with tempfile.TemporaryFile() as printed:
        process = os.fork()
        if process == 0:
            _become(do, folder, printed.fileno(), writing)
        os.close(writing)
        hung, status = _wait(process)
        with os.fdopen(reading) as pipe:
            measured = json.loads(pipe.read() or "{}")
        printed.seek(0)
        text = printed.read().decode(errors="replace")
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL):
        hung = hung or f"more than {CPU_KILLED:g} s of processor time, or of all memory"
    elif measured.get("cpu", 0) > cpu_seconds:
        hung = f"{measured['cpu']:.1f} s of processor time"
    elif measured.get("mb", 0) > MEGABYTES:
        hung = f"{measured['mb']:.0f} MB of memory"
    elif os.WIFSIGNALED(status) and not hung:
        return Said(2, f"{text}\nended by {signal.Signals(os.WTERMSIG(status)).name}")
    return Said(2 if hung else os.WEXITSTATUS(status), text, hung)


def _wait(process: int) -> tuple[str, int]:
    descriptor, progress, hung = os.pidfd_open(process), Progress(), False
    try:
        while not hung and not select.select([descriptor], [], [], 0.5)[0]:
            hung = progress.asleep([process]) > ASLEEP_SECONDS
    finally:
        os.close(descriptor)
    if hung:
        os.kill(process, signal.SIGKILL)
    return f"has done nothing for {ASLEEP_SECONDS:g} s" if hung else "", os.waitpid(process, 0)[1]


def _become(do: Callable[[], object], folder: Path, printed: int, measured: int) -> NoReturn:
    """The forked process, to its end."""
    status = 2
    try:
        for descriptor in (1, 2):
            os.dup2(printed, descriptor)
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", errors="backslashreplace", closefd=False)
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)
        os.chdir(folder)
        begun, memory = time.process_time(), _memory("VmRSS")
        limit = int((_memory("VmSize") + 3 * MEGABYTES) * 2**20)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        most = ceil(begun + CPU_KILLED)
        resource.setrlimit(resource.RLIMIT_CPU, (most, most))
        status = _status(do)
        sys.stdout.flush()
        sys.stderr.flush()
        told = {"cpu": time.process_time() - begun, "mb": _memory("VmHWM") - memory}
        os.write(measured, json.dumps(told).encode())
    finally:
        os._exit(status)


def _status(do: Callable[[], object]) -> int:
    try:
        returned = do()
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        with suppress(BaseException):
            print_exc()
        return 2
    return returned if isinstance(returned, int) else 0


def _memory(field: str) -> float:
    found = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1024
