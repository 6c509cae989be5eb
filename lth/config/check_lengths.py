"""Rules of time: what is to happen at an epoch or a step lies within the training that it is meant for."""

from collections.abc import Iterator
from contextlib import suppress
from math import ceil

from lth.config.draft import Unknown, entries, items
from lth.config.lengths import split_sizes, steps_of
from lth.config.lookup import source_of
from lth.config.models import Dataset, Evaluation, Recipe, Study, Ticket
from lth.config.plan import Plan
from lth.config.problems import Fault


def length(study: Study, recipe: str, dataset: str) -> tuple[int, int]:
    """How many steps a training takes, and how many of them an epoch has."""
    return _length(study.recipes[recipe], study.datasets[dataset])


def _length(spec: Recipe, data: Dataset) -> tuple[int, int]:
    source_of(data)
    if split_sizes(data)[0] <= 0 or (spec.epochs is None and spec.iterations is None):
        raise Unknown
    return steps_of(spec, data)


def met(study: Study, recipe: str) -> list[str]:
    """The data sets that a recipe trains on, as far as the study says."""
    found = _met_whole(study, recipe) | {evaluation.dataset: None for evaluation in _evaluations(study, recipe)}
    return [name for name in found if name in study.datasets]


def _met_whole(study: Study, recipe: str) -> dict[str, None]:
    """Those of tickets, which are trained on all of it."""
    found: dict[str, None] = {}
    for _, ticket in entries(study, "tickets"):
        with suppress(Unknown):
            dual = ticket.dual.recipe if ticket.dual else None
            if recipe in (ticket.recipe, ticket.retrain, dual):
                found |= dict.fromkeys(_datasets(ticket))
    return found


def _datasets(ticket: Ticket) -> list[str]:
    """What its rounds are trained on."""
    return [ticket.dataset] if ticket.dataset else [stage.dataset for _, stage in items(ticket.chain)]


def _evaluations(study: Study, recipe: str) -> Iterator[Evaluation]:
    for _, evaluation in entries(study, "evaluations"):
        with suppress(Unknown):
            if evaluation.recipe == recipe and evaluation.dataset:
                yield evaluation


def _trainings(study: Study, recipe: str) -> dict[str, Dataset]:
    """The data sets that a recipe meets, in words; those of few-shot evaluations are as small as those are."""
    data = study.datasets
    found = {f"'{name}'": data[name] for name in _met_whole(study, recipe) if name in data}
    for evaluation in _evaluations(study, recipe):
        if evaluation.dataset in data:
            whole, few = data[evaluation.dataset], evaluation.examples
            words = f"{few} examples of '{evaluation.dataset}'" if few else f"'{evaluation.dataset}'"
            found[words] = whole.model_copy(update={"train": few}) if few else whole
    return found


def _schedule(study: Study, name: str, recipe: Recipe) -> Iterator[Fault]:
    """What a schedule does lies within the training, on each data set."""
    schedule, path = recipe.schedule, ("recipes", name, "schedule")
    wanted = {
        "warmup_epochs": schedule.warmup_epochs,
        "milestones": max(schedule.milestones, default=0),
        "period_epochs": schedule.period_epochs or 0,
    }
    for label, data in _trainings(study, name).items():
        steps, epoch = _length(recipe, data)
        for key, value in wanted.items() if recipe.iterations else ():
            if value * epoch >= steps:
                epochs = f"the {steps / epoch:.4g} epochs of {label} that {steps} iterations are"
                yield (*path, key), f"must be below {epochs}, found {value:g}"
                return
        if schedule.period_epochs and schedule.period_epochs * epoch < 1:
            message = f"must be at least a step, {1 / epoch:.4g} of an epoch of {label}"
            yield (*path, "period_epochs"), f"{message}, found {schedule.period_epochs:g}"
            return
    for key, value in wanted.items() if recipe.epochs else ():
        if value >= (recipe.epochs or 0):
            yield (*path, key), f"must be below the {recipe.epochs} epochs of the recipe, found {value:g}"


def _stability(study: Study, name: str, ticket: Ticket) -> Iterator[Fault]:
    """The best epoch can be another one than the first and the last."""
    if ticket.method != "imp" or ticket.score != "stability":
        return
    for recipe in dict.fromkeys([ticket.recipe, ticket.retrain or ticket.recipe]):
        for dataset in _datasets(ticket):
            steps, epoch = length(study, recipe, dataset)
            if (study.recipes[recipe].evaluate_every or epoch) >= steps:
                message = (
                    f"'stability' needs a best step before the last, and recipe '{recipe}' is scored only at its end"
                )
                yield ("tickets", name, "score"), f"{message} on '{dataset}'; train longer or set its `evaluate_every`"
                return


def _rewind_step(study: Study, name: str, ticket: Ticket) -> Iterator[Fault]:
    """The dense training gets as far as the step that is gone back to."""
    if ticket.method != "imp" or ticket.rewind_step is None:
        return
    dataset = Plan(study).dataset(name, 0)
    steps, _ = length(study, ticket.recipe, dataset)
    if ticket.rewind_step >= steps:
        message = f"recipe '{ticket.recipe}' has {steps} steps on '{dataset}', found {ticket.rewind_step}"
        yield ("tickets", name, "rewind_step"), f"{message}; must be below that"


def _progressive(study: Study, name: str, ticket: Ticket) -> Iterator[Fault]:
    """The sparsity rises over epochs that there are: the last of them is trained at the density asked for."""
    if ticket.method != "progressive" or not ticket.progressive:
        return
    path, options = ("tickets", name, "progressive", "until_epoch"), ticket.progressive
    if options.until_epoch <= options.from_epoch:
        yield path, f"must be above `from_epoch` ({options.from_epoch}), found {options.until_epoch}"
    steps, epoch = length(study, ticket.recipe, str(ticket.dataset))
    if options.until_epoch >= ceil(steps / epoch):
        epochs = f"the {steps / epoch:.4g} epochs of recipe '{ticket.recipe}' on '{ticket.dataset}'"
        yield path, f"must be below {epochs}, found {options.until_epoch}"


def _dynamic(study: Study, name: str, ticket: Ticket) -> Iterator[Fault]:
    """The mask moves at least once."""
    if ticket.method != "dynamic":
        return
    steps, _ = length(study, ticket.recipe, str(ticket.dataset))
    rest = ticket.dynamic.until * steps
    if ticket.dynamic.every >= rest:
        message = f"the mask would never move: it rests from step {ceil(rest)} of {steps} on (`until`)"
        yield ("tickets", name, "dynamic", "every"), f"{message}, found {ticket.dynamic.every}; must be below that"


def _dual(study: Study, name: str, ticket: Ticket) -> Iterator[Fault]:
    """The penalty gets to its limit within the steps that it has."""
    if ticket.method != "dual" or not ticket.dual:
        return
    penalty, recipe = ticket.dual.penalty, ticket.dual.recipe
    if penalty.rise > penalty.limit:
        message = f"rises by {penalty.rise:g} each time, beyond its `limit` of {penalty.limit:g}"
        yield ("tickets", name, "dual", "penalty"), f"{message}; lower `rise`"
        return
    steps, _ = length(study, recipe, str(ticket.dataset))
    rise = ceil(penalty.limit / penalty.rise) * penalty.every
    if rise > steps:
        message = f"takes {rise} steps to its limit, and recipe '{recipe}' has {steps} on '{ticket.dataset}'"
        yield ("tickets", name, "dual", "penalty"), f"{message}; raise `rise`, or lower `limit` or `every`"


RECIPE_LENGTHS = (_schedule,)
TICKET_LENGTHS = (_rewind_step, _stability, _progressive, _dynamic, _dual)
