"""The tables of keys in `config/README.md`, made from the models: key, allowed values, default, meaning."""

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from lth.checks.schema import allowed, structure_schema
from lth.config.descriptions import descriptions
from lth.config.study import Study
from lth.config.ticket_models import TICKETS
from lth.config.tickets import FAMILIES, TicketSpec

BEGIN, END = "<!-- keys of {name}: made by `make reference` -->", "<!-- end of keys -->"


def updated(page: str) -> str:
    """The page with each table of keys as the models say it."""
    pattern = re.escape(BEGIN).replace(re.escape("{name}"), "(.+?)") + r"\n.*?" + re.escape(END)
    return re.sub(pattern, lambda found: block(found[1]), page, flags=re.DOTALL)


def block(name: str) -> str:
    """The table of a model, or of a family of tickets, between the marks that it is found by.

    Raises:
        KeyError: there is no model of that name.
    """
    rows = "\n".join(f"| {' | '.join(row)} |" for row in _rows(name))
    head = "| key | allowed | default | meaning |\n|---|---|---|---|\n"
    return f"{BEGIN.format(name=name)}\n{head}{rows}\n{END}"


def _rows(name: str) -> Iterator[tuple[str, str, str, str]]:
    model, keys = MODELS[name]
    schema = structure_schema() if model is Study else structure_schema()["$defs"][_of_schema(model)]
    for key in keys:
        field, choice = model.model_fields[key], schema["properties"][key]
        values = ", ".join(f"`{method}`" for method in TICKETS) if key == "method" else _cell(_allowed(choice))
        yield f"`{key}`", values, _default(field), _cell(descriptions(model)[key])


def _of_schema(model: type[BaseModel]) -> str:
    """The name under which the study's schema has a model, or one that has all its fields."""
    if issubclass(model, TicketSpec):
        return next(other.__name__ for other in TICKETS.values() if issubclass(other, model))
    return next((other.__name__ for other in TICKETS.values() if issubclass(other, model)), model.__name__)


def _allowed(schema: Mapping[str, Any]) -> str:
    for choice in schema.get("anyOf", ()):
        if choice.get("type") != "null":
            return _allowed(choice)
    if "$ref" in schema:
        return "a mapping"
    if schema.get("type") == "array" and "enum" in schema.get("items", {}):
        return "a list of " + ", ".join(f"`{value}`" for value in schema["items"]["enum"])
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    return allowed(schema).removesuffix(", at most 40 characters").partition(": ")[0]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None or value is PydanticUndefined or value in ((), "", {}) or isinstance(value, BaseModel):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`[{', '.join(value)}]`" if isinstance(value, tuple) else f"`{value}`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _models() -> dict[str, tuple[type[BaseModel], list[str]]]:
    """The models by the names that a page calls them by, each with the keys that are its own."""
    found: dict[str, tuple[type[BaseModel], list[str]]] = {"study": (Study, list(Study.model_fields))}
    pending: list[Any] = [Study]
    while pending:
        model = pending.pop()
        for field in model.model_fields.values():
            for inner in _inside(field.annotation):
                if inner.__name__ not in found and not issubclass(inner, TicketSpec):
                    found[inner.__name__] = (inner, list(inner.model_fields))
                    pending.append(inner)
        if model is Study:
            pending += TICKETS.values()
    for method, ticket in TICKETS.items():
        found[f"method: {method}"] = (ticket, list(ticket.options_model.model_fields))
    shared = list(TicketSpec.model_fields)
    found["every ticket"] = (TICKETS["imp"], shared)
    for family, of in FAMILIES.items():
        own = [key for key in of.model_fields if key not in shared]
        example = next(ticket for ticket in TICKETS.values() if issubclass(ticket, of))
        found[f"{family} tickets"] = (example, own)
    return found


def _inside(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _inside(argument)


MODELS = _models()

if __name__ == "__main__":
    for name in sys.argv[1:]:
        page = Path(name)
        page.write_text(updated(page.read_text(encoding="utf-8")), encoding="utf-8")
