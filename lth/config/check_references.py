"""Names in a study that nobody defines: neither the study itself, nor the tables of the code."""

from collections.abc import Iterator, Mapping
from typing import Any

from lth.config.draft import entries, items
from lth.config.models import Evaluation, Start, Study, Ticket
from lth.config.problems import Fault, Path
from lth.config.ways import Combined, Derived, Dual
from lth.config.wording import found, offered
from lth.data.sources import SOURCES
from lth.networks import ARCHITECTURES
from lth.scores import SCORES

TABLES: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("datasets", "source"): SOURCES,
    ("networks", "architecture"): ARCHITECTURES,
    ("tickets", "score"): SCORES,
}
"""Keys whose values are names from a table."""


def references(study: Study) -> Iterator[Fault]:
    """Every name that leads nowhere. Works on a study with holes, so that no other fault hides one."""
    for path, section, name in _mentions(study):
        known = getattr(study, section)
        if isinstance(name, str) and isinstance(known, dict) and name not in known:
            yield path, f"{name!r} is not defined{offered(name, known, f'`{section}` has')}"
    for (section, key), table in TABLES.items():
        for entry, value in entries(study, section):
            name = getattr(value, key)
            if isinstance(name, str) and name not in table:
                path = (section, entry, key)
                yield path, f"there is no {key} {found(name)}{offered(name, table, 'there are')}"


def _mentions(study: Study) -> Iterator[tuple[Path, str, Any]]:
    """Each place where the study names a part of itself: the path, the section it should be in, the name."""
    for name, ticket in entries(study, "tickets"):
        for inside, section, value in _of_ticket(ticket):
            yield ("tickets", name, *inside), section, value
    for name, evaluation in entries(study, "evaluations"):
        for inside, section, value in _of_evaluation(evaluation):
            yield ("evaluations", name, *inside), section, value
    for name, comparison in entries(study, "comparisons"):
        for position, ticket in items(comparison.tickets):
            yield ("comparisons", name, "tickets", position), "tickets", ticket


def _of_ticket(ticket: Ticket) -> Iterator[tuple[Path, str, Any]]:
    yield ("network",), "networks", ticket.network
    yield ("recipe",), "recipes", ticket.recipe
    yield ("dataset",), "datasets", ticket.dataset
    for position, stage in items(ticket.chain):
        yield ("chain", position, "dataset"), "datasets", stage.dataset
    yield ("retrain",), "recipes", ticket.retrain
    if isinstance(ticket.start, Start):
        yield ("start", "ticket"), "tickets", ticket.start.ticket
    if isinstance(ticket.dual, Dual):
        yield ("dual", "recipe"), "recipes", ticket.dual.recipe
    if isinstance(ticket.derived, Derived):
        yield ("derived", "ticket"), "tickets", ticket.derived.ticket
    if isinstance(ticket.combined, Combined):
        for position, other in items(ticket.combined.tickets):
            yield ("combined", "tickets", position), "tickets", other


def _of_evaluation(evaluation: Evaluation) -> Iterator[tuple[Path, str, Any]]:
    yield ("dataset",), "datasets", evaluation.dataset
    yield ("recipe",), "recipes", evaluation.recipe
    yield ("matched_to",), "tickets", evaluation.matched_to
    for position, ticket in items(evaluation.tickets):
        yield ("tickets", position), "tickets", ticket
