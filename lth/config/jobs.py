"""What each job gets told: the part of a study that its result depends on, and nothing else."""

from typing import Literal

from lth.config.models import Dataset, Model, Network, Recipe, Seed

Kind = Literal["dense", "own", "fresh", "shuffled", "random"]
"""What an arm is made of a ticket: nothing kept of it, itself, other weights, permuted masks, random masks."""


class DataJob(Model):
    """Prepare a data set."""

    dataset: str
    spec: Dataset


class RoundJob(Model):
    """Prune to a round (unless it is the chain's first) and train what is left."""

    study: str
    ticket: str
    seed: Seed
    round: int
    first: bool
    """The first round of its chain takes over a mask (or starts dense) instead of pruning."""
    rates: tuple[float, ...]
    """Of all rounds up to this one, those of the ticket it starts from included."""
    dataset: str
    network: Network
    recipe: Recipe
    method: Literal["imp"]
    score: str
    scope: Literal["layer", "network"]
    rewind: Literal["initial", "parent"]


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
