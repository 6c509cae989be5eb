"""Which figures a study, an evaluation or a comparison has: those that have something to show."""

from itertools import combinations

from lth.config.plan import Plan
from lth.figures import FIGURES, Need


def figures_of(plan: Plan, trial: str | None = None) -> list[str]:
    """The names of the figures of an evaluation or comparison, or (None) of the study, in the order of the report."""
    if trial is None:
        return [name for name, drawing in FIGURES.items() if drawing.scope == "study"]
    met = _met(plan, trial)
    return [name for name, drawing in FIGURES.items() if drawing.scope == "evaluation" and met >= set(drawing.needs)]


def _met(plan: Plan, trial: str) -> set[Need]:
    """What an evaluation or comparison has that some figure needs."""
    spec, kinds = plan.trial(trial), {arm.kind for arm in plan.arms(trial)}
    networks = [plan.study.tickets[arm.ticket].network for arm in plan.evaluated_tickets(trial)]
    found: dict[Need, bool] = {
        "pairs": bool(spec.compare),
        "transforms": len(kinds & {"own", "fresh", "shuffled"}) > 1,
        "goal": spec.reach_percent is not None or "dense" in kinds,
        "masks": bool(networks),
        "two masks": any(one == other for one, other in combinations(networks, 2)),
        "costs": trial in plan.study.comparisons,
    }
    return {need for need, met in found.items() if met}
