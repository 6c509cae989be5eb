"""The figures of an evaluation or comparison, in report order."""

from collections.abc import Mapping

from lth.analysis.figures.drawing import Drawing
from lth.analysis.figures.words_of_assessments import ASSESSMENT_CAPTIONS

ASSESSMENT_FIGURES: Mapping[str, Drawing] = {
    "final_accuracy": Drawing(
        target="lth.analysis.figures.arms:final_accuracy",
        about="Test accuracy of every arm",
        caption=ASSESSMENT_CAPTIONS["final_accuracy"],
        tables=("runs", "arms"),
    ),
    "accuracy_cost": Drawing(
        target="lth.analysis.figures.cost:accuracy_cost",
        about="Accuracy against training cost",
        caption=ASSESSMENT_CAPTIONS["accuracy_cost"],
        tables=("arms",),
        needs=("costs",),
    ),
    "differences": Drawing(
        target="lth.analysis.figures.arms:differences",
        about="Paired differences",
        caption=ASSESSMENT_CAPTIONS["differences"],
        tables=("comparisons", "arms"),
        needs=("pairs",),
    ),
    "initialisations": Drawing(
        target="lth.analysis.figures.arms:initialisations",
        about="Initialisation and mask controls",
        caption=ASSESSMENT_CAPTIONS["initialisations"],
        tables=("runs", "arms"),
        needs=("transforms",),
    ),
    "accuracy_by_epoch": Drawing(
        target="lth.analysis.figures.curves:accuracy_by_epoch",
        about="Accuracy by epoch",
        caption=ASSESSMENT_CAPTIONS["accuracy_by_epoch"],
        tables=("curves",),
    ),
    "loss_by_epoch": Drawing(
        target="lth.analysis.figures.curves:loss_by_epoch",
        about="Loss by epoch",
        caption=ASSESSMENT_CAPTIONS["loss_by_epoch"],
        tables=("curves",),
    ),
    "training_accuracy": Drawing(
        target="lth.analysis.figures.curves:training_accuracy",
        about="Training and validation accuracy by epoch",
        caption=ASSESSMENT_CAPTIONS["training_accuracy"],
        tables=("curves",),
    ),
    "epochs_to_reach": Drawing(
        target="lth.analysis.figures.arms:epochs_to_reach",
        about="Epochs to target accuracy",
        caption=ASSESSMENT_CAPTIONS["epochs_to_reach"],
        tables=("runs", "arms"),
        needs=("goal",),
    ),
    "class_accuracy": Drawing(
        target="lth.analysis.figures.classes:class_accuracy",
        about="Per-class recall",
        caption=ASSESSMENT_CAPTIONS["class_accuracy"],
        tables=("classes", "arms"),
    ),
    "confusion": Drawing(
        target="lth.analysis.figures.classes:confusion_matrices",
        about="Confusion matrices",
        caption=ASSESSMENT_CAPTIONS["confusion"],
        tables=("confusion", "arms"),
    ),
    "confusion_differences": Drawing(
        target="lth.analysis.figures.classes:confusion_differences",
        about="Differences of confusion matrices",
        caption=ASSESSMENT_CAPTIONS["confusion_differences"],
        tables=("confusion", "comparisons"),
        needs=("pairs",),
    ),
    "mask_overlap": Drawing(
        target="lth.analysis.figures.masks:mask_overlap",
        about="Mask overlap",
        caption=ASSESSMENT_CAPTIONS["mask_overlap"],
        tables=("overlap",),
        needs=("two masks",),
    ),
    "layer_density_by_arm": Drawing(
        target="lth.analysis.figures.masks:layer_density_by_arm",
        about="Layer densities by ticket",
        caption=ASSESSMENT_CAPTIONS["layer_density_by_arm"],
        tables=("layers",),
        needs=("masks",),
    ),
    "block_density": Drawing(
        target="lth.analysis.figures.blocks:block_density",
        about="Density of attention and feed-forward weights",
        caption=ASSESSMENT_CAPTIONS["block_density"],
        tables=("layers",),
        needs=("encoder",),
    ),
}
"""By name."""
