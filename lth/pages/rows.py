"""Rows of tables, chosen by what is in their cells: `cross-own dense`, `mnist round=10`."""

import shlex
from collections.abc import Mapping
from math import isfinite

RawRow = Mapping[str, str]
"""A row of a table as in its file, by column."""


def words_of(text: str) -> list[str]:
    """Words that choose rows; quotes keep a cell with spaces together."""
    try:
        return shlex.split(text)
    except ValueError:
        return [text]


def chosen(row: RawRow, words: list[str]) -> bool:
    """Whether a row has all the words: as a cell, or as COLUMN=CELL, where numbers are compared by value."""
    return all(_has(row, word) for word in words)


def _has(row: RawRow, word: str) -> bool:
    column, equals, cell = word.partition("=")
    if equals and column in row:
        return row[column] == cell or (number(cell) is not None and number(row[column]) == number(cell))
    return word in row.values()


def number(cell: str) -> float | None:
    """A cell as a number; None if it is none."""
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if isfinite(value) else None
