"""GLUE's tab-separated files, read with every fault named by file and line."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lth.errors import UserError


def read_tsv(
    path: Path, columns: Sequence[str], label: str, classes: int
) -> tuple[list[tuple[str, ...]], NDArray[np.int64]]:
    """The texts and labels of a file with a header line; other columns are ignored, quotes are characters like others.

    Args:
        path: UTF-8.
        columns: those of the texts.
        label: that of the label.
        classes: labels go from 0 to below this.

    Raises:
        UserError: no such file, not UTF-8, a column missing, a line with too few or too many fields, an empty text, a
            label that is none, or no line at all.
    """
    lines = _lines(path)
    header = lines[0].split("\t") if lines else []
    missing = [name for name in (*columns, label) if name not in header]
    if missing:
        raise UserError(f"{path}:1: has no column '{missing[0]}'; found {', '.join(header) or 'nothing'}")
    places, there = [header.index(name) for name in columns], header.index(label)
    texts, labels = [], []
    for number, line in enumerate(lines[1:], start=2):
        fields = line.split("\t")
        if len(fields) != len(header):
            raise UserError(
                f"{path}:{number}: has {len(fields)} fields between tabs, where the header has {len(header)}"
            )
        found = tuple(fields[place].strip() for place in places)
        if empty := [name for name, text in zip(columns, found, strict=True) if not text]:
            raise UserError(f"{path}:{number}: its {empty[0]} is empty; every text needs at least one word")
        if fields[there] not in map(str, range(classes)):
            allowed = ", ".join(map(str, range(classes)))
            raise UserError(f"{path}:{number}: {label} is '{fields[there]}', where {allowed} are allowed")
        texts.append(found)
        labels.append(int(fields[there]))
    if not texts:
        raise UserError(f"{path}: holds no text, only a header")
    return texts, np.array(labels, dtype=np.int64)


def _lines(path: Path) -> list[str]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        return _split(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UserError(
            f"{path}:{line}: is not UTF-8 (byte {content[error.start]:#04x}); save it in that encoding"
        ) from None


def _split(text: str) -> list[str]:
    """Lines, as only a line feed ends them: texts may hold the other characters that Python ends lines at."""
    lines = text.replace("\r\n", "\n").split("\n")
    return lines[:-1] if lines and not lines[-1] else lines
