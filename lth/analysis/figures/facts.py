"""What is in a figure, in words for its caption: tickets, arms, data set, density, seeds and intervals.

All of it follows from the study, so that a caption needs no table: Snakemake asks for captions before there are any.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from lth.catalog.controls import ARM_KINDS, OF_EACH, SHARED, ArmKind
from lth.catalog.methods import METHODS
from lth.checks.wording import joined
from lth.config.study import Comparison, Evaluation
from lth.config.tickets import DenseTicket
from lth.plan.elsewhere import given_before
from lth.plan.plan import Arm, Plan

_NAMED = 6
"""Names in a row; of more, the last ones are counted."""


def in_a_row(names: Iterable[str], noun: str) -> str:
    """`a`, `a and b`, `a, b and c`; of many the first few and how many more."""
    return joined(list(dict.fromkeys(names)), _NAMED, noun)


def sentences(*parts: str) -> str:
    """Those of the sentences that say something, one after the other."""
    return " ".join(part for part in parts if part)


@dataclass(frozen=True)
class Facts:
    """What a caption can say of a study, or of one of its evaluations and comparisons."""

    plan: Plan
    assessment: str = ""
    """Empty in figures of the study."""

    @property
    def several(self) -> bool:
        """Whether there are several seeds, and so intervals."""
        return len(self.plan.study.seeds) > 1

    @property
    def n(self) -> str:
        """`n = 8 seeds`."""
        seeds = len(self.plan.study.seeds)
        return f"n = {seeds} seeds" if seeds > 1 else "n = 1 seed"

    def intervals(self, what: str) -> str:
        """What `Bands` or `Lines` are; without intervals, nothing."""
        confidence = 100 * (1 - self.plan.study.alpha)
        return f"{what} are {confidence:.3g} % confidence intervals over seeds." if self.several else ""

    def of_several(self, sentence: str) -> str:
        """A sentence that is true of several seeds only."""
        return sentence if self.several else ""

    # --- of the study ---

    def tickets(self, *, rounds: int = 1, dense: bool = True, pruned_in_training: bool = False) -> list[str]:
        """Tickets with at least so many rounds on one data set, perhaps without dense ones."""
        return [
            name
            for name, spec in self.plan.study.tickets.items()
            if max(map(self._trained(name).count, self._trained(name))) >= rounds
            and (dense or not isinstance(spec, DenseTicket))
            and (METHODS[spec.method].prunes_in_training or not pruned_in_training)
        ]

    def _trained(self, ticket: str) -> list[str]:
        return [self.plan.dataset(ticket, round_) for round_ in self.plan.rounds(ticket)]

    @property
    def datasets(self) -> list[str]:
        """The data sets that tickets are found on."""
        return list(dict.fromkeys(name for ticket in self.plan.study.tickets for name in self._trained(ticket)))

    # --- of an evaluation or comparison ---

    @property
    def spec(self) -> Evaluation | Comparison:
        """The evaluation or comparison."""
        return self.plan.assessment(self.assessment)

    @property
    def compares(self) -> bool:
        """Whether arms are tickets as they were trained when they were found."""
        return self.assessment in self.plan.study.comparisons

    @property
    def may_stop_early(self) -> bool:
        """Whether a training of an arm may end before its recipe does (`patience`)."""
        if isinstance(self.spec, Evaluation):
            return bool(self.plan.study.recipes[self.spec.recipe].patience)
        return any(self.plan.recipe(arm.ticket, arm.round).patience for arm in self.arms())

    @property
    def target(self) -> str:
        """The data set that arms are trained on."""
        return self.plan.assessment_dataset(self.assessment)

    @property
    def at(self) -> str:
        """The density of the tickets, and the seeds: a sentence."""
        density, combined = f"{100 * self.spec.density:.3g} %", self._combined
        if not combined:
            return f"Tickets keep {density} of their weights; {self.n}."
        others = f"those that are combined ({in_a_row(combined, 'tickets')}) keep what their rule leaves"
        return f"Tickets keep {density} of their weights; {others}; {self.n}."

    @property
    def _combined(self) -> list[str]:
        tickets = dict.fromkeys(arm.ticket for arm in self.plan.arms(self.assessment))
        return [name for name in tickets if self.plan.study.tickets[name].method == "combined"]

    @property
    def found_elsewhere(self) -> str:
        """A sentence on what is not in the costs of arms."""
        names = [name for arm in self.arms() for name in given_before(self.plan, arm.ticket, arm.round)]
        what = in_a_row(names, "tickets")
        return f"What it took to find {what} elsewhere is not known, and not included." if names else ""

    def of_arms(self, what: str, kinds: Sequence[ArmKind] = ()) -> str:
        """What is shown of which arms (as `arms` chooses them) on which data set: two sentences."""
        names = in_a_row((arm.name for arm in self.arms(kinds)), "arms")
        return f"{what} on {self.target}: {names}. {self.at}"

    def arms(self, kinds: Sequence[ArmKind] = ()) -> list[Arm]:
        """Arms of some kinds from the network's own initialisation, as figures choose them; all without kinds."""
        arms = self.plan.arms(self.assessment)
        if not kinds:
            return arms
        own = [arm for arm in arms if arm.initialisation is None]
        return [arm for arm in own if arm.kind in kinds] or own

    @property
    def evaluated(self) -> list[str]:
        """The tickets as found."""
        return [arm.ticket for arm in self.plan.evaluated_tickets(self.assessment)]

    @property
    def overlapping(self) -> list[tuple[str, str]]:
        """Pairs of tickets of one network."""
        network = {name: self.plan.study.tickets[name].network for name in self.evaluated}
        return [pair for pair in combinations(self.evaluated, 2) if network[pair[0]] == network[pair[1]]]

    def made_of(self, ticket: str) -> set[str]:
        """The other tickets that a ticket was made from, and those that they were made from."""
        first = self.plan.first_round(ticket)
        parents = {other for other, _ in self.plan.parents(ticket, first) if other != ticket}
        return parents.union(*(self.made_of(other) for other in parents))

    @property
    def controls(self) -> list[ArmKind]:
        """The kinds of controls that tickets have of their own."""
        found = {arm.kind for arm in self.arms() if arm.initialisation is None}
        return [kind for kind in OF_EACH if kind in found and kind != "own"]

    @property
    def across(self) -> list[str]:
        """The arms that all tickets share."""
        found = {arm.kind for arm in self.arms() if arm.initialisation is None}
        return [ARM_KINDS[kind].words for kind in SHARED if kind in found]

    def control(self, kind: ArmKind) -> str:
        """What a control is, in words that name no ticket."""
        return ARM_KINDS[kind].sentence.replace("the ticket {of}", "the ticket").format(of="the ticket")
