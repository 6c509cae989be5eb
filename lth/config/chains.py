"""Which rounds a ticket has, what each of them is made of and trained on, and how much it keeps."""

from collections.abc import Sequence
from fractions import Fraction

from lth.config.models import LayerKind, Network, RateOf, Recipe, Stage, Study
from lth.schedules import Rounds, density_after

FROM_SCRATCH = ("at_init", "progressive", "dynamic", "dual")
"""Methods whose rounds stand each for itself: round k finds the ticket of the k-th density from theta_0."""
FOLLOWERS = ("derived", "combined")
"""Methods that take over the masks of other tickets, round by round."""


class Chains:
    """Lookups over the tickets of a checked study."""

    def __init__(self, study: Study) -> None:
        self.study = study
        # asked for by every job again, and not cheap
        self._rounds: dict[str, tuple[int, ...]] = {}
        self._densities: dict[tuple[str, int, LayerKind | None], Fraction] = {}

    def first_round(self, ticket: str) -> int:
        """The round that a ticket begins with: 0, the one it starts from, or the first that it follows."""
        return self.rounds(ticket)[0]

    def own_rounds(self, ticket: str) -> int:
        """Prunings that a ticket does itself."""
        spec = self.study.tickets[ticket]
        if spec.method == "dense":
            return 0
        if spec.densities:
            return len(spec.densities)
        return sum(stage.rounds for stage in spec.chain) if spec.chain else (spec.rounds or 0)

    def last_round(self, ticket: str) -> int:
        """The last round of a ticket."""
        return self.rounds(ticket)[-1]

    def rounds(self, ticket: str) -> tuple[int, ...]:
        """All rounds of a ticket, first to last."""
        if ticket not in self._rounds:
            self._rounds[ticket] = self._find_rounds(ticket)
        return self._rounds[ticket]

    def _find_rounds(self, ticket: str) -> tuple[int, ...]:
        spec, base = self.study.tickets[ticket], self._base(ticket)
        begins = () if spec.method in (*FROM_SCRATCH, *FOLLOWERS) else (base,)
        if spec.method == "derived" and spec.derived:
            pruned = [round_ for round_ in self.rounds(spec.derived.ticket) if round_ > 0]
        elif spec.method == "combined" and spec.combined:
            first, second = (self.rounds(name) for name in spec.combined.tickets)
            pruned = sorted({*first} & {*second} - {0})
        else:
            pruned = list(range(base + 1, base + self.own_rounds(ticket) + 1))
        return (*begins, *pruned[:: spec.every])

    def parents(self, ticket: str, round_: int) -> list[tuple[str, int]]:
        """The tickets (with their rounds) that a round is made of."""
        spec, first = self.study.tickets[ticket], self.first_round(ticket)
        if spec.method == "derived" and spec.derived:
            return [(spec.derived.ticket, round_)]
        if spec.method == "combined" and spec.combined:
            return [(name, round_) for name in spec.combined.tickets]
        if spec.method in FROM_SCRATCH:
            return []
        if round_ > first:
            return [(ticket, first if spec.one_shot else round_ - 1)]
        return [(spec.start.ticket, spec.start.round)] if spec.start else []

    def part(self, ticket: str, round_: int) -> int | None:
        """Which part of a chain a round belongs to, of those that one job on a cluster does; None if it is alone.

        Only where each round is made of the one before: rounds that stand for themselves may run side by side.
        """
        spec, size = self.study.tickets[ticket], self.study.compute.rounds_per_job
        if size == 1 or spec.method != "imp" or spec.one_shot:
            return None
        return (round_ - self.first_round(ticket)) // size

    def lineage(self, ticket: str, round_: int) -> list[tuple[str, int]]:
        """A ticket's round and all rounds that it was made from, each once: what its cost is the sum of."""
        found = {(ticket, round_): None}
        for parent in self.parents(ticket, round_):
            found |= dict.fromkeys(self.lineage(*parent))
        return list(found)

    def prunes(self, ticket: str, round_: int) -> bool:
        """Whether a round prunes with the trained weights of its parent."""
        return self.study.tickets[ticket].method == "imp" and round_ > self.first_round(ticket)

    def needs_trained(self, ticket: str, round_: int) -> bool:
        """Whether a round needs the trained weights of its parents: to prune, or to start from them."""
        spec = self.study.tickets[ticket]
        if spec.method == "combined" and spec.combined:
            return spec.combined.weights != "initial"
        return self.prunes(ticket, round_) or (spec.rewind == "parent" and bool(self.parents(ticket, round_)))

    def rates(self, ticket: str, round_: int, kind: LayerKind | None = None) -> Rounds:
        """The rates of a ticket's own prunings up to `round_`, for a kind of layer."""
        spec, count = self.study.tickets[ticket], round_ - self._base(ticket)
        if not spec.chain:
            return (_rate(spec.rate, spec.rate_of, kind),) * count
        stages = _stages(spec.chain)[:count]
        return tuple(_rate(stage.rate or spec.rate, stage.rate_of or spec.rate_of, kind) for stage in stages)

    def _base(self, ticket: str) -> int:
        """The round whose density a ticket's own prunings set out from."""
        start = self.study.tickets[ticket].start
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
        if spec.method == "derived" and spec.derived:
            return self.density(spec.derived.ticket, round_, kind)
        if spec.method == "combined" and spec.combined:
            return self.density(spec.combined.tickets[0], round_, kind)
        done = round_ - self._base(ticket)
        if spec.densities and done:
            return Fraction(str(spec.densities[done - 1]))
        before = self.density(spec.start.ticket, spec.start.round, kind) if spec.start else Fraction(1)
        return before * density_after(self.rates(ticket, round_, kind))

    def dataset(self, ticket: str, round_: int) -> str:
        """The data set that the network of this round is trained on (which decides the *next* pruning)."""
        spec = self.study.tickets[ticket]
        if not spec.chain:
            assert spec.dataset is not None
            return spec.dataset
        stages = _stages(spec.chain)
        return stages[min(round_ - self._base(ticket), len(stages) - 1)].dataset

    def recipe(self, ticket: str, round_: int) -> Recipe:
        """How a round is trained."""
        return self.study.recipes[self.recipe_name(ticket, round_)]

    def recipe_name(self, ticket: str, round_: int) -> str:
        """The dense round is trained by `recipe`, pruned ones by `retrain`, if there is one."""
        spec = self.study.tickets[ticket]
        dense = round_ == self.first_round(ticket) and not self.parents(ticket, round_)
        return spec.retrain if spec.retrain and (spec.method in FROM_SCRATCH or not dense) else spec.recipe

    def first_step(self, ticket: str, round_: int) -> int:
        """The step at which a round's training begins.

        After rewinding to a step it is that one (Frankle et al. 2020, algorithm 1: W_k is trained to step T), unless
        the round has a recipe or data set of its own, of which nothing has been done yet.
        """
        spec, first = self.study.tickets[ticket], self.first_round(ticket)
        same = not spec.retrain and self.dataset(ticket, round_) == self.dataset(ticket, first)
        return (spec.rewind_step or 0) if spec.rewind == "step" and round_ > first and same else 0

    def nearest_round(self, ticket: str, density: float) -> int:
        """The round whose density is nearest to the one asked for; the check has made sure that it is near enough."""
        return min(self.rounds(ticket), key=lambda r: abs(self.density(ticket, r) - Fraction(str(density))))

    def root(self, ticket: str) -> str:
        """The ticket at the beginning of the chain of starts: the one whose first round is dense."""
        start = self.study.tickets[ticket].start
        return self.root(start.ticket) if start else ticket

    def network(self, ticket: str) -> Network:
        """The network of a ticket."""
        return self.study.networks[self.study.tickets[ticket].network]


def _stages(chain: Sequence[Stage]) -> list[Stage]:
    """The stage that each pruning of a chain belongs to."""
    return [stage for stage in chain for _ in range(stage.rounds)]


def _rate(rate: float, of_kinds: RateOf | None, kind: LayerKind | None) -> float:
    """The rate at which a kind of layer is pruned; of no kind in particular, `rate`."""
    own = getattr(of_kinds, kind, None) if kind and of_kinds else None
    return rate if own is None else float(own)
