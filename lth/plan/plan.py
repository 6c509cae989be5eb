"""What follows from a study: which round trains on what, which arms an evaluation has, and each job's exact parameters.

A job's parameters hold what its result depends on and nothing else, so that a longer chain, a further seed or another
arm changes no job that is already done.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path

from lth.catalog.controls import ARM_KINDS, DERIVED, OF_EACH, SHARED, ArmKind
from lth.catalog.scores import SCORES
from lth.config.base import section_of
from lth.config.data import Initialisation, Network
from lth.config.layers import RATED
from lth.config.study import Comparison, Evaluation, Study
from lth.config.tickets import ChainTicket, DenseTicket, PrunedTicket, TicketSpec
from lth.config.training import Recipe
from lth.plan.chains import Chains
from lth.plan.jobs import ControlJob, DataJob, EvaluationJob, ModelJob, NewOutputJob, RoundJob

DENSITY_TOLERANCE = Fraction(2, 100)
"""How far, relatively, the density of the nearest round may lie from the one asked for."""


@dataclass(frozen=True)
class Arm:
    """One contestant: a ticket's mask after `round`, as found (`own`) or transformed."""

    ticket: str
    kind: ArmKind
    round: int
    trained_when_found: bool = False
    """In a comparison: as it was trained when it was found."""
    initialisation: Initialisation | None = None
    """The scheme of its drawn weights, if it is another one than the network's."""
    new_output: int | None = None
    """The classes of its new output layer, if it is trained with one."""

    @property
    def name(self) -> str:
        """`mnist-own`, `mnist-reinitialised`, ..., or just `dense`; in a comparison the name of the ticket."""
        if self.trained_when_found and self.kind != "dense":
            return self.ticket
        return arm_name(self.ticket, self.kind, self.initialisation)

    @property
    def is_control(self) -> bool:
        """Whether its ticket has to be made first (own ones, and the dense ones of chains, are there already); a new
        output layer is another step, after it."""
        return self.kind in DERIVED or (self.kind == "dense" and (self.round > 0 or self.initialisation is not None))


def arm_name(ticket: str, kind: ArmKind, initialisation: Initialisation | None = None) -> str:
    """`mnist-own`, `mnist-reinitialised`, `mnist-random-kaiming_normal`, ..., or just `dense`."""
    name = "dense" if kind == "dense" else f"{ticket}-{kind}"
    return f"{name}-{initialisation}" if initialisation else name


class Plan(Chains):
    """Lookups over a checked study."""

    def __init__(self, study: Study, folder: Path | None = None) -> None:
        super().__init__(study, folder)
        self._arms: dict[str, dict[str, Arm]] = {}  # asked for by every job of an evaluation, and not cheap

    def assessment(self, name: str) -> Evaluation | Comparison:
        """The evaluation or comparison of that name."""
        return self.study.evaluations[name] if name in self.study.evaluations else self.study.comparisons[name]

    @property
    def results(self) -> str:
        """The folder of all that the study comes to."""
        return f"results/{self.study.study}"

    @property
    def assessments(self) -> list[str]:
        """The names of all evaluations and comparisons."""
        return [*self.study.evaluations, *self.study.comparisons]

    def assessment_dataset(self, name: str) -> str:
        """The data set that the arms of an evaluation or comparison are trained on."""
        found = self.assessment(name)
        if isinstance(found, Evaluation):
            return found.dataset
        first = self.arms(name)[0]
        return self.dataset(first.ticket, first.round)

    def arms(self, assessment: str) -> list[Arm]:
        """The arms of an evaluation, in the order of the study file: tickets, their transforms, controls."""
        if assessment not in self._arms:
            self._arms[assessment] = {arm.name: arm for arm in self._find_arms(assessment)}
        return list(self._arms[assessment].values())

    def arm(self, assessment: str, name: str) -> Arm:
        """The arm of that name."""
        self.arms(assessment)
        return self._arms[assessment][name]

    def arm_names(self, evaluation: str) -> list[str]:
        """The names of an evaluation's arms, without asking which rounds they are."""
        return [arm_name(*made) for made in self._made_of(self.study.evaluations[evaluation])]

    def _made_of(self, spec: Evaluation) -> list[tuple[str, ArmKind, Initialisation | None]]:
        """The ticket, kind and other initialisation of each arm of an evaluation, in order."""
        made = self._kinds_of(spec)
        drawn = [(ticket, kind) for ticket, kind in made if ARM_KINDS[kind].weights != "own"]
        others = spec.other_initialisations or ()
        return [*((*arm, None) for arm in made), *((*arm, scheme) for scheme in others for arm in drawn)]

    def _kinds_of(self, spec: Evaluation) -> list[tuple[str, ArmKind]]:
        """The ticket and kind of each arm that starts from weights of the network's own initialisation, in order."""
        made: list[tuple[str, ArmKind]] = [(ticket, kind) for kind in spec.initialisations for ticket in spec.tickets]
        chosen = [kind for kind in ARM_KINDS if kind in spec.controls]
        made += [(ticket, kind) for kind in chosen if kind in OF_EACH for ticket in spec.controls_of or spec.tickets]
        matched, dense = self.matched_to(spec), spec.tickets[0]
        return [*made, *((dense if kind == "dense" else matched, kind) for kind in chosen if kind in SHARED)]

    def _find_arms(self, assessment: str) -> list[Arm]:
        if assessment not in self.study.evaluations:
            return self._existing(self.study.comparisons[assessment])
        spec = self.study.evaluations[assessment]
        arms = []
        for ticket, kind, initialisation in self._made_of(spec):
            of = self.root(ticket) if kind == "dense" else ticket
            round_ = self.first_round(of) if kind == "dense" else self.nearest_round(of, spec.density)
            arms.append(Arm(of, kind, round_, initialisation=initialisation, new_output=spec.new_output))
        return arms

    def _existing(self, spec: Comparison) -> list[Arm]:
        """The arms of a comparison; the dense one is a ticket of that method, or where the first one's chain began."""
        dense = [name for name in spec.tickets if isinstance(self.study.tickets[name], DenseTicket)]
        sparse = [name for name in spec.tickets if name not in dense]
        arms = [Arm(name, "own", self.nearest_round(name, spec.density), True) for name in sparse]
        begin = dense[0] if dense else self.root(spec.tickets[0])
        return [*arms, Arm(begin, "dense", 0, True)] if self.first_round(begin) == 0 else arms

    def evaluated_tickets(self, assessment: str) -> list[Arm]:
        """The tickets of an evaluation or comparison as found, at its density."""
        if assessment in self.study.comparisons:
            return [arm for arm in self.arms(assessment) if arm.kind == "own"]
        spec = self.study.evaluations[assessment]
        return [Arm(ticket, "own", self.nearest_round(ticket, spec.density)) for ticket in spec.tickets]

    def matched_to(self, evaluation: Evaluation) -> str:
        """The ticket whose per-layer counts random and magnitude masks take."""
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

    def job_network(self, ticket: str) -> Network:
        """The network of a ticket as jobs know it: a pre-trained model is named by its artifact."""
        network = self.network(ticket)
        if network.model is None:
            return network
        return network.model_copy(update={"model": self.model_file(self.study.tickets[ticket].network)})

    @property
    def sized_networks(self) -> dict[str, Network]:
        """The networks that tickets have, and those that they become with a new output layer, by `sized_as`."""
        found = {spec.network: self.study.networks[spec.network] for spec in self.study.tickets.values()}
        for evaluation in self.study.evaluations:
            for arm in self.arms(evaluation):
                classes = arm.new_output or self.network(arm.ticket).classes
                found[self.sized_as(arm)] = self.network(arm.ticket).model_copy(update={"classes": classes})
        return found

    def sized_as(self, arm: Arm) -> str:
        """The name of an arm's network among `sized_networks`."""
        name = self.study.tickets[arm.ticket].network
        return name if arm.new_output is None else f"{name} with {arm.new_output} classes"

    def model_job(self, network: str) -> ModelJob:
        """What the job that fetches a pre-trained model is told."""
        model = self.study.networks[network].model
        assert model is not None
        return ModelJob(network=network, model=model)

    def round_job(self, ticket: str, seed: int, round_: int) -> RoundJob:
        """What the job that finds the ticket of a round and trains it is told."""
        spec = self.study.tickets[ticket]
        density = str(self.density(ticket, round_))
        pruned = spec if isinstance(spec, PrunedTicket) else PrunedTicket.model_construct()
        recipes, named = self._recipes_of_options(spec), self.named_densities(ticket, round_)
        return RoundJob(
            study=self.study.study,
            ticket=ticket,
            seed=seed,
            round=round_,
            method=spec.method,
            dataset=self.dataset(ticket, round_),
            network=self.job_network(ticket),
            recipe=self.recipe(ticket, round_),
            prunes=self.prunes(ticket, round_),
            density=density,
            layer_densities={k: own for k in RATED if (own := str(self.density(ticket, round_, k))) != density},
            named_densities=tuple(named.items()) if named else None,
            groups=pruned.groups,
            scope=pruned.scope,
            unpruned=pruned.unpruned,
            keep_best=True if spec.keep_weights == "both" else None,
            dense_of=next((other for other, _ in self.parents(ticket, round_) if other == self.dense_of(ticket)), None),
            one_shot=self._one_shot(spec),
            first_step=self.first_step(ticket, round_),
            further=self.further(ticket, round_) if self.trains_as_parent(ticket, round_) else None,
            options=spec.options.told() | {option: option for option in recipes},
            recipes=recipes,
        )

    def _one_shot(self, spec: TicketSpec) -> bool | None:
        """Whether all rounds prune the first one, by a score that needs the weights of its best epoch."""
        needs_best = SCORES[getattr(spec, "score", "magnitude")].best
        return True if isinstance(spec, ChainTicket) and spec.one_shot and needs_best else None

    def _recipes_of_options(self, spec: TicketSpec) -> dict[str, Recipe]:
        """The recipes that a method's options name, by option."""
        names = {
            key: getattr(spec, key)
            for key, field in spec.options_model.model_fields.items()
            if section_of(field) == "recipes"
        }
        return {key: self.study.recipes[name] for key, name in names.items() if name is not None}

    def part(self, ticket: str, round_: int) -> int | None:
        """Which part of a chain a round belongs to, of those that one job on a cluster does; None if it is alone.

        Only where each round is made of the one before: rounds that stand for themselves may run side by side.
        """
        spec, size = self.study.tickets[ticket], self.study.compute.rounds_per_job
        if size == 1 or not isinstance(spec, ChainTicket) or spec.one_shot:
            return None
        return (round_ - self.first_round(ticket)) // size

    def control_job(self, arm: Arm, seed: int) -> ControlJob:
        """What the job that makes a control of a ticket is told."""
        return ControlJob(
            study=self.study.study,
            ticket=arm.ticket,
            kind=arm.kind,
            seed=seed,
            round=arm.round,
            network=self.job_network(arm.ticket),
            initialisation=arm.initialisation,
            noise=self.study.noise if arm.kind == "noisy" else None,
        )

    def new_output_job(self, arm: Arm, seed: int) -> NewOutputJob:
        """What the job that gives an arm's ticket a new output layer is told."""
        assert arm.new_output is not None
        return NewOutputJob(**dict(self.control_job(arm, seed)), classes=arm.new_output)

    def initialisation(self, arm: Arm) -> Initialisation:
        """The scheme that an arm's weights are drawn by, or those that its ticket was found from."""
        return arm.initialisation or self.network(arm.ticket).initialisation

    def evaluation_job(self, evaluation: str, arm: Arm, seed: int) -> EvaluationJob:
        """What the job that trains an arm on the evaluation's data set is told."""
        spec, told = self.study.evaluations[evaluation], dict(self.control_job(arm, seed))
        if arm.new_output is not None:
            told["network"] = told["network"].model_copy(update={"classes": arm.new_output})
        return EvaluationJob(
            **told,
            evaluation=evaluation,
            arm=arm.name,
            dataset=spec.dataset,
            recipe=self.study.recipes[spec.recipe],
            examples=spec.examples,
            draws=spec.draws if spec.examples else None,
            trains="head" if spec.trains == "head" else None,
            keep_weights=spec.keep_weights,
        )
