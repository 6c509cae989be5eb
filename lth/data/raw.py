"""What a source of images hands over, before a study's own split and transforms.

A source is a function `(root, seed) -> RawImages`: `root` is the folder with published data sets, `seed` draws the
generated ones. Each source uses one of the two and ignores the other.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class RawImages:
    """A data set as its source publishes it."""

    train_images: NDArray[np.uint8]
    """uint8 [images, channels, height, width]."""
    train_labels: NDArray[np.int64]
    """int64 [images], 0 to classes - 1."""
    test_images: NDArray[np.uint8]
    """uint8 [images, channels, height, width]."""
    test_labels: NDArray[np.int64]
    """int64 [images], 0 to classes - 1."""
    classes: tuple[str, ...]
    """Class names; label i is `classes[i]`."""
