"""Where a key was written: in which file and line, or on the command line."""

from collections.abc import Mapping, Sequence
from typing import Any

from lth.checks.problems import COMMAND_LINE, Path, Problem
from lth.checks.yaml_file import YamlFile


class Locations:
    """The locations of a study's keys, from the files and the configuration merged from them."""

    def __init__(self, files: Sequence[YamlFile], data: Mapping[str, Any]) -> None:
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
