"""Kills: parts of a finished study are made anew, something of it is killed, and the same command finishes it.

What is killed (up to three jobs, and in the end a job, Snakemake, or everything), with which signal, and when, is drawn
from a seed. Afterwards nothing may be left of the processes, and after the documented command (`--unlock` where
Snakemake was killed, then the same command again) every artifact must have the bytes that it had before.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow"))
from tiny import MEASURED, RESULTS, SAME, Project, environment

STUDY = """\
study: tiny
seeds: [0]
compute: {save_minutes: 0.005}
datasets:
  digits: {source: digits, train: 400, validation: 60, test: 60}
networks:
  lenet: {architecture: lenet5_classic}
recipes:
  find: {optimiser: {name: adam, learning_rate: 2e-3}, batch: 20, epochs: 12}
  press: {optimiser: {name: sgd, learning_rate: 0.02, momentum: 0.9}, batch: 20, iterations: 150}
tickets:
  imp: {network: lenet, recipe: find, dataset: digits, rounds: 1, rate: 0.5}
  grown: {network: lenet, recipe: find, dataset: digits, method: dynamic, densities: [0.5], update_interval: 7}
  dual:
    network: lenet
    recipe: find
    dataset: digits
    method: dual
    densities: [0.5]
    transform: press, cycles: 2, penalty: {rise: 0.05, every: 1}
evaluations:
  home:
    dataset: digits
    recipe: find
    tickets: [imp]
    density: 0.5
    initialisations: [own]
    controls: []
    examples: 200
    draws: 2
"""
"""Trainings of two to three seconds, written down three times a second."""
PARTS = (
    "tickets/imp/seed0/round01",
    "tickets/grown/seed0/round01",
    "tickets/dual/seed0/round01",
    "evaluations/home/imp-own/seed0",
)
"""Of these some are made anew. (Snakemake makes nothing anew that is only needed for what is there.)"""
ENDS_WITHIN = 8.0
"""Seconds after which no process may be left."""


@dataclass(frozen=True)
class Kill:
    """Who is killed, with which signal, so many seconds after the start."""

    victim: str
    number: signal.Signals
    after: float


@dataclass(frozen=True)
class Trial:
    """A run, what was killed in it, and what came of it."""

    kills: list[Kill]
    """Only those that had something to kill at their moment."""
    resumed: bool
    """Whether a training went on from its state."""


class Broken(AssertionError):
    """A promise that was not kept."""


def trial(finished: Project, folder: Path, chance: random.Random) -> Trial:
    """Make parts of the study anew, kill, finish, compare; raises Broken if anything differs."""
    project = finished.copy(folder)
    parts = chance.sample(PARTS, chance.choice([1, 2, 3, 4, 4]))
    for part in parts:
        shutil.rmtree(project.results / part)
    targets = [str(RESULTS / part / "history.csv") for part in parts]
    drawn = list(_drawn(chance))
    hit = _run_and_kill(project, targets, drawn)
    _wait_for_silence(project, drawn)
    if drawn[-1].victim != "job":
        project.run("--unlock")
    outcome = project.run(*targets)
    if outcome.status:
        raise Broken(f"{drawn}: the same command failed\n{outcome.text}")
    _compare(finished, project)
    logs = [path.read_text() for path in project.results.glob("logs/**/*.log")]
    shutil.rmtree(folder)
    return Trial(hit, any("goes on from step" in text for text in logs))


def trials(finished: Project, folder: Path, chance: random.Random, kills: int) -> Iterator[Trial]:
    """As many as it takes for so many kills that had something to kill."""
    number = 0
    while kills > 0:
        done = trial(finished, folder / f"trial{number}", chance)
        yield done
        number, kills = number + 1, kills - len(done.kills)


def _drawn(chance: random.Random) -> Iterator[Kill]:
    """What is to be killed in one run; the last may end the run."""
    after = chance.uniform(1.5, 4.5)
    for last in (*[False] * chance.choice([0, 1, 2, 3]), True):
        victim = chance.choice(["job", *["snakemake", "everything"] * 2]) if last else "job"
        yield Kill(victim, chance.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM]), round(after, 2))
        after += chance.uniform(0.3, 2)


def _run_and_kill(project: Project, files: list[str], kills: list[Kill]) -> list[Kill]:
    """Those that had something to kill."""
    hit: list[Kill] = []
    with subprocess.Popen(
        project.command(*files),
        cwd=project.folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as snakemake:
        started = time.monotonic()
        for kill in kills:
            time.sleep(max(0.0, started + kill.after - time.monotonic()))
            jobs = [pid for pid in processes(project) if pid != snakemake.pid and "scripts" in _command(pid)]
            targets = {"job": jobs[:1], "snakemake": [snakemake.pid], "everything": [snakemake.pid, *jobs]}[kill.victim]
            if targets and snakemake.poll() is None:
                hit.append(kill)
            for pid in targets:
                with suppress(ProcessLookupError):
                    os.kill(pid, kill.number)
        try:
            snakemake.wait(timeout=120)  # where only jobs were killed, it goes on with what does not need them
        except subprocess.TimeoutExpired:
            snakemake.kill()
            raise Broken(f"{kills}: Snakemake did not end") from None
    return hit


def processes(project: Project) -> list[int]:
    """Those that work in the project's folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (path / "cwd").readlink() == project.folder:
                found.append(int(path.name))
    return sorted(found)


def _command(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def _wait_for_silence(project: Project, kills: list[Kill]) -> None:
    deadline = time.monotonic() + ENDS_WITHIN
    while left := processes(project):
        if time.monotonic() > deadline:
            commands = "\n".join(f"{pid} {_command(pid)}" for pid in left)
            raise Broken(f"{kills}: still there after {ENDS_WITHIN:g} s:\n{commands}")
        time.sleep(0.1)


def _compare(finished: Project, project: Project) -> None:
    first, second = finished.files(*SAME), project.files(*SAME)
    if first.keys() != second.keys():
        raise Broken(f"other files: {sorted(first.keys() ^ second.keys())}")
    different = [path for path in first if first[path] != second[path] and Path(path).name not in MEASURED]
    if different:
        raise Broken(f"other bytes: {different}")
    if left := [str(path) for path in project.results.rglob("*.part")]:
        raise Broken(f"half-written files: {left}")
