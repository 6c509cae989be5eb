"""One kill: a part of a finished study is made anew, something of it is killed, and the same command finishes it.

What is killed (a job, Snakemake, or everything), with which signal, and when, is drawn from a seed. Afterwards nothing
may be left of the processes, and after the documented command (`--unlock` where Snakemake was killed, then the same
command again) every artifact must have the bytes that it had before.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
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
  grown: {network: lenet, recipe: find, dataset: digits, method: dynamic, densities: [0.5], dynamic: {every: 7}}
  dual:
    network: lenet
    recipe: find
    dataset: digits
    method: dual
    densities: [0.5]
    dual: {recipe: press, cycles: 2, penalty: {rise: 0.05, every: 1}}
evaluations:
  home:
    dataset: digits
    recipe: find
    tickets: [imp, grown]
    density: 0.5
    initialisations: [own]
    controls: [random]
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
    """What was done, and what came of it."""

    victim: str
    number: signal.Signals
    after: float
    hit: bool
    """Whether there was something to kill at that moment."""
    resumed: bool
    """Whether a training went on from its state."""


class Broken(AssertionError):
    """A promise that was not kept."""


def kill_once(finished: Project, folder: Path, chance: random.Random) -> Kill:
    """Make a part of the study anew, kill, finish, compare; raises Broken if anything differs."""
    project = finished.copy(folder)
    parts = chance.sample(PARTS, chance.choice([1, 1, 2]))
    for part in parts:
        shutil.rmtree(project.results / part)
    targets = [str(RESULTS / part / "history.csv") for part in parts]
    victim = chance.choice(["job", "snakemake", "everything"])
    number = chance.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM])
    after = chance.uniform(1.5, 5.0)
    hit = _run_and_kill(project, targets, victim, number, after)
    _wait_for_silence(project, victim, number)
    if victim != "job":
        project.run("--unlock")
    outcome = project.run(*targets)
    if outcome.status:
        raise Broken(f"{victim}, {number.name}, after {after:.2f} s: the same command failed\n{outcome.text}")
    _compare(finished, project)
    logs = [path.read_text() for path in project.results.glob("logs/**/*.log")]
    shutil.rmtree(folder)
    return Kill(victim, number, after, hit, any("goes on from step" in text for text in logs))


def _run_and_kill(project: Project, files: list[str], victim: str, number: signal.Signals, after: float) -> bool:
    with subprocess.Popen(
        project.command(*files),
        cwd=project.folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as snakemake:
        time.sleep(after)
        jobs = [pid for pid in processes(project) if pid != snakemake.pid and "scripts" in _command(pid)]
        targets = {"job": jobs[:1], "snakemake": [snakemake.pid], "everything": [snakemake.pid, *jobs]}[victim]
        hit = bool(targets) and snakemake.poll() is None
        for pid in targets:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        if victim == "job":
            snakemake.wait(timeout=120)  # it goes on with what does not need the job, and ends
        else:
            with suppress(subprocess.TimeoutExpired):
                snakemake.wait(timeout=60)
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


def _wait_for_silence(project: Project, victim: str, number: signal.Signals) -> None:
    deadline = time.monotonic() + ENDS_WITHIN
    while left := processes(project):
        if time.monotonic() > deadline:
            commands = "\n".join(f"{pid} {_command(pid)}" for pid in left)
            raise Broken(f"{victim}, {number.name}: still there after {ENDS_WITHIN:g} s:\n{commands}")
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
