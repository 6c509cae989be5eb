"""A Snakemake that can be hit: `launch.py AT SIGNAL WHOM HIT ARGUMENTS...`; `launch.py SCRIPT` is a job of it, and
`launch.py -P -c CODE` the server whose forks are jobs (`lth.running.warm`).

Snakemake and its jobs get names (`attack-main`, `attack-job`) by which they are found, and the process group `GROUP`,
so that the group can be killed as a terminal or a service manager does, also where processes are forks of a warm one.

`AT` is a moment in Snakemake's own writes, such as `metadata:7`: the seventh record is half written when the signal
comes.
"""

import ctypes
import os
import runpy
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

GROUP = "ATTACK_GROUP"
MAIN, JOB = "attack-main", "attack-job"
PLACES = ("metadata", "incomplete", "locks", "unmark", "unlock")
"""Records and marks of incomplete files, locks: half written; marks and locks: half deleted."""


def named(name: str) -> None:
    """Name this process, and join the group."""
    ctypes.CDLL(None).prctl(15, name.encode(), 0, 0, 0)  # PR_SET_NAME
    if os.environ.get(GROUP):
        with suppress(OSError):  # the group may be gone: then so is who wanted this process
            os.setpgid(0, int(os.environ[GROUP]))


class Moment:
    """Strikes once, at the n-th call."""

    def __init__(self, number: int, strike: Callable[[], None]) -> None:
        self.left, self.strike = number, strike

    def passes(self) -> None:
        """Now, if it is the n-th time."""
        self.left -= 1
        if self.left == 0:
            self.strike()


class Torn:
    """A file that is half written when the moment comes."""

    def __init__(self, file: Any, moment: Moment) -> None:
        self.file, self.moment, self.written = file, moment, False

    def write(self, text: str) -> int:
        """The first half, the moment, the rest."""
        half = 0 if self.written else len(text) // 2 + 1
        if not self.written:
            self.written = True
            self.file.write(text[:half])
            self.file.flush()
            self.moment.passes()
        return int(self.file.write(text[half:]))

    def __enter__(self) -> "Torn":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()


def arm(at: str, strike: Callable[[], None]) -> None:
    """Let the signal come in one of Snakemake's writes or deletions."""
    from snakemake.persistence import file

    place, _, number = at.partition(":")
    moment = Moment(int(number), strike)

    def opened(path: Any, mode: str = "r", *arguments: Any, **named: Any) -> Any:
        made = open(path, mode, *arguments, **named)  # noqa: SIM115, PTH123
        return Torn(made, moment) if "w" in mode and f"/{place}/" in f"{Path(path).parent}/" else made

    def around(method: Callable[..., Any]) -> Callable[..., Any]:
        def struck(*arguments: Any) -> Any:
            moment.passes()
            return method(*arguments)

        return struck

    if place in ("metadata", "incomplete", "locks"):
        file.open = opened
    else:
        name = {"unmark": "_io_delete", "unlock": "_delete_locks"}[place]
        setattr(file.FilePersistence, name, around(getattr(file.FilePersistence, name)))


def serve_forks(code: str) -> None:
    """Be a server, whose forks get the name of jobs before they run their script."""
    named("attack-warm")
    run_path = runpy.run_path

    def run_named(*arguments: Any, **words: Any) -> Any:
        named(JOB)
        return run_path(*arguments, **words)

    runpy.run_path = run_named  # type: ignore[assignment]
    del sys.argv[1:4], sys.path[0]
    exec(code, {"__name__": "__main__"})


def main() -> None:
    """Be Snakemake, one of its jobs, or what they are forks of."""
    if sys.argv[1] == "-P":
        serve_forks(sys.argv[3])
        return
    if sys.argv[1] == "-IS":
        del sys.argv[1]
    if Path(sys.argv[1]).is_file():
        named(JOB)
        sys.argv = sys.argv[1:]
        sys.path[0] = str(Path(sys.argv[0]).parent)
        runpy.run_path(sys.argv[0], run_name="__main__")
        return
    at, number, whom, hit, *arguments = sys.argv[1:]
    named(MAIN)
    sys.executable = os.environ["ATTACK_PYTHON"]

    def strike() -> None:
        Path(hit).touch()
        (os.killpg if whom == "group" else os.kill)(os.getpgrp() if whom == "group" else os.getpid(), int(number))

    if at != "-":
        arm(at, strike)
    sys.argv, sys.path[0] = ["snakemake", *arguments], str(Path.cwd())
    runpy.run_module("snakemake", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
