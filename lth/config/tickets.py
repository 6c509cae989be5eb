"""How tickets are specified: what all methods share, by the way in which their rounds depend on each other.

A method (`lth.methods`) adds its own options to one of the families here. Fields of a family are read by the plan
(which rounds there are, what each is made of, how much it keeps); fields of a method's options are passed to its jobs.
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from lth.config.base import (
    DatasetName,
    Fault,
    Model,
    NetworkName,
    Rate,
    RecipeName,
    RoundCount,
    TicketName,
    each_once,
)
from lth.config.layers import Groups, LayerDensities, LayerKind, LayerRates, Scope, faults_of_layers
from lth.config.options import RATE_REWOUND, Options


class Stage(Model):
    """Some rounds on one data set, a link of a chain."""

    dataset: DatasetName
    """The data set trained on before each pruning of this stage."""
    rounds: RoundCount
    """Prunings in this stage."""
    rate: Rate | None = None
    """Instead of the ticket's, in this stage."""
    layer_rates: LayerRates | None = None
    """Likewise; kinds of layers that it does not name are pruned at the stage's `rate`."""


class Start(Model):
    """Another ticket's round to start from."""

    ticket: TicketName
    """The ticket whose mask is taken over."""
    round: Annotated[int, Field(ge=0)]
    """After which of its rounds."""


class TicketSpec(Model):
    """What every ticket says, whatever its method. `lth.config.study` makes a model for each method of it."""

    method: str
    """How it is found: one of the methods that `lth list` shows."""
    network: NetworkName
    """One of `networks`."""
    recipe: RecipeName
    """One of `recipes`: the training before each pruning, or of the sparse network."""
    dataset: DatasetName | None = None
    """One of `datasets`: what it is trained on."""
    keep_weights: Literal["last", "both"] | None = None
    """Keep the trained weights of every round: after the `last` step, or those and the ones of the best step (`both`).
    Without it, those of the last round after its last step, and those of a dense network that `one_shot` or `dense_of`
    prune."""

    later_keys: ClassVar[tuple[str, ...]] = ("keep_weights",)
    options_model: ClassVar[type[Options]] = Options
    """The method's options; set for each method's model."""
    method_label: ClassVar[str] = ""
    """Likewise."""

    @property
    def options(self) -> Options:
        """The method's options alone."""
        return self.options_model.model_validate({key: getattr(self, key) for key in self.options_model.model_fields})

    def start_or_none(self) -> Start | None:
        """Where its chain starts, if from another ticket."""
        return None

    def made_from(self) -> tuple[str, ...]:
        """The tickets whose masks it takes over."""
        return ()

    def trained_on(self) -> tuple[str, ...]:
        """The data sets of its rounds, each once."""
        return (self.dataset,) if self.dataset else ()

    def trainings(self) -> dict[str, tuple[str, ...]]:
        """The recipes of its trainings, each with the data sets that it is used on."""
        return dict.fromkeys([self.recipe, *self.options.extra_trainings], self.trained_on())

    def label(self) -> str:
        """How it is found, by the name that the field has for it: `IMP`, `SNIP`, `RigL`, `RST Iter-5`, ..."""
        return self.options.variant() or self.method_label


class OneDatasetTicket(TicketSpec):
    """Tickets whose rounds are all trained on one data set, which they have to name."""

    def faults(self) -> Iterator[Fault]:
        """It needs a data set."""
        if self.dataset is None:
            yield (), "has no `dataset` to be trained on; give one"


class DenseTicket(OneDatasetTicket):
    """The dense network, trained and never pruned: one round, 0."""


class GivenTicket(OneDatasetTicket):
    """A ticket from a file: one round, 1, which prunes nothing."""


class PrunedTicket(TicketSpec):
    """Tickets that prune: how much, and in which scope."""

    rounds: RoundCount | None = None
    """Prunings on `dataset`."""
    rate: Rate = 0.2
    """Share of the remaining weights that a round prunes: round k keeps (1 - rate)^k."""
    densities: Annotated[tuple[Rate, ...], Field(min_length=1, max_length=500)] | None = None
    """Instead of `rounds` and `rate`: the density of each round, falling."""
    scope: Scope = "layerwise"
    """Pruning scope. `layerwise`: each layer keeps the same share; `global`: all weights are ranked together; `erk`:
    each layer keeps its share by Erdos-Renyi-Kernel (Evci et al. 2020)."""
    unpruned: Annotated[tuple[LayerKind, ...], each_once] = ()
    """Kinds of layers that are never pruned; rates and densities are those of the others."""
    layer_densities: LayerDensities | None = None
    """Layers with densities of their own, by a pattern of their names (`stage1.*`; the first that fits counts): one for
    each of `densities`. What no pattern fits has the round's density, kinds in `unpruned` stay whole."""
    groups: Groups | None = None
    """Prune all weights of an output of a layer as one (`filters`), or all that read an input channel (`channels`), by
    the mean of their scores; without it each weight by itself."""

    later_keys: ClassVar = ("layer_densities", "groups")

    def label(self) -> str:
        """Says which are pruned in groups, and which in densities by layers' names."""
        parts = [super().label(), self.groups or "", "by layer" if self.layer_densities else ""]
        return ", ".join(filter(None, parts))

    def faults(self) -> Iterator[Fault]:
        """What is pruned to is said once, and densities fall."""
        yield from faults_of_layers(self.densities, self.scope, self.layer_densities, self.groups)
        if self.rounds is not None and self.densities is not None:
            yield (), "has `rounds` besides `densities`; give one of them"
        yield from falling(self.densities or (), Fraction(1))


def falling(densities: Sequence[float], least: Fraction) -> Iterator[Fault]:
    """A fault for each density that is not below the one before, the first one's being `least`."""
    for position, density in enumerate(densities):
        if Fraction(str(density)) >= least:
            message = f"densities must fall from round to round, found {density:g} after {float(least):.4g}"
            yield ("densities", position), message
        least = Fraction(str(density))


class ChainTicket(PrunedTicket):
    """Rounds that each prune what the one before has trained."""

    chain: Annotated[tuple[Stage, ...], Field(min_length=1)] | None = None
    """Several stages, each of some rounds on a data set, perhaps at a rate of its own, instead of `dataset` and
    `rounds`."""
    layer_rates: LayerRates | None = None
    """Rates of kinds of layers, where they differ from `rate`."""
    one_shot: bool = False
    """Each round prunes the trained dense network at once, instead of the round before it."""
    every: Annotated[int, Field(ge=1, le=100)] = 1
    """Train only every so-many-th pruned round, from the first; with `one_shot` only."""
    retrain: RecipeName | None = None
    """One of `recipes`, for the training of pruned networks, where it differs from `recipe`."""
    start: Start | None = None
    """Start from another ticket's mask; without it, from the dense network."""
    dense_of: TicketName | None = None
    """Prune the dense network of another ticket, of the same network, recipe and data set, instead of training the same
    one again; this ticket then begins with its first pruned round. The dense network's trained weights stay from then
    on. Added to a study that is finished, where they have gone, it has the other ticket trained again."""

    def start_or_none(self) -> Start | None:
        """Its start."""
        return self.start

    def label(self) -> str:
        """Says which are pruned in one shot, and which are fine-tuned: by another recipe, from trained weights."""
        method, *details = super().label().split(", ")
        if self.retrain and RATE_REWOUND in details:
            details[details.index(RATE_REWOUND)] = "fine-tuned"
        return ", ".join([method, *(["one shot"] if self.one_shot else []), *details])

    def made_from(self) -> tuple[str, ...]:
        """The ticket that it starts from, or prunes the dense network of."""
        return (self.start.ticket,) if self.start else (self.dense_of,) if self.dense_of else ()

    def trained_on(self) -> tuple[str, ...]:
        """The data sets of its stages, each once."""
        return tuple(dict.fromkeys(stage.dataset for stage in self.chain)) if self.chain else super().trained_on()

    def stages(self) -> list[Stage]:
        """The stage that each pruning of its chain belongs to."""
        return [stage for stage in self.chain or () for _ in range(stage.rounds)]

    def trainings(self) -> dict[str, tuple[str, ...]]:
        """With `retrain`, `recipe` trains the dense network alone; what starts from a pruned one trains none."""
        found = super().trainings()
        if self.retrain and self.retrain != self.recipe:
            rounds = [stage.dataset for stage in self.stages()] or [*self.trained_on()]
            pruned = self.start is not None and self.start.round > 0
            found[self.recipe] = () if pruned else (rounds[0],)
            found[self.retrain] = tuple(dict.fromkeys(rounds if pruned else rounds[1:] or rounds))
        return found

    def faults(self) -> Iterator[Fault]:
        """One way to say what is pruned on; rates of layers only where layers have rates."""
        yield from self._pruned_on()
        for path, rates in self.rates_of_layers():
            if self.scope != "layerwise":
                yield path, f"needs `scope: layerwise`, found '{self.scope}'; take one of them out"
            elif self.densities:
                yield path, "goes with `rounds` and `rate`, found `densities`; take one of them out"
            for kind in self.unpruned:
                if getattr(rates, kind, None) is not None:
                    message = f"these layers are never pruned, since `unpruned` has '{kind}'; take one of them out"
                    yield (*path, kind), message
        if self.start and self.dense_of:
            yield ("dense_of",), "goes with tickets that begin dense, found `start`; take one of them out"
        if self.every > 1 and not self.one_shot:
            message = "each round prunes what the one before has trained, so none can be left out"
            yield ("every",), f"{message}; take it out, or set `one_shot: true`"
        if self.one_shot and len(datasets := self.trained_on()) > 1:
            message = f"prunes what was trained on '{datasets[0]}' only, found a `chain` over {', '.join(datasets)}"
            yield ("one_shot",), f"{message}; take one of them out"

    def _pruned_on(self) -> Iterator[Fault]:
        rounds = "densities" if self.densities else "rounds" if self.rounds else None
        given = [key for key in ("dataset", rounds) if key and getattr(self, key) is not None]
        if self.chain is not None:
            if given:
                both = f"has a `chain` besides {' and '.join(f'`{key}`' for key in given)}"
                yield (), f"{both}; give either the chain or `dataset` and `rounds`"
        elif not given:
            yield (), "does not say what it prunes on; give `dataset` and `rounds`, or a `chain`"
        elif len(given) == 1:
            lacking = "dataset" if rounds else "rounds"
            yield (), f"has `{given[0]}` but no `{lacking}`; give `dataset` and `rounds`, or a `chain`"

    def rates_of_layers(self) -> Iterator[tuple[tuple[str | int, ...], LayerRates]]:
        """Each `layer_rates` with the keys that lead to it: the ticket's, and those of its stages."""
        if self.layer_rates:
            yield ("layer_rates",), self.layer_rates
        for position, stage in enumerate(self.chain or ()):
            if stage.layer_rates:
                yield ("chain", position, "layer_rates"), stage.layer_rates


class IndependentTicket(PrunedTicket):
    """Rounds that each find the ticket of one density from theta_0."""

    every: Annotated[int, Field(ge=1, le=100)] = 1
    """Train only every so-many-th round, from the first."""

    def made_from(self) -> tuple[str, ...]:
        """The ticket whose weights it begins with, if these are not theta_0."""
        base = self.options.base_ticket
        return (base,) if base else ()

    def faults(self) -> Iterator[Fault]:
        """A data set, and densities."""
        rounds = "densities" if self.densities else "rounds" if self.rounds else None
        given = [key for key in ("dataset", rounds) if key and getattr(self, key) is not None]
        if not given:
            yield (), "does not say what it prunes on; give `dataset` and `densities`"
        elif len(given) == 1:
            lacking = "dataset" if rounds else "densities"
            yield (), f"has `{given[0]}` but no `{lacking}`; give `dataset` and `densities`"


class FollowingTicket(OneDatasetTicket):
    """Rounds that take over the masks of the same rounds of other tickets. The options' `of` names them."""

    every: Annotated[int, Field(ge=1, le=100)] = 1
    """Train only every so-many-th pruned round, from the first."""

    def made_from(self) -> tuple[str, ...]:
        """The tickets that are followed."""
        of: Any = getattr(self, "of")  # noqa: B009
        return (of,) if isinstance(of, str) else tuple(of)


FAMILIES: Mapping[str, type[TicketSpec]] = {
    "dense": DenseTicket,
    "given": GivenTicket,
    "chain": ChainTicket,
    "independent": IndependentTicket,
    "following": FollowingTicket,
}
"""How a method's rounds depend on each other (`rounds` of its entry), and what its tickets say for it."""
