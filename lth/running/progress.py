"""How far a study is, as its files, logs and locks tell; reads only, and takes no lock."""

import json
import os
import re
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from lth.machine import process_lives
from lth.plan.forecast import PlannedJob, makespan, planned_jobs
from lth.plan.paths import Paths
from lth.plan.plan import Plan
from lth.printable import printable
from lth.running.locks import owner_described
from lth.running.scratch_folder import OWNER
from lth.running.study_lock import FOLDER

_TAIL = 4000
"""Bytes at the end of a log in which its last line is looked for."""
_DONE = re.compile(r"  done in ([0-9.]+) s: ")
_PLACE = re.compile(r"(epoch|step) [0-9.e+-]+/[0-9]+")
_VALIDATION = re.compile(r"validation ([0-9.]+ %)")


@dataclass(frozen=True)
class RunningJob:
    """A training in progress."""

    job: PlannedJob
    last: str
    """The last line of its log, without its title; empty if there is none yet."""
    since: float
    """Seconds since its log was begun."""

    @property
    def brief(self) -> str:
        """`cross-own seed 1: epoch 3/6, validation 84.40 %`."""
        place, accuracy = _PLACE.search(self.last), _VALIDATION.search(self.last)
        told = [*([place[0]] if place else []), *([f"validation {accuracy[1]}"] if accuracy else [])]
        name = self.job.title.removeprefix("ticket ").removeprefix("evaluation ")
        return f"{name}: {', '.join(told) or 'starts'}"


@dataclass(frozen=True)
class Progress:
    """How far a study is."""

    jobs: Sequence[PlannedJob]
    done: frozenset[str]
    """Keys of the jobs whose files are there."""
    running: Sequence[RunningJob]
    runner: str
    """Who runs the study, in words; empty if nobody does, as far as can be seen from here."""
    failed: Sequence[tuple[PlannedJob, str]]
    """Jobs that are not done and do not run although they have a log, and its last line."""
    seconds_left: float | None
    """Estimated from finished jobs; None where none has finished."""

    @property
    def left(self) -> list[PlannedJob]:
        """Jobs whose files are not there."""
        return [job for job in self.jobs if job.key not in self.done]


def progress(plan: Plan, folder: Path, cores: int | None = None) -> Progress:
    """How far a study is.

    Args:
        plan: of the study.
        folder: the one that holds `results`.
        cores: that the run has; as many jobs are taken to run side by side.
    """
    jobs = planned_jobs(Paths(plan))
    done = frozenset(job.key for job in jobs if all((folder / output).is_file() for output in job.outputs))
    runner = _runner(folder / plan.results)
    at_work = [*_at_work(plan, folder, jobs)] if runner else []
    keys = {found.job.key for found in at_work}
    waiting = [job for job in jobs if job.key not in done and job.key not in keys]
    failed = [(job, line) for job in waiting if (line := last_line(folder / job.log)) and not _DONE.search(line)]
    slots = max(1, len(at_work), (cores or 0) // plan.study.compute.threads)
    return Progress(jobs, done, at_work, runner, failed, _left(jobs, done, at_work, folder, slots))


def _left(
    jobs: Sequence[PlannedJob], done: frozenset[str], at_work: Sequence[RunningJob], folder: Path, slots: int
) -> float | None:
    took: dict[tuple[str, str], list[float]] = {}
    for job in jobs:
        if job.key in done and (match := _DONE.search(last_line(folder / job.log))):
            for of in (job.of, ""):
                took.setdefault((job.kind, of), []).append(float(match[1]))
    trained = [
        seconds for (kind, of), found in took.items() if kind in ("round", "evaluation") and of for seconds in found
    ]
    left = [job for job in jobs if job.key not in done]
    if not trained:
        return None if left else 0.0
    since = {found.job.key: found.since for found in at_work}

    def seconds(job: PlannedJob) -> float:
        found = took.get((job.kind, job.of)) or took.get((job.kind, ""))
        usual = fmean(found) if found else fmean(trained) if job.kind in ("round", "evaluation") else 5.0
        return max(0.1 * usual, usual - since.get(job.key, 0.0))

    return makespan(left, seconds, slots)


def _runner(results: Path) -> str:
    owner = results / FOLDER / OWNER
    return owner_described(owner) if _lives(_noted(owner)) else ""


def _at_work(plan: Plan, folder: Path, jobs: Sequence[PlannedJob]) -> Iterator[RunningJob]:
    """Trainings hold the lock of their scratch; of those that hold no longer, the process is gone."""
    scratch = plan.study.compute.scratch_of(plan.study.study)
    for job in jobs:
        if job.kind in ("round", "evaluation"):
            place = Path(job.key).relative_to(plan.results).parent
            if _lives(_noted(folder / scratch / place / OWNER)):
                last = last_line(folder / job.log).removeprefix(f"{job.title}  ")
                yield RunningJob(job, last, _age(folder / scratch / place / OWNER))


def _noted(owner: Path) -> Mapping[str, Any] | None:
    try:
        told = json.loads(owner.read_text())
    except (OSError, ValueError):
        return None
    return told if isinstance(told, dict) else None


def _lives(told: Mapping[str, Any] | None) -> bool:
    """Whether the process of a note goes on, as far as can be seen from here: on other machines it is believed."""
    if told is None:
        return False
    if told.get("host") != socket.gethostname() or not isinstance(pid := told.get("pid"), int):
        return True
    return process_lives(pid)


def last_line(log: Path) -> str:
    """The last line of a log, printable; empty if there is none."""
    with suppress(OSError), log.open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - _TAIL))
        lines = file.read().decode("utf-8", errors="replace").split("\n")
        return printable(next((line for line in reversed(lines) if line.strip()), ""))
    return ""


def _age(note: Path) -> float:
    """Seconds since a note was written."""
    with suppress(OSError):
        return max(0.0, time.time() - note.stat().st_mtime)
    return 0.0
