"""Data of the caller's as the data sets of a study are held: bytes in memory, split, and measured."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lth.catalog.datasets import SOURCES
from lth.catalog.kinds import PREPARED
from lth.catalog.source import ImageSource, short_name
from lth.checks.wording import did_you_mean
from lth.config.data import Dataset
from lth.data.arrays import raw_images
from lth.data.assembled import arrays_to_images
from lth.data.images import Images
from lth.data.raw import RawImages
from lth.data.root import data_root
from lth.errors import UserError
from lth.library.gather import class_names, gathered
from lth.library.sentences import PART, in_library, refused
from lth.paths import expanded

Data = Any
"""What `dataset` takes as training examples, or what it returned."""
_SHARE, _MOST = 10, 5000
"""One in so many training examples, and at most so many, are set aside for validation, or for a missing test set."""


def dataset(
    train: Data,
    test: Data | None = None,
    *,
    validation: int | None = None,
    classes: Sequence[str] | None = None,
    name: str | None = None,
    grey: bool = False,
    size: int | None = None,
    limit: int | None = None,
    split_seed: int = 0,
    root: str | Path | None = None,
) -> Images:
    """A data set that tickets are found and trained on: with training, validation and test examples.

    Args:
        train: the training examples: a pair of images and labels (numpy arrays or tensors), a torch `Dataset`, a
            `DataLoader` that does not shuffle, a Hugging Face `Dataset` of images, or the name of a source, such as
            "mnist" (`lth list` shows them). Images are uint8 [images, height, width], [images, channels, height, width]
            or [images, height, width, channels]; floats are taken if they are pixels from 0 to 1, as `ToTensor` gives
            them; images of Pillow are read as image files are. Do not normalise: that is done here. Labels are 0 to
            classes - 1.
        test: the test examples, likewise. Without it a tenth of the training examples is set aside for the test.
            Sources have test examples of their own.
        validation: training examples that are set aside to choose the best epoch; without it a tenth, at most 5,000.
        classes: the names of the classes; without it those of the data, or 0, 1, 2, ...
        name: what the data set is called in files and tables; without it as its source, or `data`.
        grey: turn colour into one channel (ITU-R 601 luma).
        size: resize to so many pixels a side.
        limit: train on so many examples only, stratified.
        split_seed: of the stratified splits.
        root: the folder of the published data sets; without it the variable LTH_DATA, or `data`.

    Raises:
        UserError: examples that cannot be used, in a sentence that says why.
    """
    if isinstance(train, str):
        if test is not None or classes is not None:
            words = "has classes of its own, and test examples or a tenth that is set aside"
            raise UserError(f"data: '{train}' {words}; leave `test` and `classes` out")
        spec = _spec_of(train, validation, grey=grey, size=size, train=limit, split_seed=split_seed)
        found: Images = PREPARED[SOURCES[train].kind].load()(
            name or short_name(train), spec, expanded(root, "data: root") if root else data_root(None)
        )
        return found
    if root is not None:
        raise UserError("data: `root` is where published data sets lie; it has no effect on data that are given")
    told = list(classes) if classes is not None else class_names(train)
    images, labels, names = raw_images(*gathered(train, "train"), told, "train")
    tests, test_labels = images[:0], labels[:0]
    if test is not None:
        tests, test_labels, _ = raw_images(*gathered(test, "test"), names, "test")
        _check_alike(images, tests, grey, size)
    aside = _aside(len(labels))
    held_out, validated = aside if test is None else None, aside if validation is None else validation
    _check_split(len(labels), held_out or 0, validated, limit)
    raw = RawImages(train_images=images, train_labels=labels, test_images=tests, test_labels=test_labels, classes=names)
    with in_library("datasets", "data: "):
        return arrays_to_images(
            raw,
            name=name or "data",
            validation=validated,
            train=limit,
            test=held_out,
            grey=grey,
            size=size,
            split_seed=split_seed,
        )


def as_images(data: Data) -> Images:
    """A data set as it is, or what `dataset` makes of it."""
    return data if isinstance(data, Images) else dataset(data)


def _spec_of(source: str, validation: int | None, **keys: Any) -> Dataset:
    """The entry of a study for a source; some of its training images are the test where it has no others."""
    if source not in SOURCES:
        meant = did_you_mean(source, SOURCES)
        raise UserError(f"data: there is no source '{source}'{meant}; `lth list` shows those that there are")
    entry = SOURCES[source]
    if not isinstance(entry, ImageSource):
        raise UserError(f"data: '{source}' holds texts; the library takes images (studies take texts as well)")
    aside = _aside(entry.train)
    asked = {"validation": aside if validation is None else validation, "test": None if entry.test else aside, **keys}
    with in_library("datasets", "data: "):
        spec = Dataset(source=source, **asked)
    if faults := [*spec.misuses()]:
        raise refused(((("datasets", PART, *path), message) for path, message in faults), "data: ")
    return spec


def _aside(examples: int) -> int:
    return min(_MOST, examples // _SHARE)


def _check_split(examples: int, test: int, validation: int, limit: int | None) -> None:
    """Whether there are so many training examples to share out; raises UserError."""
    asked = test + validation + (limit or 1)
    if asked > examples or min(validation, limit or 1) < 1:
        raise UserError(
            f"data: {examples} examples cannot be split into {test} for the test, {validation} for validation and "
            f"{limit or 'some'} for training ({asked} in all); each but the test needs at least one"
        )


def _check_alike(images: NDArray[np.uint8], tests: NDArray[np.uint8], grey: bool, size: int | None) -> None:
    """Whether training and test images have one shape once they are grey and of one size; raises UserError."""
    shapes = [[1 if grey else one.shape[1], size or one.shape[2], size or one.shape[3]] for one in (images, tests)]
    if shapes[0] != shapes[1]:
        shown = f"{shapes[0]} for training and {shapes[1]} for the test"
        raise UserError(f"data: images have the shape {shown}; give both one shape")
