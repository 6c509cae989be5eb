"""The markup of pages: HTML comments, which readers do not see, between which tables and figures are made.

A generated part stands between `<!-- KIND: ARGUMENT; OPTION: VALUE -->` and `<!-- end -->`, each on a line of its own.
What is in fenced code blocks is left alone.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lth.checks.wording import did_you_mean, listed
from lth.printable import printable

KINDS: dict[str, tuple[str, ...]] = {
    "data": (),
    "table": ("columns", "rows"),
    "figure": (),
    "verdict": (),
    "notes": (),
    "headlines": (),
}
"""The kinds of generated parts, and the options of each."""
REMARKS = ("from", "given")
"""Comments within prose: where its numbers come from."""
_COMMENT = re.compile(r"<!--\s*([a-z]+)\s*:(.*?)-->", re.DOTALL)
_MARK = re.compile(r"<!--\s*([a-z]+)\s*:\s*(.*?)\s*-->")
_END = re.compile(r"<!--\s*end\s*-->")
_FENCE = re.compile(r" {0,3}(```+|~~~+)")


class PageError(Exception):
    """Something wrong at a line of a page; its text completes a sentence that begins with the place."""

    def __init__(self, line: int, words: str) -> None:
        super().__init__(words)
        self.line, self.words = line, words


@dataclass(frozen=True)
class Prose:
    """Lines that are written by hand; those of code blocks are empty here."""

    line: int
    """The number of the first one, from 1."""
    lines: Sequence[str]


@dataclass(frozen=True)
class Made:
    """A generated part."""

    line: int
    kind: str
    argument: str
    options: dict[str, str] = field(default_factory=dict)
    marker: str = ""
    """The line that begins it."""
    lines: Sequence[str] = ()
    """What stands between the markers."""


@dataclass(frozen=True)
class Page:
    """A page and its parts, in order."""

    path: Path
    text: str
    parts: list[Prose | Made]

    @property
    def made(self) -> list[Made]:
        """The generated parts."""
        return [part for part in self.parts if isinstance(part, Made)]

    @property
    def prose(self) -> list[Prose]:
        """The parts that are written by hand."""
        return [part for part in self.parts if isinstance(part, Prose)]


def is_marked(text: str) -> bool:
    """Whether a page names its data: has a part of the kind `data` or `headlines`."""
    return any(
        (mark := _MARK.fullmatch(line.strip())) and mark[1] in ("data", "headlines") for line in without_code(text)
    )


def parsed_page(path: Path, text: str) -> Page:
    """The parts of a page.

    Raises:
        PageError: a marker that is unknown, not closed, or without a beginning.
    """
    parts: list[Prose | Made] = []
    lines, shown = text.split("\n"), without_code(text)
    begin: int | None = None
    start = 0
    for at, line in enumerate(shown):
        mark, end = _MARK.fullmatch(line.strip()), _END.fullmatch(line.strip())
        if (mark and mark[1] in KINDS) or end:
            if mark and begin is not None:
                raise PageError(begin + 1, f"'{printable(lines[begin])}' has no <!-- end --> before line {at + 1}")
            if end and begin is None:
                raise PageError(at + 1, "<!-- end --> without a beginning")
            if mark:
                parts.append(Prose(start + 1, shown[start:at]))
                begin = at
            elif begin is not None:
                parts.append(_made(begin, lines[begin], lines[begin + 1 : at]))
                begin = None
            start = at + 1
    if begin is not None:
        raise PageError(begin + 1, f"'{printable(lines[begin])}' has no <!-- end -->")
    parts.append(Prose(start + 1, shown[start:]))
    page = Page(path, text, parts)
    for part in page.prose:
        _check_comments(part)
    return page


def _made(at: int, marker: str, lines: Sequence[str]) -> Made:
    mark = _MARK.fullmatch(marker.strip())
    assert mark is not None
    argument, *options = (part.strip() for part in mark[2].split(";"))
    found: dict[str, str] = {}
    for option in filter(None, options):
        name, colon, value = (part.strip() for part in option.partition(":"))
        if not colon or name not in KINDS[mark[1]]:
            allowed = listed(KINDS[mark[1]])
            raise PageError(at + 1, f"'{printable(option)}' is no option of '{mark[1]}'; allowed: {allowed}")
        found[name] = value
    return Made(at + 1, mark[1], argument, found, marker, lines)


def _check_comments(part: Prose) -> None:
    """Refuse what looks like a marker and is none: a part that nobody makes again would pass for one that is made."""
    text = "\n".join(part.lines)
    for comment in _COMMENT.finditer(text):
        line = part.line + text.count("\n", 0, comment.start())
        if comment[1] in KINDS:
            raise PageError(line, f"the marker '{comment[1]}' needs a line of its own")
        if comment[1] not in REMARKS:
            names = [*KINDS, *REMARKS]
            raise PageError(line, f"unknown marker '{comment[1]}'{did_you_mean(comment[1], names)}; {listed(names)}")
    if (at := next((n for n, line in enumerate(part.lines) if _END.search(line)), None)) is not None:
        raise PageError(part.line + at, "the marker 'end' needs a line of its own")


def without_code(text: str) -> list[str]:
    """The lines of a page, those of fenced code blocks emptied."""
    shown: list[str] = []
    fence = ""
    for line in text.split("\n"):
        found = _FENCE.match(line)
        inside = bool(fence) or bool(found)
        if found and not fence:
            fence = found[1]
        elif found and found[1][0] == fence[0] and len(found[1]) >= len(fence) and line.strip() == found[1]:
            fence = ""
        shown.append("" if inside else line)
    return shown


def assembled(page: Page, made: Iterator[Sequence[str]]) -> str:
    """The page with new content in its generated parts, given in order."""
    lines = page.text.split("\n")
    found: list[str] = []
    at = 0
    for part, content in zip(page.made, made, strict=True):
        found += [*lines[at : part.line], *content]
        at = part.line + len(part.lines)
    return "\n".join([*found, *lines[at:]])
