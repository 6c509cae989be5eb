"""What a training came to, as tables on disk: its history, and the confusion of the test data at its best step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lth.config.training import Recipe
from lth.data.examples import Examples
from lth.training.history import write_history, write_rows
from lth.training.trained import Trained


def confusion(labels: Tensor, predicted: Tensor, classes: int) -> Tensor:
    """int64 [classes, classes]: how many images of class i (row) were taken for class j (column)."""
    return torch.bincount(labels * classes + predicted, minlength=classes * classes).view(classes, classes)


def planned_steps(recipe: Recipe, examples: int) -> dict[str, int]:
    """Steps of a whole training on so many examples, and of one of its epochs, as records have them."""
    steps, epoch_steps = recipe.steps(examples)
    return {"steps": steps, "epoch_steps": epoch_steps}


@dataclass(frozen=True)
class Outcome:
    """A training, and what it is called in tables."""

    trained: Trained
    described: Mapping[str, Any]
    """Columns of the history before its own, such as density."""
    named: Mapping[str, Any]
    """Columns of the confusion table before its own: what names the training."""


def write_outcomes(outcomes: Sequence[Outcome], examples: Examples, history: Path, out: Path) -> None:
    """Write both tables of one or several trainings.

    Args:
        outcomes: the trainings, with the same columns.
        examples: what they were tested on.
        history: where the histories go.
        out: where the confusions go.
    """
    write_history(history, [(outcome.described, outcome.trained.history) for outcome in outcomes])
    labels, classes = examples.splits["test"].labels, examples.classes
    rows = [
        (*outcome.named.values(), true, predicted, count)
        for outcome in outcomes
        for true, counts in zip(
            classes, confusion(labels, outcome.trained.predictions, len(classes)).tolist(), strict=True
        )
        for predicted, count in zip(classes, counts, strict=True)
    ]
    write_rows(out, rows, [*outcomes[0].named, "true", "predicted", "count"])
