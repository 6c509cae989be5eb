"""The study file as typed, frozen models. Every default of the project lives here, and nowhere else.

The models say what a key means and which values it may take on its own; what keys mean to each other (a ticket that
nobody defines, a cycle, a density that no round reaches) is checked in `lth.config.check`.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

NAME_PATTERN = r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$"
"""Names become folder names and parts of arm names (`mnist-own`), so: lower case, digits, underscores."""

Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN, max_length=40)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Rate = Annotated[float, Field(gt=0, lt=1)]
Count = Annotated[int, Field(gt=0)]
RoundCount = Annotated[int, Field(gt=0, le=500)]
"""Bounded, since every round is planned: a slip of the finger must not keep the check busy for ever."""


class Model(BaseModel):
    """Frozen, knows every key, and takes its descriptions from the docstrings under the fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)


class Dataset(Model):
    """A data set as it is fed to networks: a source, optional transforms, and how it is split."""

    source: str
    """Where the images come from: one of the names that `python -m lth list` shows."""
    grey: bool = False
    """Turn colour images into one channel (ITU-R 601 luma, as Pillow does)."""
    size: Annotated[int, Field(ge=8, le=512)] | None = None
    """Resize the images to this many pixels a side (bilinear, antialiased); without it they stay as they are."""
    validation: Count = 5000
    """Training images set aside for decisions (best epoch); stratified. The test set decides nothing."""
    train: Count | None = None
    """Use only this many training images, stratified; without it, all that validation leaves."""
    test: Count | None = None
    """Use only this many test images, stratified; without it, all."""
    split_seed: Seed = 0
    """Seed of the split (and of the drawing, for generated sources); the same for every seed of the study."""


class Network(Model):
    """An architecture and what goes in and out of it."""

    architecture: str
    """One of the names that `python -m lth list` shows."""
    channels: Annotated[int, Field(ge=1, le=16)] = 1
    """Channels of the input images."""
    size: Annotated[int, Field(ge=8, le=512)] = 28
    """Pixels a side of the (square) input images."""
    classes: Annotated[int, Field(ge=2, le=1000)] = 10
    """Outputs."""
    initialisation: Literal["glorot_normal", "glorot_uniform", "kaiming_normal"] = "glorot_normal"
    """Distribution of the initial weights; biases start at zero."""


class Optimiser(Model):
    """The update rule."""

    name: Literal["adam", "adamw", "sgd"] = "adam"
    """`adam` adds weight decay to the gradient, `adamw` shrinks the weights instead."""
    learning_rate: Annotated[float, Field(gt=0, le=100)]
    """Step size; constant over training."""
    weight_decay: Annotated[float, Field(ge=0, le=10)] = 0.0
    """Coefficient of the decay, on every parameter."""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """For `sgd`."""
    nesterov: bool = False
    """For `sgd` with momentum."""


class Recipe(Model):
    """How a network is trained; tickets and evaluations name one."""

    optimiser: Optimiser
    """The update rule and its constants."""
    batch: Count
    """Images a step; the last batch of an epoch may be smaller, no image is left out."""
    epochs: Count
    """Passes over the training images."""
    precision: Literal["fp32", "bf16"] = "fp32"
    """`bf16` computes layers in bfloat16 (weights, sums and updates stay fp32); see docs/benchmarks.md first."""


class Start(Model):
    """Another ticket's round to start from."""

    ticket: Name
    """The ticket whose mask is taken over."""
    round: Annotated[int, Field(ge=0)]
    """After which of its rounds."""


class Stage(Model):
    """Some rounds on one data set, a link of a chain."""

    dataset: Name
    """The data set trained on before each pruning of this stage."""
    rounds: RoundCount
    """Prunings in this stage."""


class Ticket(Model):
    """How a sparse subnetwork is found. Round k's mask keeps (1 - rate)^k of the prunable weights."""

    network: Name
    """One of `networks`."""
    recipe: Name
    """One of `recipes`: the training before each pruning."""
    dataset: Name | None = None
    """One of `datasets`; give this with `rounds`, or a `chain` instead."""
    rounds: RoundCount | None = None
    """Prunings on `dataset`."""
    chain: Annotated[tuple[Stage, ...], Field(min_length=1)] | None = None
    """Several data sets in turn, each for some rounds, instead of `dataset` and `rounds`."""
    method: Literal["imp"] = "imp"
    """`imp`: iterative magnitude pruning (train, prune, rewind)."""
    score: str = "magnitude"
    """What a weight is worth: one of the names that `python -m lth list` shows."""
    rate: Rate = 0.2
    """Share of the remaining weights that a round prunes."""
    scope: Literal["layer", "network"] = "layer"
    """Where weights compete: each layer loses the same share, or the whole network is ranked at once."""
    rewind: Literal["initial", "parent"] = "initial"
    """`initial`: theta_0, also after `start`. `parent`: the trained weights of the `start` round (pre-training)."""
    start: Start | None = None
    """Start from another ticket's mask; without it, from the dense network."""


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


class Compute(Model):
    """Where jobs run. Not part of any result's identity: changing it reruns nothing."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """`auto` takes a GPU where torch sees one."""
    threads: Annotated[int, Field(ge=1, le=256)] = 1
    """CPU threads of a training job. Small networks are fastest with one, and several jobs at once."""


class Study(Model):
    """A study file: named data sets, networks, recipes, tickets and evaluations."""

    study: Name
    """Its name; everything it makes lies in `results/<study>/`."""
    about: str = ""
    """One sentence for the head of the report."""
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1)]
    """One complete repetition each; arms are compared within a seed."""
    data_root: str | None = None
    """Folder with the data sets in torchvision's layout; the environment variable LTH_DATA goes before it. What is
    missing there is downloaded there."""
    alpha: Annotated[float, Field(gt=0, lt=1)] = 0.05
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
    evaluations: dict[Name, Evaluation] = {}
    """Evaluations by name."""
