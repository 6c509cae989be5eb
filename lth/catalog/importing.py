"""Functions and classes of the user's, by import path: `package.module:name`. Imports nothing heavy itself."""

import re
import sys
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lth.errors import UserError, reason

IMPORT_PATH = r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*"
"""`package.module:name`."""


def is_import_path(text: str) -> bool:
    """Whether a text has the form of an import path."""
    return re.fullmatch(IMPORT_PATH, text) is not None


RESERVED = ("torchvision:", "in_memory:")
"""What begins like this is no import path of a network or score."""


def names_own(name: str, given: Mapping[str, Any]) -> bool:
    """Whether a name is that of code of the user's: an import path, or one of what this process was given."""
    return name in given or (is_import_path(name) and not name.startswith(RESERVED))


def users_code(name: str, given: Mapping[str, Any]) -> Any:
    """What such a name stands for; raises UserError as `imported` does."""
    return given[name] if name in given else imported(name)


def colon_hint(text: str) -> str:
    """After a path with dots alone: how it is written, ` (one of your own is written 'package.module:name')`."""
    module, dot, name = text.rpartition(".")
    fits = bool(dot) and is_import_path(f"{module}:{name}")
    return f" (one of your own is written '{module}:{name}')" if fits else ""


def imported(path: str) -> Any:
    """What an import path names. Modules are searched among installed packages, then in the current folder.

    Raises:
        UserError: there is no such module, importing it fails, or it has no such name.
    """
    module_name, _, name = path.partition(":")
    _search_current_folder()
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and f"{module_name}.".startswith(f"{error.name}."):
            raise UserError(f"'{path}': {_missing(error.name)}") from None
        raise UserError(f"'{path}': importing {module_name} fails: {reason(error)}") from None
    except Exception as error:
        words = f"{type(error).__name__}: {reason(error)}"
        raise UserError(f"'{path}': importing {module_name} fails with {words}") from error
    if not callable(found := getattr(module, name, None)):
        what = "has no" if found is None else "has, but as no function or class,"
        raise UserError(f"'{path}': module {module_name} ({module.__file__}) {what} '{name}'")
    return found


def optional(name: str, who: str) -> Any:
    """A package that an ordinary installation has not.

    Args:
        name: of the package.
        who: what needs it, for the sentence.

    Raises:
        UserError: it is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        message = f"{who} need the package {name} ({error})"
        raise UserError(f"{message}: pip install -r requirements-text.txt, or `make setup-text`") from None


def _missing(module: str) -> str:
    if module.endswith(".py"):
        return f"a module is named without '.py': '{module.removesuffix('.py')}'"
    return f"there is no module '{module}', neither installed nor in the current folder ({Path.cwd()})"


def module_file(module: str) -> Path | None:
    """The source file of a module, without importing it; None where there is none.

    Importing `package.module` runs `package` first, so its parents are only looked up in their folders.
    """
    first, *rest = module.split(".")
    _search_current_folder()
    try:
        spec = find_spec(first)
    except (ImportError, ValueError):
        return None
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin)
    if rest:
        path = path.parent.joinpath(*rest)
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return path if path.suffix == ".py" and path.is_file() else None


def _search_current_folder() -> None:
    """Put the current folder at the end of where modules are searched, so that it hides no installed package."""
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.append(folder)
