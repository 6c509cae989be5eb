"""From an opened source to a data set in memory: choose, read only that, turn grey, make square and of one size.

Images change form as they come, a batch at a time, and are never held in another form all at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lth.catalog.datasets import SOURCES
from lth.config.data import Dataset, Normalisation
from lth.data.choose import choose, stratified
from lth.data.examples import SplitName
from lth.data.images import Images, Split
from lth.data.memory import check_memory
from lth.data.opened import Opened, Part
from lth.data.own_arrays import batches_of
from lth.data.prepare import statistics, transformed
from lth.data.raw import RawImages
from lth.errors import UserError
from lth.printable import printable
from lth.seeds import generator


def prepare(name: str, spec: Dataset, root: Path | None) -> Images:
    """A study's data set `name`, as its entry describes it, of a source that is opened.

    Args:
        name: only for the artifact and for error sentences.
        spec: its entry in the study.
        root: where published data sets lie.

    Raises:
        UserError: the source is not available, has fewer images than the entry asks for, or more than there is memory.
    """
    opened: Opened = SOURCES[spec.source].load()(root)
    return assembled_images(name, spec, opened)


@dataclass(frozen=True)
class _Shared:
    """The labels to share out, where some images were set aside to test with."""

    train_labels: NDArray[np.int64]
    test_labels: NDArray[np.int64]


def assembled_images(name: str, spec: Dataset, opened: Opened) -> Images:
    """An opened data set, split and transformed as an entry of a study says; raises UserError as `prepare` does."""
    rest, aside = _set_aside(name, spec, opened)
    labels = torch.from_numpy(opened.train_labels)
    own_test = torch.from_numpy(opened.test_labels)
    shared = _Shared(labels[rest].numpy(), own_test.numpy() if aside is None else labels[aside].numpy())
    chosen = choose(name, spec, shared)
    channels = 1 if spec.grey else opened.channels
    size = spec.size or opened.size
    if not size:
        message = f"datasets.{name}: `size` is missing: the images of {spec.source} differ in size or are not square"
        raise UserError(f"{message}; name the pixels a side that they are resized to")
    count = sum(len(rows) for rows in chosen.values())
    check_memory(
        f"datasets.{name}", f"{count:,} images of {channels}x{size}x{size}", count * channels * size**2, opened.held
    )
    splits: dict[SplitName, Split] = {}
    for split, positions in chosen.items():
        part: Part = "test" if split == "test" and aside is None else "train"
        pool = {"train": rest, "test": aside if aside is not None else torch.arange(len(own_test))}
        rows = pool["test" if split == "test" else "train"][positions]
        images = torch.empty(len(rows), channels, size, size, dtype=torch.uint8)
        _fill(images, opened.read(part, rows.numpy()), grey=spec.grey, wanted=spec.size)
        splits[split] = Split(images, (own_test if part == "test" else labels)[rows])
    mean, std = statistics(splits["train"].images)
    if spec.normalise:
        mean, std = (255 * torch.tensor(given) for given in (spec.normalise.mean, spec.normalise.std))
    return Images(name, splits, opened.classes, mean, std)


def _set_aside(name: str, spec: Dataset, opened: Opened) -> tuple[Tensor, Tensor | None]:
    """Ascending positions of the images to train with, and of those to test with where the source has none for that."""
    there = len(opened.train_labels)
    if len(opened.test_labels):
        return torch.arange(there), None
    if spec.test is None or spec.test >= there:
        message = f"datasets.{name}: {spec.source} has no test images of its own, and {there} images in all"
        raise UserError(f"{message}; name as `test` how many of them are set aside, below that number")
    labels = torch.from_numpy(opened.train_labels)
    aside = stratified(labels, spec.test, generator(spec.split_seed, "test split"))
    rest = torch.ones(there, dtype=torch.bool).index_fill_(0, aside, value=False).nonzero().flatten()
    return rest, aside


def _fill(images: Tensor, batches: Iterator[tuple[str, NDArray[np.uint8]]], *, grey: bool, wanted: int | None) -> None:
    """Write batches of images, each made grey, square and of one size, one after the other to their places."""
    done, (channels, side) = 0, images.shape[1:3]
    for where, batch in batches:
        if wanted is None and batch.shape[2:] != (side, side):
            shape = f"{batch.shape[3]}x{batch.shape[2]}"
            message = f"{printable(where)}: has {shape} pixels, where other images have {side}x{side}"
            raise UserError(f"{message}; name a `size` on the data set, to which all are resized")
        if channels == 1 and not grey and batch.shape[1] == 3:
            message = f"{printable(where)}: is a colour image, where all were grey when their heads were looked at"
            raise UserError(f"{message}; say `grey: true` on the data set, or run it again")
        made = transformed(square(torch.from_numpy(batch)), grey=grey, size=wanted)
        images[done : done + len(made)] = made  # of one channel to all three, where the others have colour
        done += len(made)
    if done != len(images):
        raise AssertionError(f"{done} of {len(images)} images were read")


def square(images: Tensor) -> Tensor:
    """The middle of images, as large as it can be: [images, channels, height, width] to [..., side, side]."""
    height, width = images.shape[2:]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return images[:, :, top : top + side, left : left + side]


def arrays_to_images(
    raw: RawImages,
    *,
    name: str = "arrays",
    validation: int,
    train: int | None = None,
    test: int | None = None,
    grey: bool = False,
    size: int | None = None,
    normalise: Normalisation | None = None,
    split_seed: int = 0,
) -> Images:
    """A raw data set as networks are fed it, split and transformed as a study's are.

    Args:
        raw: of arrays that `lth.data.arrays.raw_images` has checked.
        name: of the data set, for its artifact and for sentences.
        validation: training images set aside for model selection, stratified; this and all below as in a study's
            `datasets`.
        train: so many training images, stratified; without it all that are left.
        test: so many test images; needed where the raw data set has none, which are then set aside first.
        grey: turn colour into one channel.
        size: pixels a side to resize to; needed where images are not square.
        normalise: constants; without it those of the training split.
        split_seed: of the split.

    Raises:
        UserError: there are fewer images than asked for, or a needed value is missing.
    """
    spec = Dataset(
        source="npz:arrays",
        validation=validation,
        train=train,
        test=test,
        grey=grey,
        size=size,
        normalise=normalise,
        split_seed=split_seed,
    )
    height, width = raw.train_images.shape[2:]
    opened = Opened(
        train_labels=raw.train_labels,
        test_labels=raw.test_labels,
        classes=raw.classes,
        channels=raw.train_images.shape[1],
        size=height if height == width else 0,
        read=lambda part, rows: batches_of([raw.test_images if part == "test" else raw.train_images], rows, part),
    )
    return assembled_images(name, spec.model_copy(update={"source": "the data set"}), opened)
