"""The options of a method: the base of all, and what their check may look at."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from lth.config.base import Fault, Model
from lth.config.data import Dataset, Network
from lth.config.layers import Groups
from lth.config.training import Recipe

RATE_REWOUND = "rate rewound"
"""In labels: trained weights, pruned and trained by the whole schedule again (learning-rate rewinding, Renda et al.
2020)."""

THETA_0 = "theta_0"
"""How the weights of a seed's network before any training are called."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a method's own check may look at beside its options: the ticket's place in its study."""

    recipe: str
    """The name of the recipe of its dense (or only) training."""
    trainings: Mapping[str, tuple[str, ...]]
    """The names of the recipes of all its trainings, each with those of the data sets that it is used on."""
    recipes: Mapping[str, Recipe]
    """All recipes of the study."""
    datasets: Mapping[str, Dataset]
    """All data sets of the study."""
    trained_on: tuple[str, ...]
    """The names of the data sets that its rounds are trained on, each once."""
    network: Network
    seeds: tuple[int, ...] = ()
    """Those of the study."""
    has_start: bool = False
    """Whether it starts from another ticket."""
    groups: Groups | None = None
    """What it prunes as one."""
    densities: tuple[float, ...] = ()
    """Of its pruned rounds."""
    by_rounds: bool = False
    """Whether it says `rounds` instead of `densities`."""
    weights_of: Callable[[str], str] = lambda _: THETA_0
    """Names the weights that another ticket's training starts from; equal names for equal weights."""

    def length(self, recipe: str, dataset: str) -> tuple[int, int]:
        """Optimiser steps of a training, and of one of its epochs."""
        return self.recipes[recipe].steps(self.datasets[dataset].sizes[0])


class Options(Model):
    """The options of a method: what its jobs are told beside the round's density, data set, network and recipe."""

    def told(self) -> dict[str, Any]:
        """The values that a job gets, also of what the study leaves to the method."""
        return self.model_dump(mode="json")

    def variant(self) -> str:
        """What figures and tables call the method with these options (`SNIP`, `RigL`); empty for the entry's label."""
        return ""

    def summary(self, rounds: str, scope: str) -> str:
        """What the method did, for the report's list of tickets.

        Args:
            rounds: the densities or rates of its rounds, in words.
            scope: the pruning scope, in words.
        """
        return f"{self.variant()} ({scope}), {rounds}"

    def check(self, context: Context) -> Iterator[Fault]:  # noqa: ARG002
        """What is wrong with the options in this study; paths start at the ticket."""
        return iter(())

    def initial_weights(self, ticket: str) -> str | None:  # noqa: ARG002
        """Names the weights that training starts from, equal names for equal weights; None for theta_0, or those that
        the tickets start from which it is made of.

        Args:
            ticket: the ticket's name, for weights that no other ticket has.
        """
        return None

    def input_file(self, seed: int) -> str | None:  # noqa: ARG002
        """A file from outside the study that the job of a seed reads, if there is one."""
        return None

    def initial_density(self, seed: int, whole: Collection[str] = ()) -> Fraction:  # noqa: ARG002
        """The share of weights that the first round keeps, where that does not follow from the study file.

        Args:
            seed: whose.
            whole: layers that do not count, since what is pruned next leaves them as they are.
        """
        return Fraction(1)

    def layers(self, seed: int) -> tuple[str, ...]:  # noqa: ARG002
        """The layers of the file that the first round is read from; none where there is no such file."""
        return ()

    def is_uniform(self, seed: int, whole: Collection[str] = ()) -> bool:  # noqa: ARG002
        """Whether all layers (but those) keep the same share of their weights in the first round."""
        return True

    @property
    def base_ticket(self) -> str | None:
        """The ticket that a method with independent rounds takes weights from, if it does not begin at theta_0."""
        return None

    def rounds_of(self) -> Mapping[str, int]:
        """Of tickets that follow others: which round of each, where that is not each of theirs by number."""
        return {}

    @property
    def early_step(self) -> int | None:
        """The step of the dense training that later rounds rewind to, if any does."""
        return None

    @property
    def trains_as_parent(self) -> bool:
        """Whether rounds begin their training where their parent's begins: after a rewinding, at that step."""
        return False

    def further(self, round_: int) -> tuple[str | int, ...] | None:  # noqa: ARG002
        """What names the order of batches of a round that goes on from trained weights; None for the study's order."""
        return None

    @property
    def scores_images(self) -> bool:
        """Whether pruning looks at images of the data set that the parent was trained on."""
        return False

    @property
    def extra_trainings(self) -> Mapping[str, int]:
        """Recipes by name that the method trains before the round's own training, and how often each."""
        return {}

    @property
    def moves_pruned(self) -> bool:
        """Whether it moves weights that are to be pruned by their gradients, so that no layer may be frozen."""
        return False

    def settled(self, steps: int, epoch_steps: int) -> int:  # noqa: ARG002
        """The last step before which masks change, of a training of so many steps."""
        return 0

    @property
    def starts_from_trained(self) -> bool:
        """Whether rounds that do not prune start from the trained weights of their parents."""
        return False
