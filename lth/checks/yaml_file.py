"""A YAML file as plain data, with the line of every key.

PyYAML composes the file to nodes, which are walked once. What a study never needs is refused by name: tags, other
documents, keys given twice (YAML takes the last in silence), numbers that YAML reads in another base, text that cannot
be printed, and files, nestings and aliases without end.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import yaml

from lth.checks.problems import Problem, StudyError, label
from lth.checks.wording import found, unprintable
from lth.checks.yaml_faults import explained, shown
from lth.config.base import KeyPath
from lth.errors import UserError
from lth.printable import printable
from lth.reading import read_regular

MAX_BYTES = 250_000
"""Thirty times the largest study of this project; PyYAML reads as much in a second."""
MAX_NODES = 6_000
"""More keys and values than any study holds; a file of nested aliases reaches it in a few lines."""
MAX_DEPTH = 40
"""Deeper than any study nests."""
MAX_DIGITS = 100
"""More than any number of a study has; Python refuses to read some thousands."""

PLAIN = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null", "map", "seq", "timestamp")}
NUMBERS = {"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"}
MERGE = "tag:yaml.org,2002:merge"
OTHER_BASE = re.compile(r"[-+]?0[0-9_bx]|.*:")
"""What YAML 1.1 reads as octal (`010` is 8), binary, hexadecimal or to the base of 60 (`1:30` is 90)."""
TEMPLATE = ("__use_yte__",)
"""The key by which Snakemake takes a file for a template, evaluates what it holds, and takes the key out."""


class YamlFile:
    """A study file, read: `data`, for each key path its line in `lines`, and `problems` with what it is written as.

    Args:
        path: the file.
        order: its position among the files of the study.

    Raises:
        StudyError: it cannot be read, or is no mapping.
    """

    def __init__(self, path: Path, order: int = 0) -> None:
        self.label, self.order = label(path), order
        self.lines: dict[KeyPath, int] = {(): 1}
        self.problems: list[Problem] = []
        self.odd_keys: set[KeyPath] = set()
        text = ""
        try:
            text = _text(path)
            self._loader = _Loader(text)
            self.data = self._root(self._loader.get_single_node())
        except UserError as error:  # begins with the file's name, as a problem does by itself
            line, message = 0, str(error).removeprefix(f"{printable(path)}: ")
        except UnicodeDecodeError as error:
            line = bytes(error.object).count(b"\n", 0, error.start) + 1
            message = "not UTF-8 text; save the file as UTF-8"
        except yaml.reader.ReaderError as error:
            line, message = (
                text.count("\n", 0, error.position) + 1,
                "a control character; YAML holds printable text only",
            )
        except yaml.MarkedYAMLError as error:
            line, message = explained(error, text)
        else:
            return
        raise StudyError([self.problem(line, message + shown(line, text))])

    def problem(self, line: int, message: str, path: KeyPath = ()) -> Problem:
        """A sentence about a line of the file."""
        return Problem(order=self.order, line=line, file=self.label, path=path, message=message)

    def _report(self, node: yaml.Node, path: KeyPath, message: str) -> None:
        self.problems.append(self.problem(_line(node), message, path))

    def _root(self, root: yaml.Node | None) -> dict[str, Any]:
        if root is None:
            needed = "study, seeds, datasets, networks, recipes, tickets"
            _refuse(None, f"the file is empty; a study needs at least {needed}")
        if not isinstance(root, yaml.MappingNode):
            shape = "a list" if isinstance(root, yaml.SequenceNode) else "a single value"
            _refuse(root.start_mark, f"{shape} at top level; a study is a mapping of keys such as `study: demo`")
        return self._mapping(root, ())

    def _value(self, node: yaml.Node, path: KeyPath) -> Any:
        if node.tag not in PLAIN:
            tag = node.tag.replace("tag:yaml.org,2002:", "!!")
            _refuse(node.start_mark, f"the YAML tag {found(tag)} is not allowed; a study holds plain values")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            self.lines |= {(*path, position): _line(child) for position, child in enumerate(node.value)}
            return [self._value(child, (*path, position)) for position, child in enumerate(node.value)]
        value = self._scalar(node)
        if node.tag in NUMBERS and OTHER_BASE.match(node.value):
            advice = "write a decimal number, without a 0 before it and without ':'"
            self._report(node, path, f"YAML reads {node.value} as {value}; {advice}")
        return value

    def _scalar(self, node: yaml.Node) -> Any:
        if node.tag in NUMBERS and len(node.value) > MAX_DIGITS:
            _refuse(node.start_mark, f"a number of {len(node.value)} characters; no number of a study is as long")
        try:
            value = self._loader.construct_object(node)
        except (ValueError, KeyError, yaml.YAMLError):
            _refuse(node.start_mark, f"{found(node.value)} is not the kind of value that it looks like")
        if isinstance(value, str) and (problem := unprintable(value)):
            _refuse(node.start_mark, problem)
        return value

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for merged in _merged(node):
            data |= self._value(merged, path)
        own: dict[str, int] = {}
        for key_node, value_node in node.value:
            if key_node.tag == MERGE:
                continue
            key = self._key(key_node, path)
            here = (*path, key)
            if key in own:
                self._report(key_node, here, f"given twice, first on line {own[key]}; keep one of them")
            own.setdefault(key, _line(key_node))
            self.lines[here] = _line(key_node)
            data[key] = self._value(value_node, here)
        return data

    def _key(self, node: yaml.Node, path: KeyPath) -> str:
        """A key as text; any other kind of key is reported, and so is the one that makes Snakemake run Python."""
        key = self._scalar(node) if isinstance(node, yaml.ScalarNode) and node.tag in PLAIN else None
        here = (*path, str(key))
        if not isinstance(key, str):
            self.odd_keys.add(here)
            message = f"a key must be a word, but YAML reads this one as {found(key)}; choose another name"
            self._report(node, here, message)
        elif here == TEMPLATE:
            self.odd_keys.add(here)
            message = "makes Snakemake run Python that is written in this file, before any check"
            self._report(node, here, f"{message}; a study is plain data, take it out")
        return str(key)


def _text(path: Path) -> str:
    content = read_regular(path, MAX_BYTES)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in content[:4]:
        _refuse(None, "looks like UTF-16 or another encoding with zero bytes; save the file as UTF-8")
    return content.decode("utf-8-sig")


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _refuse(mark: yaml.Mark | None, message: str) -> NoReturn:
    """Give up, as PyYAML does: the file cannot be used at all."""
    raise yaml.constructor.ConstructorError(None, None, message, mark)


def _merged(node: yaml.MappingNode) -> Iterator[yaml.MappingNode]:
    """The mappings that `<<` takes in, the ones that win last (of several, YAML lets the first win)."""
    for key, value in node.value:
        if key.tag == MERGE:
            sources = value.value if isinstance(value, yaml.SequenceNode) else [value]
            if not all(isinstance(source, yaml.MappingNode) for source in sources):
                _refuse(value.start_mark, "`<<` takes in a mapping (or a list of them) and nothing else")
            yield from reversed(sources)


class _Loader(yaml.SafeLoader):
    """Composes nodes, and stops at more of them than a study has; an alias counts as all that it stands for."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.count = self.depth = 0
        self.sizes: dict[yaml.Node, int] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        mark: yaml.Mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        alias, before = self.check_event(yaml.AliasEvent), self.count
        self.depth += 1
        if self.depth > MAX_DEPTH + 1:
            _refuse(mark, f"nested too deeply; a study nests fewer than {MAX_DEPTH} levels")
        node = super().compose_node(parent, index)
        assert node is not None
        self.depth -= 1
        if alias and node not in self.sizes:
            _refuse(mark, "an alias (*) stands inside of what it stands for; write the value out")
        self.count += self.sizes[node] if alias else 1
        if self.count > MAX_NODES:
            repeated = "; aliases (*) repeat what they stand for" if alias else ""
            _refuse(mark, f"holds more than {MAX_NODES} values; a study has a few hundred{repeated}")
        self.sizes.setdefault(node, self.count - before)
        return node
