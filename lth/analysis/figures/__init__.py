"""Figures of a study: the table of their names, with captions that say how to read them.

Matplotlib is imported in the modules of this package only (and not by this one), without pyplot and its global state.
`lth.analysis.figures.draw` is what a job calls.
"""

from dataclasses import dataclass
from typing import Literal

from lth.catalog.registry import Entry, Registry

Need = Literal["pairs", "transforms", "goal", "masks", "two masks", "costs", "encoder", "two classes"]
"""Comparisons decided on beforehand, arms that one thing was done to, an accuracy to reach, pruned tickets (of one
network), known costs, an encoder of texts; of a study, a data set of two classes."""


@dataclass(frozen=True, kw_only=True)
class Drawing(Entry):
    """One figure of the study, or of each evaluation and comparison: a function of tables (by name) and a palette."""

    caption: str
    """How to read it; also in `workflow/report/<name>.rst`."""
    tables: tuple[str, ...]
    """The tables it needs."""
    scope: Literal["study", "evaluation"] = "evaluation"
    """Of the study, or of each evaluation and comparison."""
    needs: tuple[Need, ...] = ()
    """What there must be for it; without that, it is not drawn (`lth.analysis.figures.choice`)."""


FIGURES = Registry(
    {
        "final_accuracy": Drawing(
            target="lth.analysis.figures.arms:final_accuracy",
            about="Test accuracy of every arm",
            caption=(
                "A row for each arm. The large mark is the mean test accuracy at the epoch of least validation loss, "
                "the line its confidence interval, each small point one seed. Of an evaluation, colour is the ticket "
                "and shape what was done to it; of tickets compared as they were found, one way to find them has one "
                "colour at all densities. Whether two arms differ is not to be read from overlapping intervals, since "
                "arms are paired by seed: see the paired differences."
            ),
            tables=("runs", "arms"),
        ),
        "accuracy_cost": Drawing(
            target="lth.analysis.figures.cost:accuracy_cost",
            about="Accuracy against cost",
            caption=(
                "Test accuracy of each arm against what its training cost, together with all rounds that it was made "
                "from: on the left in passes over the training data, on the right in the arithmetic that the kept "
                "weights would take where zeros cost nothing. Lines are confidence intervals; marks of nearly equal "
                "cost stand side by side. Higher and further left is better."
            ),
            tables=("arms",),
            needs=("costs",),
        ),
        "differences": Drawing(
            target="lth.analysis.figures.arms:differences",
            about="Paired differences",
            caption=(
                "The comparisons decided on beforehand: the first arm minus the second, seed by seed. Right of zero "
                "the first is better. The line is the confidence interval of that one mean; the p value is from the "
                "exact sign-flip test, adjusted for all rows (Holm). Only filled marks claim a difference; an open "
                "one claims nothing, least of all that the two are equal."
            ),
            tables=("comparisons", "arms"),
            needs=("pairs",),
        ),
        "initialisations": Drawing(
            target="lth.analysis.figures.arms:initialisations",
            about="Ticket against reinitialised against shuffled",
            caption=(
                "Each ticket with the weights it was found from, with freshly drawn ones, and with its mask shuffled "
                "within each layer. A thin line joins one seed's results. If the winning initialisation matters, "
                "lines fall from the first mark to the second; if the places of the kept weights matter, the third is "
                "lower than the first. Lines across: the dense network and a random mask, with intervals."
            ),
            tables=("runs", "arms"),
            needs=("transforms",),
        ),
        "accuracy_by_epoch": Drawing(
            target="lth.analysis.figures.curves:accuracy_by_epoch",
            about="Accuracy by epoch",
            caption=(
                "Mean test accuracy as training goes on, epoch 0 being untrained; bands are confidence intervals over "
                "seeds. One panel for each kind of arm, with the dense network and the random mask in all of them for "
                "comparison; tickets compared as they were found have one panel, and beside it a closer look at the "
                "heights of the second half of training. A curve that lies further left learns faster, if its recipe "
                "is the same; of a ticket with rounds it is the last one's training."
            ),
            tables=("curves",),
        ),
        "loss_by_epoch": Drawing(
            target="lth.analysis.figures.curves:loss_by_epoch",
            about="Loss by epoch",
            caption=(
                "Cross-entropy: above, the running mean over training data since the last scoring; below, on the "
                "validation data, whose least value decides the step that is reported. Training loss that falls "
                "while validation loss rises is overfitting. Panels as for the accuracy; what an untrained network "
                "has may be cut off."
            ),
            tables=("curves",),
        ),
        "epochs_to_reach": Drawing(
            target="lth.analysis.figures.arms:epochs_to_reach",
            about="Epochs to reach an accuracy",
            caption=(
                "The first epoch at which an arm reaches the accuracy named below the axis (the study's "
                "`reach_percent`, or 95 % of the dense network's mean): a small point for each seed, the large mark "
                "their median. Seeds that did not get there in the epochs trained are on the right under 'never', and "
                "count as later than all others. Further left is faster, if the recipe is the same; of a ticket with "
                "rounds it is the last one's training."
            ),
            tables=("runs", "arms"),
            needs=("goal",),
        ),
        "class_accuracy": Drawing(
            target="lth.analysis.figures.classes:class_accuracy",
            about="Accuracy by class",
            caption=(
                "For each class the share of its test data that is recognised, mean over seeds with confidence "
                "interval. No test was made here: the many classes would need a correction of their own."
            ),
            tables=("classes", "arms"),
        ),
        "confusion": Drawing(
            target="lth.analysis.figures.classes:confusion_matrices",
            about="Confusion matrices",
            caption=(
                "Rows are true classes and add up to 100 %, columns are what the network answered; mean over seeds. "
                "The diagonal is right. Shades follow the square root of the share, so that errors of a few percent "
                "can be seen; shares below 0.5 % have no number."
            ),
            tables=("confusion", "arms"),
        ),
        "mask_overlap": Drawing(
            target="lth.analysis.figures.masks:mask_overlap",
            about="Overlap of masks",
            caption=(
                "Jaccard index (kept by both / kept by either) of two tickets' masks in each layer, in network order. "
                "The dashed line (of many pairs: the stroke) is what two independent random masks with the same counts "
                "would share; of many pairs, a dot is the mean over seeds and its line goes from the least to the "
                "most. Tickets of one seed start from the same weights, and one that started from another ticket can "
                "only keep what that one had kept: both raise the overlap above chance."
            ),
            tables=("overlap",),
            needs=("two masks",),
        ),
        "layer_density_by_arm": Drawing(
            target="lth.analysis.figures.masks:layer_density_by_arm",
            about="Density of layers, by ticket",
            caption=(
                "Share of each layer's weights that each ticket keeps, all at about one density of the whole; layers "
                "in network order. Points are means, bars go from the least to the most over seeds. A cross on the "
                "line marked 0 is a layer without any weight in every seed: nothing but its biases gets past it (layer "
                "collapse)."
            ),
            tables=("layers",),
            needs=("masks",),
        ),
        "block_density": Drawing(
            target="lth.analysis.figures.blocks:block_density",
            about="Attention against feed-forward",
            caption=(
                "Share of the weights that each ticket keeps in each block of the encoder, in its attention matrices "
                "(query, key, value, output) and its feed-forward matrices; all tickets are at one density of the "
                "whole. Apart from each other: the score takes more from one part than from the other."
            ),
            tables=("layers",),
            needs=("encoder",),
        ),
        "pruning_curves": Drawing(
            target="lth.analysis.figures.rounds:pruning_curves",
            about="Pruning curves",
            caption=(
                "Test accuracy of each ticket's rounds on the data set that the round was trained on, at the epoch of "
                "least validation loss; pruned further to the right. Bands are confidence intervals over seeds. Where "
                "a line stays level, the pruned weights were not needed. A ticket of a single density is a mark with "
                "its interval, a dense one a line right across."
            ),
            tables=("rounds",),
            scope="study",
        ),
        "pruning_loss": Drawing(
            target="lth.analysis.figures.rounds:pruning_loss",
            about="Loss against density",
            caption=(
                "Cross-entropy on the test data of each ticket's rounds, at the epoch of least validation loss; pruned "
                "further to the right. It also tells networks apart that make equally many mistakes, by how sure they "
                "are of them. Bands are confidence intervals over seeds."
            ),
            tables=("rounds",),
            scope="study",
        ),
        "pruning_f1": Drawing(
            target="lth.analysis.figures.rounds:pruning_f1",
            about="F1 against density",
            caption=(
                "F1 of the second class (positive, duplicate) of each ticket's rounds, at the epoch of least "
                "validation loss: the harmonic mean of the share of it that is found and the share of what is found "
                "that is right. Bands are confidence intervals over seeds."
            ),
            tables=("rounds",),
            scope="study",
            needs=("two classes",),
        ),
        "early_stop": Drawing(
            target="lth.analysis.figures.rounds:early_stop",
            about="Iteration of least validation loss",
            caption=(
                "The optimiser step at which each ticket's rounds have their least validation loss, where training "
                "would be stopped early; pruned further to the right. Bands are confidence intervals over seeds. Lower "
                "is faster among tickets of one recipe (a step of another may see more images, and a falling rate puts "
                "the least loss at its end); steps between two scorings are not told apart."
            ),
            tables=("rounds",),
            scope="study",
        ),
        "layer_density": Drawing(
            target="lth.analysis.figures.masks:layer_density",
            about="Density of layers",
            caption=(
                "Share of each layer's weights that is kept after each round, mean over seeds, layers in network "
                "order; tickets of a single density share a panel. Level lines mean that all layers were pruned alike; "
                "a cross on the line marked 0 is a layer without any weight."
            ),
            tables=("layers",),
            scope="study",
        ),
    }
)
"""All figures by name, in the order of the report."""
