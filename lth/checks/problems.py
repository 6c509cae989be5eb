"""What is wrong with a study: a sentence each, the file and line it is about, and the exception with all of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from lth.errors import UserError
from lth.printable import printable

if TYPE_CHECKING:
    from lth.checks.yaml_file import YamlFile

Path = tuple[str, ...]
"""The keys that lead to a value; positions in lists count as keys ("0", "1", ...)."""

COMMAND_LINE = "--config"
"""Where a key comes from that no file holds."""

MOST_PROBLEMS = 50
"""Lines of a report: who has more faults than this has another one, which comes first."""
MOST_PLACES = 5
"""Further places of one sentence that are named."""
MOST_OF_A_NAME = 200
"""Characters of a file's name, or of a path of keys."""
MOST_OF_A_KEY = 60
"""Characters of a key."""


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
        return printable(f"{self.place}: {self.message}")

    @property
    def place(self) -> str:
        """`study.yaml:19 tickets.home.rate`, without what is not known."""
        file = printable(self.file, MOST_OF_A_NAME)
        return " ".join([f"{file}:{self.line}" if self.line else file, *([dotted(self.path)] if self.path else [])])


class StudyError(UserError):
    """A study that cannot be run; its text is every problem of it, one a line.

    A sentence that is true of several places stands at the first of them and names the lines of the others. Beyond
    `MOST_PROBLEMS` lines the others are only counted.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__(f"{len(self.problems)} problems")

    def __str__(self) -> str:
        lines = list(_sentences(self.problems))
        more = [f"and {len(lines) - MOST_PROBLEMS} more"] if len(lines) > MOST_PROBLEMS else []
        return "\n".join([*lines[:MOST_PROBLEMS], *more])


def _sentences(problems: Iterable[Problem]) -> Iterator[str]:
    """The problems as lines; those that differ only in their place as one."""
    alike: dict[tuple[str, str], list[Problem]] = {}
    for problem in problems:
        alike.setdefault((problem.message, problem.path[-1] if problem.path else ""), []).append(problem)
    for first, *others in alike.values():
        yield f"{first} (also {_places(first, others)})" if others else str(first)


def _places(first: Problem, others: Sequence[Problem]) -> str:
    """`line 20, line 22`, or the keys where there are no lines."""
    named = [f"line {one.line}" if one.line and one.file == first.file else one.place for one in others[:MOST_PLACES]]
    more = [f"{len(others) - MOST_PLACES} more"] if len(others) > MOST_PLACES else []
    return ", ".join([*dict.fromkeys(named), *more])


def dotted(path: Path) -> str:
    """`tickets.cross.chain[1].rounds`, with everything unprintable escaped and long keys cut."""
    parts = ([f"[{_key(key)}]"] if key.isdecimal() else [".", _key(key)] for key in path)
    return printable("".join(chain.from_iterable(parts)).removeprefix("."), MOST_OF_A_NAME)


def _key(key: str) -> str:
    return printable(key, MOST_OF_A_KEY) if key.isprintable() else ascii(key[:MOST_OF_A_KEY])


def label(file: FilePath) -> str:
    """A file's name in sentences: as seen from the current folder, where it lies in it."""
    here = FilePath.cwd()
    return str(file.relative_to(here) if file.is_relative_to(here) else file)


class Locations:
    """The locations of a study's keys, from the files and the configuration merged from them."""

    def __init__(self, files: Sequence["YamlFile"], data: Mapping[str, Any]) -> None:
        self.files = files
        self.data = data

    def problem(self, path: Path, message: str) -> Problem:
        """A sentence about a key, with the location of the key (or of the nearest one above it that is written)."""
        file, line, order = self._location(path)
        return Problem(order=order, line=line, file=file, path=path, message=message)

    def _location(self, path: Path) -> tuple[str, int, int]:
        written = path
        while written and not holds(self.data, written):
            written = written[:-1]
        if not self.files:
            return "study", 0, 0
        if not written:
            return self.files[0].label, 1, 0
        for order, file in reversed([*enumerate(self.files)]):
            if written in file.lines and _agree(self.data, file.data, written):
                return file.label, file.lines[written], order
        return COMMAND_LINE, 0, len(self.files)


def holds(data: Any, path: Path) -> bool:
    """Whether there is a value at a key path."""
    for key in path:
        if isinstance(data, Mapping) and key in data:
            data = data[key]
        elif isinstance(data, list) and key.isdecimal() and int(key) < len(data):
            data = data[int(key)]
        else:
            return False
    return True


def _agree(one: Any, other: Any, path: Path) -> bool:
    """Whether both hold the same there: for a mapping its presence, for anything else its value (a list as a whole)."""
    for key in path:
        if not (isinstance(one, Mapping) and isinstance(other, Mapping)):
            break
        one, other = one[key], other[key]
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return True
    return bool(one == other) or repr(one) == repr(other)
