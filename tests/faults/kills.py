"""Kills: parts of a finished study are made anew, something of it is killed, and the same command finishes it.

What is killed (up to three jobs, and in the end a job, Snakemake, everything, or the process group as a terminal does),
with which signal, and when (by the clock, or in the middle of one of Snakemake's own writes), is drawn from a seed.
Afterwards nothing may be left of the processes, and after the documented command (`--unlock` where Snakemake was
killed, then the same command again) every artifact must have the bytes that it had before.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow"))
import warm
from launch import GROUP, JOB, MAIN, PLACES
from progress import Progress, used
from tiny import MEASURED, RESULTS, SAME, Outcome, Project, environment
from verdicts import Attack, Broken

STUDY = """\
study: tiny
seeds: [0]
compute: {save_minutes: 0.005}
datasets:
  digits: {source: digits, train: 400, validation: 60, test: 60}
networks:
  lenet: {architecture: lenet5_classic}
recipes:
  find: {optimiser: {name: adam, learning_rate: 2e-3}, batch_size: 20, epochs: 12}
  press: {optimiser: {name: sgd, learning_rate: 0.02, momentum: 0.9}, batch_size: 20, iterations: 150}
tickets:
  imp: {network: lenet, recipe: find, dataset: digits, rounds: 1, rate: 0.5}
  grown: {network: lenet, recipe: find, dataset: digits, method: dynamic, densities: [0.5], update_interval: 7}
  dual:
    network: lenet
    recipe: find
    dataset: digits
    method: dual
    densities: [0.5]
    transform: press
    cycles: 2
    penalty: {rise: 0.05, every: 1}
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
"""Seconds after which no process may be left; on a busy machine, seconds in which each used `ENDS_USING` as well."""
ENDS_USING = 3.0
"""Seconds of processor time: more than a job needs until it hears that it is to end, and has written its state."""
ASLEEP = 25.0
"""Seconds for which Snakemake and all its jobs may do nothing: jobs wait 20 s for a lock."""
LAUNCH = Path(__file__).with_name("launch.py")
FIGURE = "figures/pruning_curves.svg"
"""A file that can be made while trainings are interrupted."""
NOTES = ("notes.txt", "scratch/notes.txt")
"""Files of the user's among the results."""


@dataclass(frozen=True)
class Kill:
    """Who is killed, with which signal, and when."""

    victim: str
    """`job`, `snakemake`, `everything` (Snakemake and its jobs, one after the other) or `group` (all at once)."""
    number: signal.Signals
    after: float
    """Seconds after the start; of no meaning with `at`."""
    at: str = ""
    """The moment in Snakemake's own writes, such as `metadata:7`."""

    def __str__(self) -> str:
        return f"{self.victim} {self.number.name} {f'at {self.at}' if self.at else f'after {self.after:g} s'}"


@dataclass(frozen=True)
class Trial:
    """Runs, what was killed in them, and what came of it."""

    kills: list[Kill]
    """Only those that had something to kill at their moment."""
    resumed: bool
    """Whether a training went on from its state."""


def trial(finished: Project, folder: Path, chance: random.Random) -> Trial:
    """Make parts of the study anew in a cold run, kill, finish, compare; raises Broken if anything differs."""
    parts = chance.sample(PARTS, chance.choice([1, 2, 3, 4, 4]))
    return _trial(finished, folder, parts, [[*_drawn(chance)]], python=sys.executable)


def trials(finished: Project, folder: Path, chance: random.Random, kills: int) -> Iterator[Trial]:
    """As many as it takes for so many kills that had something to kill."""
    number = 0
    while kills > 0:
        done = trial(finished, folder / f"trial{number}", chance)
        yield done
        number, kills = number + 1, kills - len(done.kills)


def attack(number: int, chance: random.Random, finished: Project, folder: Path) -> Attack:
    """Three to five runs of one study that are killed one after the other, most of them warm; then it is finished.

    In some, one file of another kind is made meanwhile, which must leave the states of interrupted trainings alone; in
    some, files of the user's lie among the results, which must stay.
    """
    runs = [[*_drawn(chance, chance.choice(MOMENTS), 0.4)] for _ in range(chance.choice([3, 4, 5]))]
    cold, between, notes, early = (chance.random() < share for share in (0.15, 0.25, 0.15, 0.2))
    python = sys.executable if cold else warm.python()
    what = f"{'cold' if cold else 'warm'}, from the {'start' if early else 'first job'}: "
    what += "; then ".join(", ".join(map(str, kills)) for kills in runs)
    what += "; another file is made meanwhile" * between + "; files of mine among the results" * notes
    name, hit, parts = f"kills:{number}", [], chance.sample(PARTS, chance.choice([2, 3]))
    try:
        _trial(finished, folder, parts, runs, python=python, hit=hit, between=between, notes=notes, early=early)
    except Broken as broken:
        return Attack(name, what, {broken.kind: broken.evidence}, len(hit))
    return Attack(name, what, {}, len(hit))


MOMENTS = ("clock", "clock", "write")
"""How the end of a run is timed."""


def _trial(
    finished: Project,
    folder: Path,
    parts: Sequence[str],
    runs: Sequence[list[Kill]],
    python: str,
    hit: list[Kill] | None = None,
    between: bool = False,
    notes: bool = False,
    early: bool = True,
) -> Trial:
    """Runs that are killed, and the documented command that finishes what they left.

    Args:
        finished: the undisturbed study.
        folder: for the copy that is worked on.
        parts: folders of the results that are made anew.
        runs: what is killed in each run, in turn.
        python: cold or warm.
        hit: gets the kills that had something to kill.
        between: whether another file is made before the trainings go on.
        notes: whether files of the user's lie among the results.
        early: whether seconds are counted from the start of the run, or from that of its first job.
    """
    hit = [] if hit is None else hit
    project = finished.copy(folder)
    try:
        for part in parts:
            shutil.rmtree(project.results / part)
        mine: list[Path] = []
        targets = [str(RESULTS / part / "history.csv") for part in parts]
        for kills in runs:
            _run_and_kill(project, targets, kills, python, hit, early)
            _wait_for_silence(project, kills)
            mine += _noted(project) if notes and not mine else []
            if kills[-1].victim != "job":
                _told(project.run("--unlock"), kills)
        if between:
            _another_file(project, runs)
        _told(project.run(*targets), runs)
        _compare(finished, project)
        if gone := [str(path) for path in mine if not path.is_file()]:
            raise Broken("lost", f"files of the user's: {gone}")
        logs = [path.read_text() for path in project.results.glob("logs/**/*.log")]
        return Trial(hit, any("goes on from step" in text for text in logs))
    finally:
        for pid in processes(project):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


def _noted(project: Project) -> list[Path]:
    """Files of the user's in folders that are there; a scratch folder that holds one from the start is refused."""
    paths = [project.results / name for name in NOTES if (project.results / name).parent.is_dir()]
    for path in paths:
        path.write_text("mine")
    return paths


def _told(outcome: Outcome, kills: object) -> None:
    """The documented command must do its work, and show no traceback."""
    if "Traceback (most recent call last)" in outcome.text:
        raise Broken("traceback", outcome.text)
    if outcome.status:
        raise Broken("lost", f"{kills}: the same command failed\n{outcome.text}")


def _another_file(project: Project, kills: object) -> None:
    """Make one figure anew: the states of trainings that were interrupted have to stay.

    A job that was killed after its outputs were written, and before Snakemake noted them, is run again on the way to
    the figure; what it went on from may go when it has finished.
    """
    before, started = {*project.results.glob("scratch/**/training*.safetensors")}, time.time()
    (project.results / FIGURE).unlink()
    _told(project.run(str(RESULTS / FIGURE)), kills)
    gone = sorted(path for path in before if not path.is_file() and not _finished_since(project, path.parent, started))
    if gone:
        lost = [str(path.relative_to(project.folder)) for path in gone]
        raise Broken("lost", f"states of interrupted trainings: {lost}")


def _finished_since(project: Project, scratch: Path, started: float) -> bool:
    """Whether the job of this scratch folder has run to its end since then, as its log says."""
    log = project.results / "logs" / scratch.relative_to(project.results / "scratch").with_suffix(".log")
    return log.is_file() and log.stat().st_mtime >= started and "done in" in log.read_text()


def _drawn(chance: random.Random, moment: str = "clock", earlier: float = 1.0) -> Iterator[Kill]:
    """What is to be killed in one run; the last may end the run.

    Args:
        chance: draws.
        moment: the last one's: by the clock, or in a write of Snakemake's.
        earlier: what the seconds are multiplied by; warm runs begin sooner.
    """
    after = earlier * chance.uniform(1.5, 4.5)
    asked = [signal.SIGKILL, signal.SIGKILL, signal.SIGTERM]
    for _ in range(chance.choice([0, 1, 2, 3])):
        yield Kill("job", chance.choice(asked), round(after, 2))
        after += earlier * chance.uniform(0.3, 2)
    if moment == "write":
        place = chance.choice(PLACES)
        at = f"{place}:{chance.randint(1, {'locks': 2, 'unlock': 1}.get(place, 14))}"
        yield Kill(chance.choice(["snakemake", "group"]), chance.choice(asked), 0.0, at)
        return
    victim = chance.choice(["job", *["snakemake", "everything", "group"] * 2])
    asked = [*asked, signal.SIGINT] if victim == "group" else asked  # Ctrl-C reaches the group
    yield Kill(victim, chance.choice(asked), round(after, 2))


def _run_and_kill(
    project: Project, files: list[str], kills: list[Kill], python: str, hit: list[Kill], early: bool
) -> None:
    """Run, and kill; those that had something to kill are appended to `hit` at once."""
    last, mark = kills[-1], project.folder / ".hit"
    mark.unlink(missing_ok=True)
    with _launched(project, files, last, python) as running:
        while not early and running.poll() is None and not _jobs(project):
            time.sleep(0.02)
        started = time.monotonic()
        for kill in kills[: -1 if last.at else None]:
            time.sleep(max(0.0, started + kill.after - time.monotonic()))
            if _strike(project, running.pid, kill) and running.poll() is None:
                hit.append(kill)
        progress, hung = Progress(), False
        while running.poll() is None and not hung:
            time.sleep(0.1)
            hung = progress.asleep(processes(project)) > ASLEEP
        if mark.exists():
            hit.append(last)
        if hung:
            running.kill()
    output = (project.folder / ".output").read_text(errors="replace")
    if hung:
        raise Broken("hung", f"{last}: Snakemake did not end\n{output[-800:]}")
    if "Traceback (most recent call last)" in output and last.number != signal.SIGINT:  # Python's own answer to Ctrl-C
        raise Broken("traceback", output)


def _launched(project: Project, files: list[str], last: Kill, python: str) -> "subprocess.Popen[bytes]":
    """A run in a process group of its own, of which the last kill may be timed from within."""
    wrapper = project.folder / ".python"
    wrapper.write_text(
        f'#!/bin/sh\nexport {GROUP}="${{{GROUP}:-$$}}" ATTACK_PYTHON="$0"\nexec {python} {LAUNCH} "$@"\n'
    )
    wrapper.chmod(0o700)
    whom = "group" if last.victim == "group" else "self"
    _, _, _, *arguments = project.command(*files)
    with (project.folder / ".output").open("wb") as output:
        return subprocess.Popen(
            [str(wrapper), last.at or "-", str(int(last.number)), whom, str(project.folder / ".hit"), *arguments],
            cwd=project.folder,
            env=environment(),
            stdout=output,
            stderr=output,
            process_group=0,
        )


def _strike(project: Project, group: int, kill: Kill) -> bool:
    """Send the signal; whether there was somebody to send it to."""
    main, jobs = [pid for pid in processes(project) if _name(pid) == MAIN], _jobs(project)
    with suppress(ProcessLookupError):
        if kill.victim == "group" and main:
            os.killpg(group, kill.number)
            return True
    targets = {"job": jobs[:1], "snakemake": main, "everything": [*main, *jobs], "group": []}[kill.victim]
    for pid in targets:
        with suppress(ProcessLookupError):
            os.kill(pid, kill.number)
    return bool(targets)


def _jobs(project: Project) -> list[int]:
    return [pid for pid in processes(project) if _name(pid) == JOB]


def processes(project: Project) -> list[int]:
    """Those that work in the project's folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (path / "cwd").readlink() == project.folder:
                found.append(int(path.name))
    return sorted(found)


def _name(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


def _wait_for_silence(project: Project, kills: list[Kill]) -> None:
    begun, progress = time.monotonic(), Progress()
    before = {pid: used(pid)[0] for pid in processes(project)}
    while left := processes(project):
        works = max(used(pid)[0] - before.get(pid, 0.0) for pid in left)
        if time.monotonic() > begun + ENDS_WITHIN and (works > ENDS_USING or progress.asleep(left) > ENDS_WITHIN):
            names = "\n".join(f"{pid} {_name(pid)}" for pid in left)
            raise Broken("hung", f"{', '.join(map(str, kills))}: still there after {ENDS_WITHIN:g} s:\n{names}")
        time.sleep(0.1)


def _compare(finished: Project, project: Project) -> None:
    first, second = finished.files(*SAME), project.files(*SAME)
    if first.keys() != second.keys():
        raise Broken("lost", f"other files: {sorted(first.keys() ^ second.keys())}")
    different = [path for path in first if first[path] != second[path] and Path(path).name not in MEASURED]
    if different:
        raise Broken("wrong", f"other bytes: {different}")
    if left := [str(path) for path in project.results.rglob("*.part")]:
        raise Broken("lost", f"half-written files: {left}")
