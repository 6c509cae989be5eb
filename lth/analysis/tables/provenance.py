"""Provenance: seeds, how each ticket was found, training recipes, what was compared, package versions."""

import platform
from importlib.metadata import PackageNotFoundError, version
from itertools import groupby

from lth.analysis.tables.cells import within
from lth.analysis.tables.recipes import recipe_summary
from lth.config.layers import RATED
from lth.config.study import Evaluation
from lth.config.tickets import ChainTicket, PrunedTicket, TicketSpec
from lth.plan.plan import Plan
from lth.pruning.schedules import Rounds

_SCOPES = {"layerwise": "layerwise", "global": "globally", "erk": "layers by ERK"}
_PACKAGES = ("torch", "numpy", "pandas", "scipy", "matplotlib", "cross-dataset-lottery-tickets")
"""Packages whose versions are reported."""


def provenance(plan: Plan) -> list[tuple[str, str]]:
    """Names and values."""
    study = plan.study
    seeds = ", ".join(map(str, study.seeds))
    tickets = [(f"ticket {name}", ticket_origin(plan, name)) for name in study.tickets]
    assessments = [
        (f"{'evaluation' if name in study.evaluations else 'comparison'} {name}", _compared(plan, name))
        for name in plan.assessments
    ]
    versions = [("Python", platform.python_version()), *((name, _version(name)) for name in _PACKAGES)]
    recipes = [(f"recipe {name}", recipe_summary(recipe)) for name, recipe in study.recipes.items()]
    return [("study", study.study), ("seeds", seeds), *tickets, *recipes, *assessments, *versions]


def ticket_origin(plan: Plan, ticket: str) -> str:
    """How a ticket was found: network, method, densities, data sets, recipe."""
    spec = plan.study.tickets[ticket]
    retrain = spec.retrain if isinstance(spec, ChainTicket) else None
    recipes = f"recipe {spec.recipe}" + (f", after pruning {retrain}" if retrain else "")
    return f"{spec.network}; {_done(plan, ticket, spec)}, on {', '.join(spec.trained_on())}; {recipes}"


def _done(plan: Plan, ticket: str, spec: TicketSpec) -> str:
    """The method with its options."""
    scope = _SCOPES[spec.scope] if isinstance(spec, PrunedTicket) else ""
    rounds = _rounds(plan, ticket, spec) if isinstance(spec, ChainTicket) else _kept(plan, ticket)
    return spec.options.summary(rounds, scope)


def _rounds(plan: Plan, ticket: str, spec: ChainTicket) -> str:
    start = f"from {spec.start.ticket} after round {spec.start.round}, " if spec.start else ""
    start = f"from the dense network of {spec.dense_of}, " if spec.dense_of else start
    numbers = f"rounds {plan.first_round(ticket)} to {plan.last_round(ticket)}"
    once = ", each pruned from the dense network in one shot" if spec.one_shot else ""
    return f"{start}{numbers}{once}, {_kept(plan, ticket) if spec.densities else _rates(plan, ticket)}"


def _rates(plan: Plan, ticket: str) -> str:
    usual = plan.rates(ticket, plan.last_round(ticket))
    own = {kind: rates for kind in RATED if (rates := plan.rates(ticket, plan.last_round(ticket), kind)) != usual}
    others = "; ".join(f"{kind}: {_staged(rates)}" for kind, rates in own.items())
    return _staged(usual) + (f" ({others})" if others else "")


def _staged(rates: Rounds) -> str:
    stages = [(rate, len(list(rounds))) for rate, rounds in groupby(rates)]
    if len(stages) == 1:
        return f"{100 * stages[0][0]:g} % per round"
    return ", ".join(f"{100 * rate:g} % in {rounds} round{'s' * (rounds > 1)}" for rate, rounds in stages)


def _kept(plan: Plan, ticket: str) -> str:
    densities = [f"{100 * float(plan.density(ticket, round_)):.3g}" for round_ in plan.rounds(ticket)]
    shown = densities if len(densities) <= 6 else [densities[0], densities[1], "...", densities[-1]]
    return f"{', '.join(shown)} % of weights kept"


def _compared(plan: Plan, name: str) -> str:
    arms = f"{len(plan.arms(name))} arms on {plan.assessment_dataset(name)}"
    existing = ", existing trainings" if name in plan.study.comparisons else ""
    spec = plan.assessment(name)
    schemes = spec.other_initialisations or () if isinstance(spec, Evaluation) else ()
    drawn = f", drawn weights also from {', '.join(schemes)}" if schemes else ""
    margin = spec.equivalence_margin
    named = "" if margin is None else f", equivalence margin {within(margin)} points"
    classes = spec.new_output if isinstance(spec, Evaluation) else None
    new = "" if classes is None else f" beside a new output layer for {classes} classes"
    combined = ", combined ones excepted" if any(_is_combined(plan, ticket) for ticket in spec.tickets) else ""
    how = f"; {_trained(spec)}" if isinstance(spec, Evaluation) else ""
    return f"{arms}, {100 * spec.density:.3g} % of weights kept{combined}{new}{drawn}{existing}{named}{how}"


def _is_combined(plan: Plan, ticket: str) -> bool:
    return plan.study.tickets[ticket].method == "combined"


def _trained(spec: Evaluation) -> str:
    """By which recipe, on how much of the data, and what of the network."""
    draws = f" ({spec.draws} draws a seed)" if spec.draws > 1 else ""
    few = f", on {spec.examples} training examples{draws}" if spec.examples else ""
    return f"recipe {spec.recipe}{few}{', head only' if spec.trains == 'head' else ''}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
