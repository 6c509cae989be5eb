"""How much a job has to do: for a cluster's limits of time and memory, and for what `lth check` says a study takes.

No result depends on any of it.
"""

from math import ceil

from lth.catalog.architectures import ARCHITECTURES
from lth.catalog.datasets import TOKENS
from lth.config.data import Dataset
from lth.config.training import Recipe
from lth.plan.plan import Plan

LEAST_MINUTES = 15
"""Of any training job: start, reading, writing, and a busy machine."""
LEAST_OF_SEVERAL = 5
"""Of a round that is not the only one of its job: times add up, and not each will meet the worst."""
MARGIN = 2
SCORED = 3
"""A pass backward takes twice a pass forward, so scoring three examples costs what training one does."""
LEAST_OF_DATA_MB = 2000
"""Of a job that prepares a data set."""
BASE_MB = {"images": 1300, "texts": 5000}
"""A process with torch and a small network; one with an encoder, its moments and transformers."""
MASK_MB = {"images": 1000, "texts": 3000}
"""Of a job that reads a ticket and writes one; 20 bytes a weight, where 100M are an encoder's."""
LEAST_OF_MANIFEST_MB = 3000
MODEL_MB = 2000
"""Of a job that fetches a pre-trained model."""


def examples(dataset: Dataset, recipe: Recipe) -> float:
    """Training steps' examples in a training, and the scoring in between counted as such."""
    steps, _ = recipe.steps(dataset.sizes[0])
    return steps * recipe.batch_size + scorings(dataset, recipe) * dataset.sizes[1] / SCORED


def scorings(dataset: Dataset, recipe: Recipe) -> int:
    """How often a training goes through validation and test data, before the first and after the last step included."""
    steps, epoch = recipe.steps(dataset.sizes[0])
    return steps // (recipe.evaluate_every or epoch) + 2


def minutes(plan: Plan, work: float, least: int = LEAST_MINUTES) -> int:
    """A limit that a job with so many examples keeps on this study's slowest machine."""
    return least + ceil(MARGIN * work / plan.study.compute.examples_per_second / 60)


def asked(each: int, attempt: int, most: int | None) -> int:
    """What the n-th attempt at a job asks for: n times as much as the first, but no more than the cluster has."""
    return min(attempt * each, most or attempt * each)


def round_minutes(plan: Plan, ticket: str, round_: int) -> int:
    """The limit of a ticket's round, with the trainings that its method does before."""
    study, dataset = plan.study, plan.study.datasets[plan.dataset(ticket, round_)]
    before = study.tickets[ticket].options.extra_trainings.items()
    work = examples(dataset, plan.recipe(ticket, round_))
    work += sum(times * examples(dataset, study.recipes[name]) for name, times in before)
    return minutes(plan, work, LEAST_MINUTES if plan.part(ticket, round_) is None else LEAST_OF_SEVERAL)


def longest_minutes(plan: Plan, ticket: str, round_: int) -> int | None:
    """What a round may ask for at most; of those that one job runs in turn, the times add up."""
    longest, alone = plan.study.compute.longest_minutes, plan.part(ticket, round_) is None
    return longest if longest is None or alone else max(1, longest // plan.study.compute.rounds_per_job)


def evaluation_minutes(plan: Plan, evaluation: str) -> int:
    """The limit of an arm's evaluation, with all its draws."""
    spec = plan.study.evaluations[evaluation]
    dataset, recipe = plan.study.datasets[spec.dataset], plan.study.recipes[spec.recipe]
    return minutes(plan, spec.draws * examples(dataset.few(spec.examples), recipe))


def memory_mb(plan: Plan, dataset: str, network: str) -> int:
    """The memory of a training: the process, the data set in memory twice over, and the network's own."""
    return BASE_MB[_reads(plan, network)] + ceil(2 * _bytes(plan.study.datasets[dataset]) / 1e6)


def mask_mb(plan: Plan, network: str) -> int:
    """The memory of a job that makes a mask or a layer for a ticket: some copies of its weights, and no data."""
    return MASK_MB[_reads(plan, network)]


def _reads(plan: Plan, network: str) -> str:
    return "texts" if ARCHITECTURES[plan.study.networks[network].architecture].text else "images"


def manifest_mb(plan: Plan) -> int:
    """The memory in which all artifacts are read again, one after the other: the largest data set twice over."""
    largest = max((_bytes(plan.study.datasets[name]) for name in plan.used_datasets), default=0)
    return LEAST_OF_MANIFEST_MB + ceil(2 * largest / 1e6)


def preparation_mb(plan: Plan, dataset: str) -> int:
    """The memory in which a data set is prepared: as of a training; more where its source is held whole beside it."""
    spec = plan.study.datasets[dataset]
    held = _bytes(spec) if spec.noun == "images" else 0
    return max(LEAST_OF_DATA_MB, BASE_MB["images"] + ceil(3 * held / 1e6))


def _bytes(spec: Dataset) -> int:
    """What a prepared data set takes."""
    count = sum(spec.sizes)
    if spec.noun == "images":
        channels, size = spec.shape
        return count * channels * size**2
    return count * 4 * (spec.max_length or TOKENS)
