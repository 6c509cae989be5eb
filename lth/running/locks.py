"""Locks that say who holds them: a lock file, which the operating system releases when its process ends, and a note."""

import json
import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from lth.errors import UserError
from lth.files import write_text

ASSIGNED = ("SLURM_JOB_ID", "LSB_JOBID")
"""Variables of a cluster's job, whose scheduler has also chosen its devices."""


class Busy(Exception):
    """Somebody else holds the lock; the text says who."""


def acquire(lock: Path, owner: Path, seconds: float = 0.0, waits: Callable[[str], None] = lambda _: None) -> FileLock:
    """Take a lock, and write down who holds it.

    Args:
        lock: the lock file; its folder exists.
        owner: the note beside it, as far as the disk takes one. It is read only while the lock is held, so what a
            killed process left does no harm.
        seconds: how long to wait for another process.
        waits: called once, before waiting, with the words for who holds the lock.

    Raises:
        Busy: another process holds it, and went on holding it.
        OSError, NotImplementedError: the file system has no locks, or no file can be made there.
    """
    held = FileLock(lock)
    try:
        held.acquire(timeout=0)
    except Timeout:
        if not seconds:
            raise Busy(owner_described(owner)) from None
        waits(owner_described(owner))
        _wait(held, owner, seconds)
    try:
        write_text(owner, json.dumps(_ourselves()))
    except UserError:
        with suppress(OSError):
            owner.unlink(missing_ok=True)  # of whoever was here before
    return held


def _wait(lock: FileLock, owner: Path, seconds: float) -> None:
    try:
        lock.acquire(timeout=seconds)
    except Timeout:
        raise Busy(owner_described(owner)) from None


def owner_described(owner: Path) -> str:
    """`process 12 on node7 (since 2026-11-27 09:30:00)`, as far as the note says so."""
    try:
        told = json.loads(owner.read_text())
        job = f", the cluster's job {told['job']}," if told["job"] else ""
        return f"process {told['pid']} on {told['host']}{job} (since {told['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


def _ourselves() -> dict[str, Any]:
    job = next((os.environ[name] for name in ASSIGNED if name in os.environ), None)
    since = time.strftime("%Y-%m-%d %H:%M:%S")
    return {"host": socket.gethostname(), "pid": os.getpid(), "job": job, "since": since}
