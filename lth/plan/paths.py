"""Where the files of a study lie. Wildcards of Snakemake may stand for any part of a path."""

from collections.abc import Iterator

from lth.plan.plan import Arm, Plan

ROUND_TABLES = ("history", "confusion", "layers", "cost", "measured")
"""CSV files beside each round's ticket."""
ARM_FILES = ("history.csv", "confusion.csv", "evaluation.json")
"""Files that each arm of an evaluation has in all studies; the last is the record that vouches for the others."""
VERDICT = "verdict.txt"
"""Beside the tables of each evaluation or comparison."""


class Paths:
    """Paths below `results/<study>`."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.results = plan.results

    def dataset(self, name: str) -> str:
        """A prepared data set."""
        return f"{self.results}/data/{name}.safetensors"

    def round_file(
        self, name: str, ticket: str = "{ticket}", seed: int | str = "{seed}", round_: int | str = "{round}"
    ) -> str:
        """A file of a ticket's round."""
        return f"{self.results}/tickets/{ticket}/seed{seed}/round{_number(round_)}/{name}"

    def control_file(
        self,
        ticket: str = "{ticket}",
        kind: str = "{kind}",
        seed: int | str = "{seed}",
        round_: int | str = "{round}",
        initialisation: str | None = None,
        classes: int | str | None = None,
    ) -> str:
        """A control's ticket; with an initialisation, of weights that are drawn by that instead of the network's.

        With a number of classes the ticket of an arm of any kind, with a new output layer for so many.
        """
        name = f"{ticket}-{kind}-{initialisation}" if initialisation else f"{ticket}-{kind}"
        name = f"{name}-{classes}_classes" if classes else name
        return f"{self.results}/controls/{name}/seed{seed}/round{_number(round_)}/ticket.safetensors"

    def evaluated(
        self, name: str, evaluation: str = "{evaluation}", arm: str = "{arm}", seed: int | str = "{seed}"
    ) -> str:
        """A file of an arm's evaluation."""
        return f"{self.results}/evaluations/{evaluation}/{arm}/seed{seed}/{name}"

    def arm_ticket(self, arm: Arm, seed: int | str) -> str:
        """The ticket that an arm trains: one of a chain, or a control made of it; perhaps with a new output layer."""
        if arm.new_output is not None:
            return self.control_file(arm.ticket, arm.kind, seed, arm.round, arm.initialisation, arm.new_output)
        return self.made_or_found(arm, seed)

    def made_or_found(self, arm: Arm, seed: int | str) -> str:
        """The ticket of an arm before it gets a new output layer, if it does."""
        if arm.is_control:
            return self.control_file(arm.ticket, arm.kind, seed, arm.round, arm.initialisation)
        return self.round_file("ticket.safetensors", arm.ticket, seed, arm.round)

    @property
    def arm_files(self) -> tuple[str, ...]:
        """Files of each arm of an evaluation of this study but trained weights; those that all studies have first."""
        return (*ARM_FILES, *(["measured.csv"] if self.plan.study.energy else []))

    def kept_weights(self) -> list[str]:
        """The trained weights that a study says are to be kept."""
        keeping = {name for name, spec in self.plan.study.tickets.items() if spec.keep_weights}
        rounds = tuple(f"{self.results}/tickets/{name}/" for name in keeping)
        weights = [path for path in self.artifacts() if path.endswith("/trained.safetensors")]
        return [path for path in weights if path.startswith((f"{self.results}/evaluations/", *rounds))]

    def may_be_gone(self) -> set[str]:
        """Trained weights that nothing reads: of a chain that was longer, or made otherwise, they were temporary."""
        weights = {path for path in self.artifacts() if path.endswith("/trained.safetensors")}
        return weights - {*self.kept_weights()}

    def artifacts(self) -> Iterator[str]:
        """All that data, model, round, control and evaluation jobs leave behind for good; some more than once."""
        study, plan = self.plan.study, self.plan
        yield from (self.dataset(name) for name in plan.used_datasets)
        yield from (plan.model_file(name) for name in plan.used_models)
        for name in study.tickets:
            for seed in study.seeds:
                for round_ in plan.rounds(name):
                    if plan.keeps_weights(name, round_):
                        yield self.round_file("trained.safetensors", name, seed, round_)
                    for file in ("ticket.safetensors", *(f"{table}.csv" for table in ROUND_TABLES)):
                        yield self.round_file(file, name, seed, round_)
        for evaluation in study.evaluations:
            for arm in plan.arms(evaluation):
                for seed in study.seeds:
                    yield from dict.fromkeys((self.made_or_found(arm, seed), self.arm_ticket(arm, seed)))
                    kept = ("trained.safetensors",) if study.evaluations[evaluation].keep_weights else ()
                    yield from (self.evaluated(file, evaluation, arm.name, seed) for file in (*self.arm_files, *kept))


def _number(round_: int | str) -> str:
    return round_ if isinstance(round_, str) else f"{round_:02d}"
