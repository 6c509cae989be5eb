"""Rules of evaluations: one network, one density that every ticket reaches, and comparisons between arms that exist."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from fractions import Fraction
from typing import Any

from lth.config.check_parts import misfit
from lth.config.check_tickets import network_of
from lth.config.draft import Unknown, items
from lth.config.lengths import split_sizes
from lth.config.lookup import source_of
from lth.config.models import Evaluation, Study
from lth.config.plan import DENSITY_TOLERANCE, Plan
from lth.config.problems import Fault, Path
from lth.config.wording import FEW, found, listed, offered


def arm_names(evaluation: Evaluation) -> list[str]:
    """The names of the arms that `Plan.arms` makes, without asking which rounds they are."""
    kinds = [*evaluation.initialisations, *(["shuffled"] if "shuffled" in evaluation.controls else [])]
    names = [f"{ticket}-{kind}" for kind in kinds for ticket in evaluation.tickets]
    if "random" in evaluation.controls:
        names.append(f"{evaluation.matched_to or evaluation.tickets[0]}-random")
    return names + (["dense"] if "dense" in evaluation.controls else [])


def _one_network(study: Study, name: str, evaluation: Evaluation) -> Iterator[Fault]:
    """Arms of one evaluation share a network: there is one dense arm, and one set of initial weights a seed."""
    places: list[tuple[Path, Any]] = [(("tickets", position), ticket) for position, ticket in items(evaluation.tickets)]
    places.append((("matched_to",), evaluation.matched_to))
    yield from one_network(study, ("evaluations", name), places, "an evaluation compares tickets of one network")


def one_network(study: Study, trial: Path, places: Sequence[tuple[Path, Any]], wanted: str) -> Iterator[Fault]:
    """The tickets named at these places of an evaluation or comparison have the network of the first."""
    first: tuple[str, str] | None = None
    for inside, ticket in places:
        if not isinstance(ticket, str) or ticket not in study.tickets:
            continue
        with suppress(Unknown):
            network = network_of(study, study.tickets[ticket])
            first = first or (ticket, network)
            if network != first[1]:
                message = f"'{ticket}' has network '{network}', '{first[0]}' has '{first[1]}'"
                yield (*trial, *inside), f"{message}; {wanted}"


def _fits(study: Study, name: str, evaluation: Evaluation) -> Iterator[Fault]:
    networks = [study.tickets[ticket].network for _, ticket in items(evaluation.tickets) if ticket in study.tickets]
    for network in dict.fromkeys(networks):
        if message := misfit(study, evaluation.dataset, network):
            yield ("evaluations", name, "dataset"), message


def _reached(study: Study, name: str, evaluation: Evaluation) -> Iterator[Fault]:
    """Every ticket has a round near enough to the density."""
    tickets = [ticket for _, ticket in items(evaluation.tickets)]
    matched = [evaluation.matched_to] if isinstance(evaluation.matched_to, str) else []
    if message := unreached(Plan(study), dict.fromkeys([*tickets, *matched]), evaluation.density):
        yield ("evaluations", name, "density"), message


def unreached(plan: Plan, tickets: Iterable[str], density: float) -> str | None:
    """Why no round of some of these tickets stands for a density, or nothing if one of each does."""
    near: dict[str, list[str]] = {}
    for ticket in tickets:
        with suppress(Unknown):
            if rounds := _nearest(plan, ticket, Fraction(str(density))):
                near.setdefault(rounds, []).append(f"'{ticket}'")
    if not near:
        return None
    first, *others = [(rounds, listed(names, FEW)) for rounds, names in near.items()]
    message = f"no round of {first[1]} keeps within {float(DENSITY_TOLERANCE):.0%} of {density:g}"
    return "; ".join([f"{message}; the nearest: {first[0]}", *(f"of {names}: {rounds}" for rounds, names in others)])


def _nearest(plan: Plan, ticket: str, wanted: Fraction) -> str | None:
    """The two rounds whose densities are nearest to the one wanted, or nothing if one is near enough."""
    distances = {round_: abs(plan.density(ticket, round_) - wanted) for round_ in plan.rounds(ticket)}
    if not distances:
        raise Unknown  # it follows a ticket that has no pruned rounds, which is reported there
    near = sorted(sorted(distances, key=lambda round_: distances[round_])[:2])
    if min(distances.values()) <= DENSITY_TOLERANCE * wanted:
        return None
    return " and ".join(f"round {round_} keeps {float(plan.density(ticket, round_)):.4g}" for round_ in near)


def _few(study: Study, name: str, evaluation: Evaluation) -> Iterator[Fault]:
    """There are as many examples as a few-shot evaluation draws; without them nothing is drawn."""
    path = ("evaluations", name)
    if evaluation.examples is None:
        if evaluation.draws > 1:
            yield (*path, "draws"), "has no effect without `examples`, of which they are draws; give both or none"
        return
    data = study.datasets[evaluation.dataset]
    source_of(data)
    if evaluation.examples > (size := split_sizes(data)[0]):
        message = f"'{evaluation.dataset}' has {size} training examples, found {evaluation.examples}"
        yield (*path, "examples"), f"{message}; must be at most that"


def _compared(_: Study, name: str, evaluation: Evaluation) -> Iterator[Fault]:
    yield from compared(("evaluations", name), evaluation.compare, arm_names(evaluation))


def compared(trial: Path, pairs: Any, arms: list[str]) -> Iterator[Fault]:
    """Comparisons name two arms that exist, each pair once."""
    seen: set[frozenset[str]] = set()
    for position, pair in items(pairs):
        path = (*trial, "compare", position)
        for side in (0, 1):
            if pair[side] not in arms:
                message = f"there is no arm {found(pair[side])}{offered(pair[side], arms, 'the arms are')}"
                yield (*path, str(side)), message
        if pair[0] == pair[1]:
            yield path, f"compares {found(pair[0])} with itself"
        elif frozenset(pair) in seen:
            yield path, f"{found(pair[0])} and {found(pair[1])} are compared twice; keep one of them"
        seen.add(frozenset(pair))


EVALUATION_RULES = (_one_network, _fits, _reached, _few, _compared)
