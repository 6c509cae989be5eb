"""What the keys of a study mean to each other: every fault that no single key shows.

Rules are written as if the study were whole. Where a rule meets something broken, `Unknown` ends it silently: the fault
itself has been reported where it stands.
"""

from collections.abc import Callable, Iterator
from typing import Any

from lth.config.check_comparisons import COMPARISON_RULES
from lth.config.check_evaluations import EVALUATION_RULES
from lth.config.check_lengths import RECIPE_LENGTHS, TICKET_LENGTHS
from lth.config.check_methods import METHOD_RULES
from lth.config.check_parts import DATASET_RULES, NETWORK_RULES
from lth.config.check_recipes import RECIPE_RULES
from lth.config.check_references import references
from lth.config.check_scratch import scratch_faults
from lth.config.check_starts import START_RULES
from lth.config.check_texts import TEXT_RECIPE_RULES
from lth.config.check_tickets import (
    TICKET_RULES,
    sound_followers,
    sound_rows,
    sound_stages,
    sound_start_rounds,
    sound_starts,
)
from lth.config.draft import Unknown, entries, items
from lth.config.models import Study
from lth.config.problems import Fault, Path

Rule = Callable[[Study, str, Any], Iterator[Fault]]
"""From the study, the name of an entry and the entry itself to its faults."""

RULES: dict[str, tuple[Rule, ...]] = {
    "datasets": DATASET_RULES,
    "networks": NETWORK_RULES,
    "recipes": (*RECIPE_RULES, *RECIPE_LENGTHS, *TEXT_RECIPE_RULES),
    "tickets": (*START_RULES, *TICKET_RULES, *METHOD_RULES, *TICKET_LENGTHS),
    "evaluations": EVALUATION_RULES,
    "comparisons": COMPARISON_RULES,
}

LISTS = (
    *(("evaluations", key) for key in ("tickets", "initialisations", "controls")),
    ("comparisons", "tickets"),
    ("tickets", "whole"),
)
"""Lists in which nothing may come twice, with the section that they are in."""


def check(study: Study) -> Iterator[Fault]:
    """Every fault of meaning, of a study or of what is valid of it (see `lth.config.draft`)."""
    yield from references(study)
    yield from _repeated(("seeds",), study.seeds)
    yield from _until_unknown(scratch_faults(study))
    for section, key in LISTS:
        for name, entry in entries(study, section):
            yield from _repeated((section, name, key), getattr(entry, key))
    for repair in (sound_stages, sound_starts, sound_rows, sound_followers, sound_start_rounds):
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
