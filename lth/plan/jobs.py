"""What each job gets told: the part of a study that its result depends on, and nothing else."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from lth.catalog.controls import ArmKind
from lth.config.base import Model, Seed
from lth.config.data import Dataset, Initialisation, Network
from lth.config.layers import Groups, LayerKind, Scope
from lth.config.noise import Noise
from lth.config.training import Recipe


class DataJob(Model):
    """Prepare a data set."""

    dataset: str
    spec: Dataset
    content: str | None = None
    """What the user's own files hold, as a digest: with other content the job is another."""


class ModelJob(Model):
    """Fetch a pre-trained model."""

    network: str
    model: str
    content: str | None = None
    """What the files of a user's own folder hold, as a digest: with other content the job is another."""

    later_keys: ClassVar = ("content",)


class RoundJob(Model):
    """Find the ticket of a round, and train it."""

    study: str
    ticket: str
    seed: Seed
    round: int
    method: str
    dataset: str
    network: Network
    recipe: Recipe
    """Of this round's training."""
    prunes: bool
    """Whether this round prunes what the job gets; a chain's first round takes over a mask or starts dense."""
    density: str
    """The share of weights kept, as a fraction."""
    layer_densities: dict[LayerKind, str] = Field(default_factory=dict)
    """Shares of kinds of layers that differ from it."""
    named_densities: tuple[tuple[str, str], ...] | None = None
    """Patterns of layers' names, each with its share; the first that fits counts, so that their order is told."""
    groups: Groups | None = None
    """What is kept or pruned as one; None for single weights."""
    scope: Scope = "layerwise"
    unpruned: tuple[LayerKind, ...] = ()
    keep_best: bool | None = None
    """Write the weights of the best step, too, whether or not a later round needs them."""
    dense_of: str | None = None
    """The ticket whose dense network this round prunes, where that is another one."""
    one_shot: bool | None = None
    """All rounds prune the first: told where the score may find nothing there to go by."""
    first_step: int = 0
    """Of this round's training, which goes on where the weights that it starts from were taken."""
    further: tuple[str | int, ...] | None = None
    """Of a round that takes over weights, or is derived, where these are trained ones already: what names the order of
    batches of the round that it has them from, and so its own. Other orders follow from the method's options."""
    options: Mapping[str, Any] = Field(default_factory=dict)
    """Those of the method; one that names a recipe has its own name instead, by which `recipes` has it."""
    recipes: dict[str, Recipe] = Field(default_factory=dict)
    """The recipes that the method's options name, by option."""


class ControlJob(Model):
    """Make a control of a ticket."""

    study: str
    ticket: str
    kind: ArmKind
    seed: Seed
    round: int
    network: Network
    """That the ticket was found in."""
    initialisation: Initialisation | None = None
    """Weights are drawn by this scheme, instead of the network's."""
    noise: Noise | None = None
    """How much is added to the weights, where the control is `noisy` and the study says it."""

    @property
    def drawn_network(self) -> Network:
        """The network with the initialisation that the control's weights are drawn by."""
        return self.network.model_copy(update={"initialisation": self.initialisation or self.network.initialisation})


class NewOutputJob(ControlJob):
    """Give the ticket of an arm a new output layer."""

    classes: int
    """Outputs of the new layer; `network` is that of the ticket as it is found."""


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
    keep_weights: Literal["last", "both"] | None = None
    """Which trained weights are written."""
