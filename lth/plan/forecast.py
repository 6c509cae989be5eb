"""What a study comes to: its jobs in order, which files say that one is done, and how long they take side by side.

Imports nothing heavy; reads no file.
"""

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from lth.artifacts.records import MANIFEST
from lth.plan.paths import ARM_FILES, ROUND_TABLES, VERDICT, Paths
from lth.plan.plan import Plan

JobKind = Literal["data", "model", "round", "control", "evaluation", "summary"]


@dataclass(frozen=True)
class PlannedJob:
    """A job of a study; its files are named as from the folder that holds `results`."""

    kind: JobKind
    of: str
    """The data set, network, ticket or evaluation; `report` or `manifest`."""
    title: str
    """As the job calls itself on the terminal."""
    outputs: tuple[str, ...]
    """What is there for good once it has finished."""
    log: str
    after: tuple[str, ...] = ()
    """First outputs of the jobs that must have finished before."""
    round: int = 0
    """Of a round: its number; of an evaluation that of its arm's ticket."""
    arm: str = ""
    """Of an evaluation."""

    @property
    def key(self) -> str:
        """What other jobs wait for."""
        return self.outputs[0]


def planned_jobs(paths: Paths) -> list[PlannedJob]:
    """All jobs of a study, each after those that it needs; tables, figures and report are told as one for each verdict,
    and the report."""
    return [*_prepared(paths), *_rounds(paths), *_evaluations(paths), *_summaries(paths)]


def _prepared(paths: Paths) -> Iterator[PlannedJob]:
    logs = f"{paths.results}/logs"
    for name in paths.plan.used_datasets:
        yield PlannedJob("data", name, f"data set {name}", (paths.dataset(name),), f"{logs}/data/{name}.log")
    for name in paths.plan.used_models:
        yield PlannedJob("model", name, f"model {name}", (paths.plan.model_file(name),), f"{logs}/models/{name}.log")


def _rounds(paths: Paths) -> Iterator[PlannedJob]:
    plan = paths.plan
    files = ("ticket.safetensors", *(f"{table}.csv" for table in ROUND_TABLES))
    for seed in plan.study.seeds:
        for ticket, number in _ordered(plan):
            parents = [paths.round_file(files[0], name, seed, parent) for name, parent in plan.parents(ticket, number)]
            yield PlannedJob(
                "round",
                ticket,
                f"ticket {ticket} seed {seed} round {number}",
                tuple(paths.round_file(file, ticket, seed, number) for file in files),
                f"{paths.results}/logs/tickets/{ticket}/seed{seed}/round{number:02d}.log",
                (paths.dataset(plan.dataset(ticket, number)), *parents),
                number,
            )


def _ordered(plan: Plan) -> list[tuple[str, int]]:
    """All rounds, parents first."""
    found: dict[tuple[str, int], None] = {}
    for ticket in plan.study.tickets:
        for number in plan.rounds(ticket):
            found |= dict.fromkeys(reversed(plan.lineage(ticket, number)))
    return sorted(found, key=lambda pair: len(plan.lineage(*pair)))


def _evaluations(paths: Paths) -> Iterator[PlannedJob]:
    plan, controls = paths.plan, set()
    logs = f"{paths.results}/logs"
    for name, spec in plan.study.evaluations.items():
        for arm in plan.arms(name):
            for seed in plan.study.seeds:
                ticket, before = paths.arm_ticket(arm, seed), paths.made_or_found(arm, seed)
                found = paths.round_file("ticket.safetensors", arm.ticket, seed, arm.round)
                steps = [("control", before, found)] if arm.is_control else []
                steps += [("new output layer", ticket, before)] if arm.new_output is not None else []
                for what, made, source in steps:
                    if made not in controls:
                        controls.add(made)
                        place = made.removeprefix(f"{paths.results}/").rpartition("/")[0]
                        title = f"{what} {place.split('/')[1]} seed {seed}"
                        yield PlannedJob("control", arm.ticket, title, (made,), f"{logs}/{place}.log", (source,))
                files = sorted(paths.arm_files, key=lambda file: file != ARM_FILES[-1])  # the record first
                yield PlannedJob(
                    "evaluation",
                    name,
                    f"evaluation {name} {arm.name} seed {seed}",
                    tuple(paths.evaluated(file, name, arm.name, seed) for file in files),
                    f"{logs}/evaluations/{name}/{arm.name}/seed{seed}.log",
                    (paths.dataset(spec.dataset), ticket),
                    arm.round,
                    arm.name,
                )


def _summaries(paths: Paths) -> Iterator[PlannedJob]:
    logs, verdicts = f"{paths.results}/logs", []
    trained = [job.key for job in (*_rounds(paths), *_evaluations(paths))]
    for name in paths.plan.assessments:
        verdicts.append(f"{paths.results}/tables/{name}/{VERDICT}")
        yield PlannedJob(
            "summary", name, f"tables of {name}", (verdicts[-1],), f"{logs}/tables/{name}.log", (*trained,)
        )
    report = f"{paths.results}/report.html"
    yield PlannedJob("summary", "report", "report", (report,), f"{logs}/report.log", (*trained, *verdicts))
    manifest = f"{paths.results}/{MANIFEST}"
    yield PlannedJob("summary", "manifest", "manifest", (manifest,), f"{logs}/manifest.log", (report,))


def makespan(jobs: Sequence[PlannedJob], seconds: Callable[[PlannedJob], float], slots: int) -> float:
    """How long jobs take where so many run side by side, each as soon as those that it waits for have finished.

    Args:
        jobs: those left, each after those that it waits for; what others wait for and is not among them is done.
        seconds: of a job.
        slots: from 1.
    """
    keys = {job.key for job in jobs}
    waits = {job.key: {key for key in job.after if key in keys} for job in jobs}
    followers: dict[str, list[int]] = {}
    for place, job in enumerate(jobs):
        for key in waits[job.key]:
            followers.setdefault(key, []).append(place)
    ready = [place for place, job in enumerate(jobs) if not waits[job.key]]  # ascending: a heap
    busy: list[tuple[float, int]] = []
    now = 0.0
    while ready or busy:
        while ready and len(busy) < slots:
            place = heapq.heappop(ready)
            heapq.heappush(busy, (now + seconds(jobs[place]), place))
        now, place = heapq.heappop(busy)
        for follower in followers.get(jobs[place].key, ()):
            waits[jobs[follower].key].discard(jobs[place].key)
            if not waits[jobs[follower].key]:
                heapq.heappush(ready, follower)
    return now


def duration(seconds: float) -> str:
    """`40 s`, `12 min`, `3.4 h`, `5 days`: as exact as an estimate is."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 72 * 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86400:.0f} days"


def shown_bytes(count: int) -> str:
    """`12 kB`, `120 MB`, `3.4 GB`."""
    if count >= 1e9:
        return f"{count / 1e9:.1f} GB"
    return f"{count / 1e6:.0f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"


def job_counts(plan: Plan) -> Mapping[str, int]:
    """Number of jobs of each kind; a control that two evaluations share is made once."""
    study = plan.study
    seeds = len(study.seeds)
    arms = [arm for evaluation in study.evaluations for arm in plan.arms(evaluation)]
    new_outputs = len({arm for arm in arms if arm.new_output is not None})
    return {
        "data sets": len(plan.used_datasets),
        **({"models": len(plan.used_models)} if plan.used_models else {}),
        "rounds": seeds * sum(len(plan.rounds(ticket)) for ticket in study.tickets),
        "controls": seeds * len({replace(arm, new_output=None) for arm in arms if arm.is_control}),
        **({"new output layers": seeds * new_outputs} if new_outputs else {}),
        "evaluations": seeds * len(arms),
    }
