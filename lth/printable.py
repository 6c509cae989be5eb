"""Text from outside, made safe to print: nothing in it can move a cursor, hide a word or fill a screen.

File names, keys, metadata and messages of libraries may hold control characters, which a terminal obeys, lone
surrogates, which cannot be written, and any number of megabytes. They are escaped and cut where they are shown.
"""

LIMIT = 600
"""Characters of a sentence, unless the caller says otherwise: a few lines of a terminal."""


def escaped(text: str, keep: str = "") -> str:
    r"""The text with everything unprintable escaped as Python does it (`\x1b`), but for the characters in `keep`.

    `str.isprintable` is false for control, format, surrogate, private and unassigned code points, and for separators
    other than the space: exactly what a terminal might act on or show as nothing. The backslash itself stays as it is:
    the result is for people, not for parsing.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else c.encode("unicode_escape").decode("ascii") for c in text)


def printable(value: object, limit: int = LIMIT) -> str:
    """A value as one line of at most `limit` characters: unprintable ones escaped, the middle left out if it is longer.

    The middle, since sentences begin with the place and end with the advice.

    Args:
        value: anything; other objects than strings are converted by `str`.
        limit: characters of the result, at least 10.
    """
    return _cut(
        escaped(_cut(str(value), limit)), limit
    )  # before escaping, which takes time, and after it


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    end = (limit - 5) // 3
    return f"{text[: limit - 5 - end]} ... {text[-end:]}"
