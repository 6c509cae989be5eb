"""How fast networks train on this machine: a few real steps on random data of the right shape. Keeps nothing."""

import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from multiprocessing import get_context
from statistics import fmean

import torch
from torch import Tensor

from lth.artifacts.tickets import Ticket
from lth.catalog.source import ImageSource
from lth.config.data import Dataset, Network
from lth.config.layers import Scope
from lth.config.study import Compute
from lth.config.training import Capture, Recipe
from lth.data.examples import SplitName
from lth.data.images import Images, Split
from lth.networks.build import layout, prunable_names
from lth.networks.trial import evidence_of_noise
from lth.plan.disk import WeightCounts
from lth.pruning.allocation import Target, allocate
from lth.pruning.scores.own import scorer
from lth.training.device import prepare_device
from lth.training.hooks import Hook
from lth.training.loop import Loop

SECONDS = 0.4
"""How long steps are timed, at least; twice as long with what comes before."""
MOST_AT_ONCE = 8
"""Processes that time at once: each takes memory, and more of them tell little more."""
_SCORED = 1000
"""Examples of the split that is scored, as often as time allows."""


@dataclass(frozen=True)
class Pace:
    """Seconds of a training step, and of scoring an example."""

    density: float
    sparse: bool
    """Whether sparse kernels were used."""
    step: float
    scored: float
    busy: float
    """How many times as long it took, since other programs ran as well."""


@dataclass(frozen=True)
class Timed:
    """What is to be timed: a network in training."""

    network: Network
    """Of images."""
    recipe: Recipe
    """With its batches, optimiser and augmentation."""
    dataset: Dataset
    """Gives the shape of its images, and how long the training is."""
    density: float
    """1 for the dense network."""
    scope: Scope = "layerwise"
    """Of the mask. Global ones keep far more in convolutions, where a weight costs most, than in wide dense layers."""
    score: str = "magnitude"
    """What ranks the initial weights where the scope is global; within layers the mask is random."""


def paces(timed: Sequence[Timed], compute: Compute, jobs: int) -> list[Pace]:
    """The pace of each, a second or so each, while as many others run as will run side by side.

    Args:
        timed: each is timed by itself.
        compute: says on which device, and with how many threads.
        jobs: how many are timed at once (at most `MOST_AT_ONCE`): they share caches, memory and cores.
    """
    jobs = min(jobs, MOST_AT_ONCE)
    if jobs == 1:
        return [_pace(one, compute) for one in timed]
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        found = [[pool.submit(_pace, one, compute) for _ in range(jobs)] for one in timed]
        return [_mean([future.result() for future in futures]) for futures in found]


def _mean(found: Sequence[Pace]) -> Pace:
    step, scored, busy = (fmean(getattr(one, name) for one in found) for name in ("step", "scored", "busy"))
    return Pace(found[0].density, found[0].sparse, step, scored, busy)


def _pace(timed: Timed, compute: Compute) -> Pace:
    device = prepare_device(compute)
    # processor time leaves out what other programs do meanwhile; several threads' adds up, and a GPU's is not in it
    clock = time.process_time if device.type == "cpu" and compute.threads == 1 else time.perf_counter
    loop = random_training(timed, device, compute.capture)
    step = loop.advance(0, min(2, loop.steps), Hook())  # compiles, fills caches
    first, begun, chunk = step, time.perf_counter(), 1
    spent = -clock()
    while step < loop.steps and time.perf_counter() - begun < SECONDS:
        until = min(step + chunk, loop.steps)
        while step < until:
            step = loop.advance(step, until, Hook())
        _wait(device)
        chunk *= 2
    spent += clock()
    passed = time.perf_counter() - begun
    loop.score("validation")
    begun, scorings, scoring = time.perf_counter(), 0, -clock()
    while not scorings or time.perf_counter() - begun < SECONDS / 4:
        loop.score("validation")
        _wait(device)
        scorings += 1
    scored = (scoring + clock()) / scorings / len(loop.feed.splits["validation"])
    busy = passed / spent if spent > 0 else 1.0
    return Pace(timed.density, loop.engine() is not None, spent / max(1, step - first), scored, max(1.0, busy))


def random_training(timed: Timed, device: torch.device, capture: Capture) -> Loop:
    """What is to be timed, before its first step: on random images, under random masks, or those of a score."""
    ticket = Ticket.dense(timed.network, 0)
    masks = _masks(timed, ticket)
    for mask in masks.values():
        mask.view(-1)[0] = True
    network = ticket.derive(masks, ticket.weights).module()
    return Loop.start(network, masks, _random(timed.dataset), timed.recipe, 0, device, capture=capture)


def _masks(timed: Timed, ticket: Ticket) -> dict[str, Tensor]:
    if timed.density >= 1:
        return {name: mask.clone() for name, mask in ticket.masks.items()}
    if timed.scope == "global":
        scores = scorer(timed.score)(evidence_of_noise(timed.network, 1))
    else:
        stream = torch.Generator().manual_seed(0)
        scores = {name: torch.rand(mask.shape, generator=stream) for name, mask in ticket.masks.items()}
    return allocate(scores, ticket.masks, Target(scope=timed.scope, density=Fraction(timed.density)))


def _random(dataset: Dataset) -> Images:
    """Images of a data set's shape and number, all the same, and in memory as in a training: batches are picked from
    there, and sparse kernels copy an expanded image at each call."""
    source = dataset.entry
    assert isinstance(source, ImageSource)
    channels, side = 1 if dataset.grey else source.channels, dataset.size or source.size
    stream = torch.Generator().manual_seed(0)
    image = torch.randint(0, 256, (1, channels, side, side), dtype=torch.uint8, generator=stream)

    def split(count: int) -> Split:
        labels: Tensor = torch.arange(count) % source.classes
        return Split(image.repeat(count, 1, 1, 1), labels)

    sizes: dict[SplitName, int] = {"train": dataset.sizes[0], "validation": _SCORED, "test": 1}
    mean = torch.full((channels,), 127.5)
    splits = {name: split(count) for name, count in sizes.items()}
    return Images("random", splits, tuple(map(str, range(source.classes))), mean, mean / 2)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def at_density(paces: Sequence[Pace], density: float) -> float:
    """Seconds of a step at a density: between two measured ones on a straight line, outside of them as the nearest."""
    below = max((one for one in paces if one.density <= density), key=lambda one: one.density, default=None)
    above = min((one for one in paces if one.density >= density), key=lambda one: one.density, default=None)
    if below is None or above is None or below.density == above.density:
        nearest = below or above
        assert nearest is not None
        return nearest.step
    share = (density - below.density) / (above.density - below.density)
    return below.step + share * (above.step - below.step)


def weight_counts(network: Network) -> WeightCounts:
    """The sizes of a network, of which nothing is drawn."""
    built = layout(network)
    prunable = prunable_names(built)
    state = built.state_dict()
    others = sum(tensor.numel() * tensor.element_size() for name, tensor in state.items() if name not in prunable)
    return WeightCounts(tuple(state[name].numel() for name in prunable), others, len(state))


def start_seconds() -> float:
    """What a training job takes to start: Python, and what it imports."""
    begun = _of_children()
    subprocess.run([sys.executable, "-c", "import lth.methods.round"], capture_output=True, check=False)
    return _of_children() - begun


def _of_children() -> float:
    """Processor seconds of all processes that this one has waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
