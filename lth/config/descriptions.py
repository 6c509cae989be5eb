"""What the docstrings under the fields of a model say, read from its source when a schema or a table asks for it.

pydantic can read them itself (`use_attribute_docstrings`), but does so whenever a class is made: that took most of the
time in which a job imported its models, and no job needs a description.
"""

import ast
import inspect
import sys
from collections.abc import Mapping
from functools import cache
from itertools import pairwise

from pydantic import BaseModel


def descriptions(model: type[BaseModel]) -> Mapping[str, str]:
    """The descriptions of a model's fields, its own and those of its bases, by name; the nearest class counts."""
    found: dict[str, str] = {}
    for cls in reversed(model.__mro__):
        found |= _of_module(cls.__module__).get(cls.__qualname__, {}) if issubclass(cls, BaseModel) else {}
    stated = {name: field.description for name, field in model.model_fields.items() if field.description is not None}
    return {name: text for name, text in (found | stated).items() if name in model.model_fields}


@cache
def _of_module(module: str) -> dict[str, dict[str, str]]:
    """The docstrings under the fields of the classes of a module; none where its source is not at hand."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except (OSError, TypeError):
        return {}
    classes = (node for node in tree.body if isinstance(node, ast.ClassDef))
    return {node.name: dict(_of_class(node)) for node in classes}


def _of_class(node: ast.ClassDef) -> list[tuple[str, str]]:
    return [
        (field.target.id, inspect.cleandoc(text.value.value))
        for field, text in pairwise(node.body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
    ]
