"""What a source of texts gives."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class RawTexts:
    """Labelled texts, as they were written."""

    train: list[tuple[str, ...]]
    """Each a sentence, or a pair of them."""
    train_labels: NDArray[np.int64]
    test: list[tuple[str, ...]]
    test_labels: NDArray[np.int64]
    classes: tuple[str, ...]
