"""Text from files and from the command line, made safe to print: nothing in it can move a cursor or hide a word.

Imports nothing of `lth`, so that every message can use it.
"""

LIMIT = 300
"""Characters that a quoted value or a sentence about it may take, unless the caller says otherwise."""


def printable(text: object, limit: int = LIMIT) -> str:
    r"""`str(text)` on one line, unprintable characters escaped as in Python (`\x1b`), cut at `limit` characters.

    The backslash itself stays as it is: paths and regular expressions remain readable, and the result is for people,
    not for parsing. The text is cut before it is escaped, so that the cost does not depend on its length.

    Args:
        text: anything; other objects than strings are converted by `str`.
        limit: characters of the result, at least 1; a text that is cut ends with an ellipsis.
    """
    found = text if isinstance(text, str) else str(text)
    shown = "".join(map(_escaped, found[: limit + 1]))
    return shown if len(found) <= limit and len(shown) <= limit else f"{shown[: limit - 1]}…"


def _escaped(character: str) -> str:
    """`str.isprintable` is false for control, format, surrogate, private and unassigned code points, and for separators
    other than the space: exactly what a terminal might act on or show as nothing."""
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
