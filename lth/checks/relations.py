"""What the parts of a study mean to each other, of a study whose parts are all valid by themselves.

Tickets that depend on each other in a cycle, or on rounds that do not exist, are reported once; whatever depends on
them has no plan and is left out of the other rules.
"""

from collections.abc import Iterator, Mapping

from lth.catalog.architectures import ARCHITECTURES
from lth.checks.dependencies import LONGEST_ROW, cycle_fault, cycles, end_of_long_row, parents_first, with_dependents
from lth.checks.problems import Path
from lth.checks.wording import listed
from lth.config.base import Fault
from lth.config.data import Dataset
from lth.config.options import THETA_0, Context
from lth.config.study import Study
from lth.config.tickets import ChainTicket, FollowingTicket, LayerRates, PrunedTicket, TicketSpec, falling
from lth.config.training import Recipe
from lth.plan.plan import Plan


def relations(study: Study) -> tuple[set[str], list[Fault]]:
    """The tickets that cannot be planned, and every fault between tickets, recipes, networks and data sets."""
    plan, circular = Plan(study), cycles(study)
    faults = [fault for cycle in circular for fault in cycle_fault(study, cycle)]
    broken = with_dependents(study, {name for cycle in circular for name in cycle})
    if too_long := end_of_long_row(study, broken):
        message = f"the last of a row of more than {LONGEST_ROW} tickets, each made from the one before; shorten it"
        return {*study.tickets}, [*faults, (("tickets", too_long), message)]
    for name in parents_first(study, broken):
        if found := [] if name in broken else [*_rounds_exist(plan, name)]:
            faults += found
            broken = with_dependents(study, {*broken, name})
    for name, ticket in study.tickets.items():
        faults += [(("tickets", name, *path), message) for path, message in _fit(study, ticket)]
        if name not in broken:
            faults += [(("tickets", name, *map(str, path)), text) for path, text in _of_ticket(plan, ticket)]
    for name, recipe in study.recipes.items():
        faults += [(("recipes", name, *path), message) for path, message in _of_recipe(study, name, recipe)]
    return broken, faults


def _rounds_exist(plan: Plan, name: str) -> Iterator[Fault]:
    """The rounds that a ticket starts from or follows."""
    ticket = plan.study.tickets[name]
    if (start := ticket.start_or_none()) and start.round not in (rounds := plan.rounds(start.ticket)):
        message = f"no such round: '{start.ticket}' has {_numbers(rounds)}, found {start.round}"
        yield ("tickets", name, "start", "round"), message
    elif isinstance(ticket, FollowingTicket) and not plan.rounds(name):
        pruned = {other: [round_ for round_ in plan.rounds(other) if round_ > 0] for other in ticket.made_from()}
        rounds_of = " and ".join(f"'{other}' has {_numbers(numbers)}" for other, numbers in pruned.items())
        what = "follows the pruned rounds of another ticket" if len(pruned) == 1 else "combines rounds of equal number"
        yield ("tickets", name, "of"), f"{what}, but {rounds_of}"


def _numbers(rounds: tuple[int, ...] | list[int]) -> str:
    """`none`, or `rounds 1 to 5`, or `rounds 1, 4, 7`."""
    if not rounds:
        return "none"
    even = len(rounds) > 2 and len(rounds) == rounds[-1] - rounds[0] + 1
    return f"rounds {rounds[0]} to {rounds[-1]}" if even else f"rounds {listed(map(str, rounds))}"


# --- rules of tickets -----------------------------------------------------------------------------------------------


def _fit(study: Study, ticket: TicketSpec) -> Iterator[Fault]:
    """The examples of each data set go into the network; its layers are there; nothing is given in vain."""
    network = study.networks[ticket.network]
    stages = ticket.chain or () if isinstance(ticket, ChainTicket) else ()
    used: list[tuple[Path, str]] = [(("chain", str(n), "dataset"), stage.dataset) for n, stage in enumerate(stages)]
    used += [(("dataset",), ticket.dataset)] if ticket.dataset else []
    for path, name in used:
        if message := network.misfit(study.datasets[name], name, ticket.network):
            yield path, message
    if isinstance(ticket, PrunedTicket):
        yield from _layers_exist(ticket, network.architecture)
        if ticket.densities and "rate" in ticket.model_fields_set:  # no fault of the type: jobs are told all defaults
            yield ("rate",), "has no effect beside `densities`; take one of them out"


def _layers_exist(ticket: PrunedTicket, architecture: str) -> Iterator[Fault]:
    layers = ARCHITECTURES[architecture].layers
    absent = f"'{architecture}' has no '{{}}' layers; its layers are {listed(layers)}"
    for position, kind in enumerate(ticket.unpruned):
        if kind not in layers:
            yield ("unpruned", str(position)), absent.format(kind)
    if set(ticket.unpruned) >= set(layers):
        message = f"leaves nothing to prune: '{architecture}' has {listed(layers)} layers only; take one of them out"
        yield ("unpruned",), message
    for path, rates in ticket.rates_of_layers() if isinstance(ticket, ChainTicket) else ():
        for own, covered in LayerRates.covers.items():
            if getattr(rates, own) is not None and not {*covered} & {*layers}:
                yield (*map(str, path), own), absent.format(own)


def _of_ticket(plan: Plan, ticket: TicketSpec) -> Iterator[tuple[tuple[str | int, ...], str]]:
    study = plan.study
    yield from _one_network(study, ticket)
    start = ticket.start_or_none()
    if isinstance(ticket, ChainTicket) and start:
        if start.round > 0:
            yield from _start_fits(study, ticket, start.ticket)
        if (least := plan.density(start.ticket, start.round)) < 1:
            yield from list(falling(ticket.densities or (), least))[:1]
    yield from ticket.options.check(_context(study, ticket))


def _context(study: Study, ticket: TicketSpec) -> Context:
    chain = ticket if isinstance(ticket, ChainTicket) else None
    return Context(
        recipe=ticket.recipe,
        retrain=chain.retrain if chain else None,
        recipes=study.recipes,
        datasets=study.datasets,
        trained_on=ticket.trained_on(),
        network=study.networks[ticket.network],
        has_start=ticket.start_or_none() is not None,
        one_shot=bool(chain and chain.one_shot),
        by_rounds=isinstance(ticket, PrunedTicket) and ticket.rounds is not None,
        weights_of=lambda other: weights_of(study, other),
    )


def _one_network(study: Study, ticket: TicketSpec) -> Iterator[Fault]:
    """A mask fits only the network that it was found in."""
    others = ticket.made_from()
    for position, other in enumerate(others):
        if (network := study.tickets[other].network) != ticket.network:
            path = ("start", "ticket") if ticket.start_or_none() else ("of", str(position))[: len(others)]
            message = f"'{other}' has network '{network}', this ticket has '{ticket.network}'"
            yield path, f"cannot take over a mask of another network: {message}"


def _start_fits(study: Study, ticket: ChainTicket, start: str) -> Iterator[Fault]:
    """What the start leaves of each layer is known, and enough for the rounds to come."""
    for pruner in sorted(_pruners(study, start)) if ticket.scope != "global" else ():
        found = study.tickets[pruner]
        if isinstance(found, PrunedTicket) and found.scope != ticket.scope:
            message = f"'{pruner}' was pruned with `scope: {found.scope}`, so that layers may have less left than this"
            advice = f"ticket's `scope: {ticket.scope}` is to keep; use `scope: global` or that of the other"
            yield ("start",), f"{message} {advice}"
            break
    other = _counted_by(study, start)
    if isinstance(other, FollowingTicket):
        message = f"'{start}' is combined, and how many weights that leaves is not known beforehand"
        yield ("start",), f"{message}; start from one of {listed(other.made_from())}"
    elif isinstance(other, PrunedTicket) and set(ticket.unpruned) != set(other.unpruned):
        words = [f"`unpruned: [{', '.join(one.unpruned)}]`" for one in (other, ticket)]
        message = f"'{start}' was pruned with {words[0]}, this ticket has {words[1]}; give both the same"
        yield ("start",), message
    elif _has_layer_rates(study, other) and (ticket.scope != "layerwise" or ticket.densities):
        keys = "`densities`" if ticket.densities else f"`scope: {ticket.scope}`"
        message = f"'{start}' was pruned with `layer_rates`, so that its layers keep different shares"
        yield (
            ("start",),
            f"{message}, which {keys} of this ticket does not go on from; use `rounds` and layerwise scope",
        )


def _pruners(study: Study, name: str) -> set[str]:
    """The tickets whose pruning a ticket's masks come from: itself, or those that it follows."""
    ticket = study.tickets[name]
    if not isinstance(ticket, FollowingTicket):
        return {name}
    return {found for other in ticket.made_from() for found in _pruners(study, other)}


def _counted_by(study: Study, name: str) -> TicketSpec:
    """The ticket itself, or the one that it follows alone and so has the counts of."""
    ticket = study.tickets[name]
    alone = isinstance(ticket, FollowingTicket) and len(ticket.made_from()) == 1
    return _counted_by(study, ticket.made_from()[0]) if alone else ticket


def _has_layer_rates(study: Study, ticket: TicketSpec) -> bool:
    """Whether it, or one that it starts from, prunes some kinds of layers at rates of their own."""
    if isinstance(ticket, ChainTicket) and any(True for _ in ticket.rates_of_layers()):
        return True
    start = ticket.start_or_none()
    return bool(start and _has_layer_rates(study, _counted_by(study, start.ticket)))


def weights_of(study: Study, name: str) -> str:
    """Names the weights that a ticket's training starts from; equal names for equal weights."""
    ticket = study.tickets[name]
    options = ticket.options
    if own := options.initial_weights(name):
        return own
    if options.early_step is not None:
        return f"step {options.early_step} of '{ticket.recipe}' on '{ticket.trained_on()[0]}'"
    others = ticket.made_from()
    return weights_of(study, others[0]) if others else THETA_0


# --- rules of recipes -----------------------------------------------------------------------------------------------


def trained_with(study: Study, recipe: str) -> Mapping[str, Dataset]:
    """The data sets that a recipe trains on, in words; those of few-shot evaluations are as small as those are."""
    found = {f"'{name}'": study.datasets[name] for name in datasets_of(study, recipe, evaluations=False)}
    for evaluation in study.evaluations.values():
        if evaluation.recipe == recipe:
            whole, few = study.datasets[evaluation.dataset], evaluation.examples
            words = f"{few} examples of '{evaluation.dataset}'" if few else f"'{evaluation.dataset}'"
            found[words] = whole.model_copy(update={"train": few}) if few else whole
    return found


def datasets_of(study: Study, recipe: str, evaluations: bool = True) -> list[str]:
    """The names of the data sets that a recipe trains on, each once."""
    found: dict[str, None] = {}
    for ticket in study.tickets.values():
        if recipe in recipes_of(ticket):
            found |= dict.fromkeys(ticket.trained_on())
    if evaluations:
        found |= {e.dataset: None for e in study.evaluations.values() if e.recipe == recipe}
    return list(found)


def recipes_of(ticket: TicketSpec) -> set[str]:
    """The recipes that a ticket's trainings follow."""
    retrain = {ticket.retrain} if isinstance(ticket, ChainTicket) and ticket.retrain else set()
    return {ticket.recipe, *ticket.options.extra_trainings, *retrain}


def _of_recipe(study: Study, name: str, recipe: Recipe) -> Iterator[Fault]:
    """What a schedule does lies within the training; augmentation changes pixels."""
    yield from _schedule(study, name, recipe)
    texts = [other for other in datasets_of(study, name) if study.datasets[other].noun == "texts"]
    if recipe.augment is not None and texts:
        yield ("augment",), f"changes images, and {listed(texts)} holds texts; use a recipe without it"


def _schedule(study: Study, name: str, recipe: Recipe) -> Iterator[Fault]:
    schedule = recipe.schedule
    ends = {
        "warmup_epochs": schedule.warmup_epochs,
        "milestones": max(schedule.milestones, default=0),
        "period_epochs": schedule.period_epochs or 0,
    }
    for words, data in trained_with(study, name).items():
        steps, epoch = recipe.steps(data.sizes[0])
        for key, value in ends.items() if recipe.iterations else ():
            if value * epoch >= steps:
                epochs = f"the {steps / epoch:.4g} epochs of {words} that {steps} iterations are"
                yield ("schedule", key), f"must be below {epochs}, found {value:g}"
                return
        if schedule.period_epochs and schedule.period_epochs * epoch < 1:
            message = f"must be at least a step, {1 / epoch:.4g} of an epoch of {words}"
            yield ("schedule", "period_epochs"), f"{message}, found {schedule.period_epochs:g}"
            return
    for key, value in ends.items() if recipe.epochs else ():
        if value >= (recipe.epochs or 0):
            yield ("schedule", key), f"must be below the {recipe.epochs} epochs of the recipe, found {value:g}"
