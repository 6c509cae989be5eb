"""The files of torchvision's data sets: found, checked, downloaded where they are missing, and read.

torchvision's own classes find the files, check them as far as they do, and say which image has which label; what is
missing is downloaded into the data root first, as they download it. Photographs are decoded here, one at a time.
"""

import shutil
import socket
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lth.data.opened import Opened, Part
from lth.data.own_arrays import batches_of
from lth.data.pictures import picture
from lth.data.vision import TIMEOUT
from lth.errors import UserError, reason

PartOptions = Mapping[str, Any]
"""With which torchvision makes a part."""
_CALTECH = {
    "Caltech101": ("101_ObjectCategories", "image_{1:04d}.jpg"),
    "Caltech256": ("256_ObjectCategories", "{0:03d}_{1:04d}.jpg"),
}
"""Folders of the classes' folders, and how a file is called: by its class, counted from 1, and its number."""


def read_arrays(
    title: str,
    root: Path | None,
    parts: Sequence[PartOptions],
    classes: tuple[str, ...] | None = None,
    *,
    upright: bool = False,
    first_label: int = 0,
) -> Opened:
    """A set that torchvision holds in memory, its parts being training images and, if there are any, test images.

    Args:
        title: of torchvision's class.
        root: where its files are.
        parts: how each is made.
        classes: their names; without it those that torchvision has.
        upright: swap rows and columns.
        first_label: as published.

    Raises:
        UserError: the files are not available, or damaged; here as below.
    """
    made = [_torchvision(title, root, options) for options in parts]
    images = [np.asarray(part.data) for part in made]
    images = [array[:, None] if array.ndim == 3 else array for array in images]
    images = [array.swapaxes(2, 3) for array in images] if upright else images
    labels = [np.asarray(part.labels if hasattr(part, "labels") else part.targets, np.int64) for part in made]
    labels = [
        (array[:, 0] if array.ndim == 2 else array) - first_label for array in labels
    ]  # QMNIST tells more of each
    names = classes or _names(made[0])[first_label:]
    by_part: dict[Part, NDArray[np.uint8]] = {"train": images[0]}
    if len(made) > 1:
        by_part["test"] = images[1]
    _check(title, root, labels, names)
    return Opened(
        train_labels=labels[0],
        test_labels=labels[1] if len(made) > 1 else np.empty(0, np.int64),
        classes=names,
        channels=images[0].shape[1],
        size=images[0].shape[2],
        read=lambda part, rows: (
            (f"{title}: {where}", batch) for where, batch in batches_of([by_part[part]], rows, part)
        ),
        held=sum(array.nbytes for array in images),
    )


def read_photographs(
    title: str,
    root: Path | None,
    train: Sequence[PartOptions],
    test: PartOptions | None = None,
    classes: tuple[str, ...] | None = None,
    *,
    size: int = 0,
) -> Opened:
    """A set of image files.

    Args:
        title: of torchvision's class.
        root: where its files are.
        train: how each part with training images is made.
        test: likewise.
        classes: their names; without it those that torchvision has.
        size: pixels a side, where all images have as many.
    """
    made = [_torchvision(title, root, options) for options in train]
    files: dict[Part, list[tuple[Path, int]]] = {
        "train": [file for part in made for file in _files(part)],
        "test": [] if test is None else _files(_torchvision(title, root, test)),
    }
    labels = {part: np.array([label for _, label in found], np.int64) for part, found in files.items()}
    names = classes or _names(made[0])
    _check(title, root, [*labels.values()], names)

    def read(part: Part, rows: NDArray[np.int64]) -> Iterator[tuple[str, NDArray[np.uint8]]]:
        for row in rows.tolist():
            path = files[part][row][0]
            yield str(path), picture(path)[None]

    return Opened(
        train_labels=labels["train"], test_labels=labels["test"], classes=names, channels=3, size=size, read=read
    )


def _names(part: Any) -> tuple[str, ...]:
    """The names of the classes, as torchvision's class has them; synonyms of one class joined."""
    names = part.categories if hasattr(part, "categories") else part.classes
    return tuple(name if isinstance(name, str) else ", ".join(name) for name in names)


def _files(part: Any) -> list[tuple[Path, int]]:
    """The image files of a part and their labels, in the order of their names, whatever torchvision keeps them as."""
    if folder := _CALTECH.get(type(part).__name__):
        inside, name = folder
        pairs = zip(part.y, part.index, strict=True)
        found = [(Path(part.root, inside, part.categories[y], name.format(y + 1, number)), y) for y, number in pairs]
    elif samples := getattr(part, "_samples", None) or getattr(part, "samples", None):
        found = [(Path(path), label) for path, label in samples]
    else:
        paths = part._images if hasattr(part, "_images") else part._image_files
        found = [(Path(path), label) for path, label in zip(paths, part._labels, strict=True)]
    return sorted(found)


def _check(title: str, root: Path | None, labels: list[NDArray[np.int64]], names: tuple[str, ...]) -> None:
    for array in labels:
        if len(array) and not 0 <= array.min() <= array.max() < len(names):
            words = f"labels from {array.min()} to {array.max()}, where 0 to {len(names) - 1} are published"
            raise UserError(f"{title}: the files in {root} have {words}; delete them to download them again")


def _torchvision(title: str, root: Path | None, options: PartOptions) -> Any:
    """A part as torchvision makes it; what is missing is downloaded."""
    from torchvision import datasets

    advice = "name the folder that holds it as `data_root` in the study file or in the variable LTH_DATA"
    if root is None:
        raise UserError(f"{title}: no data folder is given; {advice}")
    kind = getattr(datasets, title)
    try:
        return _made(kind, root, options)
    except Exception as error:  # whatever torchvision makes of missing and damaged files
        first = reason(error)
    try:
        _download(kind, root, options)
        return _made(kind, root, options)
    except Exception as error:  # likewise, and of networks
        said = str(error).splitlines()
        message = f"{title}: not complete, or damaged, in {root} ({first})"
        raise UserError(
            f"{message}, and the download failed ({said[-1] if said else type(error).__name__}); {advice}"
        ) from None


def _made(kind: Any, root: Path, options: PartOptions) -> Any:
    if kind.__name__ == "USPS":
        _check_usps(kind, root, options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return kind(root, **options)


def _check_usps(kind: Any, root: Path, options: PartOptions) -> None:
    """torchvision checks these files only when it downloads them."""
    from torchvision.datasets.utils import check_integrity

    _, name, md5 = kind.split_list["train" if options["train"] else "test"]
    if not check_integrity(root / name, md5):
        raise RuntimeError(f"{name} is not there, or has another MD5 than the published file")


def _download(kind: Any, root: Path, options: PartOptions) -> None:
    """Into a temporary folder, from which files are moved to their places: nobody meets half of one. What is there
    stays."""
    root.mkdir(parents=True, exist_ok=True)
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT)
    try:
        with TemporaryDirectory(prefix=".download-", dir=root) as temporary:
            kind(temporary, **options, download=True)
            for path in sorted(Path(temporary).rglob("*")):
                target = root / path.relative_to(temporary)
                if path.is_file() and not target.exists():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.move(path, target)
    finally:
        socket.setdefaulttimeout(before)
