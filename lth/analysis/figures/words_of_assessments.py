"""Captions of the figures of an evaluation or comparison: first what is in it, then how to read it."""

from collections.abc import Callable, Mapping

from lth.analysis.figures.facts import Facts, in_a_row, sentences
from lth.catalog.controls import ARM_KINDS, OF_EACH
from lth.config.study import Evaluation
from lth.config.tickets import ChainTicket

MOST_PANELS = 6
"""Largest number of ticket pairs that get one panel each."""
MOST_PAIRS = 6
"""Pairs whose difference of confusion matrices is drawn."""


def _final_accuracy(facts: Facts) -> str:
    colours = (
        "Colours are pruning methods; tickets that differ only in density share one."
        if facts.compares
        else "Colours are tickets, markers the initialisation or control."
    )
    return sentences(
        facts.of_arms("Test accuracy"),
        "Large markers are means at the epoch of least validation loss."
        if facts.several
        else "Markers are the accuracy at the epoch of least validation loss.",
        facts.intervals("Lines"),
        facts.of_several("Small points are single seeds."),
        colours,
        facts.of_several(
            "Arms are paired by seed: judge a difference by the paired differences, not by whether intervals overlap."
        ),
    )


def _accuracy_cost(facts: Facts) -> str:
    return sentences(
        facts.of_arms("Test accuracy against the cost of training"),
        "Costs are those of every round that a ticket was derived from.",
        facts.found_elsewhere,
        "Left: passes over the training data. Right: theoretical FLOPs of the kept weights, if zeros cost nothing.",
        facts.intervals("Lines"),
        "Markers of nearly equal cost are drawn side by side. Higher and further left is better.",
    )


def _pairs(facts: Facts, most: int | None = None) -> str:
    return in_a_row((f"{first} minus {second}" for first, second in facts.spec.compare[:most]), "pairs")


def _differences(facts: Facts) -> str:
    margin = facts.spec.equivalence_margin
    many = len(facts.spec.compare)
    return sentences(
        f"Differences in test accuracy on {facts.target}, within each seed: {_pairs(facts)}. {facts.at}",
        "Right of zero, the first arm is better.",
        facts.of_several(
            "Filled markers are significant, open ones are not: the exact sign-flip test decides"
            + (f", Holm-adjusted over all {many} rows." if many > 1 else ".")
        ),
        facts.intervals("Lines"),
        facts.of_several(
            "They are uncorrected and descriptive: one that excludes 0 is no significance by itself, and a difference "
            "that is not significant is no evidence of equality."
        ),
        ""
        if margin is None
        else f"The grey band is the equivalence margin of ±{margin:g} points. The outcome is that of both exact tests: "
        "different, equivalent within the margin, both (a difference smaller than the margin), or inconclusive."
        + facts.of_several(" Thick lines are the intervals that belong to the equivalence test."),
    )


def _initialisations(facts: Facts) -> str:
    words = [f"{ARM_KINDS[kind].words}: {facts.control(kind)}" for kind in facts.controls]
    each = "each beside its controls" if len(facts.evaluated) > 1 else "beside its controls"
    spec, only = facts.spec, ""
    if isinstance(spec, Evaluation) and spec.controls_of:
        made = in_a_row((ARM_KINDS[kind].words for kind in spec.controls if kind in OF_EACH), "controls")
        only = f"Of {in_a_row(spec.controls_of, 'tickets')} alone: {made}." if made else ""
    others = isinstance(spec, Evaluation) and spec.other_initialisations
    return sentences(
        f"Test accuracy on {facts.target}: {in_a_row(facts.evaluated, 'tickets')}, {each}. {facts.at}",
        f"A control keeps as many weights in each layer as its ticket ({'; '.join(words)}).",
        only,
        facts.intervals("Vertical lines"),
        facts.of_several("A thin line connects the results of one seed."),
        f"Across: {in_a_row(facts.across, 'arms')}{', with intervals as bands' if facts.several else ''}."
        if facts.across
        else "",
        "All arms start from the network's own initialisation." if others else "",
    )


def _by_epoch(facts: Facts, what: str) -> str:
    panels = (
        "The second panel shows the same curves, its vertical axis zoomed to the second half of training."
        if facts.compares
        else "One panel for each initialisation or control"
        + (f"; in each the arms that all tickets share ({in_a_row(facts.across, 'arms')})." if facts.across else ".")
    )
    ends = "A curve ends with the first seed that stopped early." if facts.several and facts.may_stop_early else ""
    return sentences(facts.of_arms(what), facts.intervals("Bands"), ends, panels)


def _accuracy_by_epoch(facts: Facts) -> str:
    spec = facts.spec
    published = isinstance(spec, Evaluation) and spec.published
    return sentences(
        _by_epoch(facts, "Mean test accuracy by epoch (0 is the untrained network)"),
        "A curve further left learns faster, where arms are trained with one recipe."
        if facts.compares
        else "A curve further left learns faster.",
        _which_round(facts),
        f"Dotted: published accuracies of {in_a_row(published, 'arms')}." if published else "",
    )


def _which_round(facts: Facts) -> str:
    """Of arms that took several trainings, which one is shown."""
    chains = [name for name in facts.evaluated if isinstance(facts.plan.study.tickets[name], ChainTicket)]
    if not facts.compares or not chains:
        return ""
    return f"Of {in_a_row(chains, 'tickets')}, pruned in rounds, it is the training of the round at this density."


def _loss_by_epoch(facts: Facts) -> str:
    return sentences(
        _by_epoch(facts, "Mean cross-entropy by epoch"),
        "Top: running mean over the training batches since the previous evaluation. Bottom: validation loss, whose "
        "minimum selects the reported epoch. Training loss that falls while validation loss rises indicates "
        "overfitting. The loss of the untrained network may be off the scale.",
    )


def _training_accuracy(facts: Facts) -> str:
    return sentences(
        _by_epoch(facts, "Mean accuracy by epoch"),
        "Top: running mean over the training batches since the previous evaluation. Bottom: validation accuracy. "
        "Training accuracy that rises while validation accuracy does not indicates overfitting.",
    )


def _epochs_to_reach(facts: Facts) -> str:
    percent = facts.spec.reach_percent
    target = "95 % of the dense network's mean accuracy" if percent is None else f"{percent:g} % test accuracy"
    return sentences(
        facts.of_arms(f"The first epoch with {target}"),
        "The large marker is the median over seeds, small points are single seeds. Seeds that never get there stand at "
        "'never' and rank above all others in the median."
        if facts.several
        else "An arm that never gets there stands at 'never'.",
        "Further left is faster, where arms are trained with one recipe."
        if facts.compares
        else "Further left is faster.",
        _which_round(facts),
    )


def _class_accuracy(facts: Facts) -> str:
    return sentences(
        facts.of_arms("Recall of each class of the test data", ("own", "random", "dense")),
        facts.intervals("Lines"),
        "Descriptive: differences between classes or arms are not tested"
        + facts.of_several(", and intervals are not adjusted for the number of classes")
        + ".",
    )


def _confusion(facts: Facts) -> str:
    return sentences(
        facts.of_arms("Which class the test examples of each class are taken for", ("own", "dense")),
        f"Rows are true classes and sum to 100 %, columns predicted classes{facts.of_several('; means over seeds')}."
        " The diagonal is the recall of each class. Shading follows the square root of the percentage, so that errors "
        "of a few percent remain visible; cells below 0.5 % have no number.",
    )


def _confusion_differences(facts: Facts) -> str:
    left = len(facts.spec.compare) - MOST_PAIRS
    return sentences(
        f"Differences of confusion matrices on {facts.target}: {_pairs(facts, MOST_PAIRS)}. {facts.at}",
        "Numbers are percentage points of the true class" + facts.of_several(", means over seeds") + ".",
        "On the diagonal, blue is more recall of the first arm; elsewhere, red is more errors of that kind. "
        "Descriptive: nothing here is tested. Cells that round to 0 have no number.",
        f"The other {left} pairs are not drawn." if left > 0 else "",
    )


def _mask_overlap(facts: Facts) -> str:
    pairs = facts.overlapping
    drawn = (
        "a dot is the mean over seeds, its line the range, the grey tick what two random masks with the same counts "
        "share on average."
        if len(pairs) > MOST_PANELS
        else "points are seeds, the solid line their mean, the dashed line what two random masks with the same counts "
        "share on average."
    )
    tickets = {*(name for pair in pairs for name in pair)}
    made = [
        f"{name} was made from {in_a_row(sorted(facts.made_of(name) & tickets), 'tickets')}"
        for name in facts.evaluated
        if facts.made_of(name) & tickets
    ]
    return sentences(
        f"How many weights two masks share in each layer: {in_a_row((f'{a} with {b}' for a, b in pairs), 'pairs')}. "
        f"{facts.at}",
        "The Jaccard index is the number of weights kept by both divided by that of weights kept by either. In each "
        f"layer, {drawn}",
        "Overlap may exceed chance because tickets of a seed share their initial weights"
        + (f", and because {in_a_row(made, 'tickets')}." if made else "."),
    )


def _layer_density_by_arm(facts: Facts) -> str:
    return sentences(
        f"Density of each layer, in network order: {in_a_row(facts.evaluated, 'tickets')}. {facts.at}",
        facts.of_several("Points are means, bars the range over seeds."),
        "A cross at the tick marked 0 is a layer that keeps no weight in any seed (layer collapse): only its biases "
        "reach the next layer.",
    )


def _block_density(facts: Facts) -> str:
    return sentences(
        "Density of the attention matrices (query, key, value, output) and of the feed-forward matrices in each block "
        f"of the encoder: {in_a_row(facts.evaluated, 'tickets')}. {facts.at}",
        "Where the two lines of a ticket differ, its score prunes one kind of weights more than the other.",
    )


ASSESSMENT_CAPTIONS: Mapping[str, Callable[[Facts], str]] = {
    "final_accuracy": _final_accuracy,
    "accuracy_cost": _accuracy_cost,
    "differences": _differences,
    "initialisations": _initialisations,
    "accuracy_by_epoch": _accuracy_by_epoch,
    "loss_by_epoch": _loss_by_epoch,
    "training_accuracy": _training_accuracy,
    "epochs_to_reach": _epochs_to_reach,
    "class_accuracy": _class_accuracy,
    "confusion": _confusion,
    "confusion_differences": _confusion_differences,
    "mask_overlap": _mask_overlap,
    "layer_density_by_arm": _layer_density_by_arm,
    "block_density": _block_density,
}
"""By the name of the figure."""
