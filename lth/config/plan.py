"""What follows from a study: which round trains on what, which arms an evaluation has, and each job's exact parameters.

A job's parameters hold what its result depends on and nothing else, so that a longer chain, a further seed or another
arm changes no job that is already done.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from lth.config.jobs import ControlJob, DataJob, EvaluationJob, Kind, RoundJob
from lth.config.models import Evaluation, Network, Study
from lth.schedules import Rounds, density_after

DENSITY_TOLERANCE = Fraction(2, 100)
"""How far, relatively, the density of the nearest round may lie from the one asked for."""


@dataclass(frozen=True)
class Arm:
    """One contestant of an evaluation: a ticket's mask after `round`, as found (`own`) or transformed."""

    ticket: str
    kind: Kind
    round: int

    @property
    def name(self) -> str:
        """`mnist-own`, `mnist-fresh`, ..., or just `dense`."""
        return "dense" if self.kind == "dense" else f"{self.ticket}-{self.kind}"

    @property
    def is_control(self) -> bool:
        """Whether its ticket has to be made first (own and dense tickets lie in the chain already)."""
        return self.kind in ("fresh", "shuffled", "random")


class Plan:
    """Lookups over a checked study."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self._arms: dict[str, dict[str, Arm]] = {}  # asked for by every job of an evaluation, and not cheap

    def first_round(self, ticket: str) -> int:
        """The round that a chain begins with: 0, or the one it starts from."""
        start = self.study.tickets[ticket].start
        return start.round if start else 0

    def own_rounds(self, ticket: str) -> int:
        """Prunings that a chain does itself."""
        spec = self.study.tickets[ticket]
        return sum(stage.rounds for stage in spec.chain) if spec.chain else (spec.rounds or 0)

    def last_round(self, ticket: str) -> int:
        """The last round of a chain."""
        return self.first_round(ticket) + self.own_rounds(ticket)

    def rounds(self, ticket: str) -> range:
        """All rounds of a chain, first to last."""
        return range(self.first_round(ticket), self.last_round(ticket) + 1)

    def rates(self, ticket: str, round_: int) -> Rounds:
        """The pruning rates of all rounds up to `round_`, those of the ticket it starts from included."""
        spec = self.study.tickets[ticket]
        before = self.rates(spec.start.ticket, spec.start.round) if spec.start else ()
        return before + (spec.rate,) * (round_ - len(before))

    def density(self, ticket: str, round_: int) -> Fraction:
        """The share of weights kept after a round, exactly."""
        return density_after(self.rates(ticket, round_))

    def dataset(self, ticket: str, round_: int) -> str:
        """The data set that the network of this round is trained on (which decides the *next* pruning)."""
        spec = self.study.tickets[ticket]
        if not spec.chain:
            assert spec.dataset is not None
            return spec.dataset
        end = self.first_round(ticket)
        for stage in spec.chain:
            end += stage.rounds
            if round_ < end:
                return stage.dataset
        return spec.chain[-1].dataset

    def nearest_round(self, ticket: str, density: float) -> int:
        """The round whose density is nearest to the one asked for; the check has made sure that it is near enough."""
        return min(self.rounds(ticket), key=lambda r: abs(self.density(ticket, r) - Fraction(str(density))))

    def root(self, ticket: str) -> str:
        """The ticket at the beginning of the chain of starts: the one whose first round is dense."""
        start = self.study.tickets[ticket].start
        return self.root(start.ticket) if start else ticket

    def arms(self, evaluation: str) -> list[Arm]:
        """The arms of an evaluation, in the order of the study file: tickets, their transforms, controls."""
        if evaluation not in self._arms:
            self._arms[evaluation] = {arm.name: arm for arm in self._find_arms(evaluation)}
        return list(self._arms[evaluation].values())

    def arm(self, evaluation: str, name: str) -> Arm:
        """The arm of that name."""
        self.arms(evaluation)
        return self._arms[evaluation][name]

    def _find_arms(self, evaluation: str) -> list[Arm]:
        spec = self.study.evaluations[evaluation]
        kinds: list[Kind] = [*spec.initialisations]
        if "shuffled" in spec.controls:
            kinds.append("shuffled")
        own = self.evaluated_tickets(evaluation)
        arms = [Arm(arm.ticket, kind, arm.round) for kind in kinds for arm in own]
        if "random" in spec.controls:
            matched = self.matched_to(spec)
            arms.append(Arm(matched, "random", self.nearest_round(matched, spec.density)))
        if "dense" in spec.controls:
            arms.append(Arm(self.root(spec.tickets[0]), "dense", 0))
        return arms

    def evaluated_tickets(self, evaluation: str) -> list[Arm]:
        """The tickets of an evaluation as found, at its density."""
        spec = self.study.evaluations[evaluation]
        return [Arm(ticket, "own", self.nearest_round(ticket, spec.density)) for ticket in spec.tickets]

    def matched_to(self, evaluation: Evaluation) -> str:
        """The ticket whose per-layer counts the random arm takes."""
        return evaluation.matched_to or evaluation.tickets[0]

    @cached_property
    def used_datasets(self) -> list[str]:
        """The data sets that some ticket or evaluation needs, in the order of the study file."""
        used = {self.dataset(ticket, r) for ticket in self.study.tickets for r in self.rounds(ticket)}
        used |= {evaluation.dataset for evaluation in self.study.evaluations.values()}
        return [name for name in self.study.datasets if name in used]

    def network(self, ticket: str) -> Network:
        """The network of a ticket."""
        return self.study.networks[self.study.tickets[ticket].network]

    def data_job(self, dataset: str) -> DataJob:
        """What the job that prepares a data set is told."""
        return DataJob(dataset=dataset, spec=self.study.datasets[dataset])

    def round_job(self, ticket: str, seed: int, round_: int) -> RoundJob:
        """What the job that prunes to a round and trains what is left is told."""
        spec = self.study.tickets[ticket]
        return RoundJob(
            study=self.study.study,
            ticket=ticket,
            seed=seed,
            round=round_,
            first=round_ == self.first_round(ticket),
            rates=self.rates(ticket, round_),
            dataset=self.dataset(ticket, round_),
            network=self.network(ticket),
            recipe=self.study.recipes[spec.recipe],
            method=spec.method,
            score=spec.score,
            scope=spec.scope,
            rewind=spec.rewind,
        )

    def control_job(self, arm: Arm, seed: int) -> ControlJob:
        """What the job that makes a control of a ticket is told."""
        return ControlJob(
            study=self.study.study,
            ticket=arm.ticket,
            kind=arm.kind,
            seed=seed,
            round=arm.round,
            network=self.network(arm.ticket),
        )

    def evaluation_job(self, evaluation: str, arm: Arm, seed: int) -> EvaluationJob:
        """What the job that trains an arm on the evaluation's data set is told."""
        spec = self.study.evaluations[evaluation]
        return EvaluationJob(
            **dict(self.control_job(arm, seed)),
            evaluation=evaluation,
            arm=arm.name,
            dataset=spec.dataset,
            recipe=self.study.recipes[spec.recipe],
        )
