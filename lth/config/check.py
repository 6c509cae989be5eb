"""What the keys of a study mean to each other: every fault that no single key shows.

Rules are written as if the study were whole. Where a rule meets something broken, `Unknown` ends it silently: the fault
itself has been reported where it stands.
"""

from collections.abc import Callable, Iterator
from typing import Any

from lth.config.check_evaluations import EVALUATION_RULES
from lth.config.check_parts import DATASET_RULES, NETWORK_RULES, RECIPE_RULES
from lth.config.check_references import references
from lth.config.check_tickets import TICKET_RULES, sound_stages, sound_start_rounds, sound_starts
from lth.config.draft import Unknown, entries, items
from lth.config.models import Study
from lth.config.problems import Fault, Path

Rule = Callable[[Study, str, Any], Iterator[Fault]]
"""From the study, the name of an entry and the entry itself to its faults."""

RULES: dict[str, tuple[Rule, ...]] = {
    "datasets": DATASET_RULES,
    "networks": NETWORK_RULES,
    "recipes": RECIPE_RULES,
    "tickets": TICKET_RULES,
    "evaluations": EVALUATION_RULES,
}

LISTS = ("tickets", "initialisations", "controls")
"""Lists of an evaluation in which nothing may come twice."""


def check(study: Study) -> Iterator[Fault]:
    """Every fault of meaning, of a study or of what is valid of it (see `lth.config.draft`)."""
    yield from references(study)
    yield from _repeated(("seeds",), study.seeds)
    for name, evaluation in entries(study, "evaluations"):
        for key in LISTS:
            yield from _repeated(("evaluations", name, key), getattr(evaluation, key))
    for repair in (sound_stages, sound_starts, sound_start_rounds):
        study, faults = repair(study)
        yield from faults
    for section, rules in RULES.items():
        for name, entry in entries(study, section):
            for rule in rules:
                yield from _until_unknown(rule(study, name, entry))


def _until_unknown(faults: Iterator[Fault]) -> Iterator[Fault]:
    try:
        yield from faults
    except Unknown:
        return


def _repeated(path: Path, values: Any) -> Iterator[Fault]:
    seen: set[Any] = set()
    for position, value in items(values):
        if value in seen:
            yield (*path, position), f"{value!r} is given twice; keep one of them"
        seen.add(value)
