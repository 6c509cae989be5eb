"""Rules of tickets: what a chain is made of, where it starts, and whether its data fit its network."""

from collections.abc import Iterator, Mapping

from lth.config.check_parts import misfit
from lth.config.draft import BROKEN, Broken, Names, Unknown, entries, items
from lth.config.models import Start, Study, Ticket
from lth.config.plan import Plan
from lth.config.problems import Fault


def sound_stages(study: Study) -> tuple[Study, list[Fault]]:
    """Tickets with `dataset` and `rounds`, or with `chain`: the others reported, and hidden from later rules."""
    reported = {name: message for name, ticket in entries(study, "tickets") if (message := _unclear(ticket))}
    hidden = {"dataset": BROKEN, "rounds": BROKEN, "chain": BROKEN}
    broken = {name: study.tickets[name].model_copy(update=hidden) for name in reported}
    return _with_tickets(study, broken), [(("tickets", name), message) for name, message in reported.items()]


def sound_starts(study: Study) -> tuple[Study, list[Fault]]:
    """Tickets that start from each other in a circle: reported once, and hidden from later rules."""
    parents = {
        name: ticket.start.ticket
        for name, ticket in entries(study, "tickets")
        if isinstance(ticket.start, Start) and isinstance(ticket.start.ticket, str)
    }
    faults: list[Fault] = []
    circled: set[str] = set()
    for name in parents:
        circle = _circle(name, parents)
        if circle and name not in circled:
            message = f"a circle of starts: {' <- '.join([*circle, name])}; one of them must start without `start`"
            faults.append((("tickets", name, "start"), message))
        circled.update(circle)
    broken = {name: study.tickets[name].model_copy(update={"start": BROKEN}) for name in circled}
    return _with_tickets(study, broken), faults


def sound_start_rounds(study: Study) -> tuple[Study, list[Fault]]:
    """Starts from a round that the other ticket does not have: reported, and hidden from later rules."""
    faults: list[Fault] = []
    broken: dict[str, Ticket] = {}
    for name, ticket in entries(study, "tickets"):
        try:
            message = _no_such_round(study, ticket)
        except Unknown:
            continue
        if message:
            faults.append((("tickets", name, "start", "round"), message))
            broken[name] = ticket.model_copy(update={"start": ticket.start.model_copy(update={"round": BROKEN})})
    return _with_tickets(study, broken), faults


def _no_such_round(study: Study, ticket: Ticket) -> str | None:
    if not ticket.start:
        return None
    rounds = Plan(study).rounds(ticket.start.ticket)
    if ticket.start.round in rounds:
        return None
    return f"no such round: '{ticket.start.ticket}' has rounds {rounds[0]} to {rounds[-1]}, found {ticket.start.round}"


def _with_tickets(study: Study, changed: Mapping[str, Ticket]) -> Study:
    if not changed:
        return study
    return study.model_copy(update={"tickets": Names({**study.tickets, **changed})})


def _unclear(ticket: Ticket) -> str | None:
    """Why it is unclear what a ticket prunes on, as far as its valid keys say."""
    if any(isinstance(value, Broken) for value in (ticket.chain, ticket.dataset, ticket.rounds)):
        return None
    if ticket.chain is not None and (ticket.dataset is not None or ticket.rounds is not None):
        return "has a `chain` besides `dataset` or `rounds`; give either the chain or the other two"
    if ticket.chain is None and ticket.dataset is None and ticket.rounds is None:
        return "does not say what it prunes on; give `dataset` and `rounds`, or a `chain`"
    if ticket.chain is None and (ticket.dataset is None or ticket.rounds is None):
        given, missing = ("rounds", "dataset") if ticket.dataset is None else ("dataset", "rounds")
        return f"has `{given}` but no `{missing}`; give both, or a `chain`"
    return None


def network_of(study: Study, ticket: Ticket) -> str:
    """The name of a ticket's network, if it is a defined one."""
    if ticket.network not in study.networks:
        raise Unknown
    return ticket.network


def _circle(name: str, parents: Mapping[str, str]) -> list[str]:
    """The circle of starts that a ticket lies on, itself first; empty if it lies on none."""
    way = [name]
    while (parent := parents.get(way[-1])) is not None and parent not in way:
        way.append(parent)
    return way if parents.get(way[-1]) == name else []


def _start_network(study: Study, name: str, ticket: Ticket) -> Iterator[Fault]:
    """A mask fits only the network that it was found in."""
    if not ticket.start:
        return
    parent, own = network_of(study, study.tickets[ticket.start.ticket]), network_of(study, ticket)
    if parent != own:
        networks = f"'{ticket.start.ticket}' has network '{parent}', this ticket has '{own}'"
        yield ("tickets", name, "start", "ticket"), f"cannot take over a mask of another network: {networks}"


def _rewind(_: Study, name: str, ticket: Ticket) -> Iterator[Fault]:
    if ticket.rewind == "parent" and ticket.start is None:
        message = "'parent' needs a `start` to rewind to, found none; add one, or use 'initial'"
        yield ("tickets", name, "rewind"), message


def _fits(study: Study, name: str, ticket: Ticket) -> Iterator[Fault]:
    """The images of each data set go into the network."""
    used = {("chain", position, "dataset"): stage for position, stage in items(ticket.chain)}
    for inside, dataset in [(("dataset",), ticket.dataset), *((path, stage.dataset) for path, stage in used.items())]:
        if dataset is None:
            continue
        try:
            message = misfit(study, dataset, ticket.network)
        except Unknown:
            continue
        if message:
            yield ("tickets", name, *inside), message


TICKET_RULES = (_start_network, _rewind, _fits)
