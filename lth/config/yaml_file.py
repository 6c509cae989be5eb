"""A YAML file as plain data, with the line of every key.

The file is composed to nodes and walked once. What a study never needs is refused by name: tags, other documents,
keys given twice (YAML takes the last in silence), numbers that YAML reads in another base, text that cannot be
printed, and files, nestings and aliases without end. How the sentences about broken YAML are made is in
`lth.config.yaml_faults`.
"""

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from lth.config import problems
from lth.config.wording import found, unprintable
from lth.config.yaml_faults import Unreadable, not_yaml, shown

MAX_BYTES = 250_000
"""Thirty times the largest study of this project; PyYAML reads as much in a second."""
MAX_NODES = 6_000
"""More values than any study holds; a file of nested aliases reaches it in a few lines."""
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
EVALUATED = (
    "makes Snakemake run Python that is written in this file, before any check; a study is plain data, take it out"
)

TOO_LARGE = f"holds more than {MAX_NODES} values; a study has a few hundred"
TOO_DEEP = f"nested too deeply; a study nests fewer than {MAX_DEPTH} levels"


class YamlFile:
    """A study file, read: `data`, and for each key path its line in `lines`. Raises `Unreadable`."""

    def __init__(self, path: Path) -> None:
        self.label = problems.label(path)
        self.lines: dict[problems.Path, int] = {(): 1}
        self.faults: list[tuple[problems.Path, int, str]] = []
        self.odd_keys: set[problems.Path] = set()
        self._nodes = 0
        self._open: set[int] = set()
        self._scalars = yaml.constructor.SafeConstructor()
        text = _text(path)
        try:
            self.data = self._root(_composed(text))
        except Unreadable as error:
            raise shown(error, text) from None

    def _root(self, root: yaml.Node) -> dict[str, Any]:
        if not isinstance(root, yaml.MappingNode):
            shape = "a list" if isinstance(root, yaml.SequenceNode) else "a single value"
            raise Unreadable(_line(root), f"{shape} at top level; a study is a mapping of keys such as `study: demo`")
        return dict(self._value(root, ()))

    def _value(self, node: yaml.Node, path: problems.Path) -> Any:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise Unreadable(_line(node), f"{TOO_LARGE}; aliases (*) repeat what they stand for")
        if len(path) > MAX_DEPTH:
            raise Unreadable(_line(node), TOO_DEEP)
        if node.tag not in PLAIN:
            tag = node.tag.replace("tag:yaml.org,2002:", "!!")
            raise Unreadable(_line(node), f"the YAML tag {found(tag)} is not allowed; a study holds plain values")
        if isinstance(node, yaml.ScalarNode):
            return self._number(node, path) if node.tag in NUMBERS else self._scalar(node)
        if id(node) in self._open:
            raise Unreadable(_line(node), "an alias (*) stands inside of what it stands for; write the value out")
        self._open.add(id(node))
        value = self._mapping(node, path) if isinstance(node, yaml.MappingNode) else self._list(node, path)
        self._open.remove(id(node))
        return value

    def _list(self, node: yaml.Node, path: problems.Path) -> list[Any]:
        values = []
        for position, child in enumerate(node.value):
            here = (*path, str(position))
            self.lines[here] = _line(child)
            values.append(self._value(child, here))
        return values

    def _number(self, node: yaml.ScalarNode, path: problems.Path) -> Any:
        """A number, which means what it looks like."""
        value = self._scalar(node)
        if OTHER_BASE.match(node.value):
            advice = "write a decimal number, without a 0 before it and without ':'"
            self.faults.append((path, _line(node), f"YAML reads {node.value} as {value}; {advice}"))
        return value

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        if node.tag in NUMBERS and len(node.value) > MAX_DIGITS:
            raise Unreadable(_line(node), f"a number of {len(node.value)} characters; no number of a study is as long")
        try:
            value = self._scalars.construct_object(node)
        except (ValueError, KeyError, yaml.YAMLError):
            raise Unreadable(_line(node), f"{found(node.value)} is not the kind of value that it looks like") from None
        if isinstance(value, str) and (problem := unprintable(value)):
            raise Unreadable(_line(node), problem)
        return value

    def _mapping(self, node: yaml.MappingNode, path: problems.Path) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for merged in _merged(node):
            data |= self._value(merged, path)
        first: dict[str, int] = {}
        for key_node, value_node in node.value:
            if key_node.tag == MERGE:
                continue
            key = self._key(key_node, path)
            here = (*path, key)
            if key in first:
                message = f"given twice, first on line {first[key]}; keep one of them"
                self.faults.append((here, _line(key_node), message))
            if here == TEMPLATE:
                self.odd_keys.add(here)
                self.faults.append((here, _line(key_node), EVALUATED))
            first.setdefault(key, _line(key_node))
            self.lines[here] = _line(key_node)
            data[key] = self._value(value_node, here)
        return data

    def _key(self, node: yaml.Node, path: problems.Path) -> str:
        """A key as text; any other kind of key is reported."""
        key = self._scalar(node) if isinstance(node, yaml.ScalarNode) and node.tag in PLAIN else None
        if isinstance(key, str):
            return key
        here = (*path, str(key))
        self.odd_keys.add(here)
        message = f"a key must be a word, but YAML reads this one as {found(key)}; choose another name"
        self.faults.append((here, _line(node), message))
        return str(key)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _merged(node: yaml.MappingNode) -> Iterator[yaml.MappingNode]:
    """The mappings that `<<` takes in, the ones that win last (of several, YAML lets the first win)."""
    for key, value in node.value:
        if key.tag == MERGE:
            sources = value.value if isinstance(value, yaml.SequenceNode) else [value]
            if not all(isinstance(source, yaml.MappingNode) for source in sources):
                raise Unreadable(_line(value), "`<<` takes in a mapping (or a list of them) and nothing else")
            yield from reversed(sources)


def _text(path: Path) -> str:
    content = _content(path)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in content[:4]:
        raise Unreadable(1, "looks like UTF-16 or another encoding with zero bytes; save the file as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Unreadable(line, "not UTF-8 text; save the file as UTF-8") from None


def _content(path: Path) -> bytes:
    """A file's bytes. A pipe or a device is refused unread: nobody knows whether it ever ends."""
    try:
        with open(path, "rb", opener=_without_waiting) as file:  # Path.open has no opener
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise Unreadable(0, "is a pipe or a device; a study is a file")
            content = file.read(MAX_BYTES + 1)
    except ValueError:
        raise Unreadable(0, "is no name of a file") from None
    except OSError as error:
        raise Unreadable(0, f"cannot be read: {(error.strerror or 'unknown reason').lower()}") from None
    if len(content) > MAX_BYTES:
        raise Unreadable(0, f"is larger than {MAX_BYTES // 1000} kB; a study is a few kB of text")
    return content


def _without_waiting(path: str, flags: int) -> int:
    """Opens a file; without the flag, a pipe is opened only when somebody writes into it."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


class _Loader(yaml.SafeLoader):
    """Composes nodes, and stops at more of them than a study has instead of reading on for minutes."""

    nodes = depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self.nodes, self.depth = self.nodes + 1, self.depth + 1
        if self.nodes > MAX_NODES or self.depth > MAX_DEPTH + 1:
            line = self.line + 1
            raise Unreadable(line, TOO_LARGE if self.nodes > MAX_NODES else TOO_DEEP)
        node: yaml.Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node


def _composed(text: str) -> yaml.Node:
    try:
        root = yaml.compose(text, _Loader)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise Unreadable(line, "a control character; YAML holds printable text only") from None
    except yaml.MarkedYAMLError as error:
        raise not_yaml(error, text) from None
    if root is None:
        raise Unreadable(
            1, "the file is empty; a study needs at least study, seeds, datasets, networks, recipes, tickets"
        )
    return root
