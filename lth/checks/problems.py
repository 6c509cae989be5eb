"""What is wrong with a study: a sentence each, the file and line it is about, and the exception with all of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lth.config.base import KeyPath
from lth.errors import UserError
from lth.printable import printable

if TYPE_CHECKING:
    from lth.checks.yaml_file import YamlFile

COMMAND_LINE = "--config"
"""Where a key comes from that no file holds."""
MOST_PROBLEMS = 50
"""Lines of a report: who has more faults than this has another one, which comes first."""
MOST_PLACES = 5
"""Further places of one sentence that are named."""
MOST_OF_A_NAME = 200
"""Characters of a file's name, or of a path of keys."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One sentence about one place of a study."""

    order: int
    """Position of the file among the study's files; the command line comes last."""
    line: int
    """Line in the file, from 1; 0 where there is none."""
    file: str
    """The file, or `--config`."""
    path: KeyPath = ()
    """The key that the sentence is about; empty for the whole file."""
    message: str

    def __str__(self) -> str:
        return printable(f"{self.place}: {self.message}")

    def __lt__(self, other: "Problem") -> bool:
        return self._rank < other._rank

    @property
    def _rank(self) -> tuple[int, int, str, str]:
        return self.order, self.line, dotted(self.path), self.message

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
        alike: dict[tuple[str, KeyPath], list[Problem]] = {}
        for problem in self.problems:
            alike.setdefault((problem.message, problem.path[-1:]), []).append(problem)
        groups = alike.values()
        lines = [f"{first} (also {_places(first, others)})" if others else str(first) for first, *others in groups]
        more = [f"and {len(lines) - MOST_PROBLEMS} more"] if len(lines) > MOST_PROBLEMS else []
        return "\n".join([*lines[:MOST_PROBLEMS], *more])


def _places(first: Problem, others: Sequence[Problem]) -> str:
    """`line 20, line 22`, or the keys where there are no lines."""
    named = [f"line {one.line}" if one.line and one.file == first.file else one.place for one in others[:MOST_PLACES]]
    more = [f"{len(others) - MOST_PLACES} more"] if len(others) > MOST_PLACES else []
    return ", ".join([*dict.fromkeys(named), *more])


def dotted(path: KeyPath) -> str:
    """`tickets.cross.chain[1].rounds`, with everything unprintable escaped and long keys cut."""
    parts = (f"[{key}]" if isinstance(key, int) else f".{printable(key, 60)}" for key in path)
    return printable("".join(parts).removeprefix("."), MOST_OF_A_NAME)


def label(file: Path) -> str:
    """A file's name in sentences: as seen from the current folder, where it lies in it."""
    return str(file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file)


class Locations:
    """The locations of a study's keys, from the files and the configuration merged from them."""

    def __init__(self, files: Sequence["YamlFile"], data: Mapping[str, Any]) -> None:
        self.files = files
        self.data = data

    def problem(self, path: KeyPath, message: str) -> Problem:
        """A sentence about a key, with the location of the key (or of the nearest one above it that is written)."""
        written = path
        while written and not _holds(self.data, written):
            written = written[:-1]
        if not self.files:
            return Problem(order=0, line=0, file="study", path=path, message=message)
        for file in reversed(self.files) if written else self.files[:1]:
            if written in file.lines and _agree(self.data, file.data, written):
                return file.problem(file.lines[written], message, path)
        return Problem(order=len(self.files), line=0, file=COMMAND_LINE, path=path, message=message)


def _holds(data: Any, path: KeyPath) -> bool:
    """Whether there is a value at a key path."""
    for key in path:
        if not (key in data if isinstance(data, Mapping) else isinstance(data, list) and key in range(len(data))):
            return False
        data = data[key]
    return True


def _agree(one: Any, other: Any, path: KeyPath) -> bool:
    """Whether both hold the same there: for a mapping its presence, for anything else its value (a list as a whole)."""
    for key in path:
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            one, other = one[key], other[key]
    both = isinstance(one, Mapping) and isinstance(other, Mapping)
    return both or bool(one == other) or repr(one) == repr(other)
