"""Tables and sentences as lines of a terminal."""

import re
import textwrap
from collections.abc import Sequence

_WIDTH = 100
"""Columns of the terminal that text is made for."""


def grid(header: Sequence[str], rows: Sequence[Sequence[str]], names: int) -> list[str]:
    """Aligned columns; the first `names` of them are names, which are shortened where the lines would get too long, but
    never so far that two of them look the same."""
    columns = list(zip(header, *rows, strict=True))
    numbers = sum(max(map(len, column)) + 2 for column in columns[names:])
    limit, known = (_WIDTH - numbers + 2) // names - 2, {name for row in rows for name in row[:names]}
    while len({_short(name, limit) for name in known}) < len(known):
        limit += 1
    table = [[*(_short(name, limit) for name in row[:names]), *row[names:]] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) if place < names else cell.rjust(width) for place, (cell, width) in cells).rstrip()
        for cells in (enumerate(zip(row, widths, strict=True)) for row in table)
    ]
    return [lines[0], "-" * (sum(widths) + 2 * len(widths) - 2), *lines[1:]]


def paragraphs(sentences: Sequence[str]) -> list[str]:
    """Sentences as a list of wrapped items; numbers stay beside their signs, units and names."""
    wrapper = textwrap.TextWrapper(_WIDTH, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)
    lines = [line for sentence in sentences for line in wrapper.wrap(re.sub(r" (?=[=<%])|(?<=[=<]) ", TIE, sentence))]
    return [line.replace(TIE, " ") for line in lines]


TIE = "\N{NO-BREAK SPACE}"
"""Where a line must not end."""


def _short(name: str, limit: int) -> str:
    """The name, or its beginning and its end: tickets differ in front, kinds at the end."""
    if len(name) <= limit:
        return name
    end = (limit - 1) // 2
    return f"{name[: limit - 1 - end]}…{name[len(name) - end :]}"
