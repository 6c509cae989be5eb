"""Rules of tickets that begin with what another one has: its mask after some round, or its dense network."""

from collections.abc import Collection, Iterable, Iterator

from lth.artifacts.records import RecordError
from lth.catalog.scores import SCORES
from lth.checks.wording import listed
from lth.config.base import Fault
from lth.config.study import Study
from lth.config.tickets import ChainTicket, FollowingTicket, GivenTicket, PrunedTicket, TicketSpec
from lth.errors import UserError
from lth.plan.counted import counted_by
from lth.plan.plan import Plan


def start_fits(plan: Plan, name: str, ticket: ChainTicket, start: str) -> Iterator[Fault]:
    """What the start leaves of each layer is known, and enough for the rounds to come.

    Args:
        plan: of the study.
        name: of the ticket.
        ticket: the one that starts from another.
        start: the name of that.
    """
    study = plan.study
    for pruner in sorted(_pruners(study, start)) if ticket.scope != "global" else ():
        found = study.tickets[pruner]
        if isinstance(found, PrunedTicket) and found.scope != ticket.scope:
            message = f"'{pruner}' was pruned with `scope: {found.scope}`, so that layers may have less left than this"
            advice = f"ticket's `scope: {ticket.scope}` is to keep; use `scope: global` or that of the other"
            yield ("start",), f"{message} {advice}"
            break
    other = counted_by(study, start)
    if isinstance(other, GivenTicket):
        yield from _file_fits(study.seeds, other, ticket, start, _left_whole(plan, name))
    if isinstance(other, FollowingTicket):
        message = f"'{start}' is combined, and how many weights that leaves is not known beforehand"
        yield ("start",), f"{message}; start from one of {listed(other.made_from())}"
    elif isinstance(other, PrunedTicket) and set(ticket.unpruned) != set(other.unpruned):
        words = [f"`unpruned: [{', '.join(one.unpruned)}]`" for one in (other, ticket)]
        message = f"'{start}' was pruned with {words[0]}, this ticket has {words[1]}; give both the same"
        yield ("start",), message
    elif _has_layer_rates(study, other) and (ticket.scope != "layerwise" or ticket.densities):
        keys = "`densities`" if ticket.densities else f"`scope: {ticket.scope}`"
        message = f"'{start}' was pruned with `layer_rates`, so that its layers keep different shares, which {keys} of"
        yield ("start",), f"{message} this ticket does not go on from; use `rounds` and layerwise scope"


def dense_fits(plan: Plan, ticket: ChainTicket, other: str) -> Iterator[Fault]:
    """The other ticket has the dense training that this one would have, and keeps of it what this one needs."""
    spec, place = plan.study.tickets[other], ("dense_of",)
    if 0 not in plan.rounds(other):
        yield (
            place,
            f"'{other}' trains no dense network, found {numbers_of_rounds(plan.rounds(other))}; name one with round 0",
        )
        return
    for start, number in plan.parents(other, 0):  # whose trained weights it may begin with
        message = f"round 0 of '{other}' starts from round {number} of '{start}', and this ticket's dense network would"
        yield place, f"{message} start from theta_0; name a ticket without `start`"
        return
    recipe, dataset = plan.recipe_name(other, 0), plan.dataset(other, 0)
    both = {"recipe": (recipe, ticket.recipe), "dataset": (dataset, ticket.trained_on()[0])}
    for key, (theirs, ours) in both.items():
        if theirs != ours:
            message = f"the dense network of '{other}' has {key} '{theirs}', this ticket's would have '{ours}'"
            yield place, f"{message}; name one with the same, or take it out"
    step = ticket.options.early_step
    if step is not None and step != spec.options.early_step:
        found = "none" if spec.options.early_step is None else f"step {spec.options.early_step}"
        message = f"'{other}' is to keep the weights of step {step} of its dense training, and keeps {found}"
        yield place, f"{message}; name a ticket with the same `rewind_step`, or turn it round"
    score, theirs = getattr(ticket.options, "score", ""), getattr(spec.options, "score", "")
    if score and SCORES[score].best and not (theirs and SCORES[theirs].best):
        message = f"'{score}' needs the weights of the best step of the dense training, which '{other}' does not keep"
        yield place, f"{message}; name a ticket with that score, or turn it round"


def numbers_of_rounds(rounds: tuple[int, ...] | list[int]) -> str:
    """`none`, or `rounds 1 to 5`, or `rounds 1, 4, 7`."""
    if not rounds:
        return "none"
    even = len(rounds) > 2 and len(rounds) == rounds[-1] - rounds[0] + 1
    return f"rounds {rounds[0]} to {rounds[-1]}" if even else f"rounds {listed(map(str, rounds))}"


def _file_fits(
    seeds: Iterable[int], given: GivenTicket, ticket: ChainTicket, start: str, whole: Collection[str]
) -> Iterator[Fault]:
    try:
        uniform = all(given.options.is_uniform(seed, whole) for seed in seeds)
    except RecordError:  # which is reported itself
        return
    shares = {given.options.initial_density(seed, whole) for seed in seeds}
    if ticket.scope == "erk" and (pruned := shares - {1}):  # the shares of layers are those of a whole network
        message = f"'{start}' comes from a file that keeps {float(min(pruned)):.4g} of its weights, so that layers may"
        advice = "use a file that keeps all of them, or `scope: global`"
        yield ("start",), f"{message} have less left than `scope: erk` is to keep; {advice}"
    elif ticket.scope != "global" and not uniform:
        message = f"'{start}' comes from a file whose layers keep different shares, so that layers may have less left"
        yield ("start",), f"{message} than this ticket's `scope: {ticket.scope}` is to keep; use `scope: global`"
    if whole and len(shares) > 1:
        message = f"'{start}' comes from files that keep different shares of the layers that this ticket prunes"
        yield ("start",), f"{message}; they must keep one, or take `unpruned` out"


def _left_whole(plan: Plan, name: str) -> set[str]:
    try:
        return plan.left_whole(name)
    except UserError:  # a network that is reported itself
        return set()


def _pruners(study: Study, name: str) -> set[str]:
    """The tickets whose pruning a ticket's masks come from: itself, or those that it follows."""
    ticket = study.tickets[name]
    if not isinstance(ticket, FollowingTicket):
        return {name}
    return {found for other in ticket.made_from() for found in _pruners(study, other)}


def _has_layer_rates(study: Study, ticket: TicketSpec) -> bool:
    """Whether it, or one that it starts from, prunes some kinds of layers at rates of their own."""
    start = ticket.start_or_none()
    own = isinstance(ticket, ChainTicket) and any(True for _ in ticket.rates_of_layers())
    return own or bool(start and _has_layer_rates(study, counted_by(study, start.ticket)))
