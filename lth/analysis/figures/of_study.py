"""The figures of a study, in report order."""

from collections.abc import Mapping

from lth.analysis.figures.drawing import Drawing
from lth.analysis.figures.words_of_study import STUDY_CAPTIONS

STUDY_FIGURES: Mapping[str, Drawing] = {
    "pruning_curves": Drawing(
        target="lth.analysis.figures.rounds:pruning_curves",
        about="Pruning curves",
        caption=STUDY_CAPTIONS["pruning_curves"],
        tables=("rounds",),
        scope="study",
    ),
    "accuracy_drop": Drawing(
        target="lth.analysis.figures.matching:accuracy_drop",
        about="Accuracy lost against dense",
        caption=STUDY_CAPTIONS["accuracy_drop"],
        tables=("matching",),
        scope="study",
        needs=("dense",),
    ),
    "learning_curves": Drawing(
        target="lth.analysis.figures.learning:learning_curves",
        about="Accuracy by iteration, every round",
        caption=STUDY_CAPTIONS["learning_curves"],
        tables=("round_curves",),
        scope="study",
        needs=("rounds",),
    ),
    "accuracy_while_pruned": Drawing(
        target="lth.analysis.figures.learning:accuracy_while_pruned",
        about="Accuracy while weights are pruned",
        caption=STUDY_CAPTIONS["accuracy_while_pruned"],
        tables=("round_curves",),
        scope="study",
        needs=("pruned in training",),
    ),
    "pruning_loss": Drawing(
        target="lth.analysis.figures.rounds:pruning_loss",
        about="Test loss against density",
        caption=STUDY_CAPTIONS["pruning_loss"],
        tables=("rounds",),
        scope="study",
    ),
    "validation_loss": Drawing(
        target="lth.analysis.figures.rounds:validation_loss",
        about="Least validation loss against density",
        caption=STUDY_CAPTIONS["validation_loss"],
        tables=("rounds",),
        scope="study",
    ),
    "pruning_f1": Drawing(
        target="lth.analysis.figures.rounds:pruning_f1",
        about="F1 against density",
        caption=STUDY_CAPTIONS["pruning_f1"],
        tables=("rounds",),
        scope="study",
        needs=("two classes",),
    ),
    "early_stop": Drawing(
        target="lth.analysis.figures.rounds:early_stop",
        about="Early-stopping iteration",
        caption=STUDY_CAPTIONS["early_stop"],
        tables=("rounds",),
        scope="study",
    ),
    "layer_density": Drawing(
        target="lth.analysis.figures.masks:layer_density",
        about="Layer densities by round",
        caption=STUDY_CAPTIONS["layer_density"],
        tables=("layers",),
        scope="study",
    ),
    "layer_sensitivity": Drawing(
        target="lth.analysis.figures.sensitivity:layer_sensitivity",
        about="Sensitivity of single layers",
        caption=STUDY_CAPTIONS["layer_sensitivity"],
        tables=("layers", "rounds", "matching"),
        scope="study",
        needs=("one layer",),
    ),
    "transfer_matrix": Drawing(
        target="lth.analysis.figures.matrix:transfer_matrix",
        about="Sources against targets",
        caption=STUDY_CAPTIONS["transfer_matrix"],
        tables=(),
        of_evaluations=("arms",),
        scope="study",
        needs=("several targets",),
    ),
}
"""By name."""
