"""GLUE's tasks: from a folder with its `.tsv` files, or downloaded through the package `datasets`."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lth.catalog.datasets import SOURCES
from lth.errors import UserError, reason
from lth.text.extra import datasets
from lth.text.raw import RawTexts
from lth.text.tsv import read_tsv

HUB = "nyu-mll/glue"
REVISION = "bcdcba79d07bc864c1c254ccfcedcce55bcc9a8c"
"""The commit of `HUB` that is downloaded, so that what its owners change later changes nothing here."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """One of GLUE's tasks."""

    source: str
    folder: str
    """In GLUE's own archive."""
    config: str
    """On the hub."""
    columns: tuple[str, ...]
    label: str
    """Of the `.tsv` files; on the hub it is `label`."""
    classes: tuple[str, ...]


SST2 = Task(
    source="sst2",
    folder="SST-2",
    config="sst2",
    columns=("sentence",),
    label="label",
    classes=("negative", "positive"),
)
QQP = Task(
    source="qqp",
    folder="QQP",
    config="qqp",
    columns=("question1", "question2"),
    label="is_duplicate",
    classes=("different", "duplicate"),
)


def sst2(root: Path | None, _: int) -> RawTexts:
    """SST-2: GLUE's training sentences and, for testing, its development set (its test labels are not public)."""
    return _whole(SST2, root)


def qqp(root: Path | None, _: int) -> RawTexts:
    """QQP likewise; a folder that holds only a part of it is refused."""
    return _whole(QQP, root)


def qqp_subset(root: Path | None, _: int) -> RawTexts:
    """Part of QQP in GLUE's columns. It is its own data set: figures on it say nothing of GLUE's QQP."""
    folder = _folder(QQP, root)
    if folder is None:
        raise UserError(_missing(QQP, root) + "; a subset is not downloaded")
    return _read(QQP, folder)


def _whole(task: Task, root: Path | None) -> RawTexts:
    folder = _folder(task, root)
    raw = _read(task, folder) if folder else _downloaded(task, root)
    source = SOURCES[task.source]
    found, wanted = (len(raw.train), len(raw.test)), (source.train, source.test)
    if found != wanted:
        instead = f"; for a part of it there is the source `{task.source}_subset`" if task is QQP else ""
        raise UserError(
            f"{folder or HUB}: has {found[0]:,} training and {found[1]:,} development examples, where GLUE's "
            f"{task.folder} has {wanted[0]:,} and {wanted[1]:,}{instead}"
        )
    return raw


def _folder(task: Task, root: Path | None) -> Path | None:
    """Where its files lie, if they do: `<root>/glue/<task>` or `<root>/<task>`."""
    places = [root / "glue" / task.folder, root / task.folder] if root else []
    return next((place for place in places if (place / "train.tsv").exists()), None)


def _read(task: Task, folder: Path) -> RawTexts:
    train, labels = read_tsv(folder / "train.tsv", task.columns, task.label, len(task.classes))
    test, test_labels = read_tsv(folder / "dev.tsv", task.columns, task.label, len(task.classes))
    return RawTexts(train, labels, test, test_labels, task.classes)


def _downloaded(task: Task, root: Path | None) -> RawTexts:
    library = datasets()
    try:
        found = library.load_dataset(HUB, task.config, revision=REVISION)
    except Exception as error:  # every kind of network error, by many libraries
        raise UserError(f"{_missing(task, root)}, and the download failed ({reason(error)})") from None
    parts = []
    for split in ("train", "validation"):
        texts = list(zip(*(found[split][column] for column in task.columns), strict=True))
        parts.append((texts, np.array(found[split]["label"], dtype=np.int64)))
    (train, labels), (test, test_labels) = parts
    return RawTexts(train, labels, test, test_labels, task.classes)


def _missing(task: Task, root: Path | None) -> str:
    where = (
        f"{root / 'glue' / task.folder}: there is no train.tsv" if root else f"{task.folder}: no data folder is given"
    )
    return (
        f"{where}; name the folder that holds glue/{task.folder} as `data_root` in the study file or in the variable "
        f"LTH_DATA"
    )
