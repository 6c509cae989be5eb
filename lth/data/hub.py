"""`huggingface:NAME`: image classification sets of the Hugging Face hub, read by the package `datasets`.

A copy in the data root, `huggingface/NAME` (with a revision `huggingface/NAME@REVISION`), goes before the hub: what
`save_to_disk` wrote, or the files as the hub has them. The facts are in the set's description; of its images it says
nothing, so a study names the `size` that they are resized to, and they count as colour images.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lth.catalog.importing import optional
from lth.catalog.source import DATA_ROOT, OwnSource
from lth.data.columns import image_and_label
from lth.data.listing import listing_digest
from lth.data.opened import Opened, Part
from lth.data.pictures import decoded_picture, picture
from lth.data.root import data_root
from lth.errors import UserError, reason
from lth.paths import expanded
from lth.printable import printable

HUB_FOLDER = "huggingface"
"""In the data root, with a copy of each set that is not to be downloaded."""
_VALIDATION = ("validation", "valid", "val")


@dataclass(frozen=True)
class _Set:
    """A set that is being read."""

    splits: Mapping[str, Any]
    """Data sets of `datasets`, by name."""
    image: str
    """The column of the images; that of the labels is below."""
    label: str
    classes: tuple[str, ...]


@dataclass(frozen=True)
class _Name:
    """What a study says behind `huggingface:`."""

    name: str
    revision: str | None
    label: str | None

    @classmethod
    def of(cls, which: str) -> "_Name":
        """`NAME`, `NAME@REVISION`, `NAME#COLUMN` (of the labels), `NAME@REVISION#COLUMN`."""
        name, _, label = which.partition("#")
        name, _, revision = name.partition("@")
        return cls(name, revision or None, label or None)

    @property
    def is_path(self) -> bool:
        """Whether it is the path of a copy, not a name that the hub has."""
        return self.name.startswith((".", "/", "~"))

    def folder(self, root: Path) -> Path:
        """The folder that a copy has to be in: the path itself, or the name with its revision in the data root.

        Raises:
            UserError: it can be no path.
        """
        if self.is_path:
            return expanded(self.name)
        name = f"{self.name}@{self.revision}" if self.revision else self.name
        return expanded(root / HUB_FOLDER / name, f"huggingface:{printable(name, 200)}")

    def copy(self, root: Path) -> Path | None:
        """The folder that has a copy: the path itself, else that in the data root if it is there; raises UserError as
        `folder` does."""
        folder = self.folder(root)
        return folder if self.is_path or folder.is_dir() else None


def hub_source(which: str) -> OwnSource:
    """The facts about a set, by its description.

    Raises:
        UserError: it is not available, or no set of labelled images; `datasets` is not installed.
    """
    root = _root()
    name = _Name.of(which)
    counts, columns = _described(which, root, _state(name.copy(root)))
    _, label = _columns(which, columns, name.label)
    train, test = _parts(which, counts)
    return OwnSource(
        target="lth.data.hub:open_hub",
        identity="lth.data.hub:hub_content",
        about=f"the set {which} of the Hugging Face hub",
        which=which,
        channels=3,
        size=0,
        classes=len(columns[label].names),
        train=sum(counts[split] for split in train),
        test=sum(counts[split] for split in test),
    )


def hub_content(which: str) -> str:
    """A digest of the files of a copy; of the hub's own set, whose revision a study can name, its name."""
    folder = _Name.of(which).copy(_root())
    if folder is None:
        return which
    files = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")]
    return listing_digest(folder, [path.relative_to(folder).as_posix() for path in files])


def open_hub(which: str, root: Path | None) -> Opened:
    """A set, its images not decoded yet; what is missing is downloaded. Raises UserError as `hub_source` does."""
    found = _loaded(which, root or _root())
    train, test = _parts(which, found.splits)
    names: dict[Part, tuple[str, ...]] = {"train": train, "test": test}
    labels = {part: _labels(which, found, splits) for part, splits in names.items()}

    def read(part: Part, rows: NDArray[np.int64]) -> Iterator[tuple[str, NDArray[np.uint8]]]:
        first = 0
        for split in names[part]:
            held = found.splits[split]
            for row in (rows[(rows >= first) & (rows < first + len(held))] - first).tolist():
                where, entry = f"{which}: {split} image {row}", held[row][found.image]
                content = entry["bytes"]
                image = decoded_picture(where, content) if content else picture(Path(entry["path"]))
                yield where, image[None]
            first += len(held)

    return Opened(
        train_labels=labels["train"],
        test_labels=labels["test"],
        classes=found.classes,
        channels=3,
        size=0,
        read=read,
    )


def _root() -> Path:
    """The data root of the study that is checked; else that which every job is told."""
    return DATA_ROOT.get() or data_root(None)


def _state(folder: Path | None) -> int:
    """Another one for another state of a copy."""
    return folder.stat().st_mtime_ns if folder and folder.is_dir() else 0


@cache
def _described(which: str, root: Path, _: int) -> tuple[dict[str, int], dict[str, Any]]:
    """How many examples each split has, and what the columns are; of a set on the hub by its description alone."""
    name = _Name.of(which)
    if name.copy(root) is None:
        library = _datasets()
        with_info = _had(which, root, lambda: library.load_dataset_builder(name.name, revision=name.revision)).info
        if with_info.features and with_info.splits:
            return {split: info.num_examples for split, info in with_info.splits.items()}, dict(with_info.features)
    splits = _read(which, root)
    return {split: len(held) for split, held in splits.items()}, dict(next(iter(splits.values())).features)


def _loaded(which: str, root: Path) -> _Set:
    splits = _read(which, root)
    columns = next(iter(splits.values())).features
    image, label = _columns(which, columns, _Name.of(which).label)
    plain = _datasets().Image(decode=False)
    held = {split: one.select_columns([image, label]).cast_column(image, plain) for split, one in splits.items()}
    return _Set(held, image, label, tuple(columns[label].names))


def _read(which: str, root: Path) -> Mapping[str, Any]:
    """The splits; of a set on the hub they are downloaded, or found in the cache of `datasets`."""
    name, library = _Name.of(which), _datasets()
    folder = name.copy(root)

    def read() -> Any:
        if folder is None:
            return library.load_dataset(name.name, revision=name.revision)
        if not folder.is_dir():
            raise FileNotFoundError(f"{folder} is no folder")
        saved = (folder / "dataset_dict.json").is_file() or (folder / "state.json").is_file()
        return library.load_from_disk(str(folder)) if saved else library.load_dataset(str(folder))

    found = _had(which, root, read)
    return found if isinstance(found, Mapping) else {"train": found}


def _had(which: str, root: Path, get: Any) -> Any:
    """What `datasets` gives; whatever it raises instead is a UserError."""
    try:
        return get()
    except Exception as error:  # of the network, of the hub, of files: there is no end to them
        message = f"huggingface:{printable(which, 200)}: is not available ({reason(error)})"
        name = _Name.of(which)
        where = "put a copy there" if name.is_path else f"offline, put a copy into {printable(name.folder(root))}"
        raise UserError(f"{message}; {where} (`save_to_disk`)") from None


def _datasets() -> Any:
    return optional("datasets", "sets of the Hugging Face hub")


def _columns(which: str, columns: Mapping[str, Any], wanted: str | None) -> tuple[str, str]:
    """The columns with images and with labels."""
    about, name = f"huggingface:{printable(which, 200)}", _Name.of(which).name
    return image_and_label(about, columns, wanted, f"name one of them as huggingface:{name}#{{}}")


def _parts(which: str, splits: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The splits that are training images, and those that are test images: validation where there are no others."""
    validation = [split for split in _VALIDATION if split in splits]
    if "train" not in splits:
        found = printable(", ".join(splits), 200)
        raise UserError(f"huggingface:{printable(which, 200)}: has no split `train`; its splits are {found}")
    if "test" in splits:
        return ("train", *validation), ("test",)
    return ("train",), tuple(validation)


def _labels(which: str, found: _Set, splits: tuple[str, ...]) -> NDArray[np.int64]:
    """int64 [images] of some splits, one after the other."""
    arrays = [np.asarray(found.splits[split].select_columns([found.label])[:][found.label], object) for split in splits]
    labels = np.concatenate([np.empty(0, object), *arrays])
    if any(label is None or label < 0 for label in labels):
        message = f"huggingface:{printable(which, 200)}: not every image of {', '.join(splits)} has a label"
        raise UserError(f"{message}; save a copy without those that have none")
    return labels.astype(np.int64)
