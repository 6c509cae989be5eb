"""The figures of an evaluation or comparison, in report order."""

from collections.abc import Mapping

from lth.analysis.figures.drawing import Drawing

ASSESSMENT_FIGURES: Mapping[str, Drawing] = {
    "final_accuracy": Drawing(
        target="lth.analysis.figures.arms:final_accuracy",
        about="Test accuracy of every arm",
        caption=(
            "One row per arm. The large marker is the mean test accuracy at the early-stopping epoch (lowest "
            "validation loss), the line its confidence interval, and each small point one seed. In an evaluation, "
            "colours denote tickets and markers denote the initialisation or control; in a comparison, colours "
            "denote pruning methods, and tickets that differ only in density share a colour. Arms are paired by "
            "seed, so do not judge a difference by overlapping intervals: see the paired differences."
        ),
        tables=("runs", "arms"),
    ),
    "accuracy_cost": Drawing(
        target="lth.analysis.figures.cost:accuracy_cost",
        about="Accuracy against training cost",
        caption=(
            "Test accuracy of each arm against the cost of its training, including every round that its ticket "
            "was derived from. Left: passes over the training data. Right: theoretical FLOPs of the kept weights, "
            "if zeros cost nothing. Lines are confidence intervals; markers of nearly equal cost are drawn side "
            "by side. Higher and further left is better."
        ),
        tables=("arms",),
        needs=("costs",),
    ),
    "differences": Drawing(
        target="lth.analysis.figures.arms:differences",
        about="Paired differences",
        caption=(
            "The comparisons named in the study file: test accuracy of the first arm minus that of the second, "
            "paired by seed. Right of zero, the first arm is better. Filled markers are significant, open ones are "
            "not: the exact sign-flip test decides, whose p is Holm-adjusted over all rows. The line is the "
            "confidence interval of the mean difference, uncorrected and descriptive; one that excludes 0 is no "
            "significance by itself, and a difference that is not significant is no evidence of equality. Where "
            "the study names an equivalence margin, a band shows it, the thick line is the interval that belongs "
            "to the equivalence test (descriptive, too), and the outcome is that of both exact tests: different, "
            "equivalent within the margin, both (a difference smaller than the margin), or inconclusive."
        ),
        tables=("comparisons", "arms"),
        needs=("pairs",),
    ),
    "initialisations": Drawing(
        target="lth.analysis.figures.arms:initialisations",
        about="Initialisation and mask controls",
        caption=(
            "Each ticket with its own initial weights beside its controls, each of which differs from it in one "
            "thing and keeps as many weights in each layer. A thin line connects the results of one seed. "
            "Reinitialised: other weights under the same mask; shuffled mask: the mask permuted within each "
            "layer. Horizontal lines with bands are arms that all tickets share, with their confidence intervals."
        ),
        tables=("runs", "arms"),
        needs=("transforms",),
    ),
    "accuracy_by_epoch": Drawing(
        target="lth.analysis.figures.curves:accuracy_by_epoch",
        about="Accuracy by epoch",
        caption=(
            "Mean test accuracy during training; epoch 0 is the untrained network. Bands are confidence intervals "
            "over seeds. An evaluation has one panel for each initialisation or control, with the arms that all "
            "tickets share in every panel; a comparison has one panel, and a second one zoomed to the "
            "accuracies of the second half of training. With the same training recipe, a curve further left "
            "learns faster. For iteratively pruned tickets, the curve is the training of the last round. Dotted: "
            "published accuracies of the arm of that colour, where the study names any."
        ),
        tables=("curves",),
    ),
    "loss_by_epoch": Drawing(
        target="lth.analysis.figures.curves:loss_by_epoch",
        about="Loss by epoch",
        caption=(
            "Cross-entropy during training. Top: running mean over the training batches since the previous "
            "evaluation. Bottom: validation loss, whose minimum selects the reported epoch. Training loss that "
            "falls while validation loss rises indicates overfitting. Panels as in the accuracy figure; the loss "
            "of the untrained network may be off the scale."
        ),
        tables=("curves",),
    ),
    "training_accuracy": Drawing(
        target="lth.analysis.figures.curves:training_accuracy",
        about="Training and validation accuracy by epoch",
        caption=(
            "Accuracy during training. Top: running mean over the training batches since the previous evaluation. "
            "Bottom: validation accuracy. Training accuracy that rises while validation accuracy does not indicates "
            "overfitting. Panels and bands as in the figure of test accuracy."
        ),
        tables=("curves",),
    ),
    "epochs_to_reach": Drawing(
        target="lth.analysis.figures.arms:epochs_to_reach",
        about="Epochs to target accuracy",
        caption=(
            "First epoch at which an arm reaches the target accuracy named below the axis (the study's "
            "option reach_percent, or 95 % of the dense network's mean). Each small point is one seed, the large "
            "marker the median. Seeds that never reach the target are drawn at 'never' and rank above all others "
            "in the median. With the same training recipe, further left is faster. For iteratively pruned "
            "tickets, only the training of the last round counts."
        ),
        tables=("runs", "arms"),
        needs=("goal",),
    ),
    "class_accuracy": Drawing(
        target="lth.analysis.figures.classes:class_accuracy",
        about="Per-class recall",
        caption=(
            "Recall of each class on the test data: mean over seeds with confidence interval. Descriptive only: "
            "differences between classes or arms are not tested, and intervals are not adjusted for the number of "
            "classes."
        ),
        tables=("classes", "arms"),
    ),
    "confusion": Drawing(
        target="lth.analysis.figures.classes:confusion_matrices",
        about="Confusion matrices",
        caption=(
            "Rows are true classes and sum to 100 %, columns are predicted classes; mean over seeds. The diagonal "
            "is per-class recall. Shading follows the square root of the percentage, so that errors of a few "
            "percent remain visible; cells below 0.5 % have no number."
        ),
        tables=("confusion", "arms"),
    ),
    "confusion_differences": Drawing(
        target="lth.analysis.figures.classes:confusion_differences",
        about="Differences of confusion matrices",
        caption=(
            "The confusion matrix of the first arm minus that of the second, for the compared pairs (at most six): "
            "percentage points of the true class, mean over seeds. On the diagonal, blue is more recall of the first "
            "arm; elsewhere, red is more errors of that kind. Descriptive only: nothing here is tested. Cells that "
            "round to 0 have no number."
        ),
        tables=("confusion", "comparisons"),
        needs=("pairs",),
    ),
    "mask_overlap": Drawing(
        target="lth.analysis.figures.masks:mask_overlap",
        about="Mask overlap",
        caption=(
            "Jaccard index (weights kept by both / weights kept by either) of the masks of two tickets, for each "
            "layer in network order. The dashed line is the expectation for two independent random masks with the "
            "same counts. With more than 6 pairs, each pair is a row: a dot is the mean over seeds, its line the "
            "range, and the grey tick the expectation by chance. Overlap exceeds chance also where tickets of a "
            "seed share their initial weights, and where one ticket was pruned further from another."
        ),
        tables=("overlap",),
        needs=("two masks",),
    ),
    "layer_density_by_arm": Drawing(
        target="lth.analysis.figures.masks:layer_density_by_arm",
        about="Layer densities by ticket",
        caption=(
            "Density of each layer in network order, for tickets of about the same total density. Points are "
            "means, bars the range over seeds. A cross at the tick marked 0 is a layer that keeps no weight in "
            "any seed (layer collapse): only its biases reach the next layer."
        ),
        tables=("layers",),
        needs=("masks",),
    ),
    "block_density": Drawing(
        target="lth.analysis.figures.blocks:block_density",
        about="Density of attention and feed-forward weights",
        caption=(
            "Density of the attention matrices (query, key, value, output) and of the feed-forward matrices in "
            "each block of the encoder. All tickets have about the same total density. Where the two lines of a "
            "ticket differ, its score prunes one kind of weights more than the other."
        ),
        tables=("layers",),
        needs=("encoder",),
    ),
}
"""By name."""
