"""Text from outside, made safe to print: nothing in it can move a cursor, hide a word or fill a screen.

File names, keys, metadata and messages of libraries may hold control characters, which a terminal obeys, lone
surrogates, which cannot be written, and any number of megabytes. They are escaped and cut where they are shown.
"""

from collections.abc import Iterable, Iterator, Sequence
from unicodedata import category

LIMIT = 600
"""Characters of a sentence, unless the caller says otherwise: a few lines of a terminal."""


def escaped(text: str, keep: str = "") -> str:
    r"""The text with everything unprintable escaped as Python does it (`\x1b`), but for the characters in `keep`.

    Those are control, format, surrogate, private and unassigned code points and separators of lines: what a terminal
    might act on or show as nothing. The backslash itself stays as it is: the result is for people, not for parsing.
    """
    if text.isprintable():
        return text
    return "".join(c if _harmless(c) or c in keep else c.encode("unicode_escape").decode("ascii") for c in text)


def _harmless(character: str) -> bool:
    """Python calls all spaces but one unprintable, those that no line breaks at included."""
    return character.isprintable() or category(character) == "Zs"


def printable(value: object, limit: int = LIMIT) -> str:
    """A value as one line of at most `limit` characters: unprintable ones escaped, the middle left out if it is longer.

    The middle, since sentences begin with the place and end with the advice.

    Args:
        value: anything; other objects than strings are converted by `str`.
        limit: characters of the result, at least 10.
    """
    return _cut(escaped(_cut(str(value), limit)), limit)  # before escaping, which takes time, and after it


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    end = (limit - 5) // 3
    return f"{text[: limit - 5 - end]} ... {text[-end:]}"


def aligned(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Rows as lines with aligned columns; a cell is one line, whatever it holds."""
    rows = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
