"""Captions of the figures of a study: first what is in it, then how to read it."""

from collections.abc import Callable, Iterable, Mapping

from lth.analysis.figures.facts import Facts, in_a_row, sentences
from lth.plan.dense import dense_round
from lth.plan.plan import Plan

_FALLS = "Density falls from left to right."


def _by_round(facts: Facts, what: str) -> str:
    """A value of every round, in a panel for each data set."""
    datasets, tickets = facts.datasets, facts.tickets()
    where = (
        f"a panel for each data set ({in_a_row(datasets, 'data sets')})" if len(datasets) > 1 else f"on {datasets[0]}"
    )
    alone = [name for name in facts.tickets(dense=False) if len(facts.plan.rounds(name)) == 1]
    dense = [name for name in tickets if name not in facts.tickets(dense=False)]
    mark = "a mark with its interval" if facts.several else "a mark"
    return sentences(
        f"{what}: {in_a_row(tickets, 'tickets')}, {where}; {facts.n}.",
        _FALLS,
        facts.intervals("Bands"),
        f"Of one density, and so {mark}: {in_a_row(alone, 'tickets')}." if alone else "",
        f"The horizontal line is the dense network ({in_a_row(dense, 'tickets')})." if dense else "",
    )


def _curves(what: str, reading: str) -> Callable[[Facts], str]:
    """The caption of a value of every round: what it is, and how to read it."""
    return lambda facts: sentences(_by_round(facts, what), reading)


def _early_stop(facts: Facts) -> str:
    recipes = {
        facts.plan.recipe_name(ticket, round_) for ticket in facts.tickets() for round_ in facts.plan.rounds(ticket)
    }
    mixed = f"Here are several ({in_a_row(sorted(recipes), 'recipes')})." if len(recipes) > 1 else ""
    return sentences(
        _by_round(facts, "The iteration of least validation loss after every pruning round"),
        "Training could be stopped there: lower is faster among tickets trained with one recipe.",
        mixed,
        "A decaying learning rate moves the minimum towards the end. The resolution is the interval between two "
        "evaluations.",
    )


def _accuracy_drop(facts: Facts) -> str:
    plan, tickets = facts.plan, facts.tickets(dense=False)
    paired = _with_dense(plan, tickets)
    others = [name for name in tickets if name not in paired]
    return sentences(
        "Test accuracy of every round minus that of its dense network (of its own chain, else of the same recipe), "
        f"paired by seed: {in_a_row(paired, 'tickets')}; {facts.n}.",
        f"Of {in_a_row(others, 'tickets')} the study trains no such dense network." if others else "",
        _FALLS,
        facts.intervals("Bands"),
        _matching(facts.plan.study.matching_margin),
    )


def _with_dense(plan: Plan, tickets: Iterable[str]) -> list[str]:
    """The tickets whose dense network the study trains."""
    return [name for name in tickets if any(dense_round(plan, name, round_) for round_ in _pruned(plan, name))]


def _pruned(plan: Plan, ticket: str) -> list[int]:
    return [round_ for round_ in plan.rounds(ticket) if plan.density(ticket, round_) < 1]


def _matching(margin: float | None) -> str:
    if margin is None:
        return "Descriptive: nothing here is tested."
    return (
        f"Grey is the matching margin of ±{margin:g} points. Filled markers are equivalent to dense within it; a ring "
        "marks the sparsest round that matches dense (is not worse by the margin). Both are tested from dense to "
        "sparse, and claims end with the first test that is not significant, so that no correction is needed."
    )


def _learning_curves(facts: Facts) -> str:
    return sentences(
        f"Mean test accuracy in the training of every round: {in_a_row(facts.tickets(rounds=2), 'tickets')}, a panel "
        f"each; {facts.n}. Colours are densities.",
        "All panels of a data set have one accuracy axis, which leaves out the steep beginning. Where sparser lines "
        "rise earlier, pruned tickets learn faster (Frankle and Carbin 2019, figure 3).",
    )


def _accuracy_while_pruned(facts: Facts) -> str:
    return sentences(
        "Mean test accuracy (top) and density (bottom) by epoch, where weights are pruned during training: "
        f"{in_a_row(facts.tickets(pruned_in_training=True), 'tickets')}; {facts.n}.",
        "The axis of accuracy leaves out the steep beginning.",
        "A dip after a step of density is what pruning costs before training recovers it. Only epochs at the final "
        "density can be the reported one.",
        facts.intervals("Bands"),
    )


def _layer_density(facts: Facts) -> str:
    tickets = facts.tickets(dense=False)
    alone = [name for name in tickets if len(facts.plan.rounds(name)) == 1]
    rounds = [name for name in tickets if name not in alone]
    return sentences(
        f"Density of each layer, in network order; means, {facts.n}.",
        f"A panel for each of {in_a_row(rounds, 'tickets')}, a line for each round." if len(rounds) > 1 else "",
        f"A line for each round of {rounds[0]}." if len(rounds) == 1 else "",
        f"Tickets of a single density share a panel: {in_a_row(alone, 'tickets')}." if alone else "",
        "Tickets that keep the same share of all layers are left out. A cross at the tick marked 0 is a layer that "
        "keeps no weight (layer collapse).",
    )


def _layer_sensitivity(facts: Facts) -> str:
    alone = [name for name, spec in facts.plan.study.tickets.items() if getattr(spec, "layer_densities", None)]
    paired = _with_dense(facts.plan, alone)
    others = [name for name in alone if name not in paired]
    return sentences(
        "Test accuracy where one layer alone is pruned and all others are whole, against the density of that layer: "
        f"{in_a_row(alone, 'tickets')}; {facts.n}.",
        "Colours go from the first layer to the last.",
        "Where a line falls early, the network is sensitive to that layer.",
        "The horizontal line is the dense network." if paired else "",
        f"Of {in_a_row(others, 'tickets')} the study trains no dense network." if others else "",
        facts.intervals("Bands"),
    )


def _transfer_matrix(facts: Facts) -> str:
    evaluations = facts.plan.study.evaluations
    own = {name: spec for name, spec in evaluations.items() if "own" in spec.initialisations}
    tickets = [ticket for ticket in facts.plan.study.tickets if any(ticket in spec.tickets for spec in own.values())]
    return sentences(
        f"Mean test accuracy of tickets in their own initialisation: {in_a_row(tickets, 'tickets')} (rows), trained on "
        f"{in_a_row((spec.dataset for spec in own.values()), 'data sets')} (columns); {facts.n}.",
        "Colours compare within a column only: how many points a ticket is behind the best one there. Descriptive: the "
        "tests are those of each evaluation.",
    )


STUDY_CAPTIONS: Mapping[str, Callable[[Facts], str]] = {
    "pruning_curves": _curves(
        "Test accuracy after every pruning round, at the early-stopping iteration (least validation loss)",
        "Where a curve is flat, pruning costs no accuracy.",
    ),
    "pruning_loss": _curves(
        "Cross-entropy on the test data after every pruning round, at the early-stopping iteration",
        "Unlike accuracy, the loss also reflects how confident the predictions are.",
    ),
    "validation_loss": _curves(
        "The least cross-entropy on the validation data in the training of every pruning round",
        "It selects the early-stopping iteration.",
    ),
    "pruning_f1": _curves(
        "F1 score of the second class (positive, duplicate) on the test data after every pruning round",
        "F1 is the harmonic mean of precision and recall; data sets with more classes are left out.",
    ),
    "early_stop": _early_stop,
    "accuracy_drop": _accuracy_drop,
    "learning_curves": _learning_curves,
    "accuracy_while_pruned": _accuracy_while_pruned,
    "layer_density": _layer_density,
    "layer_sensitivity": _layer_sensitivity,
    "transfer_matrix": _transfer_matrix,
}
"""By the name of the figure."""
