"""What is wrong with a study, one sentence each, and the exception that carries all of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path as FilePath

from lth.errors import UserError

Path = tuple[str, ...]
"""The keys that lead to a value; positions in lists count as keys ("0", "1", ...)."""

Fault = tuple[Path, str]
"""A key path and a sentence about it, before its place is known."""

COMMAND_LINE = "--config"
"""Where a key comes from that no file holds."""


@dataclass(frozen=True, order=True, kw_only=True)
class Problem:
    """One sentence about one place of a study; problems sort by place."""

    order: int
    """Position of the file among the study's files; the command line comes last."""
    line: int
    """Line in the file, from 1; 0 where there is none."""
    file: str
    """The file, or `--config`."""
    path: Path = ()
    """The key that the sentence is about; empty for the whole file."""
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place} {dotted(self.path)}: {self.message}" if self.path else f"{place}: {self.message}"


class StudyError(UserError):
    """A study that cannot be run; its text is every problem of it, one a line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def dotted(path: Path) -> str:
    """`tickets.cross.chain[1].rounds`, with everything unprintable escaped."""
    parts = ([f"[{key}]"] if key.isdecimal() else [".", key if key.isprintable() else ascii(key)] for key in path)
    return "".join(chain.from_iterable(parts)).removeprefix(".")


def label(file: FilePath) -> str:
    """A file's name in sentences: as seen from the current folder, where it lies in it."""
    here = FilePath.cwd()
    return str(file.relative_to(here) if file.is_relative_to(here) else file)
