"""Which rounds a ticket has, what each of them is made of and trained on, and how much it keeps."""

from collections.abc import Collection
from fractions import Fraction
from pathlib import Path

from lth.catalog.architectures import ARCHITECTURES, POOLER
from lth.config.data import Network
from lth.config.layers import LayerKind
from lth.config.options import Options
from lth.config.study import Study
from lth.config.tickets import (
    ChainTicket,
    FollowingTicket,
    GivenTicket,
    IndependentTicket,
    PrunedTicket,
)
from lth.config.training import Recipe
from lth.plan.counted import counted_by, rate_of_kind
from lth.pruning.schedules import Rounds, density_after


class Chains:
    """Lookups over the tickets of a checked study."""

    def __init__(self, study: Study, folder: Path | None = None) -> None:
        """Of a study, whose results lie in the folder if there are any yet: how much a given ticket keeps is then read
        from the ticket that was made of its file, which may have changed or be gone, or is not seen from here."""
        self.study, self._folder = study, folder
        # asked for by every job again, and not cheap
        self._rounds: dict[str, tuple[int, ...]] = {}
        self._densities: dict[tuple[str, int, LayerKind | None], Fraction] = {}
        self._whole: dict[str, set[str]] = {}
        self._first_steps: dict[tuple[str, int], int] = {}

    def first_round(self, ticket: str) -> int:
        """The round that a ticket begins with: 0, the one it starts from, or the first that it prunes or follows."""
        return self.rounds(ticket)[0]

    def own_rounds(self, ticket: str) -> int:
        """Prunings that a ticket does itself."""
        spec = self.study.tickets[ticket]
        if not isinstance(spec, PrunedTicket):
            return 0
        if spec.densities:
            return len(spec.densities)
        if isinstance(spec, ChainTicket) and spec.chain:
            return sum(stage.rounds for stage in spec.chain)
        return spec.rounds or 0

    def last_round(self, ticket: str) -> int:
        """The last round of a ticket."""
        return self.rounds(ticket)[-1]

    def rounds(self, ticket: str) -> tuple[int, ...]:
        """All rounds of a ticket, first to last."""
        if ticket not in self._rounds:
            self._rounds[ticket] = self._find_rounds(ticket)
        return self._rounds[ticket]

    def _find_rounds(self, ticket: str) -> tuple[int, ...]:
        spec = self.study.tickets[ticket]
        if isinstance(spec, FollowingTicket):
            if named := spec.options.rounds_of():
                return (named[spec.made_from()[0]],)
            followed = [{*self.rounds(other)} for other in spec.made_from()]
            return tuple(sorted(set.intersection(*followed) - {0}))[:: spec.every]
        if isinstance(spec, GivenTicket):
            return (1,)
        base = self._base(ticket)
        pruned = range(base + 1, base + self.own_rounds(ticket) + 1)
        if isinstance(spec, IndependentTicket):
            return tuple(pruned)[:: spec.every]
        every = spec.every if isinstance(spec, ChainTicket) else 1
        return (*([] if self.dense_of(ticket) else [base]), *pruned[::every])

    def keeps_weights(self, ticket: str, round_: int) -> bool:
        """Whether a round's trained weights stay, also when no other round needs them any more: further densities are
        made from the last round's, those of `one_shot` and further tickets of `dense_of` from a dense network's."""
        spec = self.study.tickets[ticket]
        once = isinstance(spec, ChainTicket) and spec.one_shot and not spec.dense_of
        kept = spec.keep_weights or round_ == self.last_round(ticket) or (once and round_ == self.first_round(ticket))
        return bool(kept) or (round_ == 0 and any(self.dense_of(other) == ticket for other in self.study.tickets))

    def parents(self, ticket: str, round_: int) -> list[tuple[str, int]]:
        """The tickets (with their rounds) that a round is made of."""
        spec = self.study.tickets[ticket]
        if isinstance(spec, FollowingTicket):
            named = spec.options.rounds_of()
            return [(other, named.get(other, round_)) for other in spec.made_from()]
        if not isinstance(spec, ChainTicket):
            return [(other, self.last_round(other)) for other in spec.made_from()]
        first = self.first_round(ticket)
        if spec.dense_of and (round_ == first or spec.one_shot):
            return [(spec.dense_of, 0)]
        if round_ > first:
            return [(ticket, first if spec.one_shot else round_ - 1)]
        return [(spec.start.ticket, spec.start.round)] if spec.start else []

    def lineage(self, ticket: str, round_: int) -> list[tuple[str, int]]:
        """A ticket's round and all rounds that it was made from, each once: what its cost is the sum of."""
        found, waiting = dict[tuple[str, int], None](), [(ticket, round_)]
        while waiting:
            if (one := waiting.pop()) not in found:
                found[one] = None
                waiting += reversed(self.parents(*one))
        return list(found)

    def prunes(self, ticket: str, round_: int) -> bool:
        """Whether a round prunes with the trained weights of its parent."""
        spec = self.study.tickets[ticket]
        return isinstance(spec, ChainTicket) and (bool(spec.dense_of) or round_ > self.first_round(ticket))

    def dense_of(self, ticket: str) -> str | None:
        """The other ticket whose dense network a ticket prunes, if it trains none."""
        spec = self.study.tickets[ticket]
        return spec.dense_of if isinstance(spec, ChainTicket) else None

    def needs_trained(self, ticket: str, round_: int) -> bool:
        """Whether a round needs the trained weights of its parents: to prune, or to start from them."""
        if self.prunes(ticket, round_):
            return True
        return self.study.tickets[ticket].options.starts_from_trained and bool(self.parents(ticket, round_))

    def rates(self, ticket: str, round_: int, kind: LayerKind | None = None) -> Rounds:
        """The rates of a ticket's own prunings up to `round_`, for a kind of layer."""
        spec, count = self.study.tickets[ticket], round_ - self._base(ticket)
        if not isinstance(spec, PrunedTicket):
            return ()
        if not isinstance(spec, ChainTicket):
            return (spec.rate,) * count
        if not spec.chain:
            return (rate_of_kind(spec.rate, spec.layer_rates, kind),) * count
        stages = spec.stages()[:count]
        return tuple(
            rate_of_kind(stage.rate or spec.rate, stage.layer_rates or spec.layer_rates, kind) for stage in stages
        )

    def _base(self, ticket: str) -> int:
        """The round whose density a ticket's own prunings set out from."""
        start = self.study.tickets[ticket].start_or_none()
        return start.round if start else 0

    def density(self, ticket: str, round_: int, kind: LayerKind | None = None) -> Fraction:
        """The share of (a kind of) prunable weights kept after a round, exactly.

        Without a kind, of those at the ticket's own `rate`; layers with rates of their own, or left whole, are not in
        it, and a combined ticket's is that of the first of the two.
        """
        key = ticket, round_, kind
        if key not in self._densities:
            self._densities[key] = self._find_density(*key)
        return self._densities[key]

    def _find_density(self, ticket: str, round_: int, kind: LayerKind | None) -> Fraction:
        spec = self.study.tickets[ticket]
        if isinstance(spec, FollowingTicket):
            return self.density(spec.made_from()[0], round_, kind)
        if isinstance(spec, GivenTicket):
            return self._given_density(spec)
        done, start = round_ - self._base(ticket), spec.start_or_none()
        if isinstance(spec, PrunedTicket) and spec.densities and done:
            return Fraction(str(spec.densities[done - 1]))
        before = self._before(ticket, kind) if start else Fraction(1)
        return before * density_after(self.rates(ticket, round_, kind))

    def _before(self, ticket: str, kind: LayerKind | None) -> Fraction:
        """What the round that a ticket starts from keeps; of a file's, in the layers that this ticket prunes."""
        spec = self.study.tickets[ticket]
        start = spec.start_or_none()
        assert start is not None
        counted = counted_by(self.study, start.ticket)
        if isinstance(counted, GivenTicket):
            return self._given_density(counted, self.left_whole(ticket))
        return self.density(start.ticket, start.round, kind)

    def _given_density(self, spec: GivenTicket, whole: Collection[str] = ()) -> Fraction:
        return self._given_options(spec).initial_density(self.study.seeds[0], whole)

    def _given_options(self, spec: GivenTicket) -> Options:
        """Those of a given ticket, with the file that was made of its own, if there is one."""
        if self._folder is None:
            return spec.options
        name = next(name for name, other in self.study.tickets.items() if other is spec)
        made = self._folder / "tickets" / name / f"seed{self.study.seeds[0]}" / "round01" / "ticket.safetensors"
        return spec.options.model_copy(update={"file": str(made)}) if made.is_file() else spec.options

    def left_whole(self, ticket: str) -> set[str]:
        """The layers of the file that a ticket starts from which it does not prune. Imports torch, if there may be any.

        Raises:
            UserError: its network cannot be built.
        """
        spec = self.study.tickets[ticket]
        if not isinstance(spec, PrunedTicket) or not spec.unpruned:
            return set()
        if ticket not in self._whole:
            self._whole[ticket] = {layer for layer, kind in self._kinds(ticket).items() if kind in spec.unpruned}
        return self._whole[ticket]

    def _kinds(self, ticket: str) -> dict[str, LayerKind]:
        """The kind of each layer of a ticket's network, by name."""
        network, start = self.network(ticket), self.study.tickets[ticket].start_or_none()
        if not ARCHITECTURES[network.architecture].text:
            from lth.networks.build import layer_kinds, layout

            return layer_kinds(layout(network))
        given = counted_by(self.study, start.ticket) if start else None
        if not isinstance(given, GivenTicket):
            return {}
        layers = self._given_options(given).layers(self.study.seeds[0])  # the model may not be on this machine yet
        return {name: "pooler" if name.startswith(POOLER) else "dense" for name in layers}

    def named_densities(self, ticket: str, round_: int) -> dict[str, str] | None:
        """The shares, as fractions, of the layers that have densities of their own after a round, by pattern."""
        spec, done = self.study.tickets[ticket], round_ - self._base(ticket)
        if not isinstance(spec, PrunedTicket) or not spec.layer_densities or not done:
            return None
        return {pattern: str(Fraction(str(own[done - 1]))) for pattern, own in spec.layer_densities.items()}

    def dataset(self, ticket: str, round_: int) -> str:
        """The data set that the network of this round is trained on (which decides the *next* pruning)."""
        spec = self.study.tickets[ticket]
        if isinstance(spec, ChainTicket) and spec.chain:
            stages = spec.stages()
            return stages[min(round_ - self._base(ticket), len(stages) - 1)].dataset
        assert spec.dataset is not None
        return spec.dataset

    def recipe(self, ticket: str, round_: int) -> Recipe:
        """How a round is trained."""
        return self.study.recipes[self.recipe_name(ticket, round_)]

    def recipe_name(self, ticket: str, round_: int) -> str:
        """Round 0 is dense, also where it starts from another's, and trained by `recipe`; pruned ones by `retrain`, if
        there is one."""
        spec = self.study.tickets[ticket]
        return spec.retrain if isinstance(spec, ChainTicket) and spec.retrain and round_ > 0 else spec.recipe

    def first_step(self, ticket: str, round_: int) -> int:
        """The step at which a round's training begins: after rewinding to a step that one (Frankle et al. 2020,
        algorithm 1: W_k is trained to step T), also of tickets made from such ones, unless a `retrain` came in between,
        or the recipe or data set is another one."""
        if (place := (ticket, round_)) not in self._first_steps:
            of, trained_by = self._rewound(*place), (self.dataset(*place), self.recipe_name(*place))
            alike = of and trained_by == (self.dataset(of, self._base(of)), self.study.tickets[of].recipe)
            self._first_steps[place] = (self.study.tickets[of].options.early_step or 0) if of and alike else 0
        return self._first_steps[place]

    def _rewound(self, ticket: str, round_: int) -> str | None:
        """The ticket that has rewound to a step what this round is made from; None if a `retrain` came in between."""
        while not getattr(spec := self.study.tickets[ticket], "retrain", None):
            if spec.options.early_step is not None:
                return ticket if self.prunes(ticket, round_) else None
            if not self.trains_as_parent(ticket, round_):
                return None
            (ticket, round_), *others = self.parents(ticket, round_)
            if others and len({self.first_step(*one) for one in ((ticket, round_), *others)}) > 1:
                return None
        return None

    def trains_as_parent(self, ticket: str, round_: int) -> bool:
        """Whether a round begins its training where its parent's began, and in the same order of batches: from the
        parent's initial weights, or from what a control has in their place."""
        if not self.parents(ticket, round_):
            return False
        spec = self.study.tickets[ticket]
        if isinstance(spec, ChainTicket) and not self.prunes(ticket, round_):  # it takes over a start
            return not spec.options.starts_from_trained
        return spec.options.trains_as_parent

    def further(self, ticket: str, round_: int) -> tuple[str | int, ...] | None:
        """What names the order of batches of a round where that is not the study's: its own, or that of the round whose
        initial weights it has, which may be trained ones already."""
        while self.trains_as_parent(ticket, round_):
            ticket, round_ = self.parents(ticket, round_)[0]
        spec, begun = self.study.tickets[ticket], bool(self.parents(ticket, round_))
        return spec.options.further(round_) if begun else None  # nothing has been trained before a first round

    def scored_dataset(self, ticket: str, round_: int) -> str | None:
        """The data set whose images the pruning of a round looks at, where its training is on another one."""
        if not self.prunes(ticket, round_) or not self.study.tickets[ticket].options.scores_images:
            return None
        (parent,) = self.parents(ticket, round_)
        return before if (before := self.dataset(*parent)) != self.dataset(ticket, round_) else None

    def nearest_round(self, ticket: str, density: float) -> int:
        """The round whose density is nearest to the one asked for; the check has made sure that it is near enough."""
        return min(self.rounds(ticket), key=lambda r: abs(self.density(ticket, r) - Fraction(str(density))))

    def root(self, ticket: str) -> str:
        """The ticket at the beginning of the chain of starts: the one whose first round is dense."""
        start, dense = self.study.tickets[ticket].start_or_none(), self.dense_of(ticket)
        before = start.ticket if start else dense
        return self.root(before) if before else ticket

    def network(self, ticket: str) -> Network:
        """The network of a ticket."""
        return self.study.networks[self.study.tickets[ticket].network]
