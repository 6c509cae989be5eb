"""`npz:PATH`: images and labels as arrays in one file of numpy (`numpy.savez`, `numpy.savez_compressed`).

Nothing is ever unpickled. The facts are in the zip directory, the heads of the arrays and the labels, so a study is
checked without a look at the images; what the file holds is told by the directory, too, which has a checksum of every
array. Arrays that were saved without compression are mapped, not read.
"""

import hashlib
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from math import prod
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import numpy as np
from numpy.typing import NDArray

from lth.catalog.source import OwnSource
from lth.data.opened import Opened, Part
from lth.data.own_arrays import (
    ImageLayout,
    batches_of,
    check_alike,
    check_count,
    image_layout,
    names_of_classes,
    whole_labels,
)
from lth.errors import UserError, reason
from lth.paths import expanded
from lth.printable import printable
from lth.reading import check_regular

_PARTS = ("train", "val", "test")
"""Whose arrays a file may hold, as `train_images`, `train_labels` and so on; `val` is MedMNIST's."""
_SOME = 1_000_000
"""Values of an array of another type, by which a sentence says how they become bytes."""
_LARGEST_LABELS = 1_000_000_000
"""Bytes: labels are read when a study is checked."""


@dataclass(frozen=True)
class _Head:
    """An array in the file."""

    info: ZipInfo
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool
    offset: int
    """Of its first value, from the beginning of what is packed."""


@dataclass(frozen=True)
class _Facts:
    """What a file holds, the images not read."""

    heads: Mapping[str, _Head]
    layouts: Mapping[str, ImageLayout]
    """Of the parts that there are."""
    labels: Mapping[str, NDArray[np.int64]]
    classes: tuple[str, ...]

    def parts(self, part: Part) -> tuple[str, ...]:
        """Whose arrays are a part: validation images train, or test where there are no test images."""
        test = "test" if "test" in self.layouts else "val"
        wanted = (test,) if part == "test" else tuple(name for name in _PARTS if name != test)
        return tuple(name for name in wanted if name in self.layouts)

    def part_labels(self, part: Part) -> NDArray[np.int64]:
        """int64 [images]."""
        return np.concatenate([np.empty(0, np.int64), *(self.labels[name] for name in self.parts(part))])


def npz_source(which: str) -> OwnSource:
    """The facts about the data set in a file.

    Raises:
        UserError: it is not there, is no such file, or holds other arrays; the sentence names it.
    """
    facts = _facts_of(which)
    layout = facts.layouts["train"]
    return OwnSource(
        target="lth.data.npz:open_npz",
        identity="lth.data.npz:npz_content",
        about=f"the arrays in {which}",
        which=which,
        channels=layout.channels,
        size=layout.size,
        classes=len(facts.classes),
        train=len(facts.part_labels("train")),
        test=len(facts.part_labels("test")),
    )


def npz_content(which: str) -> str:
    """A digest of the arrays in a file, by the checksums that its directory has; raises UserError as `npz_source`."""
    with _zip(expanded(which)) as file:
        parts = sorted((info.filename, info.file_size, info.CRC) for info in file.infolist())
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def open_npz(which: str, root: Path | None) -> Opened:  # noqa: ARG001  (the path says where it is)
    """The data set in a file, its images not read yet; raises UserError as `npz_source` does."""
    path, facts = expanded(which), _facts_of(which)
    layout = facts.layouts["train"]
    heads = {name: facts.heads[f"{name}_images"] for name in facts.layouts}
    packed = sum(head.info.file_size for head in heads.values() if not _is_mappable(head))

    def read(part: Part, rows: NDArray[np.int64]) -> Iterator[tuple[str, NDArray[np.uint8]]]:
        arrays = [facts.layouts[name].ordered(_images(path, heads[name])) for name in facts.parts(part)]
        for where, batch in batches_of(arrays, rows, part):
            yield f"{path}: {where}", batch

    return Opened(
        train_labels=facts.part_labels("train"),
        test_labels=facts.part_labels("test"),
        classes=facts.classes,
        channels=layout.channels,
        size=layout.size,
        read=read,
        held=packed,
    )


def _facts_of(which: str) -> _Facts:
    path = expanded(which)
    try:
        check_regular(path, "a file of numpy (npz)")
        found = path.stat()
    except OSError as error:
        message = f"{printable(path.absolute())}: cannot be read: {error.strerror}"
        raise UserError(f"{message}; a path is seen from the folder in which the study is run") from None
    return _facts(path, found.st_size, found.st_mtime_ns, found.st_ino)


@cache
def _facts(path: Path, *_: int) -> _Facts:
    """Once for each state of a file."""
    with _zip(path) as file:
        heads = {info.filename.removesuffix(".npy"): _head(path, file, info) for info in file.infolist()}
        where = {name: f"{printable(path, 200)}: {name}" for name in heads}
        if missing := [name for name in ("train_images", "train_labels") if name not in heads]:
            there = printable(", ".join(heads), 200) or "none"
            raise UserError(f"{printable(path, 200)}: has no array `{missing[0]}`; its arrays are {there}")
        layouts, labels = {}, {}
        for name in _PARTS:
            images, numbers = f"{name}_images", f"{name}_labels"
            if (images in heads) != (numbers in heads):
                one, other = (images, numbers) if images in heads else (numbers, images)
                raise UserError(f"{printable(path, 200)}: has `{one}` without `{other}`; give both or none")
            if images in heads:
                head = heads[images]
                layouts[name] = image_layout(where[images], head.shape, head.dtype, partial(_some, file, head))
                check_alike(where[images], layouts[name], "train_images", layouts["train"])
                check_count(where[numbers], heads[numbers].shape, layouts[name].images)
                read = _small(file, where[numbers], heads[numbers])
                labels[name] = whole_labels(where[numbers], read, layouts[name].images)
        given = None
        if "classes" in heads:
            names = _small(file, where["classes"], heads["classes"])
            if names.ndim != 1 or names.dtype.kind != "U":
                message = (
                    f"{where['classes']}: holds {names.dtype} {list(names.shape)}, where a list of names is needed"
                )
                raise UserError(f"{message}, such as `numpy.array(['cat', 'dog'])`")
            given = names.tolist()
    train = np.concatenate([labels[name] for name in labels if name != "test"])
    return _Facts(heads, layouts, labels, names_of_classes(printable(path, 200), train, labels.get("test"), given))


def _head(path: Path, file: ZipFile, info: ZipInfo) -> _Head:
    """The head of an array; raises UserError where it is no array of plain values."""
    with file.open(info) as member:
        version = np.lib.format.read_magic(member)
        reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = reader(member)
        offset = member.tell()
    if dtype.hasobject:
        name = printable(info.filename.removesuffix(".npy"), 60)
        message = f"{printable(path, 200)}: {name} holds Python objects, which are never read (they could run anything)"
        raise UserError(f"{message}; write it as plain numbers or text")
    if info.file_size != offset + prod(shape) * dtype.itemsize:
        raise BadZipFile(f"{info.filename} is not as long as it says")
    return _Head(info, shape, dtype, fortran, offset)


def _small(file: ZipFile, where: str, head: _Head) -> NDArray[Any]:
    """Labels or names, read whole."""
    if head.info.file_size > _LARGEST_LABELS:
        raise UserError(f"{where}: has {head.info.file_size:,} bytes, where at most {_LARGEST_LABELS:,} are allowed")
    return _whole(file, head)


def _some(file: ZipFile, head: _Head) -> NDArray[Any]:
    """The first values of an array."""
    with file.open(head.info) as member:
        member.read(head.offset)
        return np.frombuffer(member.read(_SOME * head.dtype.itemsize), head.dtype)


def _whole(file: ZipFile, head: _Head) -> NDArray[Any]:
    """An array, read whole; zipfile compares its checksum."""
    with file.open(head.info) as member:
        found: NDArray[Any] = np.lib.format.read_array(member, allow_pickle=False)
    return found


def _is_mappable(head: _Head) -> bool:
    return head.info.compress_type == ZIP_STORED and not head.fortran and not head.info.flag_bits & 1


def _images(path: Path, head: _Head) -> NDArray[np.uint8]:
    """The images, mapped where they can be; raises UserError where their checksum is not the directory's."""
    with _zip(path) as file:
        if not _is_mappable(head):
            return _whole(file, head)
    with path.open("rb") as plain:
        plain.seek(head.info.header_offset + 26)  # of the lengths of name and extra field, behind which the data begin
        lengths = plain.read(4)
        begin = head.info.header_offset + 30 + sum(int.from_bytes(lengths[n : n + 2], "little") for n in (0, 2))
    whole = np.memmap(path, np.uint8, "r", begin, (head.info.file_size,))
    checksum = 0
    for first in range(0, len(whole), 1 << 24):
        checksum = zlib.crc32(whole[first : first + (1 << 24)].data, checksum)
    if checksum != head.info.CRC:
        raise UserError(f"{printable(path)}: damaged ({head.info.filename} has another checksum); write it again")
    return whole[head.offset :].reshape(head.shape)


@contextmanager
def _zip(path: Path) -> Iterator[ZipFile]:
    """The open file; whatever is wrong with it is a UserError."""
    try:
        with ZipFile(path) as file:
            yield file
    except (BadZipFile, EOFError, ValueError, KeyError, SyntaxError, RuntimeError, zlib.error, OSError) as error:
        message = f"{printable(path)}: is no file of numpy's (npz), or damaged ({reason(error)})"
        raise UserError(f"{message}; write it with `numpy.savez`") from None
