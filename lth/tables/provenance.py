"""Where the numbers come from, in a line each: seeds, how tickets were found, what was compared, versions."""

import platform
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from itertools import groupby

from lth.config.models import Method, Ticket
from lth.config.plan import KINDS, Plan
from lth.schedules import Rounds
from lth.tables.ways import described

PACKAGES = ("torch", "numpy", "pandas", "scipy", "matplotlib", "cross-dataset-lottery-tickets")
"""Whose versions are named."""


def provenance(plan: Plan) -> list[tuple[str, str]]:
    """Names and values."""
    study = plan.study
    seeds = ", ".join(map(str, study.seeds))
    tickets = [(f"ticket {name}", found(plan, name)) for name in study.tickets]
    trials = [
        (f"{'evaluation' if name in study.evaluations else 'comparison'} {name}", _compared(plan, name))
        for name in plan.trials
    ]
    versions = [("Python", platform.python_version()), *((name, _version(name)) for name in PACKAGES)]
    recipes = [(f"recipe {name}", described(recipe)) for name, recipe in study.recipes.items()]
    return [("study", study.study), ("seeds", seeds), *tickets, *recipes, *trials, *versions]


def found(plan: Plan, ticket: str) -> str:
    """How a ticket was found: network, what was done, at which densities, on which data sets."""
    spec = plan.study.tickets[ticket]
    datasets = list(dict.fromkeys(plan.dataset(ticket, round_) for round_ in plan.rounds(ticket)))
    recipes = f"recipe {spec.recipe}" + (f", pruned ones {spec.retrain}" if spec.retrain else "")
    return f"{spec.network}; {_done(plan, ticket, spec)}, on {', '.join(datasets)}; {recipes}"


def _done(plan: Plan, ticket: str, spec: Ticket) -> str:
    """What the ticket's method did, in the words of the study file's keys."""
    kept = _kept(plan, ticket)
    words: dict[Method, Callable[[], str]] = {
        "imp": lambda: _pruned(plan, ticket, spec),
        "dense": lambda: "dense, never pruned",
        "at_init": lambda: f"pruned before training by {spec.score} ({_scope(spec)}), {kept}",
        "progressive": lambda: f"pruned by magnitude while training{_until(spec)}, {kept}",
        "dynamic": lambda: f"a mask that moved while training, regrown by {_grown(spec)} ({_scope(spec)}), {kept}",
        "dual": lambda: f"masked weights moved out by a growing penalty{_cycles(spec)}, {kept}",
        "derived": lambda: _derived(spec),
        "combined": lambda: _combined(spec),
    }
    return words[spec.method]()


def _pruned(plan: Plan, ticket: str, spec: Ticket) -> str:
    start = f"from {spec.start.ticket} after round {spec.start.round}, " if spec.start else ""
    rounds = f"rounds {plan.first_round(ticket)} to {plan.last_round(ticket)}"
    by = _kept(plan, ticket) if spec.densities else _rates(plan, ticket)
    once = ", each from the dense network at once" if spec.one_shot else ""
    return f"{start}{rounds}{once}, {by}, {spec.score} ({_scope(spec)}), rewound to {_rewound(spec)}"


def _rates(plan: Plan, ticket: str) -> str:
    usual = plan.rates(ticket, plan.last_round(ticket))
    own = {kind: rates for kind in KINDS if (rates := plan.rates(ticket, plan.last_round(ticket), kind)) != usual}
    others = "; ".join(f"{kind}: {_staged(rates)}" for kind, rates in own.items())
    return _staged(usual) + (f" ({others})" if others else "")


def _staged(rates: Rounds) -> str:
    stages = [(rate, len(list(rounds))) for rate, rounds in groupby(rates)]
    if len(stages) == 1:
        return f"{100 * stages[0][0]:g} % a round"
    return ", ".join(f"{100 * rate:g} % in {rounds} round{'s' * (rounds > 1)}" for rate, rounds in stages)


def _kept(plan: Plan, ticket: str) -> str:
    densities = [f"{100 * float(plan.density(ticket, round_)):.3g}" for round_ in plan.rounds(ticket)]
    shown = densities if len(densities) <= 6 else [densities[0], densities[1], "...", densities[-1]]
    return f"{', '.join(shown)} % of weights kept"


def _scope(spec: Ticket) -> str:
    return {"layer": "layer by layer", "network": "the network at once", "erk": "layers by ERK"}[spec.scope]


def _rewound(spec: Ticket) -> str:
    return {
        "initial": "theta_0",
        "step": f"theta at step {spec.rewind_step}",
        "trained": "the trained weights",
        "fresh": "fresh weights",
        "parent": "the trained weights of the start",
    }[spec.rewind]


def _until(spec: Ticket) -> str:
    options = spec.progressive
    return f" ({options.shape}, epochs {options.from_epoch} to {options.until_epoch})" if options else ""


def _grown(spec: Ticket) -> str:
    return "gradient" if spec.dynamic.grow == "gradient" else "chance"


def _cycles(spec: Ticket) -> str:
    return f" in {spec.dual.cycles} cycle{'s' if spec.dual.cycles > 1 else ''}" if spec.dual else ""


def _derived(spec: Ticket) -> str:
    kinds = {"fresh": "fresh weights under the masks", "shuffled": "shuffled masks", "random": "random masks in place"}
    return f"{kinds[spec.derived.kind]} of {spec.derived.ticket}, round by round" if spec.derived else ""


def _combined(spec: Ticket) -> str:
    return f"{spec.combined.rule} of the masks of {' and '.join(spec.combined.tickets)}" if spec.combined else ""


def _compared(plan: Plan, name: str) -> str:
    arms = f"{len(plan.arms(name))} arms on {plan.trial_dataset(name)}"
    home = ", as trained when they were found" if name in plan.study.comparisons else ""
    return f"{arms}, {100 * plan.trial(name).density:.3g} % of weights kept{home}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
