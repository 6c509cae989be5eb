"""Which figures a study, an evaluation or a comparison has: those that have something to show."""

from itertools import combinations

from lth.analysis.figures import FIGURES, Need
from lth.catalog.architectures import ARCHITECTURES
from lth.catalog.datasets import SOURCES
from lth.plan.plan import Plan


def figures_of(plan: Plan, trial: str | None = None) -> list[str]:
    """The names of the figures of an evaluation or comparison, or (None) of the study, in the order of the report."""
    scope, met = ("study", _met_by_study(plan)) if trial is None else ("evaluation", _met(plan, trial))
    return [name for name, drawing in FIGURES.items() if drawing.scope == scope and met >= set(drawing.needs)]


def _met_by_study(plan: Plan) -> set[Need]:
    """What a study has that some figure of it needs."""
    datasets = {plan.dataset(ticket, round_) for ticket in plan.study.tickets for round_ in plan.rounds(ticket)}
    classes = {SOURCES[plan.study.datasets[name].source].classes for name in datasets}
    return {"two classes"} if 2 in classes else set()


def _met(plan: Plan, trial: str) -> set[Need]:
    """What an evaluation or comparison has that some figure needs."""
    spec, kinds = plan.assessment(trial), {arm.kind for arm in plan.arms(trial)}
    networks = [plan.study.tickets[arm.ticket].network for arm in plan.evaluated_tickets(trial)]
    found: dict[Need, bool] = {
        "pairs": bool(spec.compare),
        "transforms": len(kinds & {"own", "reinitialised", "shuffled"}) > 1,
        "goal": spec.reach_percent is not None or "dense" in kinds,
        "masks": bool(networks),
        "two masks": any(one == other for one, other in combinations(networks, 2)),
        "costs": trial in plan.study.comparisons,
        "encoder": any(ARCHITECTURES[plan.study.networks[name].architecture].text for name in networks),
    }
    return {need for need, met in found.items() if met}
