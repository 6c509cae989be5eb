"""What a study takes, for `lth check`: hours on this machine, gigabytes, and what its seeds can show."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from lth.catalog.architectures import ARCHITECTURES
from lth.catalog.scores import SCORES, OwnScore
from lth.checks.power import smallest_equivalence_p, smallest_p
from lth.checks.wording import listed
from lth.config.data import Dataset
from lth.config.layers import Scope
from lth.config.study import Study
from lth.config.tickets import PrunedTicket
from lth.config.training import LearningRateSchedule, Recipe
from lth.errors import UserError, reason
from lth.plan.counted import counted_by
from lth.plan.disk import disk_space
from lth.plan.forecast import PlannedJob, duration, makespan, planned_jobs, shown_bytes
from lth.plan.paths import Paths
from lth.plan.plan import Plan
from lth.plan.sizes import memory_mb, scorings
from lth.running.snakemake import usable_cores

if TYPE_CHECKING:
    from lth.training.pace import Pace, Timed

SUMMARY_SECONDS = 4.0
"""Of a job that makes tables or figures, or prepares data, beside its start."""
BUSY = 1.3
"""So many times as long as alone a step has to take before it is worth a line."""

PROCESSOR = Path("/proc/cpuinfo")
"""Where Linux says what instructions there are."""

Group = tuple[str, str, str, str]
"""Network, recipe without its length, shape of images, and how masks spread over layers."""


@dataclass(frozen=True)
class TrainingOfJob:
    """A training of a job: what decides how long it takes."""

    network: str
    recipe: str
    dataset: str
    density: float
    times: int = 1
    examples: int | None = None
    scope: Scope = "layerwise"
    score: str = "magnitude"
    """What stands for the ranking of a global scope: the score of pruning at initialisation, else magnitude."""

    def group(self, study: Study) -> Group:
        """What it has in common with trainings that differ in length and density alone."""
        recipe, dataset = study.recipes[self.recipe], study.datasets[self.dataset]
        length = {"epochs": 1, "iterations": None, "evaluate_every": None, "schedule": LearningRateSchedule()}
        source = dataset.entry
        shape = (dataset.grey, dataset.size or getattr(source, "size", 0), source.classes)
        spread = f"global scope, {self.score}" if self.scope == "global" else self.scope
        return self.network, recipe.model_copy(update=length).model_dump_json(), str(shape), spread


def takes(study: Study, cores: int | None, fast: bool) -> Iterator[str]:
    """What a study takes from nothing to its report, a line for each of time, disk, memory and seeds.

    Args:
        study: a checked one.
        cores: of this machine; all that this process may use, if none are given.
        fast: measure nothing, so that time and disk are left out.

    Raises:
        UserError: there are no such cores.
    """
    if cores is not None and cores < 1:
        raise UserError(f"--cores: found {cores}; a number from 1 is needed")
    plan = Plan(study)
    if not fast:
        yield from _measured(plan, cores or usable_cores())
    most = max(memory_mb(plan, dataset, network) for dataset, network in _held(plan))
    yield f"memory: at most about {most / 1000:.1f} GB a job"
    yield _seeds(study)


def _held(plan: Plan) -> Iterator[tuple[str, str]]:
    """Data set and network of every training."""
    for ticket, spec in plan.study.tickets.items():
        yield from ((plan.dataset(ticket, round_), spec.network) for round_ in plan.rounds(ticket))
    for spec_ in plan.study.evaluations.values():
        yield spec_.dataset, plan.study.tickets[spec_.tickets[0]].network


def _seeds(study: Study) -> str:
    """Which tests so many seeds can decide at all."""
    n = len(study.seeds)
    tests = int(study.alpha / smallest_p(n) + 1e-9)
    if n == 1:
        return "seeds: 1 gives no interval and no test"
    if not tests:
        decides = "which decides no comparison"
    else:
        decides = f"so that families of up to {tests} comparison{'s' * (tests > 1)} can be decided"
    least = f"{n} can give p = {smallest_p(n):.2g} at least"
    margin = any(spec.equivalence_margin is not None for _, spec in study.assessments())
    equal = f" (equivalence: {smallest_equivalence_p(n):.2g})" if margin else ""
    return f"seeds: {least}{equal}, {decides} at alpha {study.alpha:g}"


def _measured(plan: Plan, cores: int) -> Iterator[str]:
    from lth.training.pace import weight_counts

    study = plan.study
    networks = {spec.network for spec in study.tickets.values()}
    texts = sorted(name for name in networks if ARCHITECTURES[study.networks[name].architecture].text)
    if texts:
        yield f"time and disk: not measured, since {listed(texts)} reads texts and starts from a model"
        return
    jobs = _slots(plan, cores)
    try:
        yield from [*_time(plan, jobs)]
        counts = {name: weight_counts(network) for name, network in plan.sized_networks.items()}
        space = disk_space(plan, counts, jobs)
    except (UserError, RuntimeError, MemoryError) as error:  # too large for this machine, or no GPU where one is named
        yield f"time and disk: not measured: {reason(error)}"
        return
    yield f"disk: about {shown_bytes(space.kept)} in the end, at most about {shown_bytes(space.peak)} on the way"


def _slots(plan: Plan, cores: int) -> int:
    """How many trainings run side by side: as many as there are cores, or places on GPUs, for."""
    import torch

    compute = plan.study.compute
    if _on_cpu(plan.study):
        return max(1, cores // compute.threads)
    return torch.cuda.device_count() * compute.jobs_per_gpu


def _on_cpu(study: Study) -> bool:
    """Whether trainings run on the CPU of this machine."""
    import torch

    return study.compute.device == "cpu" or not torch.cuda.is_available()


def _time(plan: Plan, slots: int) -> Iterator[str]:
    from lth.training.pace import paces, start_seconds

    study, jobs = plan.study, planned_jobs(Paths(plan))
    trainings = {job.key: trainings_of(plan, job) for job in jobs}
    timed = timed_groups(study, {training for found in trainings.values() for training in found})
    start = start_seconds()
    found = paces([one for _, one in timed], study.compute, slots)
    by_group: dict[Group, list[Pace]] = {}
    for (group, _), pace in zip(timed, found, strict=True):
        by_group.setdefault(group, []).append(pace)

    def seconds(job: PlannedJob) -> float:
        if job.kind == "control":
            return start
        if not trainings[job.key]:
            return start + SUMMARY_SECONDS
        return start + sum(training_seconds(study, one, by_group[one.group(study)]) for one in trainings[job.key])

    whole, busy = makespan(jobs, seconds, slots), fmean(one.busy for one in found)
    side = f"{slots} jobs side by side" if slots > 1 else "one job at a time"
    yield f"time: about {duration(whole)} if nothing else runs on this machine, {side}"
    if busy > BUSY:
        yield f"  other programs run now: so far as they go on, about {duration(whole * busy)}"
    for (network, _, _, spread), measured in by_group.items():
        steps = ", ".join(
            f"{1000 * one.step:.3g} ms at density {one.density:.3g}{' (sparse kernels)' if one.sparse else ''}"
            for one in measured
        )
        masks = f" ({spread})" if spread != "layerwise" else ""
        yield f"  measured, a step of {network}{masks}: {steps}"
    slow = [name for name, recipe in study.recipes.items() if recipe.precision == "bf16"]
    if slow and _emulates_bf16(study):
        yield f"  bf16 (in {listed(slow)}): this processor has no instructions for it; fp32 may be several times faster"


def _emulates_bf16(study: Study) -> bool:
    """Whether bfloat16 is computed by other instructions: as Linux says of an x86 processor; false where nothing is
    known."""
    if not _on_cpu(study):
        return False
    try:
        found = next((line for line in PROCESSOR.read_text("utf-8").splitlines() if line.startswith("flags")), "")
    except OSError:
        return False
    return bool(found) and not {"amx_bf16", "avx512_bf16"} & {*found.split()}


def timed_groups(study: Study, trainings: set[TrainingOfJob]) -> "list[tuple[Group, Timed]]":
    """What is measured of each group, at the length of its longest training: the dense network, and the highest and
    lowest densities that may have sparse kernels."""
    from lth.sparse.choice import DENSITY
    from lth.training.pace import Timed

    groups: dict[Group, list[TrainingOfJob]] = {}
    for one in sorted(trainings, key=lambda one: (one.network, one.recipe, one.dataset, one.density, one.scope)):
        groups.setdefault(one.group(study), []).append(one)
    timed = []
    for group, found in groups.items():
        longest = max(found, key=lambda one: study.recipes[one.recipe].steps(study.datasets[one.dataset].sizes[0]))
        recipe, dataset = study.recipes[longest.recipe], study.datasets[longest.dataset]
        # of as many classes as the data, which differs from the study's where the output layer is new
        network = study.networks[longest.network].model_copy(update={"classes": dataset.entry.classes})
        parts = network, recipe, dataset
        sparse = sorted(one.density for one in found if one.density <= DENSITY)
        spread = longest.scope, longest.score
        densities = dict.fromkeys([1.0, *sparse[-1:], *sparse[:1]])
        timed += [(group, Timed(*parts, density, *spread)) for density in densities]
    return timed


def trainings_of(plan: Plan, job: PlannedJob) -> list[TrainingOfJob]:
    """The trainings of a job, those that its method does before included; they are dense, as far as is known."""
    study = plan.study
    if job.kind == "round":
        spec, dataset = study.tickets[job.of], plan.dataset(job.of, job.round)
        recipe, density = plan.recipe_name(job.of, job.round), float(plan.density(job.of, job.round))
        density = 1.0 if spec.method == "progressive" else density
        own = TrainingOfJob(spec.network, recipe, dataset, density, **_spread(study, job.of, density))
        before = spec.options.extra_trainings.items()
        return [own, *(TrainingOfJob(spec.network, name, dataset, 1.0, times) for name, times in before)]
    if job.kind == "evaluation":
        evaluation, arm = study.evaluations[job.of], plan.arm(job.of, job.arm)
        density = 1.0 if arm.kind == "dense" else float(plan.density(arm.ticket, arm.round))
        times = evaluation.draws if evaluation.examples else 1
        network, spread = study.tickets[arm.ticket].network, _spread(study, arm.ticket, density)
        told = evaluation.recipe, evaluation.dataset, density, times, evaluation.examples
        return [TrainingOfJob(network, *told, **spread)]
    return []


def _spread(study: Study, ticket: str, density: float) -> dict[str, Any]:
    """How a ticket's masks spread over layers, as far as it is known before: its scope, and what ranks weights."""
    spec = counted_by(study, ticket)
    if density >= 1 or not isinstance(spec, PrunedTicket):
        return {}
    score = getattr(spec, "score", "magnitude")
    # what is ranked later is not known, and nothing of the user's runs for an estimate
    ranks = spec.scope == "global" and spec.method == "at_init" and not isinstance(SCORES[score], OwnScore)
    return {"scope": spec.scope, "score": score if ranks else "magnitude"}


def training_seconds(study: Study, training: TrainingOfJob, found: "Sequence[Pace]") -> float:
    """How long a training takes at the paces that were measured of its group."""
    from lth.training.pace import at_density

    dataset, recipe = study.datasets[training.dataset].few(training.examples), study.recipes[training.recipe]
    scored = min(found, key=lambda one: abs(one.density - training.density)).scored
    return training.times * _of_training(recipe, dataset, at_density(found, training.density), scored)


def _of_training(recipe: Recipe, dataset: Dataset, step: float, scored: float) -> float:
    return recipe.steps(dataset.sizes[0])[0] * step + scorings(dataset, recipe) * dataset.sizes[1] * scored
