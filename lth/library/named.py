"""Names of functions and classes that the caller gives: import paths, or names that only this process knows."""

import sys
from collections.abc import Callable
from secrets import token_hex
from typing import Any


def code_name(known: dict[str, Callable[..., Any]], code: Callable[..., Any]) -> str:
    """The import path of a function or class; of one that cannot be imported, a name in a table, where it then is.

    Args:
        known: what this process was given before, by name.
        code: the function or class.
    """
    module, name = getattr(code, "__module__", "__main__"), getattr(code, "__qualname__", "code")
    if module != "__main__" and getattr(sys.modules.get(module), name, None) is code:
        return f"{module}:{name}"
    before = next((other for other, given in known.items() if given is code), None)
    return before or remembered(known, name.replace("<", "").replace(">", ""), code)


def remembered(known: dict[str, Callable[..., Any]], name: str, code: Callable[..., Any]) -> str:
    """A new name in a table for something, which no other process gives."""
    # a file may be read in another process, which gave the name to another network, or in a fork of this one
    full = f"in_memory:{name}-{len(known) + 1}-{token_hex(4)}"
    known[full] = code
    return full
