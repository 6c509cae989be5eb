"""Which files the tables of a study are made of."""

from collections.abc import Iterable

from lth.catalog.source import OwnSource
from lth.plan.jobs import DataJob
from lth.plan.paths import Paths
from lth.plan.plan import Plan


def all_rounds(
    paths: Paths, name: str, tickets: Iterable[str] | None = None, seeds: Iterable[int] | None = None
) -> list[str]:
    """A file of every round of every ticket and seed, or of some tickets and seeds."""
    plan = paths.plan
    chosen = [*(plan.study.seeds if seeds is None else seeds)]
    return [
        paths.round_file(name, ticket, seed, round_)
        for ticket in (plan.study.tickets if tickets is None else tickets)
        for seed in chosen
        for round_ in plan.rounds(ticket)
    ]


def crossing(paths: Paths, name: str) -> list[str]:
    """A file of every round and seed of the tickets that rest on more than one data set, by a chain or a start."""
    plan = paths.plan
    return [
        paths.round_file(name, ticket, seed, round_)
        for ticket in plan.study.tickets
        if len({plan.dataset(*place) for place in plan.lineage(ticket, plan.last_round(ticket))}) > 1
        for seed in plan.study.seeds
        for round_ in plan.rounds(ticket)
    ]


def made_controls(paths: Paths) -> list[str]:
    """The tickets of all controls of all evaluations, each once."""
    plan = paths.plan
    arms = [arm for evaluation in plan.study.evaluations for arm in plan.arms(evaluation) if arm.is_control]
    return list(dict.fromkeys(paths.made_or_found(arm, seed) for arm in arms for seed in plan.study.seeds))


def animation_files(paths: Paths) -> list[str]:
    """Animations of a study: of each ticket with several rounds, and of the training of each that is pruned in it."""
    plan = paths.plan
    several = [f"{ticket}/rounds" for ticket in plan.study.tickets if len([*plan.rounds(ticket)]) > 1]
    within = [f"{ticket}/training" for ticket, spec in plan.study.tickets.items() if spec.method == "progressive"]
    return [f"{paths.results}/animations/{name}.gif" for name in (*several, *within)]


def all_arms(paths: Paths, name: str, assessment: str) -> list[str]:
    """A file of every arm and seed of an evaluation; for a comparison, of the rounds that were trained before."""
    return [
        (
            paths.round_file(name, arm.ticket, seed, arm.round)
            if arm.trained_when_found
            else paths.evaluated(name, assessment, arm.name, seed)
        )
        for arm in paths.plan.arms(assessment)
        for seed in paths.plan.study.seeds
    ]


def all_needed(paths: Paths, name: str, assessment: str) -> list[str]:
    """A file of every round and seed in the lineage of the arms of a comparison; none for an evaluation."""
    plan = paths.plan
    if assessment not in plan.study.comparisons:
        return []
    lineages = [plan.lineage(arm.ticket, arm.round) for arm in plan.arms(assessment)]
    pairs = dict.fromkeys(pair for lineage in lineages for pair in lineage)
    return [paths.round_file(name, ticket, seed, round_) for ticket, round_ in pairs for seed in plan.study.seeds]


def measured(paths: Paths, assessment: str) -> list[str]:
    """What was measured of a comparison's rounds, or of an evaluation's arms where the study has it; else nothing."""
    if assessment in paths.plan.study.comparisons:
        return all_needed(paths, "measured.csv", assessment)
    return all_arms(paths, "measured.csv", assessment) if paths.plan.study.energy else []


def records(paths: Paths, assessment: str) -> list[str]:
    """The records with the checksums of the tables that an evaluation or comparison reads."""
    if assessment in paths.plan.study.comparisons:
        return all_needed(paths, "ticket.safetensors", assessment)
    return all_arms(paths, "evaluation.json", assessment)


def evaluated(paths: Paths, assessment: str) -> list[str]:
    """The tickets of an evaluation or comparison as found, at its density."""
    arms, seeds = paths.plan.evaluated_tickets(assessment), paths.plan.study.seeds
    return [paths.arm_ticket(arm, seed) for arm in arms for seed in seeds]


def arm_tickets(paths: Paths, assessment: str) -> list[str]:
    """The tickets that the arms of an evaluation start from; none for a comparison."""
    plan = paths.plan
    arms = plan.arms(assessment) if assessment in plan.study.evaluations else ()
    return [paths.arm_ticket(arm, seed) for arm in arms for seed in plan.study.seeds]


def data_job(plan: Plan, dataset: str) -> DataJob:
    """What the job that prepares a data set is told, with what the user's own files hold.

    Raises:
        UserError: such files are not there.
    """
    entry = plan.study.datasets[dataset].entry
    content = entry.content() if isinstance(entry, OwnSource) else None
    return plan.data_job(dataset).model_copy(update={"content": content})
