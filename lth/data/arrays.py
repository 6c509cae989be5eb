"""Images and labels in memory, brought into the types that data sets have here; `own_arrays` says what they must be."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lth.data.own_arrays import image_layout, names_of_classes, whole_labels
from lth.errors import UserError


def raw_images(
    images: NDArray[Any], labels: NDArray[Any], classes: Sequence[str] | None, what: str
) -> tuple[NDArray[np.uint8], NDArray[np.int64], tuple[str, ...]]:
    """Images, labels and names of classes as a data set holds them.

    Args:
        images: [images, height, width], [images, channels, height, width] or [images, height, width, channels]; uint8,
            or numbers that are pixels: floats from 0 to 1, or whole numbers from 0 to 255.
        labels: whole numbers from 0 to classes - 1, [images] or [images, 1].
        classes: their names; without it 0, 1, 2, ...
        what: how sentences call them.

    Returns:
        uint8 [images, channels, height, width], int64 [images], and the names.

    Raises:
        UserError: they cannot be used.
    """
    pixels = images if images.dtype == np.uint8 else _bytes(images, what)
    layout = image_layout(f"{what} images", pixels.shape, pixels.dtype, lambda: pixels)
    if not layout.size:
        found = f"{layout.height}x{layout.width}"
        raise UserError(f"{what} images: have {found} pixels, and square ones are needed; crop or pad them")
    numbers = whole_labels(f"{what} labels", labels, layout.images)
    names = names_of_classes(f"{what} labels", numbers, None, classes)
    return layout.ordered(pixels), numbers, names


def _bytes(images: NDArray[Any], what: str) -> NDArray[np.uint8]:
    """Pixels from 0 to 1, or whole numbers from 0 to 255, as bytes."""
    if images.dtype.kind not in "fiu" or not images.size:
        raise UserError(
            f"{what} images: hold {images.dtype}, where uint8 from 0 to 255 or floats from 0 to 1 are needed"
        )
    if unknown := int(np.isnan(images).sum()) if images.dtype.kind == "f" else 0:
        raise UserError(f"{what} images: {unknown:,} of {images.size:,} values are NaN; each must be a pixel's")
    scaled = images.astype(np.float64) * 255 if images.dtype.kind == "f" else images
    rounded = np.rint(scaled)
    least, most = float(images.min()), float(images.max())
    sound = np.isfinite(scaled).all() and rounded.min() >= 0 and rounded.max() <= 255
    if not (sound and np.abs(scaled - rounded).max() < 0.01):
        raise UserError(
            f"{what} images: hold {images.dtype} from {least:.4g} to {most:.4g}; give pixels as uint8, or as floats "
            f"from 0 to 1 that are whole 255ths, and do not normalise them: training does that"
        )
    return rounded.astype(np.uint8)
