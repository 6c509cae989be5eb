"""Tables of what can be named in a study, resolved to code only when it is used.

A table maps a name to `module:attribute` plus the facts that a check needs before anything heavy is imported. Adding an
entry to a table is not a change to any other entry: `lth.fingerprint` leaves the tables out and takes in the module
that a job really names.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from textwrap import wrap
from typing import Any, TypeVar

_WIDTH = 90
"""Characters of a line of names."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing that a study can name."""

    target: str
    """`module:attribute`, imported when first used."""
    about: str
    """One line for `lth list`."""

    @property
    def module(self) -> str:
        """The module that holds the code."""
        return self.target.partition(":")[0]

    def load(self) -> Any:
        """The function or class itself; imports its module."""
        module, _, attribute = self.target.partition(":")
        return getattr(import_module(module), attribute)


@dataclass(frozen=True, kw_only=True)
class NameFamily(Entry):
    """Things that are named `family:WHICH`; its target makes an entry of the second part, or raises UserError."""

    form: str
    """How one is written: `folder:PATH`."""


E = TypeVar("E", bound=Entry)


class Registry(Mapping[str, E]):
    """A read-only table of entries by name; it may also find names that it does not list.

    Args:
        entries: what it lists.
        beyond: finds the entry of a name that is not listed, or None.
        families: of entries named `family:WHICH`, by the first part.
    """

    def __init__(
        self,
        entries: Mapping[str, E],
        beyond: Callable[[str], E | None] = lambda _: None,
        families: Mapping[str, NameFamily] | None = None,
    ) -> None:
        self._entries = dict(entries)
        self._beyond = beyond
        self.families = dict(families or {})

    def __getitem__(self, name: str) -> E:
        """The entry of a name; one of a family may have to be looked for, and raises UserError where it is not."""
        if name in self._entries:
            return self._entries[name]
        if family := self.family_of(name):
            found: E = family.load()(name.partition(":")[2])
            return found
        if (other := self._beyond(name)) is None:
            raise KeyError(name)
        return other

    def __contains__(self, name: object) -> bool:
        """Whether it is a name of the table or one that it finds, or is written as those of a family are."""
        listed = name in self._entries or self.family_of(name) is not None
        return listed or (isinstance(name, str) and self._beyond(name) is not None)

    def rows(self) -> Iterator[tuple[str, str]]:
        """Name and one line for each entry and family; entries `group:NAME` have the line of their group together."""
        yield from ((name, entry.about) for name, entry in self._entries.items() if ":" not in name)
        groups: dict[str, list[str]] = {}
        for name in self._entries:
            group, colon, inner = name.partition(":")
            groups.setdefault(group, []).extend([inner] if colon else [])
        for group, names in groups.items():
            lines = wrap(", ".join(names), _WIDTH)
            yield from ((f"{group}:NAME" if not number else "", line) for number, line in enumerate(lines))
        yield from ((family.form, family.about) for family in self.families.values())

    def family_of(self, name: object) -> NameFamily | None:
        """The family that a name is written as one of; None for those of the table itself, and for no names."""
        family, _, which = name.partition(":") if isinstance(name, str) else ("", "", "")
        return self.families.get(family) if which and name not in self._entries else None

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
