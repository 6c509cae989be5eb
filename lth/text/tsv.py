"""GLUE's tab-separated files, read with every fault named by file and line."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lth.errors import UserError
from lth.printable import printable
from lth.reading import read_regular

_MOST = 256 << 20
"""Bytes of a file; GLUE's largest, QQP's, has 52 MB."""
COLUMNS = 1000
"""More than that are a mistake; GLUE's files have up to six."""
_SHOWN = 100
"""Characters of a file's own words that a sentence repeats."""


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
        UserError: no such file, no regular file, too long, not UTF-8, a column missing or too many of them, a line with
            too few or too many fields, an empty text, a label that is none, or no line at all.
    """
    lines = _lines(path)
    header = _header(path, lines[0]) if lines else []
    missing = [name for name in (*columns, label) if name not in header]
    if missing:
        shown = printable(", ".join(header), _SHOWN + 1) or "nothing"
        raise UserError(f"{path}:1: has no column '{missing[0]}'; found {shown}")
    places, there = [header.index(name) for name in columns], header.index(label)
    texts, labels = [], []
    for number, line in enumerate(lines[1:], start=2):
        if (count := line.count("\t") + 1) != len(header):
            raise UserError(f"{path}:{number}: has {count} fields between tabs, where the header has {len(header)}")
        fields = line.split("\t")
        found = tuple(fields[place].strip() for place in places)
        if empty := [name for name, text in zip(columns, found, strict=True) if not text]:
            raise UserError(f"{path}:{number}: its {empty[0]} is empty; every text needs at least one word")
        if fields[there] not in map(str, range(classes)):
            allowed = ", ".join(map(str, range(classes)))
            shown = printable(fields[there], _SHOWN + 1)
            raise UserError(f"{path}:{number}: {label} is '{shown}', where {allowed} are allowed")
        texts.append(found)
        labels.append(int(fields[there]))
    if not texts:
        raise UserError(f"{path}: holds no text, only a header")
    return texts, np.array(labels, dtype=np.int64)


def _header(path: Path, line: str) -> list[str]:
    """The names of the columns; counted first, since millions of names would take gigabytes."""
    if (count := line.count("\t") + 1) > COLUMNS:
        raise UserError(f"{path}:1: has {count:,} columns, where at most {COLUMNS:,} are allowed")
    return line.split("\t")


def _lines(path: Path) -> list[str]:
    content = read_regular(path, _MOST)
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
