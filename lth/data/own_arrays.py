"""Images of the user's own as arrays: what they must be, said in sentences.

The same rules hold for arrays in a file (`npz:PATH`) and for arrays that a program hands over: `lth.data.arrays` takes
those, and `lth.data.assembled.arrays_to_images` makes a data set of them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lth.data.opened import Part
from lth.errors import UserError
from lth.printable import printable

BATCH = 1000
"""Images handed on at a time."""


@dataclass(frozen=True, kw_only=True)
class ImageLayout:
    """How an array holds images."""

    images: int
    channels: int
    height: int
    width: int
    channels_last: bool

    @property
    def size(self) -> int:
        """Pixels a side; 0 where they are not square."""
        return self.height if self.height == self.width else 0

    def ordered(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Some of the images as [images, channels, height, width], without a copy."""
        if images.ndim == 3:
            return images[:, None]
        return images.transpose(0, 3, 1, 2) if self.channels_last else images


def image_layout(
    where: str, shape: Sequence[int], dtype: "np.dtype[np.generic]", some: Callable[[], NDArray[Any]]
) -> ImageLayout:
    """How an array of this shape and type holds images; read from its head, the array need not be there.

    Args:
        where: the array in words, for sentences.
        shape: [images, height, width], [images, height, width, channels] or [images, channels, height, width].
        dtype: must be uint8.
        some: gives some of the values, where the type is another one: by them the sentence says what to do.

    Raises:
        UserError: it holds no images of one or three channels as bytes.
    """
    if dtype != np.uint8:
        advice = _as_bytes(some()) if dtype.kind in "biuf" else "convert them"
        raise UserError(f"{where}: holds {dtype}, where bytes (uint8, 0 to 255) are needed; {advice}")
    layouts = "[images, height, width] or four axes with 1 or 3 channels, last or second"
    if len(shape) == 3:
        count, height, width = shape
        channels, last = 1, False
    elif len(shape) == 4 and (shape[3] in (1, 3) or shape[1] in (1, 3)):
        last = shape[3] in (1, 3)
        count, height, width, channels = shape if last else (shape[0], *shape[2:], shape[1])
    else:
        raise UserError(f"{where}: has the shape {_shape(shape)}, where {layouts} are needed")
    if 0 in (count, height, width):
        raise UserError(f"{where}: has the shape {_shape(shape)}, and so no images")
    return ImageLayout(images=count, channels=channels, height=height, width=width, channels_last=last)


def _as_bytes(values: NDArray[Any]) -> str:
    """How images with such values become bytes."""
    least, most = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    if values.dtype.kind == "b":
        return "write `255 * images.astype('uint8')`"
    if not (least >= 0 and most <= 255):  # NaN is neither
        return f"give pixels as they were (found {least:.4g} to {most:.4g}): training normalises them"
    if values.dtype.kind != "f":
        return "write `images.astype('uint8')`"
    return f"write `{'(255 * images)' if most <= 1 else 'images'}.round().astype('uint8')`"


def whole_labels(where: str, labels: NDArray[np.generic], images: int) -> NDArray[np.int64]:
    """Labels as int64 [images]; they may be of any whole type, and of the shape [images, 1].

    Raises:
        UserError: they are no whole numbers, not one for each image, or negative.
    """
    if labels.dtype.kind not in "iu":
        advice = "write class numbers, and their names as `classes`" if labels.dtype.kind in "US" else ""
        advice = advice or "write `labels.astype('int64')`"
        raise UserError(
            f"{where}: holds {labels.dtype}, where whole numbers from 0 to classes - 1 are needed; {advice}"
        )
    flat = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if flat.ndim != 1:
        advice = "; of rows with a 1 for each class, write `labels.argmax(1)`" if flat.ndim == 2 else ""
        raise UserError(
            f"{where}: has the shape {_shape(labels.shape)}, where one label for each image is needed{advice}"
        )
    check_count(where, flat.shape, images)
    if flat.dtype.kind == "i" and flat.min() < 0:
        raise UserError(f"{where}: has the label {flat.min()}, and labels are 0 to classes - 1; number classes from 0")
    if flat.max() > np.iinfo(np.int16).max:
        raise UserError(f"{where}: has the label {flat.max()}, and labels are 0 to classes - 1; number classes from 0")
    return flat.astype(np.int64)


def check_count(where: str, shape: Sequence[int], images: int) -> None:
    """An array of this shape has a row for each image; raises UserError."""
    if shape and shape[0] != images:
        raise UserError(f"{where}: has {shape[0]} labels, and there are {images} images; give one for each")


def names_of_classes(
    where: str, train: NDArray[np.int64], test: NDArray[np.int64] | None, given: Sequence[str] | None
) -> tuple[str, ...]:
    """The names of the classes: those given, or the numbers themselves.

    Args:
        where: the arrays in words, for sentences.
        train: int64 [images], 0 or more.
        test: likewise, where there are any.
        given: a name for each class.

    Raises:
        UserError: labels do not fit them, or leave out numbers; names come twice; there is one class only.
    """
    labels = np.unique(train)
    largest = int(max(labels[-1], -1 if test is None else test.max()))
    if labels[0] == 1 and (given is None or largest >= len(given)):
        raise UserError(f"{where}: labels begin at 1, and must be 0 to classes - 1; subtract 1 from all of them")
    if given is not None and largest >= len(given):
        raise UserError(f"{where}: has the label {largest}, but `classes` names {len(given)}; name all of them")
    if given is None and (missing := sorted({*range(largest + 1)} - {*labels.tolist()})):
        message = f"no training image has the label {missing[0]}, and there are labels up to {largest}"
        raise UserError(f"{where}: {message}; number the classes without gaps, or name all of them as `classes`")
    names = tuple(str(name) for name in (range(largest + 1) if given is None else given))
    if twice := next((name for n, name in enumerate(names) if name in names[:n]), None):
        raise UserError(f"{where}: `classes` names {printable(twice, 60)!r} twice; give each class a name of its own")
    if len(names) < 2:
        raise UserError(f"{where}: has one class only, and at least two are needed")
    return names


def check_alike(where: str, one: ImageLayout, other_where: str, other: ImageLayout) -> None:
    """Images of two arrays have one shape; raises UserError."""
    shapes = [f"{layout.channels}x{layout.height}x{layout.width}" for layout in (one, other)]
    if shapes[0] != shapes[1]:
        raise UserError(f"{where}: has {shapes[0]} images, but {other_where} has {shapes[1]}; give both the same shape")


def batches_of(
    arrays: Sequence[NDArray[np.uint8]], rows: NDArray[np.int64], part: Part
) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Some rows of arrays that count as one, one after the other, a batch at a time.

    Args:
        arrays: uint8 [images, channels, height, width] each; may be mapped from a file.
        rows: int64 [rows], ascending.
        part: whose images they are, for sentences.

    Yields:
        Where a batch is from, and uint8 [batch, channels, height, width].
    """
    first = 0
    for array in arrays:
        own = rows[(rows >= first) & (rows < first + len(array))] - first
        for begin in range(0, len(own), BATCH):
            yield f"{part}_images", np.ascontiguousarray(array[own[begin : begin + BATCH]])
        first += len(array)


def _shape(shape: Sequence[int]) -> str:
    return printable(f"[{', '.join(map(str, shape))}]", 60)
