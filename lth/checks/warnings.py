"""Warnings about a study that can be run: it decides less than it seems to, or holds parts that nothing uses."""

from collections.abc import Iterator

from lth.catalog.controls import ARM_KINDS, OF_EACH
from lth.catalog.datasets import ImageSource
from lth.checks.power import equivalence_seeds_needed, seeds_needed, smallest_equivalence_p, smallest_p
from lth.checks.problems import Path
from lth.checks.relations import datasets_of, recipes_of, weights_of
from lth.checks.wording import listed
from lth.config.base import Fault
from lth.config.data import Dataset
from lth.config.options import THETA_0
from lth.config.study import Assessment, Study
from lth.plan.plan import Plan


def warnings(study: Study) -> Iterator[Fault]:
    """What the author of a valid study should know before waiting for it."""
    if len(study.seeds) == 1:
        yield ("seeds",), "one seed gives no interval and no test, only single numbers"
    for name, evaluation in study.evaluations.items():
        if evaluation.matched_to is not None and not {"random", "magnitude"} & {*evaluation.controls}:
            yield ("evaluations", name, "matched_to"), "has no effect without the control `random` or `magnitude`"
        if evaluation.controls_of and not {*OF_EACH} & {*evaluation.controls}:
            yield ("evaluations", name, "controls_of"), "has no effect: each of `controls` is one arm for all tickets"
    if len(study.seeds) > 1:
        for path, assessment in _assessments(study):
            yield from _power(study, path, assessment)
            if assessment.equivalence_margin is not None:
                yield from _equivalence_power(study, path, assessment)
    yield from _fine_margins(study)
    yield from _two_things(study)
    yield from _without_effect(study)
    yield from _unused(study)


def _assessments(study: Study) -> Iterator[tuple[Path, Assessment]]:
    yield from ((("evaluations", name), evaluation) for name, evaluation in study.evaluations.items())
    yield from ((("comparisons", name), comparison) for name, comparison in study.comparisons.items())


def _fine_margins(study: Study) -> Iterator[Fault]:
    """Margins that only seeds with equal accuracies lie within; perhaps shares, where points are meant."""
    plan = Plan(study)
    for path, assessment in _assessments(study):
        if (margin := assessment.equivalence_margin) is None:
            continue
        dataset = study.datasets[plan.assessment_dataset(path[1])]
        if margin <= 100 / dataset.test_size:
            message = f"{margin:g} percentage points are no more than one of {dataset.test_size} test {dataset.noun}"
            yield (*path, "equivalence_margin"), f"{message}: only arms of equal accuracy lie within"


def _two_things(study: Study) -> Iterator[Fault]:
    """Controls that differ from their ticket in more than the mask."""
    over_theta_0 = [kind for kind, facts in ARM_KINDS.items() if facts.weights == "theta_0" and kind != "dense"]
    for name, evaluation in study.evaluations.items():
        kinds = [kind for kind in over_theta_0 if kind in evaluation.controls]
        others = {ticket: weights_of(study, ticket) for ticket in evaluation.tickets}
        moved = [f"'{ticket}' from {weights}" for ticket, weights in others.items() if weights != THETA_0]
        if kinds and moved:
            message = f"{' and '.join(kinds)} masks start from theta_0, {listed(moved)}"
            yield ("evaluations", name, "controls"), f"{message}: such arms differ in the mask and in the weights"


def _without_effect(study: Study) -> Iterator[Fault]:
    """Parts of recipes that do nothing on the data sets that they meet."""
    for name, recipe in study.recipes.items():
        datasets = datasets_of(study, name)
        colour = recipe.augment.colour if recipe.augment else None
        for key in ("saturation", "hue"):
            if getattr(colour, key, 0) and datasets and all(_is_grey(study.datasets[other]) for other in datasets):
                path = ("recipes", name, "augment", "colour", key)
                yield path, f"has no effect: the images of {listed(datasets)} are grey"
        for dataset in datasets if recipe.evaluate_every else []:
            steps, _ = recipe.steps(study.datasets[dataset].sizes[0])
            if (recipe.evaluate_every or 0) > steps:
                message = f"only the untrained and the trained network are scored: {steps} steps on '{dataset}'"
                yield ("recipes", name, "evaluate_every"), f"{message}, found {recipe.evaluate_every}"


def _is_grey(dataset: Dataset) -> bool:
    source = dataset.entry
    return dataset.grey or (isinstance(source, ImageSource) and source.channels == 1)


def _power(study: Study, path: Path, assessment: Assessment) -> Iterator[Fault]:
    seeds, tests = len(study.seeds), len(assessment.compare)
    needed = seeds_needed(study.alpha, tests) if tests else 0
    if seeds < needed:
        least = smallest_p(seeds)
        message = f"{seeds} seeds cannot show a difference: the least possible p is {least:.4g}, and {tests} tests at"
        yield (*path, "compare"), f"{message} alpha {study.alpha:g} need {needed} seeds (or fewer tests)"


def _equivalence_power(study: Study, path: Path, assessment: Assessment) -> Iterator[Fault]:
    seeds, tests = len(study.seeds), len(assessment.compare)
    needed, within = equivalence_seeds_needed(study.alpha, tests), seeds_needed(study.alpha, tests)
    if seeds < needed:
        least = smallest_equivalence_p(seeds)
        message = f"{seeds} seeds cannot show equivalence: the least possible p is {least:.4g}, and {tests} tests at"
        yield (*path, "equivalence_margin"), f"{message} alpha {study.alpha:g} need {needed} seeds (or fewer tests)"
    elif seeds < within:
        message = f"the first equivalence that {seeds} seeds can show needs each seed's difference within the margin"
        yield (*path, "equivalence_margin"), f"{message}; with {within} seeds (or fewer tests) one may lie outside"


def _unused(study: Study) -> Iterator[Fault]:
    tickets, evaluations = study.tickets.values(), study.evaluations.values()
    recipes = {recipe for ticket in tickets for recipe in recipes_of(ticket)}
    used: dict[str, set[str]] = {
        "datasets": {*Plan(study).used_datasets},
        "networks": {ticket.network for ticket in tickets},
        "recipes": recipes | {evaluation.recipe for evaluation in evaluations},
    }
    for section, names in used.items():
        for name in getattr(study, section):
            if name not in names:
                yield (section, name), "is used by no ticket and no evaluation"
