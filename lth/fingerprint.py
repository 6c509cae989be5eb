"""What a job's code *is*: a hash that changes when its behaviour can, and stays when only words do.

Snakemake does not see imported modules, and its own `code` trigger looks at a script's time stamp. So each rule's parameters
carry a fingerprint: SHA-256 over the syntax trees, without docstrings and comments, of the functions, classes and constants
that the rule can reach inside `lth`, and of nothing else: editing a function reruns the jobs that may call it.

What a job reaches through a table of names (`Registry`) cannot be seen in its code, so those targets are given as roots; the
tables themselves count for nothing, and an entry more changes no other.
"""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent
NO_RESULT_DEPENDS_ON = ("lth.config", "lth.errors", "lth.jobs", "lth.registry")
"""The study's values are in a job's parameters themselves; messages, logs and lookups are in no artifact."""

Symbol = tuple[str, str | None]
"""A module and a name in it; no name stands for all of the module."""


class _Module:
    """A source file: its top-level statements by the name that they define, and where imported names come from."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self.definitions: dict[str, list[ast.stmt]] = {}
        self.imports: dict[str, Symbol] = {}
        self.loose: list[ast.stmt] = []
        tree = ast.parse(path.read_text())
        _strip(tree)
        for statement in tree.body:
            self._sort_in(statement)
        for node in ast.walk(tree):
            self._note_import(node)

    def _sort_in(self, statement: ast.stmt) -> None:
        names = [
            node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        ]
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names = [statement.name]
        if isinstance(statement, ast.Import | ast.ImportFrom):
            return
        for name in names:
            self.definitions.setdefault(name, []).append(statement)
        if not names:
            self.loose.append(statement)

    def _note_import(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                self.imports[alias.asname or alias.name.partition(".")[0]] = (alias.name, None)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                self.imports[alias.asname or alias.name] = (
                    (whole, None) if _source(whole) else (node.module, alias.name)
                )

    def statements(self, name: str | None) -> list[ast.stmt]:
        """What defines a name (with what runs on import anyway), or the whole file."""
        if name is None:
            return [*self.loose, *(s for found in self.definitions.values() for s in found)]
        return [*self.loose, *self.definitions.get(name, [])]

    def references(self, statement: ast.stmt) -> Iterator[Symbol]:
        """The names of ours that a statement uses."""
        for node in ast.walk(statement):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in self.imports:
                module, name = self.imports[node.value.id]
                yield (module, node.attr) if name is None else (module, name)
            elif isinstance(node, ast.Name):
                if node.id in self.definitions:
                    yield self.name, node.id
                elif node.id in self.imports:
                    module, name = self.imports[node.id]
                    if name is not None:
                        yield module, name


def fingerprint(roots: Iterable[str], script: Path) -> str:
    """The hash of a script, some roots (`lth.scores:magnitude`), and everything of ours that they can reach."""
    main = _module("__script__", script)
    waiting: list[Symbol] = [r for s in main.statements(None) for r in main.references(s)]
    for root in roots:
        module, _, name = root.partition(":")
        waiting.append((module, name or None))
    reached: dict[Symbol, str] = {("", None): _dump(main.statements(None))}
    while waiting:
        symbol = waiting.pop()
        path = _source(symbol[0])
        if symbol in reached or path is None or symbol[0].startswith(NO_RESULT_DEPENDS_ON):
            continue
        module_ = _module(symbol[0], path)
        found = module_.statements(symbol[1])
        reached[symbol] = _dump(found)
        waiting += [r for statement in found for r in module_.references(statement)]
        if symbol[1] in module_.imports:  # re-exported from elsewhere
            waiting.append(module_.imports[symbol[1]])
    described = "\n".join(f"{symbol} {content}" for symbol, content in sorted(reached.items(), key=str))
    return hashlib.sha256(described.encode()).hexdigest()[:16]


@cache
def _module(name: str, path: Path) -> _Module:
    return _Module(name, path)


@cache
def _source(module: str) -> Path | None:
    """The file of one of our modules; None for anything else."""
    if module.partition(".")[0] != PACKAGE.name or module == PACKAGE.name:
        return None
    path = PACKAGE.parent.joinpath(*module.split("."))
    return next((file for file in (path / "__init__.py", path.with_suffix(".py")) if file.is_file()), None)


def _strip(tree: ast.Module) -> None:
    """Take out docstrings (of modules, classes, functions, fields) and tables of names."""
    for node in ast.walk(tree):
        for name, body in ast.iter_fields(node):
            if isinstance(body, list) and any(isinstance(item, ast.stmt) for item in body):
                setattr(node, name, [s for s in body if not (_is_string(s) or _is_table(s))])


def _is_string(statement: ast.stmt) -> bool:
    value = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def _is_table(statement: ast.stmt) -> bool:
    value = statement.value if isinstance(statement, ast.Assign) else None
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "Registry"


def _dump(statements: list[ast.stmt]) -> str:
    return hashlib.sha256("\n".join(ast.dump(s) for s in statements).encode()).hexdigest()
