"""Warnings about a study that can be run: it decides less than it seems to, or holds parts that nothing uses."""

from collections.abc import Iterator

from lth.config.models import Evaluation, Study
from lth.config.plan import Plan
from lth.config.problems import Fault
from lth.power import seeds_needed, smallest_p


def warnings(study: Study) -> Iterator[Fault]:
    """What the author of a valid study should know before waiting for it."""
    if len(study.seeds) == 1:
        yield ("seeds",), "one seed gives no interval and no test, only single numbers"
    for name, evaluation in study.evaluations.items():
        if evaluation.matched_to is not None and "random" not in evaluation.controls:
            yield ("evaluations", name, "matched_to"), "has no effect without the control `random`"
        if len(study.seeds) > 1:
            yield from _power(study, name, evaluation)
    yield from _unused(study)


def _power(study: Study, name: str, evaluation: Evaluation) -> Iterator[Fault]:
    seeds, tests = len(study.seeds), len(evaluation.compare)
    needed = seeds_needed(study.alpha, tests) if tests else 0
    if seeds < needed:
        least = smallest_p(seeds)
        message = f"{seeds} seeds cannot show a difference: the least possible p is {least:.4g}, and {tests} tests at"
        yield ("evaluations", name, "compare"), f"{message} alpha {study.alpha:g} need {needed} seeds (or fewer tests)"


def _unused(study: Study) -> Iterator[Fault]:
    tickets, evaluations = study.tickets.values(), study.evaluations.values()
    used = {
        "datasets": set(Plan(study).used_datasets),
        "networks": {ticket.network for ticket in tickets},
        "recipes": {ticket.recipe for ticket in tickets} | {evaluation.recipe for evaluation in evaluations},
    }
    for section, names in used.items():
        for name in getattr(study, section):
            if name not in names:
                yield (section, name), "is used by no ticket and no evaluation"
