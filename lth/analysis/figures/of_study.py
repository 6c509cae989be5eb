"""The figures of a study, in report order."""

from collections.abc import Mapping

from lth.analysis.figures.drawing import Drawing

STUDY_FIGURES: Mapping[str, Drawing] = {
    "pruning_curves": Drawing(
        target="lth.analysis.figures.rounds:pruning_curves",
        about="Pruning curves",
        caption=(
            "Test accuracy of each ticket after every pruning round, on the data set that the round was trained "
            "on, at the early-stopping iteration (lowest validation loss). Density falls from left to right. "
            "Bands are confidence intervals over seeds. Where a curve is flat, pruning costs no accuracy. A "
            "ticket with a single density is a marker with its interval, a dense ticket a horizontal line."
        ),
        tables=("rounds",),
        scope="study",
    ),
    "accuracy_drop": Drawing(
        target="lth.analysis.figures.matching:accuracy_drop",
        about="Accuracy lost against dense",
        caption=(
            "Test accuracy of every round minus that of its dense network (same network, data set and recipe), "
            "paired by seed. Density falls from left to right. Bands are confidence intervals over seeds, "
            "uncorrected and descriptive. Where the study names a matching margin, grey shows it; filled "
            "markers are equivalent to dense within it, and a ring marks the sparsest round that matches dense "
            "(is not worse by the margin). Both are tested from dense to sparse, and claims end with the first "
            "test that is not significant, so that no correction is needed."
        ),
        tables=("matching",),
        scope="study",
        needs=("dense",),
    ),
    "learning_curves": Drawing(
        target="lth.analysis.figures.learning:learning_curves",
        about="Accuracy by iteration, every round",
        caption=(
            "Mean test accuracy during the training of every pruning round; colours are densities. A panel for "
            "each ticket with several rounds, tickets that take over another one's masks beside it; all panels "
            "of a data set have one accuracy axis, which leaves out the steep beginning. Where sparser lines "
            "rise earlier, pruned tickets learn faster (Frankle and Carbin 2019, figure 3). The table "
            "has at most 100 points of each training."
        ),
        tables=("round_curves",),
        scope="study",
        needs=("rounds",),
    ),
    "accuracy_while_pruned": Drawing(
        target="lth.analysis.figures.learning:accuracy_while_pruned",
        about="Accuracy while weights are pruned",
        caption=(
            "Mean test accuracy (top) and density (bottom) by epoch of tickets that are pruned while they are "
            "trained. A dip after a step of density is what pruning costs before training recovers it. Only "
            "epochs at the final density can be the reported one. Bands are confidence intervals over seeds."
        ),
        tables=("round_curves",),
        scope="study",
        needs=("pruned in training",),
    ),
    "pruning_loss": Drawing(
        target="lth.analysis.figures.rounds:pruning_loss",
        about="Test loss against density",
        caption=(
            "Cross-entropy on the test data after every pruning round, at the early-stopping iteration (lowest "
            "validation loss). Density falls from left to right. Unlike accuracy, the loss also reflects how "
            "confident the predictions are. Bands are confidence intervals over seeds."
        ),
        tables=("rounds",),
        scope="study",
    ),
    "validation_loss": Drawing(
        target="lth.analysis.figures.rounds:validation_loss",
        about="Least validation loss against density",
        caption=(
            "The least cross-entropy on the validation data in the training of every pruning round, which "
            "selects the early-stopping iteration. Density falls from left to right. Bands are confidence "
            "intervals over seeds."
        ),
        tables=("rounds",),
        scope="study",
    ),
    "pruning_f1": Drawing(
        target="lth.analysis.figures.rounds:pruning_f1",
        about="F1 against density",
        caption=(
            "F1 score of the second class (positive, duplicate) on the test data after every pruning round, at "
            "the early-stopping iteration (lowest validation loss): the harmonic mean of precision and recall. "
            "Bands are confidence intervals over seeds."
        ),
        tables=("rounds",),
        scope="study",
        needs=("two classes",),
    ),
    "early_stop": Drawing(
        target="lth.analysis.figures.rounds:early_stop",
        about="Early-stopping iteration",
        caption=(
            "Iteration with the lowest validation loss, at which training would be stopped early, after every "
            "pruning round. Density falls from left to right. Bands are confidence intervals over seeds. Lower is "
            "faster among tickets trained with the same recipe; recipes differ in batch size, and a decaying "
            "learning rate moves the minimum towards the end of training. The resolution is the interval between "
            "two evaluations."
        ),
        tables=("rounds",),
        scope="study",
    ),
    "layer_density": Drawing(
        target="lth.analysis.figures.masks:layer_density",
        about="Layer densities by round",
        caption=(
            "Density of each layer after every pruning round, mean over seeds, layers in network order; tickets "
            "with a single density share a panel. Tickets that keep the same share of all layers are left out. A "
            "cross at the tick marked 0 is a layer that keeps no weight (layer collapse)."
        ),
        tables=("layers",),
        scope="study",
    ),
    "layer_sensitivity": Drawing(
        target="lth.analysis.figures.sensitivity:layer_sensitivity",
        about="Sensitivity of single layers",
        caption=(
            "Test accuracy of tickets in which one layer alone is pruned, against the density of that layer; all other "
            "layers are whole. Colours go from the first layer to the last. Where a line falls early, the network is "
            "sensitive to that layer. Bands are confidence intervals over seeds; the horizontal line is the dense "
            "network, where the study trains it as a ticket."
        ),
        tables=("layers", "rounds"),
        scope="study",
        needs=("one layer",),
    ),
    "transfer_matrix": Drawing(
        target="lth.analysis.figures.matrix:transfer_matrix",
        about="Sources against targets",
        caption=(
            "Mean test accuracy of each ticket in its own initialisation (rows) in each evaluation (columns). Colours "
            "compare within a column only: how many points a ticket is behind the best one there. Descriptive: the "
            "tests are those of each evaluation."
        ),
        tables=(),
        of_evaluations=("arms",),
        scope="study",
        needs=("several targets",),
    ),
}
"""By name."""
