"""Being told to stop: by a signal, or because the parent is gone. Trainings write down where they are, and end.

Slurm, LSF and Ctrl-C first ask (SIGTERM, SIGINT; LSF at a time limit SIGUSR2; SIGURG as an early warning, which nothing
else listens to) and kill later. A request sets a flag that the training loop looks at between batches; a process that
has not ended by itself when the grace is over is ended, but never while a state is being written.
"""

import _thread
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps

EXIT_STOPPED = 75
"""What a job that was stopped exits with (EX_TEMPFAIL of sysexits.h: run it again)."""
GRACE_SECONDS = 4.0
"""How long a process may take to end by itself."""
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR2, signal.SIGURG)
LOOK_SECONDS = 0.5
AWAY = "LTH_AWAY"
"""Variable, set in jobs on a cluster, alone or several as one, by the Snakemake that is sent there with them."""
STARTED_BY = "LTH_STARTED_BY"
"""Variable with the number of the Snakemake process whose jobs these are. The parent alone does not tell: who is
orphaned while Python still starts has never seen another one."""

_requested: list[None] = []
"""Not empty once this process was told to stop. No `threading.Event`: setting one takes a lock, for which the handler
of a second signal would wait for ever."""
_writing = threading.Lock()


class Stopped(Exception):
    """A training was told to stop, and its state is on disk."""


def is_away() -> bool:
    """Whether this process is a job on a cluster, or one of several there that are sent as one."""
    return AWAY in os.environ


def requested() -> bool:
    """Whether this process was told to stop."""
    return bool(_requested)


def request(*_: object) -> None:
    """Tell this process to stop; as often as one likes (Slurm sends SIGTERM twice at a time limit)."""
    if not _requested:
        _requested.append(None)
        _thread.start_new_thread(_end_after_grace, ())


def in_thread(handler: Callable[..., object]) -> Callable[..., None]:
    """A signal handler that does its work in a thread of its own, and returns at once.

    Python runs a handler in the main thread, in the middle of whatever that is doing. If the interrupted code holds a
    lock that the handler takes, both wait for ever; a thread waits until the lock is released. (`_thread`, because
    starting a `threading.Thread` takes locks itself.)
    """

    @wraps(handler)
    def start(*arguments: object) -> None:
        _thread.start_new_thread(handler, arguments)

    return start


@contextmanager
def writing() -> Iterator[None]:
    """While a state is written, the process is not ended."""
    with _writing:
        yield


@contextmanager
def listening() -> Iterator[None]:
    """Meanwhile, signals and a parent that is gone are requests to stop. Only in the main thread."""
    before = {number: signal.signal(number, request) for number in SIGNALS}
    ended = threading.Event()
    threading.Thread(target=_watch, args=(os.getppid(), os.environ.get(STARTED_BY), ended), daemon=True).start()
    try:
        yield
    finally:
        ended.set()
        for number, handler in before.items():
            signal.signal(number, handler)


def _watch(parent: int, starter: str | None, ended: threading.Event) -> None:
    """A job that outlived its Snakemake would write where the next one is at work."""
    while os.getppid() == parent and (starter is None or _lives(int(starter))):
        if ended.wait(LOOK_SECONDS):
            return
    request()


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _end_after_grace() -> None:
    time.sleep(GRACE_SECONDS)
    with _writing:
        os._exit(EXIT_STOPPED)
