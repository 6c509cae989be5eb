"""Which tickets can be planned: those that are made from others that exist, in no cycle and no endless row."""

from collections.abc import Iterator

from lth.config.base import Fault
from lth.config.study import Study
from lth.config.tickets import FollowingTicket


def cycles(study: Study) -> list[list[str]]:
    """Tickets that are made from each other in a cycle, each cycle once."""
    found: list[list[str]] = []
    for name in study.tickets:
        cycle = _way_back(study, name)
        if cycle and not any(name in other for other in found):
            found.append(cycle)
    return found


def _way_back(study: Study, name: str) -> list[str]:
    """The tickets from one to itself, along what each is made from; empty if there is no such way."""
    ways = [[name]]
    seen = {name}
    for way in ways:
        for parent in study.tickets[way[-1]].made_from():
            if parent == name:
                return way
            if parent not in seen:
                seen.add(parent)
                ways.append([*way, parent])
    return []


def cycle_fault(study: Study, cycle: list[str]) -> Iterator[Fault]:
    """A cycle, said once."""
    way = " <- ".join([*cycle, cycle[0]])
    key = "of" if isinstance(study.tickets[cycle[0]], FollowingTicket) else "start"
    yield ("tickets", cycle[0], key), f"cyclic ticket dependency: {way}; one of them must be made without the others"


def with_dependents(study: Study, broken: set[str]) -> set[str]:
    """These tickets, and all that are made from them."""
    found, waiting = {*broken}, [*broken]
    while waiting:
        one = waiting.pop()
        new = [name for name, ticket in study.tickets.items() if one in ticket.made_from() and name not in found]
        found |= {*new}
        waiting += new
    return found


LONGEST_ROW = 100
"""Tickets in a row, each made from the one before; lookups go along it, one call inside the other."""


def end_of_long_row(study: Study, broken: set[str]) -> str | None:
    """A ticket at the end of a longer row; to be asked when tickets in cycles are known."""
    length: dict[str, int] = {}
    waiting = [name for name in study.tickets if name not in broken]
    while waiting:
        name = waiting[-1]
        before = [other for other in study.tickets[name].made_from() if other not in broken]
        if unknown := [other for other in before if other not in length]:
            waiting += unknown
        else:
            length[waiting.pop()] = 1 + max((length[other] for other in before), default=0)
    return next((name for name in study.tickets if length.get(name, 0) == LONGEST_ROW + 1), None)


def parents_first(study: Study, broken: set[str]) -> list[str]:
    """The tickets that are in no cycle, each after those that it is made from."""
    order: dict[str, None] = {}

    def add(name: str) -> None:
        if name not in order and name not in broken:
            for parent in study.tickets[name].made_from():
                add(parent)
            order[name] = None

    for name in study.tickets:
        add(name)
    return list(order)
