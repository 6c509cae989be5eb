"""Rules of tickets: what a chain is made of, that none follows itself, and whether its data fit its network."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from lth.config.chains import FOLLOWERS
from lth.config.check_parts import misfit
from lth.config.draft import BROKEN, Broken, Names, Unknown, entries, items
from lth.config.models import Start, Study, Ticket
from lth.config.plan import Plan
from lth.config.problems import Fault
from lth.config.ways import Combined, Derived
from lth.config.wording import listed


def sound_stages(study: Study) -> tuple[Study, list[Fault]]:
    """Tickets with `dataset` and `rounds`, or with `chain`: the others reported, and hidden from later rules."""
    reported = {name: message for name, ticket in entries(study, "tickets") if (message := _unclear(ticket))}
    hidden = {"dataset": BROKEN, "rounds": BROKEN, "densities": BROKEN, "chain": BROKEN}
    broken = {name: study.tickets[name].model_copy(update=hidden) for name in reported}
    return _with_tickets(study, broken), [(("tickets", name), message) for name, message in reported.items()]


def sound_starts(study: Study) -> tuple[Study, list[Fault]]:
    """Tickets that are made from each other in a circle: reported once, and hidden from later rules."""
    parents = {name: made_from(ticket) for name, ticket in entries(study, "tickets")}
    faults: list[Fault] = []
    circled: set[str] = set()
    for name in parents:
        circle = _circle(name, parents)
        if circle and name not in circled:
            way = " <- ".join([*circle, name])
            made = {key: getattr(study.tickets[name], key) for key in ("start", "derived", "combined")}
            key = next(key for key, value in made.items() if isinstance(value, Start | Derived | Combined))
            message = f"a circle of starts: {way}; one of them must start without `{key}`"
            faults.append((("tickets", name, key), message))
        circled.update(circle)
    hidden = {"start": BROKEN, "derived": BROKEN, "combined": BROKEN}
    broken = {name: study.tickets[name].model_copy(update=hidden) for name in circled}
    return _with_tickets(study, broken), faults


LONGEST_ROW = 100
"""Tickets in a row, each made from the one before; lookups go along it, one call inside the other."""


def sound_rows(study: Study) -> tuple[Study, list[Fault]]:
    """Tickets that are made from each other in too long a row: its end reported, and hidden from later rules.

    To be asked when no circles are left.
    """
    parents = {name: made_from(ticket) for name, ticket in entries(study, "tickets")}
    length: dict[str, int] = {}
    waiting = [*parents]
    while waiting:
        name = waiting[-1]
        before = [other for other in parents[name] if other in parents]
        if unknown := [other for other in before if other not in length]:
            waiting += unknown
        else:
            length[waiting.pop()] = 1 + max((length[other] for other in before), default=0)
    hidden = {"start": BROKEN, "derived": BROKEN, "combined": BROKEN}
    broken = {n: study.tickets[n].model_copy(update=hidden) for n in parents if length[n] > LONGEST_ROW}
    message = f"the last of a row of more than {LONGEST_ROW} tickets, each made from the one before; shorten it"
    first = [name for name in broken if length[name] == LONGEST_ROW + 1][:1]
    return _with_tickets(study, broken), [(("tickets", name), message) for name in first]


def made_from(ticket: Ticket) -> list[str]:
    """The tickets whose masks a ticket takes over, as far as its sound keys say."""
    names = [value.ticket for value in (ticket.start, ticket.derived) if isinstance(value, Start | Derived)]
    if isinstance(ticket.combined, Combined):
        names += [name for _, name in items(ticket.combined.tickets)]
    return [name for name in names if isinstance(name, str)]


def sound_followers(study: Study) -> tuple[Study, list[Fault]]:
    """Tickets that follow others without any round to follow: reported, and hidden from later rules."""
    faults: list[Fault] = []
    plan, broken = Plan(study), {}
    for name, ticket in entries(study, "tickets"):
        with suppress(Unknown):
            if ticket.method not in FOLLOWERS or plan.rounds(name):
                continue
            broken[name] = ticket.model_copy(update={ticket.method: BROKEN})
            if getattr(ticket, ticket.method) is None:
                faults.append((("tickets", name), missing(ticket.method)))
            elif all(plan.rounds(other) for other in made_from(ticket)):  # else it is reported of the other
                faults.append((("tickets", name, ticket.method), _no_rounds(plan, made_from(ticket))))
    return _with_tickets(study, broken), faults


def _no_rounds(plan: Plan, others: list[str]) -> str:
    pruned = {other: [round_ for round_ in plan.rounds(other) if round_ > 0] for other in others}
    rounds = " and ".join(f"'{other}' has {_numbers(numbers)}" for other, numbers in pruned.items())
    what = "follows the pruned rounds of another ticket" if len(pruned) == 1 else "combines rounds of equal number"
    return f"{what}, but {rounds}"


def _numbers(rounds: Sequence[int]) -> str:
    """`none`, or `rounds 1 to 5`, or `rounds 1, 4, 7`."""
    if not rounds:
        return "none"
    even = len(rounds) > 2 and len(rounds) == rounds[-1] - rounds[0] + 1
    return f"rounds {rounds[0]} to {rounds[-1]}" if even else f"rounds {listed(map(str, rounds))}"


def missing(key: str) -> str:
    """That a method's constants are not there."""
    return f"`{key}` is missing, which says what `method: {key}` is to do"


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
    return f"no such round: '{ticket.start.ticket}' has {_numbers(rounds)}, found {ticket.start.round}"


def _with_tickets(study: Study, changed: Mapping[str, Ticket]) -> Study:
    if not changed:
        return study
    return study.model_copy(update={"tickets": Names({**study.tickets, **changed})})


def _unclear(ticket: Ticket) -> str | None:
    """Why it is unclear what a ticket prunes on, as far as its valid keys say."""
    given = {key: getattr(ticket, key) for key in ("dataset", "rounds", "densities", "chain")}
    if any(isinstance(value, Broken) for value in (*given.values(), ticket.method)):
        return None
    if ticket.method in ("dense", "derived", "combined"):
        needless = next((key for key in ("rounds", "densities", "chain") if given[key] is not None), None)
        if needless:
            return f"has `{needless}`, which `method: {ticket.method}` does not take; take it out"
        return None if ticket.dataset else "has no `dataset` to be trained on; give one"
    if ticket.chain is not None and ticket.method != "imp":
        return f"has a `chain`, which `method: {ticket.method}` does not take; give `dataset` and `densities`"
    if ticket.rounds is not None and ticket.densities is not None:
        return "has `rounds` besides `densities`; give one of them"
    return _unclear_rounds(ticket, "densities" if ticket.densities else "rounds" if ticket.rounds else None)


def _unclear_rounds(ticket: Ticket, rounds: str | None) -> str | None:
    given = [key for key in ("dataset", rounds) if key and getattr(ticket, key) is not None]
    if ticket.chain is not None:
        both = f"has a `chain` besides {' and '.join(f'`{key}`' for key in given)}"
        return f"{both}; give either the chain or `dataset` and `rounds`" if given else None
    wanted = "`dataset` and `rounds`, or a `chain`" if ticket.method == "imp" else "`dataset` and `densities`"
    if not given:
        return f"does not say what it prunes on; give {wanted}"
    if len(given) == 1:
        lacking = "dataset" if rounds else "rounds" if ticket.method == "imp" else "densities"
        return f"has `{given[0]}` but no `{lacking}`; give {wanted}"
    return None


def network_of(study: Study, ticket: Ticket) -> str:
    """The name of a ticket's network, if it is a defined one."""
    if ticket.network not in study.networks:
        raise Unknown
    return ticket.network


def _circle(name: str, parents: Mapping[str, list[str]]) -> list[str]:
    """A circle that a ticket lies on, itself first; empty if it lies on none."""
    child: dict[str, str] = {}
    waiting = [name]
    while waiting:
        one = waiting.pop()
        for parent in parents.get(one, []):
            if parent == name:
                way = [one]
                while way[-1] != name:
                    way.append(child[way[-1]])
                return way[::-1]
            if parent not in child:
                child[parent] = one
                waiting.append(parent)
    return []


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


TICKET_RULES = (_fits,)
