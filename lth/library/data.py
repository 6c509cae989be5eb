"""Data of the caller's as the data sets of a study are held: bytes in memory, split, and measured."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from torch import Tensor

from lth.catalog.datasets import SOURCES
from lth.catalog.kinds import PREPARED
from lth.catalog.source import ImageSource, short_name
from lth.checks.explain import explain
from lth.config.data import Dataset
from lth.data.arrays import raw_images
from lth.data.choose import stratified
from lth.data.images import Images, Split
from lth.data.prepare import statistics, transformed
from lth.data.root import data_root
from lth.errors import UserError
from lth.library.gather import class_names, gathered
from lth.seeds import generator

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
    name: str = "data",
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
            them. Do not normalise: that is done here. Labels are 0 to classes - 1.
        test: the test examples, likewise. Without it a tenth of the training examples is set aside for the test.
            Sources have test examples of their own.
        validation: training examples that are set aside to choose the best epoch; without it a tenth, at most 5,000.
        classes: the names of the classes; without it those of the data, or 0, 1, 2, ...
        name: what the data set is called in files and tables.
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
            raise UserError(f"data: '{train}' has test examples and classes of its own; leave `test` and `classes` out")
        spec = _spec_of(train, validation, grey=grey, size=size, train=limit, split_seed=split_seed)
        found: Images = PREPARED[SOURCES[train].kind].load()(
            short_name(train), spec, Path(root).expanduser() if root else data_root(None)
        )
        return found
    if root is not None:
        raise UserError("data: `root` is where published data sets lie; it has no effect on data that are given")
    told = list(classes) if classes is not None else class_names(train)
    images, labels, names = raw_images(*gathered(train, "train"), told, "train")
    parts = _split(labels, validation, test is None, limit, split_seed)
    images = transformed(images, grey=grey, size=size)
    splits = {part: Split(images[rows], labels[rows]) for part, rows in parts.items()}
    if test is not None:
        test_images, test_labels, _ = raw_images(*gathered(test, "test"), names, "test")
        splits["test"] = Split(transformed(test_images, grey=grey, size=size), test_labels)
    if splits["test"].images.shape[1:] != images.shape[1:]:
        shapes = f"{list(images.shape[1:])} for training and {list(splits['test'].images.shape[1:])} for the test"
        raise UserError(f"data: images have the shape {shapes}; give both one shape")
    mean, std = statistics(splits["train"].images)
    return Images(name, splits, names, mean, std)  # type: ignore[arg-type]


def as_images(data: Data) -> Images:
    """A data set as it is, or what `dataset` makes of it."""
    return data if isinstance(data, Images) else dataset(data)


def _spec_of(source: str, validation: int | None, **keys: Any) -> Dataset:
    """The entry of a study for a source; some of its training images are the test where it has no others."""
    if source not in SOURCES:
        raise UserError(f"data: there is no source '{source}'; `lth list` shows those that there are")
    entry = SOURCES[source]
    if not isinstance(entry, ImageSource):
        raise UserError(f"data: '{source}' holds texts; the library takes images (studies take texts as well)")
    aside = _aside(entry.train)
    asked = {"validation": aside if validation is None else validation, "test": None if entry.test else aside, **keys}
    try:
        spec = Dataset(source=source, **asked)
    except ValidationError as error:
        faults = [*explain(error)]
    else:
        faults = [*spec.misuses()]
    if faults:
        path, message = faults[0]
        raise UserError(f"data: {''.join(f'{key}: ' for key in path)}{message}")
    return spec


def _aside(examples: int) -> int:
    return min(_MOST, examples // _SHARE)


def _split(
    labels: Tensor, validation: int | None, tests: bool, limit: int | None, split_seed: int
) -> dict[str, Tensor]:
    """Rows of the training examples by split: int64, ascending."""
    rows, parts = torch.arange(len(labels)), {}
    wanted = {
        "test": _aside(len(labels)) if tests else 0,
        "validation": _aside(len(labels)) if validation is None else validation,
    }
    if (asked := sum(wanted.values()) + (limit or 1)) > len(labels) or min(wanted["validation"], limit or 1) < 1:
        raise UserError(
            f"data: {len(labels)} examples cannot be split into {wanted['test']} for the test, {wanted['validation']} "
            f"for validation and {limit or 'some'} for training ({asked} in all); each but the test needs at least one"
        )
    for part, count in wanted.items():
        chosen = stratified(labels[rows], count, generator(split_seed, f"{part} split"))
        parts[part] = rows[chosen]
        rows = rows[~torch.isin(torch.arange(len(rows)), chosen)]
    if not tests:
        del parts["test"]
    if limit is not None:
        rows = rows[stratified(labels[rows], limit, generator(split_seed, "training subset"))]
    return {"train": rows, **parts}
