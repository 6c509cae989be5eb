"""Images and labels that come as arrays, checked and brought into the shape and types that data sets have here."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lth.errors import UserError


def raw_images(
    images: NDArray[Any], labels: NDArray[Any], classes: Sequence[str] | None, what: str
) -> tuple[Tensor, Tensor, tuple[str, ...]]:
    """Images, labels and names of classes as a data set holds them.

    Args:
        images: [images, height, width], [images, channels, height, width] or [images, height, width, channels]; uint8,
            or floats that are pixels from 0 to 1.
        labels: whole numbers from 0 to classes - 1, [images] or [images, 1].
        classes: their names; without it 0, 1, 2, ...
        what: how sentences call them.

    Returns:
        uint8 [images, channels, height, width], int64 [images], and the names.

    Raises:
        UserError: they cannot be used.
    """
    pixels, numbers = _pixels(images, what), _numbers(labels, what)
    if len(pixels) != len(numbers):
        raise UserError(
            f"{what} data: {len(pixels)} images and {len(numbers)} labels; there must be a label for each image"
        )
    least, most = int(numbers.min()), int(numbers.max())
    if least < 0:
        raise UserError(f"{what} data: found the label {least}; labels must be 0 to classes - 1")
    if classes is None and least == 1 and what == "train":
        raise UserError(f"{what} data: labels are 1 to {most}; they must begin at 0 (subtract 1)")
    names = [str(number) for number in range(most + 1)] if classes is None else list(classes)
    if most >= len(names):
        raise UserError(
            f"{what} data: found the label {most}, and there are {len(names)} classes: labels must be below that"
        )
    if len(names) < 2:
        raise UserError(f"{what} data: all labels are {most}; two classes are needed at least")
    return pixels, numbers, tuple(names)


def _pixels(images: NDArray[Any], what: str) -> Tensor:
    if images.ndim == 3:
        images = images[:, None]
    if images.ndim != 4 or not len(images):
        raise UserError(
            f"{what} data: images have the shape {list(images.shape)}; [images, height, width], [images, channels, "
            f"height, width] or [images, height, width, channels] is needed"
        )
    if images.shape[1] not in (1, 3) and images.shape[3] in (1, 3):
        images = images.transpose(0, 3, 1, 2)
    if images.shape[2] != images.shape[3]:
        raise UserError(f"{what} data: images are {images.shape[2]}x{images.shape[3]} pixels; square ones are needed")
    if images.dtype != np.uint8:
        images = _bytes(images, what)
    return torch.from_numpy(np.ascontiguousarray(images))


def _bytes(images: NDArray[Any], what: str) -> NDArray[np.uint8]:
    """Pixels from 0 to 1, or whole numbers from 0 to 255, as bytes."""
    if not (np.issubdtype(images.dtype, np.floating) or np.issubdtype(images.dtype, np.integer)):
        raise UserError(f"{what} data: images are {images.dtype}; uint8 from 0 to 255 or floats from 0 to 1 are needed")
    scaled = images if np.issubdtype(images.dtype, np.integer) else images.astype(np.float64) * 255
    rounded = np.rint(scaled)
    least, most = float(np.nanmin(images)), float(np.nanmax(images))
    if not (
        np.isfinite(scaled).all()
        and rounded.min() >= 0
        and rounded.max() <= 255
        and np.abs(scaled - rounded).max() < 0.01
    ):
        raise UserError(
            f"{what} data: images are {images.dtype} from {least:.4g} to {most:.4g}; give pixels as uint8, or as "
            f"floats from 0 to 1 that are whole 255ths, and do not normalise them: training does that"
        )
    return rounded.astype(np.uint8)


def _numbers(labels: NDArray[Any], what: str) -> Tensor:
    flat = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if flat.ndim != 1 or not np.issubdtype(flat.dtype, np.integer):
        raise UserError(
            f"{what} data: labels are {labels.dtype} of shape {list(labels.shape)}; whole numbers of shape "
            f"[images] are needed"
        )
    return torch.from_numpy(np.ascontiguousarray(flat.astype(np.int64)))
