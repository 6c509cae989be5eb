"""`folder:PATH`: images of the user's own, a folder for each class, and Tiny ImageNet as it is published.

`PATH/train/CLASS/...` holds training images, `PATH/test/CLASS/...` test images. Images in `PATH/val/CLASS/...` are test
images where there is no folder `test` (as in ImageNet), else further training images: a study draws its own
validation split. Tiny ImageNet has no labels for its test images, so its validation images are test images, too.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lth.catalog.source import OwnSource
from lth.data.listing import found_in_files, listing_digest
from lth.data.opened import Opened, Part
from lth.data.pictures import ENDINGS, picture, picture_shape
from lth.errors import UserError
from lth.paths import expanded
from lth.printable import printable
from lth.reading import read_regular

TINY_FOLDER = "tiny-imagenet-200"
ANNOTATIONS = "val/val_annotations.txt"
"""Of Tiny ImageNet: a line for each validation image, with its name and class."""
_LONGEST_ANNOTATIONS = 10_000_000

_Image = tuple[str, int]
"""A file as seen from the root, and its label."""


@dataclass(frozen=True)
class _Tree:
    """The images of a folder."""

    root: Path
    classes: tuple[str, ...]
    parts: Mapping[Part, Sequence[_Image]]
    others: tuple[str, ...] = ()
    """Files that say something about the images."""

    def labels(self, part: Part) -> NDArray[np.int64]:
        """int64 [images]."""
        return np.array([label for _, label in self.parts[part]], np.int64)

    @cached_property
    def shape(self) -> tuple[int, int]:
        """Channels (3 where some image has colour), and pixels a side (0 where they differ), by the heads of all."""
        files = [file for part in self.parts.values() for file, _ in part]
        heads = found_in_files(self.root, files, "heads", lambda path: [*picture_shape(path)]).values()
        sides = {side for _, *sides in heads for side in sides}
        return max(channels for channels, *_ in heads), sides.pop() if len(sides) == 1 else 0


def folder_source(which: str) -> OwnSource:
    """The facts about the images in a folder: by its listing, and the heads of the images.

    Raises:
        UserError: it is not there, has no images, or is laid out otherwise; the sentence names it.
    """
    tree = _tree(which)
    channels, size = tree.shape
    return OwnSource(
        target="lth.data.folders:open_folder",
        identity="lth.data.folders:folder_content",
        about=f"the images in {which}",
        which=which,
        channels=channels,
        size=size,
        classes=len(tree.classes),
        train=len(tree.parts["train"]),
        test=len(tree.parts["test"]),
    )


def folder_content(which: str) -> str:
    """A digest of the images in a folder and their names; raises UserError as `folder_source` does."""
    tree = _tree(which)
    return listing_digest(tree.root, [*tree.others, *(file for part in tree.parts.values() for file, _ in part)])


def open_folder(which: str, root: Path | None) -> Opened:  # noqa: ARG001  (the path says where it is)
    """The images in a folder, not read yet; raises UserError as `folder_source` does."""
    return _opened(_tree(which))


def tiny_imagenet(root: Path | None) -> Opened:
    """Tiny ImageNet, 100,000 + 10,000 of 64x64 RGB in 200 classes, from the data root; nothing is downloaded.

    Raises:
        UserError: it is not there, or not complete.
    """
    folder = (root or Path("data")) / TINY_FOLDER
    if not (folder / "wnids.txt").is_file():
        message = (
            f"{printable(folder)}: is not there; unpack tiny-imagenet-200.zip (cs231n.stanford.edu) there, or name"
        )
        raise UserError(f"{message} the folder that holds it as `data_root` in the study file or in LTH_DATA")
    return _opened(_tiny_tree(folder))


def _opened(tree: _Tree) -> Opened:
    channels, size = tree.shape

    def read(part: Part, rows: NDArray[np.int64]) -> Iterator[tuple[str, NDArray[np.uint8]]]:
        for row in rows.tolist():
            path = tree.root / tree.parts[part][row][0]
            yield str(path), picture(path)[None]

    return Opened(
        train_labels=tree.labels("train"),
        test_labels=tree.labels("test"),
        classes=tree.classes,
        channels=channels,
        size=size,
        read=read,
    )


# --- which images there are -----------------------------------------------------------------------------------------


def _tree(which: str) -> _Tree:
    root = expanded(which)
    train = root / "train"
    if not train.is_dir():
        there = "is not there" if not root.exists() else "has no folder `train`" if root.is_dir() else "is no folder"
        layout = "images lie in PATH/train/CLASS/, a folder for each class, and test images in PATH/test/CLASS/"
        raise UserError(f"{printable(root.absolute())}: {there}; {layout}")
    if (root / "wnids.txt").is_file() and (root / ANNOTATIONS).is_file():
        return _tiny_tree(root)
    folders = [folder for name in ("train", "val", "test") if (folder := root / name).is_dir()]
    dates = [inner.stat().st_mtime_ns for folder in folders for inner in (folder, *_folders(folder))]
    return _class_tree(root, tuple(folders), tuple(dates))


@cache
def _class_tree(root: Path, folders: tuple[Path, ...], _: tuple[int, ...]) -> _Tree:
    """Once for each state of the folders."""
    classes = tuple(folder.name for folder in _folders(root / "train"))
    if len(classes) < 2:
        found = printable(classes[0], 60) if classes else "none"
        message = f"{printable(root / 'train')}: needs a folder for each class, at least two, found {found}"
        raise UserError(f"{message}; images lie in PATH/train/CLASS/")
    by_folder = {folder.name: [*_images_of(root, folder, classes)] for folder in folders}
    test = "test" if "test" in by_folder else "val"
    train = [image for name, images in by_folder.items() if name != test for image in images]
    return _Tree(root, classes, {"train": train, "test": by_folder.get(test, [])})


def _images_of(root: Path, folder: Path, classes: tuple[str, ...]) -> Iterator[_Image]:
    """The images below a folder, class by class, in the order of their names."""
    for inner in _folders(folder):
        if inner.name not in classes:
            message = f"{printable(inner)}: is no class of the training images ({printable(', '.join(classes), 200)})"
            raise UserError(f"{message}; take it out, or make a folder of that name in `train`")
        files = sorted(_files(inner, root))
        if not files:
            endings = ", ".join(ENDINGS)
            raise UserError(f"{printable(inner)}: holds no images ({endings}); put some there or take the folder out")
        yield from ((file, classes.index(inner.name)) for file in files)


def _folders(folder: Path) -> list[Path]:
    """The folders in a folder, sorted by name; hidden ones left out."""
    return sorted(inner for inner in folder.iterdir() if inner.is_dir() and not inner.name.startswith("."))


def _files(folder: Path, root: Path) -> Iterator[str]:
    """The image files below a folder, hidden ones left out, as seen from the root."""
    for place, _, names in os.walk(folder):
        inside = Path(place).relative_to(root).as_posix()
        yield from (f"{inside}/{name}" for name in names if name.lower().endswith(ENDINGS) and name[0] != ".")


def _tiny_tree(root: Path) -> _Tree:
    places = [inner / name for inner in _folders(root / "train") for name in ("", "images")]
    dates = [place.stat().st_mtime_ns for place in (*places, root / ANNOTATIONS) if place.exists()]
    return _tiny_tree_at(root, tuple(dates))


@cache
def _tiny_tree_at(root: Path, dates: tuple[int, ...]) -> _Tree:  # noqa: ARG001  (they are in the cache's key)
    """Tiny ImageNet: classes are WordNet's numbers, in order. Once for each state of the folders."""
    classes = tuple(folder.name for folder in _folders(root / "train"))
    train = [*_images_of(root, root / "train", classes)]
    labels = {name: label for label, name in enumerate(classes)}
    test = []
    lines = read_regular(root / ANNOTATIONS, _LONGEST_ANNOTATIONS).decode("utf-8", "replace").splitlines()
    for number, line in enumerate(lines, start=1):
        file, _, rest = line.partition("\t")
        name = rest.partition("\t")[0]
        if name not in labels or "/" in file or not file.lower().endswith(ENDINGS):
            message = f"{printable(root / ANNOTATIONS)}: line {number} is no file and class of Tiny ImageNet"
            raise UserError(f"{message}; unpack tiny-imagenet-200.zip anew")
        test.append((f"val/images/{file}", labels[name]))
    return _Tree(root, classes, {"train": train, "test": test}, (ANNOTATIONS,))
