"""Tables of what can be named in a study, resolved to code only when it is used.

A table maps a name to `module:attribute` plus the facts that a check needs before anything heavy is imported. Adding an
entry to a table is not a change to any other entry: `lth.fingerprint` leaves the tables out and takes in the module
that a job really names.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeVar


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing that a study can name."""

    target: str
    """`module:attribute`, imported when first used."""
    about: str
    """One line for `python -m lth list`."""

    @property
    def module(self) -> str:
        """The module that holds the code."""
        return self.target.partition(":")[0]

    def load(self) -> Any:
        """The function or class itself; imports its module."""
        module, _, attribute = self.target.partition(":")
        return getattr(import_module(module), attribute)


E = TypeVar("E", bound=Entry)


class Registry(Mapping[str, E]):
    """A read-only table of entries by name; it may also find names that it does not list.

    Args:
        entries: what it lists.
        beyond: finds the entry of a name that is not listed, or None.
    """

    def __init__(self, entries: Mapping[str, E], beyond: Callable[[str], E | None] = lambda _: None) -> None:
        self._entries = dict(entries)
        self._beyond = beyond

    def __getitem__(self, name: str) -> E:
        if name in self._entries:
            return self._entries[name]
        if (found := self._beyond(name)) is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
