"""The one exception a user is meant to see, and how text from outside is made fit for a line on a terminal.

File names, keys, metadata and messages of libraries may hold control characters, which a terminal obeys, lone
surrogates, which cannot be written, and any number of megabytes. They are escaped and cut where they are shown.
"""

from unicodedata import category

LINE = 600
"""Characters of a sentence: a few lines of a terminal."""


def escaped(text: str, keep: str = "") -> str:
    """The text with everything unprintable escaped as Python does it (`\\x1b`), but for the characters in `keep`."""
    if text.isprintable():
        return text
    return "".join(c if _harmless(c) or c in keep else c.encode("unicode_escape").decode() for c in text)


def _harmless(character: str) -> bool:
    """Python calls all spaces but one unprintable, those that no line breaks at included."""
    return character.isprintable() or category(character) == "Zs"


def printable(value: object, most: int = LINE) -> str:
    """A value as one line of at most `most` characters: unprintable ones escaped, the middle left out if it is longer.

    What is left out is in the middle, since sentences begin with the place and end with the advice.
    """
    return _cut(escaped(_cut(str(value), most)), most)  # before escaping, which takes time, and after, which lengthens


def _cut(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    end = (most - 5) // 3
    return f"{text[: most - 5 - end]} ... {text[-end:]}"


class UserError(Exception):
    """Something the user can put right, said in one sentence that names the file or key, the fault and what is allowed.

    Entry points (`workflow/scripts`, `python -m lth`, the Snakefile) print it without a traceback and exit with 1;
    any other exception is a fault of ours and keeps its traceback. Its text is one line that can be printed as it is:
    unprintable characters are escaped, and what is longer than `LINE` is cut.
    """

    def __str__(self) -> str:
        return printable(super().__str__())


def reason(error: Exception) -> str:
    """What a library's exception says, in a line that fits into a sentence of ours."""
    return printable((str(error).splitlines() or [type(error).__name__])[0], LINE // 2)
