"""Images and labels out of what people hold them in: arrays, torch data sets and loaders, Hugging Face data sets."""

from collections.abc import Iterable, Iterator, Sequence
from operator import index
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, SequentialSampler

from lth.data.columns import image_and_label
from lth.data.pictures import pixels
from lth.errors import UserError, reason
from lth.printable import printable

_SHOWN = 60
"""Characters of a value that a sentence repeats."""
ImagesAndLabels = tuple[NDArray[Any], NDArray[Any]]
"""Images and labels."""


def gathered(data: Any, what: str) -> ImagesAndLabels:
    """All examples of a data set as two arrays, in its order.

    Args:
        data: a pair of arrays or tensors, a torch `Dataset`, a `DataLoader`, a Hugging Face `Dataset`.
        what: how sentences call it, such as `train`.

    Raises:
        UserError: it is none of these, or its examples are no pairs of an image and a label.
    """
    if isinstance(data, tuple | list) and len(data) == 2 and hasattr(data[0], "shape"):
        return _array(data[0]), _array(data[1])
    if isinstance(data, DataLoader):
        return _joined(_batches(data, what), what)
    if hasattr(data, "features") and hasattr(data, "column_names"):
        return _joined(_rows(data, what), what)
    if hasattr(data, "__getitem__") and hasattr(data, "__len__") and not isinstance(data, tuple | list | dict):
        return _joined(_items(data, what), what)
    raise UserError(
        f"{what} data: found {type(data).__name__}; a pair of images and labels, a torch Dataset, a DataLoader, a "
        f"Hugging Face Dataset or the name of a source is needed"
    )


def class_names(data: Any) -> list[str] | None:
    """The names of a data set's classes, where it has some."""
    named = getattr(data, "classes", None)
    if isinstance(data, DataLoader):
        return class_names(data.dataset)
    if named is None and isinstance(features := getattr(data, "features", None), dict):
        named = next((feature.names for feature in features.values() if hasattr(feature, "names")), None)
    if not isinstance(named, Iterable) or isinstance(named, str):
        return None
    return [str(name) for name in named]


def _batches(loader: "DataLoader[Any]", what: str) -> Iterator[ImagesAndLabels]:
    sampler = loader.sampler
    if isinstance(sampler, RandomSampler) or not isinstance(loader.batch_sampler, BatchSampler | None):
        raise UserError(
            f"{what} data: the DataLoader shuffles; use shuffle=False (each training draws an order itself)"
        )
    if not isinstance(sampler, SequentialSampler):
        raise UserError(f"{what} data: the DataLoader samples by {type(sampler).__name__}; give its dataset instead")
    if loader.drop_last:
        raise UserError(f"{what} data: the DataLoader drops the last batch; use drop_last=False")
    first = 0
    for batch in loader:
        images, labels = _pair(batch, what)
        if np.ndim(labels) == 0:  # with `batch_size=None` examples come one by one, or in batches of the data set's own
            images, labels = [images], [_whole(labels, what)]
        labels = _array(labels)
        yield _stacked(images, first, what) if isinstance(images, list | tuple) else _array(images), labels
        first += len(labels)


def _items(data: Any, what: str) -> Iterator[ImagesAndLabels]:
    for position in range(len(data)):
        image, label = _pair(data[position], what)
        labels = np.asarray([_whole(label, what)] if np.ndim(label) == 0 else label)
        yield _image(image, position, what)[None], labels


def _whole(label: Any, what: str) -> int:
    try:
        return index(label)
    except TypeError:
        found = printable(repr(label), _SHOWN)
        raise UserError(f"{what} data: labels must be whole numbers, found {found}") from None


def _rows(data: Any, what: str) -> Iterator[ImagesAndLabels]:
    """The examples of a Hugging Face data set: its column of images and that of labels."""
    keep = "keep one of them, as `data.select_columns(['image', '{}'])` does"
    images, labels = image_and_label(f"{what} data", data.features, None, keep)
    for position, row in enumerate(data):
        yield _image(row[images], position, what)[None], np.asarray([row[labels]])


def _pair(example: Any, what: str) -> tuple[Any, Any]:
    if not isinstance(example, tuple | list) or len(example) != 2:
        raise UserError(
            f"{what} data: found {type(example).__name__} as an example; pairs of image and label are needed"
        )
    return example[0], example[1]


def _stacked(images: Sequence[Any], first: int, what: str) -> NDArray[Any]:
    """Single images as one array; `first` is the position of the first of them, for sentences."""
    read = (_image(image, first + n, what)[None] for n, image in enumerate(images))
    return _joined(((image, np.empty(0)) for image in read), what)[0]


def _image(image: Any, position: int, what: str) -> NDArray[Any]:
    """A single image; one of Pillow's as uint8 [height, width] or [height, width, 3], which are told apart by their
    axes however small they are."""
    from PIL import Image

    where = f"{what} data: image {position}"
    try:
        if not isinstance(image, Image.Image):
            return _array(image)
        read = pixels(where, image)
    except (TypeError, ValueError, OSError, SyntaxError) as error:  # the last two of a file that Pillow reads only now
        raise UserError(f"{where}: cannot be read as an image ({type(image).__name__}): {reason(error)}") from None
    return read[0] if len(read) == 1 else read.transpose(1, 2, 0)


def _array(values: Any) -> NDArray[Any]:
    """As numpy: tensors and arrays."""
    return values.detach().cpu().numpy() if isinstance(values, torch.Tensor) else np.asarray(values)


def _joined(parts: Iterable[ImagesAndLabels], what: str) -> ImagesAndLabels:
    images: list[NDArray[Any]] = []
    labels: list[NDArray[Any]] = []
    for image, label in parts:
        if images and image.shape[1:] != images[0].shape[1:]:
            shapes = f"{list(images[0].shape[1:])} and {list(image.shape[1:])}"
            advice = "resize them to one, and give all as many channels, as `image.convert('RGB')` does"
            raise UserError(f"{what} data: images of different shapes, {shapes}; {advice}")
        images.append(image)
        labels.append(label)
    if not images:
        raise UserError(f"{what} data: there are no examples")
    return np.concatenate(images), np.concatenate(labels)
