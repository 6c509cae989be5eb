"""What follows from a study: which round trains on what, which arms an evaluation has, and each job's exact parameters.

A job's parameters hold what its result depends on and nothing else, so that a longer chain, a further seed or another
arm changes no job that is already done.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import get_args

from lth.config.chains import Chains
from lth.config.jobs import ControlJob, DataJob, EvaluationJob, Kind, ModelJob, RoundJob
from lth.config.models import Comparison, Evaluation, LayerKind, Network, RateOf, Study

DENSITY_TOLERANCE = Fraction(2, 100)
"""How far, relatively, the density of the nearest round may lie from the one asked for."""
KINDS: tuple[LayerKind, ...] = tuple(kind for kind in get_args(LayerKind) if kind in RateOf.model_fields)
"""Kinds of layers that may have rates of their own."""


@dataclass(frozen=True)
class Arm:
    """One contestant: a ticket's mask after `round`, as found (`own`) or transformed."""

    ticket: str
    kind: Kind
    round: int
    at_home: bool = False
    """In a comparison: as it was trained when it was found."""

    @property
    def name(self) -> str:
        """`mnist-own`, `mnist-fresh`, ..., or just `dense`; in a comparison the name of the ticket."""
        if self.kind == "dense":
            return "dense"
        return self.ticket if self.at_home else f"{self.ticket}-{self.kind}"

    @property
    def is_control(self) -> bool:
        """Whether its ticket has to be made first (own ones, and the dense ones of chains, are there already)."""
        return self.kind in ("fresh", "shuffled", "random") or (self.kind == "dense" and self.round > 0)


class Plan(Chains):
    """Lookups over a checked study."""

    def __init__(self, study: Study) -> None:
        super().__init__(study)
        self._arms: dict[str, dict[str, Arm]] = {}  # asked for by every job of an evaluation, and not cheap

    def trial(self, name: str) -> Evaluation | Comparison:
        """The evaluation or comparison of that name."""
        return self.study.evaluations[name] if name in self.study.evaluations else self.study.comparisons[name]

    @property
    def results(self) -> str:
        """The folder of all that the study comes to."""
        return f"results/{self.study.study}"

    @property
    def trials(self) -> list[str]:
        """The names of all evaluations and comparisons."""
        return [*self.study.evaluations, *self.study.comparisons]

    def trial_dataset(self, name: str) -> str:
        """The data set that the arms of an evaluation or comparison are trained on."""
        trial = self.trial(name)
        if isinstance(trial, Evaluation):
            return trial.dataset
        first = self.arms(name)[0]
        return self.dataset(first.ticket, first.round)

    def arms(self, trial: str) -> list[Arm]:
        """The arms of an evaluation, in the order of the study file: tickets, their transforms, controls."""
        if trial not in self._arms:
            self._arms[trial] = {arm.name: arm for arm in self._find_arms(trial)}
        return list(self._arms[trial].values())

    def arm(self, trial: str, name: str) -> Arm:
        """The arm of that name."""
        self.arms(trial)
        return self._arms[trial][name]

    def _find_arms(self, trial: str) -> list[Arm]:
        if trial not in self.study.evaluations:
            return self._at_home(self.study.comparisons[trial])
        spec = self.study.evaluations[trial]
        kinds: list[Kind] = [*spec.initialisations]
        if "shuffled" in spec.controls:
            kinds.append("shuffled")
        own = self.evaluated_tickets(trial)
        arms = [Arm(arm.ticket, kind, arm.round) for kind in kinds for arm in own]
        if "random" in spec.controls:
            matched = self.matched_to(spec)
            arms.append(Arm(matched, "random", self.nearest_round(matched, spec.density)))
        if "dense" in spec.controls:
            root = self.root(spec.tickets[0])
            arms.append(Arm(root, "dense", self.first_round(root)))
        return arms

    def _at_home(self, spec: Comparison) -> list[Arm]:
        """The arms of a comparison; the dense one is a ticket of that method, or where the first one's chain began."""
        dense = [name for name in spec.tickets if self.study.tickets[name].method == "dense"]
        sparse = [name for name in spec.tickets if name not in dense]
        arms = [Arm(name, "own", self.nearest_round(name, spec.density), True) for name in sparse]
        begin = dense[0] if dense else self.root(spec.tickets[0])
        return [*arms, Arm(begin, "dense", 0, True)] if self.first_round(begin) == 0 else arms

    def evaluated_tickets(self, trial: str) -> list[Arm]:
        """The tickets of an evaluation or comparison as found, at its density."""
        if trial in self.study.comparisons:
            return [arm for arm in self.arms(trial) if arm.kind == "own"]
        spec = self.study.evaluations[trial]
        return [Arm(ticket, "own", self.nearest_round(ticket, spec.density)) for ticket in spec.tickets]

    def matched_to(self, evaluation: Evaluation) -> str:
        """The ticket whose per-layer counts the random arm takes."""
        return evaluation.matched_to or evaluation.tickets[0]

    @property
    def used_models(self) -> list[str]:
        """The networks of tickets that start from a pre-trained model, in the order of the study file."""
        used = {ticket.network for ticket in self.study.tickets.values()}
        return [name for name, network in self.study.networks.items() if network.model and name in used]

    @cached_property
    def used_datasets(self) -> list[str]:
        """The data sets that some ticket or evaluation needs, in the order of the study file."""
        used = {self.dataset(ticket, r) for ticket in self.study.tickets for r in self.rounds(ticket)}
        used |= {evaluation.dataset for evaluation in self.study.evaluations.values()}
        return [name for name in self.study.datasets if name in used]

    def data_job(self, dataset: str) -> DataJob:
        """What the job that prepares a data set is told."""
        return DataJob(dataset=dataset, spec=self.study.datasets[dataset])

    def model_file(self, network: str) -> str:
        """Where the artifact of a network's pre-trained model lies."""
        return f"{self.results}/models/{network}.safetensors"

    def told_network(self, ticket: str) -> Network:
        """The network of a ticket as jobs are told of it: a pre-trained model is named by its artifact."""
        network = self.network(ticket)
        if network.model is None:
            return network
        return network.model_copy(update={"model": self.model_file(self.study.tickets[ticket].network)})

    def model_job(self, network: str) -> ModelJob:
        """What the job that fetches a pre-trained model is told."""
        model = self.study.networks[network].model
        assert model is not None
        return ModelJob(network=network, model=model)

    def round_job(self, ticket: str, seed: int, round_: int) -> RoundJob:
        """What the job that finds the ticket of a round and trains it is told."""
        spec = self.study.tickets[ticket]
        density = str(self.density(ticket, round_))
        return RoundJob(
            study=self.study.study,
            ticket=ticket,
            seed=seed,
            round=round_,
            method=spec.method,
            dataset=self.dataset(ticket, round_),
            network=self.told_network(ticket),
            recipe=self.recipe(ticket, round_),
            prunes=self.prunes(ticket, round_),
            density=density,
            density_of={kind: own for kind in KINDS if (own := str(self.density(ticket, round_, kind))) != density},
            whole=spec.whole,
            score=spec.score,
            scope=spec.scope,
            rewind=spec.rewind,
            rewind_step=spec.rewind_step,
            first_step=self.first_step(ticket, round_),
            transform=self.study.recipes[spec.dual.recipe] if spec.method == "dual" and spec.dual else None,
            **({spec.method: getattr(spec, spec.method)} if spec.method not in ("imp", "dense") else {}),
        )

    def control_job(self, arm: Arm, seed: int) -> ControlJob:
        """What the job that makes a control of a ticket is told."""
        return ControlJob(
            study=self.study.study,
            ticket=arm.ticket,
            kind=arm.kind,
            seed=seed,
            round=arm.round,
            network=self.told_network(arm.ticket),
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
            examples=spec.examples,
            draws=spec.draws if spec.examples else None,
            trains="head" if spec.trains == "head" else None,
        )
