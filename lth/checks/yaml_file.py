"""A YAML file as plain data, with the line of every key.

The file is composed to nodes and walked once. What a study never needs is refused by name: tags, other documents,
keys given twice (YAML takes the last in silence), and aliases that multiply without end.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from lth.checks import problems
from lth.checks.wording import found

MAX_NODES = 20_000
"""More values than any study holds; a file of nested aliases reaches it in a few lines."""
MAX_DEPTH = 40
"""Deeper than any study nests; an alias to its own parent reaches it."""

PLAIN = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null", "map", "seq", "timestamp")}
MERGE = "tag:yaml.org,2002:merge"

HINTS = {
    "\\t": "a tab is used for indentation; YAML indents with spaces",
    "mapping values are not allowed": "a ':' where none can stand; often the indentation or a quote is wrong",
    "found another document": "a second document ('---') begins; a study is one document",
    "undefined alias": "an alias (*) to an anchor (&) that is not defined above it",
}
"""Parts of PyYAML's messages, and what they mean in practice."""


class Unreadable(Exception):
    """The file cannot be used at all: a line and a sentence."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line, self.message = line, message


class YamlFile:
    """A study file, read: `data`, and for each key path its line in `lines`. Raises `Unreadable`."""

    def __init__(self, path: Path) -> None:
        self.label = problems.label(path)
        self.lines: dict[problems.Path, int] = {(): 1}
        self.faults: list[tuple[problems.Path, int, str]] = []
        self.odd_keys: set[problems.Path] = set()
        self._nodes = 0
        self._scalars = yaml.constructor.SafeConstructor()
        root = _composed(_text(path))
        if not isinstance(root, yaml.MappingNode):
            shape = "a list" if isinstance(root, yaml.SequenceNode) else "a single value"
            raise Unreadable(_line(root), f"{shape} at top level; a study is a mapping of keys such as `study: demo`")
        self.data: dict[str, Any] = self._value(root, ())

    def _value(self, node: yaml.Node, path: problems.Path) -> Any:
        self._nodes += 1
        if self._nodes > MAX_NODES or len(path) > MAX_DEPTH:
            raise Unreadable(_line(node), "nested too deeply, or aliases that repeat each other without end")
        if node.tag not in PLAIN:
            tag = node.tag.replace("tag:yaml.org,2002:", "!!")
            raise Unreadable(_line(node), f"the YAML tag {tag!a} is not allowed; a study holds plain values")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._item(child, (*path, str(i))) for i, child in enumerate(node.value)]
        return self._scalar(node)

    def _item(self, node: yaml.Node, path: problems.Path) -> Any:
        self.lines[path] = _line(node)
        return self._value(node, path)

    def _scalar(self, node: yaml.Node) -> Any:
        try:
            return self._scalars.construct_object(node)
        except (ValueError, KeyError, yaml.YAMLError):
            raise Unreadable(_line(node), f"{found(node.value)} is not the kind of value that it looks like") from None

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
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Unreadable(0, f"cannot be read: {(error.strerror or 'unknown reason').lower()}") from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Unreadable(line, "not UTF-8 text; save the file as UTF-8") from None


def _composed(text: str) -> yaml.Node:
    try:
        root = yaml.compose(text, yaml.SafeLoader)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise Unreadable(line, "a control character; YAML holds printable text only") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = str(error.problem or error.context)
        hint = next((hint for part, hint in HINTS.items() if part in problem), problem)
        raise Unreadable(mark.line + 1 if mark else 1, f"not valid YAML: {hint}") from None
    except RecursionError:
        raise Unreadable(1, "nested too deeply") from None
    if root is None:
        raise Unreadable(
            1, "the file is empty; a study needs at least study, seeds, datasets, networks, recipes, tickets"
        )
    return root
