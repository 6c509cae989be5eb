"""What each job gets told: the part of a study that its result depends on, and nothing else."""

from typing import Literal

from lth.config.base import Model, Seed
from lth.config.models import Dataset, LayerKind, Method, Network, Recipe, Rewind, Scope
from lth.config.ways import AtInit, Combined, Derived, Dual, Dynamic, Progressive

Kind = Literal["dense", "own", "fresh", "shuffled", "random"]
"""What an arm is made of a ticket: nothing kept of it, itself, other weights, permuted masks, random masks."""


class DataJob(Model):
    """Prepare a data set."""

    dataset: str
    spec: Dataset


class ModelJob(Model):
    """Fetch a pre-trained model."""

    network: str
    model: str


class RoundJob(Model):
    """Find the ticket of a round, and train it."""

    study: str
    ticket: str
    seed: Seed
    round: int
    method: Method
    dataset: str
    network: Network
    recipe: Recipe
    """Of this round's training."""
    prunes: bool
    """Whether this round prunes what the job gets; a chain's first round takes over a mask or starts dense."""
    density: str
    """The share of weights kept, as a fraction."""
    density_of: dict[LayerKind, str]
    """Shares of kinds of layers that differ from it."""
    whole: tuple[LayerKind, ...]
    score: str
    scope: Scope
    rewind: Rewind
    rewind_step: int | None = None
    first_step: int = 0
    """Of this round's training, which goes on where the weights that it starts from were taken."""
    transform: Recipe | None = None
    """For `dual`: the training under the penalty."""
    at_init: AtInit | None = None
    progressive: Progressive | None = None
    dynamic: Dynamic | None = None
    dual: Dual | None = None
    derived: Derived | None = None
    combined: Combined | None = None


class ControlJob(Model):
    """Make a control of a ticket."""

    study: str
    ticket: str
    kind: Kind
    seed: Seed
    round: int
    network: Network


class EvaluationJob(ControlJob):
    """Train an arm on an evaluation's data set."""

    evaluation: str
    arm: str
    dataset: str
    recipe: Recipe
    examples: int | None = None
    """Train on this many training examples only."""
    draws: int | None = None
    """With `examples`: so many times, each on others."""
    trains: Literal["all", "head"] | None = None
    """`head`: only the last layer."""
