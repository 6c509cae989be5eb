"""The full-scale studies: what of them is timed, and how long they take at the speeds that were measured."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks.gpu.packages import ROOT
from benchmarks.gpu.record import Record
from benchmarks.gpu.speed import AT_ONCE, PRECISIONS, Case, Precision, measure, measure_at_once
from lth.catalog.architectures import ARCHITECTURES
from lth.checks.read import load_study
from lth.cli.takes import Group, TrainingOfJob, timed_groups, training_seconds, trainings_of
from lth.config.data import Dataset, Network
from lth.config.study import Study
from lth.config.training import Optimiser, Recipe
from lth.errors import UserError
from lth.plan.forecast import PlannedJob, duration, makespan, planned_jobs
from lth.plan.paths import Paths
from lth.plan.plan import Plan
from lth.training.pace import Pace, Timed

SMALLER = ("quick", "demo")
"""Ends of the names of study files that are made for two cores."""
SUMMARY_SECONDS = 8.0
"""Of a job that trains nothing, its start included."""
START_SECONDS = 6.0
"""Of a training job, before its first step: Python, torch, and the GPU."""
DENSITY = 0.5
"""At which steps are timed, so that masks are at work; on a GPU kernels are dense whatever it is."""
MEASURED_SECONDS = 0.6
AT_ONCE_SECONDS = 30.0
"""Several jobs at once are not begun with less time left: each has to start."""
LAUNCH_BOUND_MS = 3.0
"""Captured steps that are shorter leave most of a GPU idle, so that several jobs are timed at once."""


@dataclass(frozen=True)
class Planned:
    """A study, its jobs, and the trainings of each."""

    name: str
    study: Study
    jobs: list[PlannedJob]
    trainings: dict[str, list[TrainingOfJob]]

    @classmethod
    def of(cls, name: str, study: Study) -> "Planned":
        """What the plan of a study comes to."""
        plan = Plan(study)
        jobs = planned_jobs(Paths(plan))
        return cls(name, study, jobs, {job.key: trainings_of(plan, job) for job in jobs})

    @property
    def groups(self) -> dict[Group, Timed]:
        """What is timed of it."""
        found = timed_groups(self.study, {one for trainings in self.trainings.values() for one in trainings})
        return {group: Timed(one.network, one.recipe, one.dataset, DENSITY) for group, one in found}

    @property
    def kinds(self) -> dict[str, Timed]:
        """The same without those that take equally long."""
        return {kind_of(one): one for one in self.groups.values()}


def kind_of(timed: Timed) -> str:
    """What decides how long a step takes, in words."""
    network, recipe = timed.network, timed.recipe
    more = [name for name in ("augment", "label_smoothing", "clip_grad_norm", "freeze") if getattr(recipe, name)]
    shape, batch = f"{network.channels}x{network.size}x{network.size}", f"batches of {recipe.batch_size}"
    dropout = ["dropout"] if network.dropout else []
    return ", ".join([network.architecture, shape, batch, recipe.optimiser.name, *dropout, *more])


def full_scale(record: Record) -> Iterator[Planned]:
    """The studies whose networks are made for images; a note for each of the others."""
    for path in [ROOT / "config.yaml", *sorted((ROOT / "config").glob("*.yaml"))]:
        if path.stem.endswith(SMALLER):
            continue
        try:
            study = load_study(path)
        except UserError as error:
            record.add("note", says=f"{path.name} is left out: {error}")
            continue
        networks = [study.networks[spec.network] for spec in study.tickets.values()]
        if any(ARCHITECTURES[network.architecture].text for network in networks):
            record.add("note", says=f"{path.name} is left out: it reads texts and starts from a model")
            continue
        yield Planned.of(path.stem, study)


def tiny() -> Planned:
    """A study for a rehearsal, which reads no file."""
    return Planned.of(
        "tiny",
        Study.model_validate(
            {
                "study": "tiny",
                "seeds": [0],
                "datasets": {"d": {"source": "textures", "train": 64, "validation": 60, "test": 60}},
                "networks": {"n": {"architecture": "lenet5_classic", "channels": 1, "size": 28, "classes": 10}},
                "recipes": {"r": {"optimiser": {"name": "adam", "learning_rate": 1e-3}, "batch_size": 16, "epochs": 8}},
                "tickets": {
                    "t": {
                        **{"network": "n", "recipe": "r", "dataset": "d", "method": "progressive"},
                        **{"densities": [0.25], "until_epoch": 4},
                    }
                },
            }
        ),
    )


def launch_bound() -> Timed:
    """LeNet-300-100 on MNIST in batches of 60, the smallest network: the goal of capturing is set for it."""
    recipe = Recipe(optimiser=Optimiser(learning_rate=1.2e-3), batch_size=60, epochs=20)
    return Timed(Network(architecture="lenet_300_100"), recipe, Dataset(source="mnist"), DENSITY)


def speeds(record: Record, timed: dict[str, Timed], device: str, *, quick: bool) -> None:
    """Measure: fp32 first, eager and captured, alone; then the other precisions; then several jobs at once."""
    seconds = 0.02 if quick else MEASURED_SECONDS
    precisions: tuple[Precision, ...] = ("fp32", "bf16") if quick else PRECISIONS
    alone = [
        (kind, Case(one, precision, captured, device, seconds))
        for precision in sorted(precisions, key=["fp32", "bf16", "tf32"].index)
        for kind, one in timed.items()
        for captured in (False, True)
    ]
    for kind, case in alone:
        _measured(record, kind, case, lambda one, _: measure(one))
    short = {kind: one for kind, one in timed.items() if quick or _launch_bound(record, kind)}
    for processes in AT_ONCE[-1:] if quick else AT_ONCE:
        for kind, one in short.items():
            for mps in (False,) if device == "cpu" or _refused(record) else (False, True):
                _measured(record, kind, Case(one, "fp32", True, device, seconds, processes, mps), measure_at_once)


def _launch_bound(record: Record, kind: str) -> bool:
    best = record.done("speed", kind=kind, precision="fp32", captured=True, processes=1)
    return best is not None and not best.get("failed") and best["milliseconds"][1] <= LAUNCH_BOUND_MS


def _refused(record: Record) -> bool:
    """Whether MPS could not be had before: that may take a minute to be found out."""
    return bool((record.done("speed", mps=True) or {}).get("failed"))


def _measured(record: Record, kind: str, case: Case, by: Callable[[Case, float], dict[str, Any]]) -> None:
    """Measure a case that has not been, and write it down, or why it could not be."""
    key = {"kind": kind, "precision": case.precision, "captured": case.captured}
    key |= {"processes": case.processes, "mps": case.mps}
    before = record.done("speed", **key)
    if (before and not before.get("failed")) or record.left() < (
        AT_ONCE_SECONDS if case.processes > 1 else 5 * case.seconds
    ):
        return
    try:
        record.add("speed", **key, **by(case, record.left()))
    except Exception as error:  # out of memory, no MPS, ...: the next case may do
        record.add("speed", **key, failed=f"{type(error).__name__}: {error}".splitlines()[0][:300])


def hours(record: Record, studies: list[Planned]) -> None:
    """What each study takes, at each precision whose speeds are known: one job at a time, and several."""
    for planned in studies:
        for precision in PRECISIONS:
            eager, captured = (_whole(record, planned, precision, kept) for kept in (False, True))
            if eager is None and captured is None:
                continue
            beside = _beside(record, planned, precision)
            record.add(
                "hours",
                study=planned.name,
                precision=precision,
                trainings=sum(one.times for found in planned.trainings.values() for one in found),
                eager=_shown(eager),
                captured=_shown(captured),
                beside=beside,
            )


def _shown(seconds: float | None) -> str:
    return "not measured" if seconds is None else duration(seconds)


def _beside(record: Record, planned: Planned, precision: Precision) -> str:
    """The shortest of the times with several jobs at once, and how many they are."""
    found = [
        (whole, processes, mps)
        for processes in AT_ONCE
        for mps in (False, True)
        if (whole := _whole(record, planned, precision, True, processes, mps)) is not None
    ]
    if not found:
        return "not measured"
    whole, processes, mps = min(found)
    return f"{duration(whole)} ({processes}{', MPS' if mps else ''})"


def _whole(
    record: Record, planned: Planned, precision: Precision, captured: bool, slots: int = 1, mps: bool = False
) -> float | None:
    """Seconds from nothing to the report; None where a speed is missing."""
    by_group = {}
    for group, one in planned.groups.items():
        line = record.done("speed", kind=kind_of(one), precision=precision, captured=captured, processes=slots, mps=mps)
        if line is None or line.get("failed"):
            return None
        step, scored = line["milliseconds"][1] / 1000, line["scoring_microseconds"] / 1e6
        by_group[group] = [Pace(DENSITY, False, step, scored, 1.0)]

    def seconds(job: PlannedJob) -> float:
        found = planned.trainings[job.key]
        if not found:
            return SUMMARY_SECONDS
        return START_SECONDS + sum(
            training_seconds(planned.study, one, by_group[one.group(planned.study)]) for one in found
        )

    return makespan(planned.jobs, seconds, slots)
