"""Warnings about a study that can be run: it decides less than it seems to, or holds parts that nothing uses."""

from collections.abc import Iterator
from math import ceil, isclose

from lth.catalog.controls import ARM_KINDS, OF_EACH
from lth.checks.networks import foreign_code
from lth.checks.power import equivalence_seeds_needed, seeds_needed, smallest_equivalence_p, smallest_p
from lth.checks.relations import datasets_of, trained_with, weights_of
from lth.checks.wording import listed
from lth.config.base import Fault
from lth.config.data import Dataset
from lth.config.layers import RATED
from lth.config.options import THETA_0
from lth.config.study import Assessment, Evaluation, Study
from lth.config.tickets import PrunedTicket
from lth.plan.counted import counted_by
from lth.plan.dense import dense_round
from lth.plan.plan import Arm, Plan


def warnings(study: Study) -> Iterator[Fault]:
    """What the author of a valid study should know before waiting for it."""
    if len(study.seeds) == 1:
        yield ("seeds",), "one seed gives no interval and no test, only single numbers"
    plan = Plan(study)
    for path, spec in study.assessments():
        rules = [_power(study, spec), _fine_margin(spec, study.datasets[plan.assessment_dataset(path[1])])]
        if isinstance(spec, Evaluation):
            rules += [_controls(study, spec), _other_counts(plan, path[1])]
        yield from (((*path, *inner), message) for rule in rules for inner, message in rule)
    yield from _matching(plan)
    yield from _without_effect(study)
    yield from _late_patience(study)
    yield from _few_examples(study)
    yield from _clipped_penalty(study)
    yield from foreign_code(study)
    yield from _unused(plan)


def _power(study: Study, spec: Assessment) -> Iterator[Fault]:
    """Tests that cannot come out, whatever the seeds show."""
    seeds, tests = len(study.seeds), len(spec.compare)
    if seeds == 1 or not tests:
        return
    within = seeds_needed(study.alpha, tests)
    kinds = [("compare", "a difference", smallest_p(seeds), within)]
    if spec.equivalence_margin is not None:
        needed = equivalence_seeds_needed(study.alpha, tests)
        kinds.append(("equivalence_margin", "equivalence", smallest_equivalence_p(seeds), needed))
        if needed <= seeds < within:
            message = f"the first equivalence that {seeds} seeds can show needs each seed's difference within the"
            advice = f"with {within} seeds (or fewer tests) one may lie outside"
            yield ("equivalence_margin",), f"{message} margin; {advice}"
    for key, what, least, needed in kinds:
        if seeds < needed:
            message = f"{seeds} seeds cannot show {what}: the least possible p is {least:.4g}, and {tests} tests at"
            yield (key,), f"{message} alpha {study.alpha:g} need {needed} seeds (or fewer tests)"


def _matching(plan: Plan) -> Iterator[Fault]:
    """Too few seeds for any round to be shown to match its dense network; each is tested at full alpha. Or no such
    network."""
    study = plan.study
    seeds, needed = len(study.seeds), equivalence_seeds_needed(study.alpha, 1)
    if study.matching_margin is not None and 1 < seeds < needed:
        least = f"the least possible p is {smallest_equivalence_p(seeds):.4g}"
        message = f"{seeds} seeds cannot show that a round matches: {least}, and alpha {study.alpha:g}"
        yield ("matching_margin",), f"{message} needs {needed} seeds"
    places = [(name, round_) for name in study.tickets for round_ in plan.rounds(name)]
    if study.matching_margin is not None and not any(
        dense_round(plan, *place) not in (None, place) for place in places
    ):
        message = "has no effect: the study trains no dense network that a round could match"
        yield ("matching_margin",), f"{message}; add a ticket with `method: dense`"


def _fine_margin(spec: Assessment, dataset: Dataset) -> Iterator[Fault]:
    """A margin that only seeds with equal accuracies lie within; perhaps a share, where points are meant."""
    margin = spec.equivalence_margin
    if margin is not None and margin <= 100 / dataset.test_size:
        message = f"{margin:g} percentage points are no more than one of {dataset.test_size} test {dataset.noun}"
        yield ("equivalence_margin",), f"{message}: only arms of equal accuracy lie within"


def _controls(study: Study, spec: Evaluation) -> Iterator[Fault]:
    """Keys of controls that there are not, and controls that differ from their ticket in more than the mask."""
    if spec.matched_to is not None and not {"random", "magnitude"} & {*spec.controls}:
        yield ("matched_to",), "has no effect without the control `random` or `magnitude`"
    if spec.controls_of and not {*OF_EACH} & {*spec.controls}:
        yield ("controls_of",), "has no effect: each of `controls` is one arm for all tickets"
    kinds = [kind for kind in ARM_KINDS if kind in spec.controls and kind != "dense"]
    kinds = [kind for kind in kinds if ARM_KINDS[kind].weights == "theta_0"]
    moved = {ticket: weights for ticket in spec.tickets if (weights := weights_of(study, ticket)) != THETA_0}
    if kinds and moved:
        others = listed(f"'{ticket}' from {weights}" for ticket, weights in moved.items())
        message = f"{' and '.join(kinds)} masks start from theta_0, {others}"
        yield ("controls",), f"{message}: such arms differ in the mask and in the weights"


def _other_counts(plan: Plan, evaluation: str) -> Iterator[Fault]:
    """Pairs of a ticket and a mask with the counts in each layer of another one."""
    arms = {arm.name: arm for arm in plan.arms(evaluation)}
    for number, pair in enumerate(plan.study.evaluations[evaluation].compare):
        first, second = (arms[name] for name in pair)
        for mask, other in ((first, second), (second, first)):
            shared = mask.kind in ("random", "magnitude") and other.kind not in ("random", "magnitude", "dense")
            if shared and other.ticket != mask.ticket and not _equal_counts(plan, mask, other):
                message = (
                    f"'{mask.name}' keeps as many weights in each layer as '{mask.ticket}', and '{other.ticket}' may"
                )
                advice = f"`matched_to: {other.ticket}` gives it those of '{other.ticket}'"
                yield ("compare", number), f"{message} keep others; {advice}"


def _equal_counts(plan: Plan, first: Arm, second: Arm) -> bool:
    """Whether two tickets keep equal shares of all layers, so far as it is known before they are found."""
    specs = [counted_by(plan.study, arm.ticket) for arm in (first, second)]
    if not all(isinstance(spec, PrunedTicket) and spec.scope == "layerwise" for spec in specs):
        return False
    shares = [[float(plan.density(arm.ticket, arm.round, kind)) for kind in (None, *RATED)] for arm in (first, second)]
    # as near as a round's density has to be to the `density` that an evaluation asks for
    alike = all(isclose(one, other, rel_tol=0.02) for one, other in zip(*shares, strict=True))
    return alike and not any(getattr(spec, "layer_densities", None) for spec in specs)


def _without_effect(study: Study) -> Iterator[Fault]:
    """Parts of recipes that do nothing on the data sets that they meet."""
    for name, recipe in study.recipes.items():
        datasets = datasets_of(study, name)
        colour = recipe.augment.colour if recipe.augment else None
        for key in ("saturation", "hue"):
            if getattr(colour, key, 0) and datasets and all(_is_grey(study.datasets[other]) for other in datasets):
                path = ("recipes", name, "augment", "colour", key)
                yield path, f"has no effect: the images of {listed(datasets)} are grey"
        for words, examples in trained_with(study, name).items() if recipe.evaluate_every else ():
            steps, _ = recipe.steps(examples)
            if (recipe.evaluate_every or 0) > steps:
                message = f"only the untrained and the trained network are scored: {steps} steps on {words}"
                yield ("recipes", name, "evaluate_every"), f"{message}, found {recipe.evaluate_every}"
        if recipe.kernels == "sparse" and datasets and all(study.datasets[other].noun == "texts" for other in datasets):
            yield ("recipes", name, "kernels"), "has no effect: encoders of texts have no sparse kernels"


def _late_patience(study: Study) -> Iterator[Fault]:
    """Patience of trainings whose masks change until too few evaluations are left."""
    for name, ticket in study.tickets.items():
        recipe = study.recipes[ticket.recipe]
        for dataset in ticket.trained_on() if recipe.patience else ():
            steps, epoch = recipe.steps(study.datasets[dataset].sizes[0])
            settled = ticket.options.settled(steps, epoch)
            left = ceil((steps - settled) / (recipe.evaluate_every or epoch))
            if settled and (recipe.patience or 0) >= left:
                message = f"ends no training of '{name}' early: its masks change until step {settled} of {steps}"
                yield ("recipes", ticket.recipe, "patience"), f"{message} (evaluations left: {left})"


def _clipped_penalty(study: Study) -> Iterator[Fault]:
    """A norm of gradients that the penalty of `dual` is part of."""
    for name, ticket in study.tickets.items():
        transform = getattr(ticket, "transform", None)
        if transform and ticket.options.moves_pruned and study.recipes[transform].clip_grad_norm:
            message = f"clips the penalty on masked weights together with the gradients of the others ('{name}'), so"
            yield ("recipes", transform, "clip_grad_norm"), f"{message} that these shrink as lambda rises"


def _few_examples(study: Study) -> Iterator[Fault]:
    """Few-shot data sets that lack classes."""
    for name, spec in study.evaluations.items():
        classes = study.datasets[spec.dataset].entry.classes
        if spec.examples and spec.examples < classes:
            message = f"{spec.examples} examples of {classes} classes: each draw lacks some of them"
            yield ("evaluations", name, "examples"), message


def _is_grey(dataset: Dataset) -> bool:
    return dataset.noun == "images" and dataset.shape[0] == 1


def _unused(plan: Plan) -> Iterator[Fault]:
    tickets, evaluations = plan.study.tickets.values(), plan.study.evaluations.values()
    recipes = {recipe for ticket in tickets for recipe in ticket.trainings()}
    used: dict[str, set[str]] = {
        "datasets": {*plan.used_datasets},
        "networks": {ticket.network for ticket in tickets},
        "recipes": recipes | {evaluation.recipe for evaluation in evaluations},
    }
    for section, names in used.items():
        unused = [name for name in getattr(plan.study, section) if name not in names]
        yield from (((section, name), "is used by no ticket and no evaluation") for name in unused)
