"""What a training came to, as tables on disk: its history, and the confusion of the test images at its best step."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lth.data.images import Images
from lth.history import write_history, write_rows
from lth.train import Trained


def confusion(labels: Tensor, predicted: Tensor, classes: int) -> Tensor:
    """int64 [classes, classes]: how many images of class i (row) were taken for class j (column)."""
    return torch.bincount(labels * classes + predicted, minlength=classes * classes).view(classes, classes)


def write_outcome(
    trained: Trained, images: Images, described: Mapping[str, Any], named: Mapping[str, Any], history: Path, out: Path
) -> None:
    """Write both.

    Args:
        trained: the training.
        images: what it was trained on.
        described: columns of the history before its own, such as density.
        named: columns of the confusion table before its own: what names the training.
        history: where the history goes.
        out: where the confusion goes.
    """
    write_history(history, described, trained.history)
    counts = confusion(images.splits["test"].labels, trained.predictions, len(images.classes))
    rows = [
        (*named.values(), true, predicted, int(counts[i, j]))
        for i, true in enumerate(images.classes)
        for j, predicted in enumerate(images.classes)
    ]
    write_rows(out, rows, [*named, "true", "predicted", "count"])
