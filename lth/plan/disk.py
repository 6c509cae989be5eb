"""How many bytes the files of a study take, from the sizes of its networks' layers. Reads no file; imports no torch."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil

from lth.catalog.datasets import TOKENS
from lth.catalog.scores import SCORES
from lth.catalog.source import ImageSource
from lth.config.data import Dataset
from lth.config.training import Recipe
from lth.plan.plan import Arm, Plan
from lth.plan.sizes import scorings

_PROVENANCE, _A_TENSOR, _A_LAYER = 1800, 105, 60
"""Bytes of a file of tensors beside values: what it says of itself, the place of each, the shape of each layer."""
_ROW = 45
"""Bytes of a row of a history or confusion matrix."""
_SUMMARY = 1_200_000
"""Bytes of tables, figures and their copies in the report, of the study and of each evaluation or comparison."""
_LONGEST_GAP = 255
"""Of the coding of masks by gaps (`lth.artifacts.kept`)."""


@dataclass(frozen=True)
class WeightCounts:
    """The sizes of a network."""

    layers: tuple[int, ...]
    """Weights of each prunable layer."""
    others: int
    """Bytes of all other parameters and buffers."""
    tensors: int
    """How many parameters and buffers there are."""

    @property
    def prunable(self) -> int:
        """Prunable weights."""
        return sum(self.layers)


@dataclass(frozen=True)
class DiskSpace:
    """Bytes of a study."""

    kept: int
    """Of what is there when it has finished."""
    peak: int
    """While it runs, at most: with trained weights that later rounds need, and states of trainings."""


def ticket_bytes(counts: WeightCounts, density: float, new_output: bool = False) -> int:
    """A ticket's file: masks in the shorter coding, kept weights, everything else whole.

    A new output layer, the last, is dense.
    """
    masks = values = 0
    pruned = counts.layers[:-1] if new_output else counts.layers
    for size in pruned:
        kept = max(1, round(size * density))
        long = (1 - density) ** _LONGEST_GAP
        gaps = kept + 1 + (ceil(kept * long / (1 - long)) if 0 < long < 1 else 0)
        masks += min(ceil(size / 8), gaps)
        values += 4 * kept
    if new_output:
        masks, values = masks + ceil(counts.layers[-1] / 8), values + 4 * counts.layers[-1]
    tensors = counts.tensors + len(counts.layers)
    return masks + values + counts.others + _PROVENANCE + _A_TENSOR * tensors + _A_LAYER * len(counts.layers)


def trained_bytes(counts: WeightCounts, density: float, moments: int = 1) -> int:
    """A file of trained weights: the kept ones, after the last step and at so many moments in all."""
    return moments * (round(4 * counts.prunable * density) + counts.others + _A_TENSOR * counts.tensors) + 300


def state_bytes(counts: WeightCounts) -> int:
    """The state of a training in progress: weights, two moments of the optimiser, masks, the best weights."""
    return 17 * counts.prunable + 4 * counts.others


def dataset_bytes(dataset: Dataset) -> int:
    """A prepared data set: a byte for each pixel or four for each token, and labels."""
    source, count = dataset.entry, sum(dataset.sizes)
    if isinstance(source, ImageSource):
        each = (1 if dataset.grey else source.channels) * (dataset.size or source.size) ** 2
    else:
        each = 4 * (dataset.max_length or TOKENS)
    return count * (each + 2)


def disk_space(plan: Plan, counts: Mapping[str, WeightCounts], jobs: int) -> DiskSpace:
    """The disk space of a whole study.

    Args:
        plan: of the study.
        counts: of each of the plan's `sized_networks`.
        jobs: how many run side by side.
    """
    study = plan.study
    kept = sum(dataset_bytes(study.datasets[name]) for name in plan.used_datasets)
    kept += sum(4 * counts[name].prunable + counts[name].others for name in plan.used_models)
    kept += _SUMMARY * (1 + len(plan.assessments))
    a_seed = temporary = 0
    for ticket, spec in study.tickets.items():
        own, rounds = counts[spec.network], plan.rounds(ticket)
        moments = 1 + SCORES[score].best if (score := getattr(spec.options, "score", None)) else 1
        for round_ in rounds:
            density = float(plan.density(ticket, round_))
            dataset, recipe = study.datasets[plan.dataset(ticket, round_)], plan.recipe(ticket, round_)
            a_seed += ticket_bytes(own, density) + _tables(dataset, recipe) + 100 * len(own.layers)
            early = spec.options.early_step is not None and round_ == 0
            weights = trained_bytes(own, density, (2 if spec.keep_weights == "both" else moments) + early)
            if plan.keeps_weights(ticket, round_):
                a_seed += weights
            elif round_ == rounds[0]:  # the largest of those that go
                temporary += weights
    controls: dict[Arm, int] = {}
    for name, evaluation in study.evaluations.items():
        dataset, recipe = study.datasets[evaluation.dataset].few(evaluation.examples), study.recipes[evaluation.recipe]
        for arm in plan.arms(name):
            a_seed += evaluation.draws * _tables(dataset, recipe)
            density = 1.0 if arm.kind == "dense" else float(plan.density(arm.ticket, arm.round))
            if evaluation.keep_weights:
                moments = 2 if evaluation.keep_weights == "both" else 1
                a_seed += trained_bytes(counts[plan.sized_as(arm)], density, moments)
            if arm.is_control:
                before = replace(arm, new_output=None)
                controls[before] = ticket_bytes(counts[plan.sized_as(before)], density)
            if arm.new_output is not None:
                controls[arm] = ticket_bytes(counts[plan.sized_as(arm)], density, new_output=True)
    a_seed += sum(controls.values())
    kept += len(study.seeds) * a_seed
    return DiskSpace(kept, kept + len(study.seeds) * temporary + jobs * _states(plan, counts))


def _states(plan: Plan, counts: Mapping[str, WeightCounts]) -> int:
    """The states that a job has at most: of each of its trainings, since those that are over stay until it has ended,
    and of each of the rounds that are sent as one job."""
    study, found = plan.study, [0]
    for ticket, spec in study.tickets.items():
        trainings = 1 + sum(spec.options.extra_trainings.values())
        together = [plan.part(ticket, round_) for round_ in plan.rounds(ticket)]
        rounds = max(1 if part is None else together.count(part) for part in together)
        found.append(rounds * trainings * state_bytes(counts[spec.network]))
    for evaluation in study.evaluations.values():
        networks = {study.tickets[ticket].network for ticket in evaluation.tickets}
        found += [evaluation.draws * state_bytes(counts[name]) for name in networks]
    return max(found)


def _tables(dataset: Dataset, recipe: Recipe) -> int:
    """The tables beside a training: three splits at each scoring, a confusion matrix, and costs."""
    return _ROW * (3 * scorings(dataset, recipe) + dataset.entry.classes**2) + 800
