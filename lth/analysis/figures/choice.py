"""Which figures are drawn for a study, an evaluation or a comparison."""

from collections import Counter
from itertools import combinations

from lth.analysis.figures import FIGURES
from lth.analysis.figures.drawing import Need
from lth.catalog.architectures import ARCHITECTURES
from lth.catalog.controls import OF_EACH
from lth.catalog.methods import METHODS
from lth.config.tickets import PrunedTicket, TicketSpec
from lth.plan.dense import dense_round
from lth.plan.plan import Plan


def figures_of(plan: Plan, assessment: str | None = None) -> list[str]:
    """Names of the figures of an evaluation or comparison, or of the study (None), in report order."""
    scope, met = ("study", _met_by_study(plan)) if assessment is None else ("evaluation", _met(plan, assessment))
    return [name for name, drawing in FIGURES.items() if drawing.scope == scope and met >= set(drawing.needs)]


def _met_by_study(plan: Plan) -> set[Need]:
    """The conditions that a study meets."""
    classes = {plan.network(ticket).classes for ticket in plan.study.tickets}  # those of its data, which may be gone
    places = [(ticket, round_) for ticket in plan.study.tickets for round_ in plan.rounds(ticket)]
    pruned = [place for place in places if plan.density(*place) != 1]
    per_dataset = Counter((ticket, plan.dataset(ticket, round_)) for ticket, round_ in places)
    found: dict[Need, bool] = {
        "two classes": 2 in classes,
        "rounds": max(per_dataset.values()) > 1,
        "dense": any(dense_round(plan, *place) for place in pruned),
        "one layer": any(_prunes_one_layer(spec) for spec in plan.study.tickets.values()),
        "several targets": _has_matrix(plan),
        "pruned in training": any(METHODS[spec.method].prunes_in_training for spec in plan.study.tickets.values()),
    }
    return {need for need, met in found.items() if met}


def _met(plan: Plan, assessment: str) -> set[Need]:
    """The conditions that an evaluation or comparison meets."""
    spec, kinds = plan.assessment(assessment), {arm.kind for arm in plan.arms(assessment)}
    networks = [plan.study.tickets[arm.ticket].network for arm in plan.evaluated_tickets(assessment)]
    found: dict[Need, bool] = {
        "pairs": bool(spec.compare),
        "transforms": len(kinds & {*OF_EACH}) > 1,
        "goal": spec.reach_percent is not None or "dense" in kinds,
        "masks": bool(networks),
        "two masks": any(one == other for one, other in combinations(networks, 2)),
        "costs": assessment in plan.study.comparisons,
        "encoder": any(ARCHITECTURES[plan.study.networks[name].architecture].text for name in networks),
    }
    return {need for need, met in found.items() if met}


def _prunes_one_layer(spec: TicketSpec) -> bool:
    """Whether its densities by name leave all layers whole but those that a first pattern fits."""
    by_name = (spec.layer_densities or {}) if isinstance(spec, PrunedTicket) else {}
    return set(by_name.get("*", (0,))) == {1} and len(by_name) > 1


def _has_matrix(plan: Plan) -> bool:
    """Whether two tickets are trained in their own initialisation on the same two data sets."""
    targets: dict[str, set[str]] = {}
    for evaluation in plan.study.evaluations.values():
        if "own" in evaluation.initialisations:
            for ticket in evaluation.tickets:
                targets.setdefault(ticket, set()).add(evaluation.dataset)
    return any(len(one & other) > 1 for one, other in combinations(targets.values(), 2))
