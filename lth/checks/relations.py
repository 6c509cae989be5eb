"""What the parts of a study mean to each other, of a study whose parts are all valid by themselves.

Tickets that depend on each other in a cycle, or on rounds that do not exist, are reported once; whatever depends on
them has no plan and is left out of the other rules.
"""

from collections.abc import Iterable, Iterator, Mapping
from math import ceil

from lth.catalog.architectures import ARCHITECTURES
from lth.catalog.controls import REWIRED
from lth.checks.layers import BASE, base_is_dense, keeps_groups, layers_exist, no_rewiring, pruned_alike
from lth.checks.starts import dense_fits, numbers_of_rounds, start_fits
from lth.checks.weights import WeightNames
from lth.checks.wording import listed
from lth.config.base import Fault, KeyPath
from lth.config.options import Context
from lth.config.study import Study
from lth.config.tickets import ChainTicket, FollowingTicket, PrunedTicket, TicketSpec, falling
from lth.config.training import Recipe
from lth.plan.counted import counted_by
from lth.plan.plan import Plan

LONGEST_ROW = 100
"""Tickets in a row, each made from the one before; lookups go along it, one call inside the other."""


def relations(study: Study) -> tuple[set[str], list[Fault]]:
    """The tickets that cannot be planned, and every fault between tickets, recipes, networks and data sets."""
    plan, rows = Plan(study), _rows(study)
    weights = WeightNames(plan)
    broken = {name for name in study.tickets if name not in rows}
    faults = [*_cycles(study, broken)]
    if too_long := next((name for name, length in rows.items() if length > LONGEST_ROW), None):
        message = f"the last of a row of more than {LONGEST_ROW} tickets, each made from the one before; shorten it"
        return {*study.tickets}, [*faults, (("tickets", too_long), message)]
    for name in rows:
        found = [] if broken & {*study.tickets[name].made_from()} else [*_rounds_exist(plan, study.tickets[name])]
        faults += [(("tickets", name, *path), message) for path, message in found]
        if found or broken & {*study.tickets[name].made_from()}:
            broken.add(name)
    for name, ticket in study.tickets.items():
        rules = [_fit(study, ticket), *([] if name in broken else [_of_ticket(plan, weights, name)])]
        faults += [(("tickets", name, *path), message) for rule in rules for path, message in rule]
    for name, recipe in study.recipes.items():
        faults += [(("recipes", name, *path), message) for path, message in _of_recipe(study, name, recipe)]
    return broken, faults


# --- which tickets are made from which ------------------------------------------------------------------------------


def _rows(study: Study) -> dict[str, int]:
    """How many tickets in a row each one ends, the ones that it is made from first; none of those behind a cycle."""
    rows: dict[str, int] = {}
    while ready := [n for n, ticket in study.tickets.items() if n not in rows and {*ticket.made_from()} <= rows.keys()]:
        rows |= {n: 1 + max((rows[other] for other in study.tickets[n].made_from()), default=0) for n in ready}
    return rows


def _cycles(study: Study, names: Iterable[str]) -> Iterator[Fault]:
    """A fault for each cycle, at its first ticket."""
    reported: set[str] = set()
    for name in study.tickets:
        if name in names and name not in reported and (cycle := _way_back(study, name)):
            reported |= {*cycle}
            way = " <- ".join([*cycle, name])
            key = _made_by(study.tickets[name])[0]
            message = f"cyclic ticket dependency: {way}; one of them must be made without the others"
            yield ("tickets", name, key), message


def _way_back(study: Study, name: str) -> list[str]:
    """The tickets from one to itself, along what each is made from; empty if there is no such way."""
    ways, seen = [[name]], {name}
    for way in ways:
        for parent in study.tickets[way[-1]].made_from():
            if parent == name:
                return way
            if parent not in seen:
                seen.add(parent)
                ways.append([*way, parent])
    return []


def _rounds_exist(plan: Plan, ticket: TicketSpec) -> Iterator[Fault]:
    """The rounds that a ticket starts from or follows."""
    if start := ticket.start_or_none():
        if start.round not in (rounds := plan.rounds(start.ticket)):
            yield (
                ("start", "round"),
                f"no such round: '{start.ticket}' has {numbers_of_rounds(rounds)}, found {start.round}",
            )
    elif isinstance(ticket, FollowingTicket) and (named := ticket.options.rounds_of()):
        paths = [("of_round",)] if len(named) == 1 else [("of_rounds", place) for place in range(len(named))]
        for path, (other, number) in zip(paths, named.items(), strict=True):
            if number not in (rounds := plan.rounds(other)):
                yield path, f"no such round: '{other}' has {numbers_of_rounds(rounds)}, found {number}"
        if ticket.every > 1:
            yield ("every",), f"has no effect beside `{paths[0][0]}`, which names one round; take one of them out"
    elif isinstance(ticket, FollowingTicket):
        pruned = {other: [round_ for round_ in plan.rounds(other) if round_ > 0] for other in ticket.made_from()}
        if not set.intersection(*(set(rounds) for rounds in pruned.values())):
            rounds_of = " and ".join(f"'{other}' has {numbers_of_rounds(numbers)}" for other, numbers in pruned.items())
            one, several = "follows the pruned rounds of another ticket", "combines rounds of equal number"
            yield ("of",), f"{one if len(pruned) == 1 else several}, but {rounds_of}"


# --- rules of tickets -----------------------------------------------------------------------------------------------


def _fit(study: Study, ticket: TicketSpec) -> Iterator[Fault]:
    """The examples of each data set go into the network; its layers are there; nothing is given in vain."""
    network = study.networks[ticket.network]
    stages = ticket.chain or () if isinstance(ticket, ChainTicket) else ()
    used: list[tuple[KeyPath, str]] = [(("chain", n, "dataset"), stage.dataset) for n, stage in enumerate(stages)]
    for path, name in used + ([(("dataset",), ticket.dataset)] if ticket.dataset else []):
        if message := network.misfit(study.datasets[name], name, ticket.network):
            yield path, _of_other_classes(study, ticket, name) or message
    if isinstance(ticket, PrunedTicket):
        layers = ARCHITECTURES[network.architecture].layers
        yield from layers_exist(ticket, network.architecture, layers)
        given = "rate" in ticket.model_fields_set  # no fault of the type: jobs are told all defaults
        if given and ticket.densities:
            yield ("rate",), "has no effect beside `densities`; take one of them out"
        if given and stages and all(stage.rate for stage in stages):
            yield ("rate",), "has no effect: each stage of the `chain` has a `rate` of its own; take it out"


def _of_other_classes(study: Study, ticket: TicketSpec, name: str) -> str | None:
    """What to do where only the classes of a data set do not fit, and the ticket is pruned on data that do."""
    network, dataset, start = study.networks[ticket.network], study.datasets[name], ticket.start_or_none()
    others = {*ticket.trained_on(), *(study.tickets[start.ticket].trained_on() if start else ())} - {name}
    adapted = network.model_copy(update={"classes": dataset.entry.classes})
    fitting = [other for other in others if network.misfit(study.datasets[other], other, ticket.network) is None]
    if not fitting or adapted.misfit(dataset, name, ticket.network):
        return None
    classes = dataset.entry.classes
    words = f"data set '{name}' has {classes} classes, but network '{ticket.network}' has {network.classes}, for"
    advice = f"end the chain before it, and carry the ticket there by an evaluation with `new_output: {classes}`"
    return f"{words} '{min(fitting)}'; a ticket is pruned with one output layer: {advice}"


def _of_ticket(plan: Plan, weights: WeightNames, name: str) -> Iterator[Fault]:
    ticket = plan.study.tickets[name]
    study, start, others = plan.study, ticket.start_or_none(), ticket.made_from()
    place = _made_by(ticket)
    if place == BASE:
        yield from base_is_dense(plan, others)
    places = [((*place, n) if len(others) > 1 else place, other) for n, other in enumerate(others)]
    one = "weights fit only the network that they are of"
    why = one if place == BASE else "a mask fits only the network that it was found in"
    yield from one_network(study, places, ("this ticket", ticket.network), why)
    if isinstance(ticket, ChainTicket) and start:
        if start.round > 0:
            yield from start_fits(plan, name, ticket, start.ticket)
            yield from pruned_alike(ticket, counted_by(study, start.ticket), start.ticket)
        if (least := plan.density(start.ticket, start.round)) < 1:
            yield from list(falling(ticket.densities or (), least))[:1]
    if isinstance(ticket, ChainTicket) and ticket.dense_of:
        yield from dense_fits(plan, ticket, ticket.dense_of)
    if (kind := getattr(ticket, "kind", None)) in REWIRED and keeps_groups(study, others[0]):
        yield ("kind",), no_rewiring(kind, others[0])
    yield from ticket.options.check(_context(plan, weights, name))


def _made_by(ticket: TicketSpec) -> KeyPath:
    """The key by which a ticket names those that it is made from."""
    if isinstance(ticket, FollowingTicket):
        return ("of",)
    if isinstance(ticket, ChainTicket):
        return ("dense_of",) if ticket.dense_of else ("start", "ticket")
    return BASE


def one_network(study: Study, places: Iterable[tuple[KeyPath, str]], of: tuple[str, str], why: str) -> Iterator[Fault]:
    """The tickets named at some places have the network that something has (its name in words, and the network's)."""
    for path, ticket in places:
        if (network := study.tickets[ticket].network) != of[1]:
            yield path, f"'{ticket}' has network '{network}', {of[0]} has '{of[1]}'; {why}"


def _context(plan: Plan, weights: WeightNames, name: str) -> Context:
    study, ticket = plan.study, plan.study.tickets[name]
    return Context(
        recipe=ticket.recipe,
        trainings=ticket.trainings(),
        seeds=study.seeds,
        recipes=study.recipes,
        datasets=study.datasets,
        trained_on=ticket.trained_on(),
        network=study.networks[ticket.network],
        has_start=ticket.start_or_none() is not None,
        groups=ticket.groups if isinstance(ticket, PrunedTicket) else None,
        densities=tuple(float(plan.density(name, r)) for r in plan.rounds(name) if r > 0),
        by_rounds=isinstance(ticket, PrunedTicket) and ticket.rounds is not None,
        weights_of=lambda other: weights.followed(name)[other],
    )


def weights_of(study: Study, name: str) -> str:
    """Names the weights that a ticket's last round trains; equal names for equal weights."""
    plan = Plan(study)
    return WeightNames(plan).of(name, plan.last_round(name))


# --- rules of recipes -----------------------------------------------------------------------------------------------


def trained_with(study: Study, recipe: str) -> Mapping[str, int]:
    """How many examples a recipe trains on, by data set in words; those of few-shot evaluations are by themselves."""
    found = {}
    for _, name, few in trainings_by(study, recipe):
        whole = study.datasets[name]
        words = f"{few} examples of '{name}'" if few else f"'{name}'"
        found[words] = whole.few(few).sizes[0]
    return found


def datasets_of(study: Study, recipe: str) -> list[str]:
    """The names of the data sets that a recipe trains on, each once."""
    return list(dict.fromkeys(name for _, name, _ in trainings_by(study, recipe)))


def trainings_by(study: Study, recipe: str) -> list[tuple[str, str, int | None]]:
    """Network, data set and number of examples (None for all) of the trainings by a recipe, each once, in order."""
    found: list[tuple[str, str, int | None]] = [
        (ticket.network, name, None) for ticket in study.tickets.values() for name in ticket.trainings().get(recipe, ())
    ]
    arms = [(one, ticket) for one in study.evaluations.values() if one.recipe == recipe for ticket in one.tickets]
    found += [(study.tickets[name].network, one.dataset, one.examples) for one, name in arms]
    return list(dict.fromkeys(found))


def _of_recipe(study: Study, name: str, recipe: Recipe) -> Iterator[Fault]:
    """What a recipe does in time lies within the training; augmentation changes pixels."""
    yield from list(in_time(recipe, trained_with(study, name)))[:1]
    texts = [other for other in datasets_of(study, name) if study.datasets[other].noun == "texts"]
    if recipe.augment is not None and texts:
        yield ("augment",), f"changes images, and {listed(texts)} holds texts; use a recipe without it"


def in_time(recipe: Recipe, trained_with: Mapping[str, int]) -> Iterator[Fault]:
    """What of a recipe's schedule and patience never happens in its trainings, or is shorter than a step.

    Args:
        recipe: it is valid by itself.
        trained_with: the number of training examples of each data set, by what sentences call it (`'digits'`).

    Yields:
        Paths within the recipe, and what is wrong.
    """
    period = recipe.schedule.period_epochs
    for words, examples in trained_with.items():
        steps, epoch = recipe.steps(examples)
        for key, value in recipe.schedule.needed_epochs.items() if recipe.iterations else ():
            if value * epoch >= steps:
                epochs = f"the {steps / epoch:.4g} epochs of {words} that {steps} iterations are"
                yield ("schedule", key), f"must be below {epochs}, found {value:g}"
        if recipe.schedule.name == "one_cycle" and (value := recipe.schedule.warmup_epochs) * epoch < 2:
            message = f"must be at least two steps, {2 / epoch:.4g} of an epoch of {words}, found {value:g}"
            yield ("schedule", "warmup_epochs"), message
        if period and period * epoch < 1:
            message = f"must be at least a step, {1 / epoch:.4g} of an epoch of {words}, found {period:g}"
            yield ("schedule", "period_epochs"), message
        scorings = ceil(steps / (recipe.evaluate_every or epoch))
        if recipe.patience and recipe.patience >= scorings:
            message = f"must be below the {scorings} evaluations of a training on {words} to end it early"
            yield ("patience",), f"{message}, found {recipe.patience}"
