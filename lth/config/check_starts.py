"""Rules of tickets that start from another one: what that has left is what their rounds can prune."""

from collections.abc import Iterator

from lth.config.chains import FOLLOWERS
from lth.config.check_tickets import made_from, network_of
from lth.config.draft import Unknown
from lth.config.models import Study, Ticket
from lth.config.problems import Fault
from lth.config.wording import listed


def _start_network(study: Study, name: str, ticket: Ticket) -> Iterator[Fault]:
    """A mask fits only the network that it was found in."""
    if not ticket.start:
        return
    parent, own = network_of(study, study.tickets[ticket.start.ticket]), network_of(study, ticket)
    if parent != own:
        networks = f"'{ticket.start.ticket}' has network '{parent}', this ticket has '{own}'"
        yield ("tickets", name, "start", "ticket"), f"cannot take over a mask of another network: {networks}"


def _start_scope(study: Study, name: str, ticket: Ticket) -> Iterator[Fault]:
    """What a start leaves of each layer is enough for the rounds to come."""
    if not ticket.start or ticket.start.round == 0 or ticket.scope == "network":
        return
    for other in _found_by(study, ticket.start.ticket):
        scope = study.tickets[other].scope
        if scope != ticket.scope:
            message = f"'{other}' was pruned with `scope: {scope}`, so that layers may have less left than"
            advice = f"this ticket's `scope: {ticket.scope}` is to keep; use `scope: network` or that of the other"
            yield ("tickets", name, "start"), f"{message} {advice}"
            return


def _start_share(study: Study, name: str, ticket: Ticket) -> Iterator[Fault]:
    """How much rounds prune follows from what the start has left of the same layers, so that has to be known."""
    if not ticket.start or ticket.start.round == 0:
        return
    path, start, other = ("tickets", name, "start"), ticket.start.ticket, _pruned_by(study, ticket.start.ticket)
    if other.method == "combined":
        if not (others := list(made_from(other))):
            raise Unknown
        message = f"'{start}' is combined, and how many weights that leaves is not known beforehand"
        yield path, f"{message}; start from one of {listed(others)}"
    elif set(ticket.whole) != set(other.whole):
        message = f"'{start}' was pruned with {_whole(other)}, this ticket has {_whole(ticket)}; give both the same"
        yield path, message
    elif _has_rates_of_kinds(study, other) and (ticket.scope != "layer" or ticket.densities):
        keys = "`densities`" if ticket.densities else f"`scope: {ticket.scope}`"
        message = f"'{start}' was pruned with `rate_of`, so that its layers keep different shares"
        yield path, f"{message}, which {keys} of this ticket does not go on from; use `rounds` and `scope: layer`"


def _pruned_by(study: Study, name: str) -> Ticket:
    """The ticket itself, or the one of which a derived one has the counts."""
    ticket = study.tickets[name]
    return _pruned_by(study, ticket.derived.ticket) if ticket.method == "derived" and ticket.derived else ticket


def _whole(ticket: Ticket) -> str:
    return f"`whole: [{', '.join(ticket.whole)}]`"


def _has_rates_of_kinds(study: Study, ticket: Ticket) -> bool:
    """Whether it, or one that it starts from, prunes some kinds of layers at rates of their own."""
    own = bool(ticket.rate_of) or any(stage.rate_of for stage in ticket.chain or ())
    return own or bool(ticket.start and _has_rates_of_kinds(study, _pruned_by(study, ticket.start.ticket)))


def _found_by(study: Study, name: str) -> list[str]:
    """The tickets whose pruning a ticket's masks come from: itself, or those that it follows."""
    found: list[str] = []
    waiting, seen = [name], {name}
    while waiting:
        one = waiting.pop()
        ticket = study.tickets[one]
        if ticket.method in FOLLOWERS:
            others = [other for other in made_from(ticket) if other not in seen]
            waiting += others
            seen.update(others)
        else:
            found.append(one)
    return found


def _rewind(_: Study, name: str, ticket: Ticket) -> Iterator[Fault]:
    if ticket.method == "imp" and ticket.rewind == "parent" and ticket.start is None:
        message = "'parent' needs a `start` to rewind to, found none; add one, or use 'initial'"
        yield ("tickets", name, "rewind"), message


START_RULES = (_start_network, _start_scope, _start_share, _rewind)
