"""Rules of recipes: constants that the chosen update rule or schedule would ignore in silence."""

from collections.abc import Iterator, Mapping

from lth.config.models import Recipe, Study
from lth.config.problems import Fault
from lth.config.recipes import Schedule


def _length(_: Study, name: str, recipe: Recipe) -> Iterator[Fault]:
    if recipe.epochs is None and recipe.iterations is None:
        yield ("recipes", name), "does not say how long to train; give `epochs` or `iterations`"
    if recipe.epochs is not None and recipe.iterations is not None:
        yield ("recipes", name, "iterations"), "given besides `epochs`; take one of them out"


def _momentum(_: Study, name: str, recipe: Recipe) -> Iterator[Fault]:
    rule, path = recipe.optimiser, ("recipes", name, "optimiser")
    used: Mapping[str, object] = {"momentum": rule.momentum, "nesterov": rule.nesterov}
    for key, value in used.items():
        if rule.name != "sgd" and value:
            yield (*path, key), f"only `sgd` has it, and `name` is '{rule.name}'; take it out, or set `name: sgd`"
    if rule.name == "sgd" and rule.nesterov and not rule.momentum:
        yield (*path, "nesterov"), "needs momentum, found none; set `momentum`, for instance 0.9, or take it out"


SCHEDULES_OF = {
    "milestones": ("step",),
    "factor": ("step",),
    "period_epochs": ("cosine_restarts",),
    "period_growth": ("cosine_restarts",),
    "final": ("linear", "cosine", "cosine_restarts"),
}
"""Which schedules a constant is for."""


def _schedule(_: Study, name: str, recipe: Recipe) -> Iterator[Fault]:
    schedule, path, nothing = recipe.schedule, ("recipes", name, "schedule"), Schedule()
    for key, names in SCHEDULES_OF.items():
        if schedule.name not in names and getattr(schedule, key) != getattr(nothing, key):
            *most, last = [f"`{fit}`" for fit in names]
            only = f"{', '.join(most)} and {last} have it" if most else f"{last} has it"
            yield (*path, key), f"only {only}, and `name` is '{schedule.name}'; take it out"
    if schedule.name == "step" and not schedule.milestones:
        yield path, "`milestones` is missing: the epochs after which the rate falls"
    if schedule.name == "cosine_restarts" and schedule.period_epochs is None:
        yield path, "`period_epochs` is missing: how many epochs the first cycle has"
    if list(schedule.milestones) != sorted(set(schedule.milestones)):
        yield (*path, "milestones"), f"must rise, found {', '.join(f'{epoch:g}' for epoch in schedule.milestones)}"


RECIPE_RULES = (_length, _momentum, _schedule)
