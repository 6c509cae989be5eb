"""What a job's code *is*: a hash that changes when its behaviour can, and stays when only words do.

Snakemake does not see imported modules, and its own `code` trigger looks at a script's time stamp. So each rule's
parameters carry a fingerprint: SHA-256 over the syntax trees, without docstrings and comments, of the functions,
classes and constants that the rule can reach inside `lth`, with what the names in them stand for, and of nothing else:
editing a function reruns the jobs that may call it.

A root outside of `lth` (a network of the user's) is followed in the same way, through its own top-level package and all
modules whose files lie in the current folder, but for what is installed there.

What a job reaches through a table of names (`Registry`) cannot be seen in its code, so those targets are given as
roots; the tables themselves count for nothing, and an entry more changes no other. Nor can what is looked up by a
computed name (`getattr`, `import_module`) or imported by a star: use neither for anything that a result depends on.
"""

import ast
import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from lth.catalog.importing import module_file

PACKAGE = Path(__file__).parent
MODELS = (
    "lth.config.base",
    "lth.config.data",
    "lth.config.layers",
    "lth.config.noise",
    "lth.config.options",
    "lth.config.study",
    "lth.config.tickets",
    "lth.config.training",
    "lth.plan.jobs",
)
RESUMING = ("lth.training.resume", "lth.running.scratch", "lth.running.stopping")
_WORDS = (
    "lth.errors",
    "lth.running.jobs",
    "lth.running.locks",
    "lth.printable",
    "lth.catalog.registry",
    "lth.artifacts.origin",
    "lth.artifacts.repair",
)
NO_RESULT_DEPENDS_ON = (*MODELS, *RESUMING, *_WORDS)
"""The study's values are in a job's parameters themselves; messages, advice, logs and lookups are in no artifact; a
training that was stopped ends as if it had not been (`tests/core/test_resume.py`)."""

BLOCKS = ("body", "orelse", "handlers", "finalbody", "cases")
"""The fields of a syntax tree that hold statements, or what holds statements in its turn."""

Symbol = tuple[str, str | None]
"""A module and a name in it; no name stands for all of the module, an empty one for what runs when it is imported."""


class _Users(NamedTuple):
    """Whose modules count beside ours: those of some top-level packages, and of a folder."""

    packages: frozenset[str] = frozenset()
    folder: Path | None = None


_NOBODY = _Users()


class _Module:
    """A source file: its top-level statements by the name that they define, and what imported names stand for."""

    def __init__(self, name: str, path: Path, users: _Users) -> None:
        self.name, self.users = name, users
        self.package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        self.definitions: dict[str, list[ast.stmt]] = {}
        self.imports: dict[str, set[Symbol]] = {}
        self.loose: list[ast.stmt] = []
        tree = ast.parse(path.read_bytes())
        for statement in _strip(tree):
            for bound, symbol in self._imported(statement):
                self.imports.setdefault(bound, set()).add(symbol)
        for statement in tree.body:
            if isinstance(statement, ast.ClassDef) and self._is_model(statement):
                statement.body = [inner for inner in statement.body if _is_property(inner)]
            self._sort_in(statement)

    def _is_model(self, statement: ast.ClassDef) -> bool:
        """Whether a class is a part of a study, of which only what it derives from its values counts: the values are in
        a job's parameters themselves, and what it checks and what it is called are in no artifact."""
        bases = [base.id for base in statement.bases if isinstance(base, ast.Name)]
        return any(module in MODELS for base in bases for module, _ in self.imports.get(base, ()))

    def _sort_in(self, statement: ast.stmt) -> None:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            return
        names = set(_defined(statement))
        for name in names:
            self.definitions.setdefault(name, []).append(statement)
        if not names or isinstance(statement, ast.If | ast.Try | ast.With | ast.For | ast.While | ast.Match):
            self.loose.append(statement)

    def _imported(self, statement: ast.AST) -> Iterator[tuple[str, Symbol]]:
        """The names that an import binds (in whatever function it stands), and what they stand for."""
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                first = alias.name.partition(".")[0]
                yield alias.asname or first, (alias.name if alias.asname else first, None)
                yield "", (alias.name, None)  # reached by its import, whatever is used of it
        elif isinstance(statement, ast.ImportFrom):
            level = statement.level
            above = self.package.split(".")[: self.package.count(".") + 2 - level] if level else []
            module = ".".join([*above, *([statement.module] if statement.module else [])])
            yield "", (module, None)
            for alias in statement.names:
                whole = f"{module}.{alias.name}"
                symbol = (whole, None) if _source(whole, self.users) else (module, alias.name)
                yield alias.asname or alias.name, symbol
                yield "", symbol

    def statements(self, name: str | None) -> list[ast.stmt]:
        """What defines a name, with what runs on import anyway; or (None) the whole file."""
        if name is None:
            every = [*self.loose, *(s for found in self.definitions.values() for s in found)]
            return list(dict.fromkeys(every))
        return [*self.loose, *(s for s in self.definitions.get(name, []) if s not in self.loose)]

    def references(self, read: "_Words") -> Iterator[tuple[str, Symbol]]:
        """The names in statements that are defined or imported in this file, each with what it stands for."""
        for node in read.names:
            if node.id in self.definitions:
                yield node.id, (self.name, node.id)
            for module, name in self.imports.get(node.id, ()):
                yield node.id, (module, name) if name is not None else self._attribute(module, node, read.attributes)

    def _attribute(self, module: str, node: ast.AST, attributes: Mapping[ast.AST, ast.Attribute]) -> Symbol:
        """What is looked up in a module: a name in it or in a module inside it, or (None) the module itself."""
        while outer := attributes.get(node):
            inner = f"{module}.{outer.attr}"
            if _source(inner, self.users) is None:
                return module, outer.attr
            module, node = inner, outer
        return module, None

    def content(self, name: str | None) -> tuple[str, set[Symbol]]:
        """A hash of what defines a name and of what the names in it stand for; and the latter."""
        found, read = self.statements(name), _Words()
        words = [read.of(statement) for statement in found]
        used = {*self.references(read)}
        reached = {symbol for _, symbol in used}
        reached |= {(module, "") for module, _ in self.imports.get("", ())}
        if name and name not in self.definitions:  # re-exported from elsewhere
            reached |= self.imports.get(name, set())
        words += sorted(map(str, used))
        return hashlib.sha256("\n".join(words).encode()).hexdigest() if found else "", reached


def fingerprint(roots: tuple[str, ...], script: Path) -> str:
    """The hash of a script, some roots (`lth.pruning.scores:magnitude`), and everything of ours that they can reach."""
    packages = users_packages(roots)
    return _fingerprint(roots, script, _Users(packages, Path.cwd()) if packages else _NOBODY)


def users_packages(roots: Iterable[str]) -> frozenset[str]:
    """The top-level packages of the roots that lie outside of `lth`."""
    return frozenset(root.partition(":")[0].partition(".")[0] for root in roots) - {PACKAGE.name}


@cache
def _fingerprint(roots: tuple[str, ...], script: Path, users: _Users) -> str:
    waiting: list[Symbol] = [("__script__", None)]
    for root in roots:
        module, _, name = root.partition(":")
        waiting.append((module, name or None))
    reached: dict[Symbol, str] = {}
    while waiting:
        symbol = waiting.pop()
        path = script if symbol[0] == "__script__" else _source(symbol[0], users)
        if symbol in reached or path is None or symbol[0] in NO_RESULT_DEPENDS_ON:
            continue
        ours = path == script or symbol[0].partition(".")[0] == PACKAGE.name  # which import nothing of the user's
        reached[symbol], further = _content(symbol, path, _NOBODY if ours else users)
        waiting += further
    described = "\n".join(f"{symbol} {content}" for symbol, content in sorted(reached.items(), key=str) if content)
    return hashlib.sha256(described.encode()).hexdigest()[:16]


@cache
def _content(symbol: Symbol, path: Path, users: _Users = _NOBODY) -> tuple[str, set[Symbol]]:
    return _module(symbol[0], path, users).content(symbol[1])


@cache
def _module(name: str, path: Path, users: _Users) -> _Module:
    return _Module(name, path, users)


@cache
def _source(module: str, users: _Users = _NOBODY) -> Path | None:
    """The file of one of our modules, or of the user's; None for anything else."""
    first, dot, _ = module.partition(".")
    if first == PACKAGE.name:
        return _file_in(PACKAGE.parent, module) if dot else None
    if users.folder is None or first in sys.stdlib_module_names:
        return None
    top = module_file(first)
    if top is None:  # perhaps a package without an `__init__.py`
        return _file_in(users.folder, module)
    if first not in users.packages and not _written_in(users.folder, top):
        return None
    inside = not dot or top.name == "__init__.py"  # nothing lies in a module of one file
    return module_file(module) if inside else None


def _file_in(folder: Path, module: str) -> Path | None:
    path = folder.joinpath(*module.split("."))
    return next((file for file in (path / "__init__.py", path.with_suffix(".py")) if file.is_file()), None)


def _written_in(folder: Path, file: Path) -> bool:
    """Whether a file lies in a folder, and not in an environment in it."""
    within = file.is_relative_to(folder) or file.resolve().is_relative_to(folder)
    return within and not {"site-packages", "dist-packages"} & {*file.parts}


def _defined(statement: ast.stmt) -> Iterator[str]:
    """The names that a top-level statement gives a meaning to."""
    definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    nodes = [statement] if isinstance(statement, definition) else ast.walk(statement)
    for node in nodes:
        if isinstance(node, definition):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def _strip(node: ast.AST) -> Iterator[ast.AST]:
    """Take out docstrings (of modules, classes, functions, fields), tables of names, and imports for annotations.

    Yields:
        what is left of the statements, whatever they stand in. Expressions hold none, so most of the tree is not seen.
    """
    for name in BLOCKS:
        block = getattr(node, name, None)
        if isinstance(block, list):  # of a lambda it is an expression
            block[:] = [s for s in block if not (_is_string(s) or _is_table(s) or _is_typing(s))]
            for statement in block:
                yield statement
                yield from _strip(statement)


def _is_string(statement: ast.stmt) -> bool:
    value = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def _is_table(statement: ast.stmt) -> bool:
    value = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "Registry"


def _is_property(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.FunctionDef) and any(
        isinstance(decorator, ast.Name) and decorator.id == "property" for decorator in statement.decorator_list
    )


def _is_typing(statement: ast.stmt) -> bool:
    test = statement.test if isinstance(statement, ast.If) and not statement.orelse else None
    return isinstance(test, ast.Name) and test.id == "TYPE_CHECKING"


class _Words:
    """Syntax trees in words: `ast.dump` without what is empty, which only some versions of Python leave out.

    Each tree is seen once, since every start of Snakemake reads all code: what it names is kept on the way.
    """

    def __init__(self) -> None:
        self.names: list[ast.Name] = []
        self.attributes: dict[ast.AST, ast.Attribute] = {}
        """By what they are looked up in."""

    def of(self, tree: object) -> str:
        """A node, a list of nodes, or a value."""
        if isinstance(tree, list):
            return f"[{', '.join([self.of(each) for each in tree])}]"
        if not isinstance(tree, ast.AST):
            return repr(tree)
        if isinstance(tree, ast.Name):
            self.names.append(tree)
        elif isinstance(tree, ast.Attribute):
            self.attributes[tree.value] = tree
        fields = []
        for name in tree._fields:
            value = getattr(tree, name, None)
            if value is not None and value != []:
                fields.append(f"{name}={self.of(value)}")
        return f"{type(tree).__name__}({', '.join(fields)})"
