"""What pydantic found wrong with a study, in sentences: unknown keys and names, wrong types, values out of range."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from lth.checks.problems import Path, dotted
from lth.checks.schema import schema_at
from lth.checks.wording import FEW, NAME, allowed, as_share, did_you_mean, found, listed, nearest, offered
from lth.config.base import Fault
from lth.config.study import TICKETS, method_of

SURE = 0.8
"""How alike a key of a section below must be to be suggested: its place is wrong, so its name had better be right."""

MOST_FAULTS = 200
"""Whoever has more has not written a study; the first of them say so."""


def explain(error: ValidationError, data: Mapping[str, Any]) -> Iterator[Fault]:
    """Every fault that a validation found, with its keys.

    Args:
        error: what `Study.model_validate(data)` raised.
        data: the study as it was read.
    """
    errors = [(one["type"], _path(one["loc"], data), one) for one in error.errors(include_url=False)[:MOST_FAULTS]]
    unknown = [path for kind, path, _ in errors if kind == "extra_forbidden"]
    meant = {_meant(path, data) for path in unknown}
    for kind, path, one in errors:
        if kind == "too_short" and one["input"]:
            continue  # it has entries, but none is valid: those are reported themselves
        if kind == "missing" and path in meant:
            continue  # misspelt, which is reported
        yield from _faults(kind, path, one["input"], one.get("ctx", {}), data)


def _path(loc: tuple[int | str, ...], data: Mapping[str, Any]) -> Path:
    """The keys of a study, without the tag that chose a ticket's model."""
    keys = tuple(str(key) for key in loc)
    tagged = len(keys) > 2 and keys[0] == "tickets" and keys[2] in TICKETS and keys[2] == _method(keys, data)
    return keys[:2] + keys[3:] if tagged else keys


def _method(path: Path, data: Mapping[str, Any]) -> Any:
    tickets = data.get("tickets")
    return method_of(tickets.get(path[1])) if isinstance(tickets, Mapping) and len(path) > 1 else None


def _faults(kind: str, path: Path, value: Any, context: Mapping[str, Any], data: Mapping[str, Any]) -> Iterator[Fault]:
    *parents, key = path or ("",)
    if kind == "faults":
        inside = tuple(parents) if key == "[key]" else path
        yield from (((*inside, *map(str, inner)), text) for inner, text in context["faults"])
    elif kind == "undefined":
        section = context["section"]
        names = [str(name) for name in data.get(section, {})]
        yield path, f"{found(value)} is not defined{offered(value, names, f'`{section}` has')}"
    elif kind == "unlisted":
        yield path, f"there is no {context['what']} {found(value)}{offered(value, context['names'], 'there are')}"
    elif kind == "union_tag_not_found":
        yield from _no_method(path, value)
    elif kind == "extra_forbidden":
        yield path, _unknown_key(tuple(parents), key, value, data)
    elif key == "[key]":
        yield tuple(parents), f"cannot be a name; must be {NAME}, at most 40 characters"
    elif kind == "missing" and not key.isdecimal():
        yield tuple(parents), f"`{key}` is missing; it must be {allowed(schema_at(path, data))}"
    elif kind == "missing":
        yield tuple(parents), f"must be {allowed(schema_at(tuple(parents), data))}, found {found(value)}"
    else:
        yield _unusable(kind, path, value, context, data)


def _unusable(kind: str, path: Path, value: Any, context: Mapping[str, Any], data: Mapping[str, Any]) -> Fault:
    if kind == "boolean":
        path = path if context["position"] is None else (*path, str(context["position"]))
        value = context["found"]
    schema = schema_at(path, data)
    if isinstance(value, str) and (meant := did_you_mean(value, schema.get("enum", ()))):
        return path, f"found {found(value)}{meant}; must be {allowed(schema, value)}"
    return path, f"must be {allowed(schema, value)}, found {found(value)}{as_share(schema, value)}"


def _no_method(path: Path, value: Any) -> Iterator[Fault]:
    """A ticket whose method does not exist, or that is no mapping at all."""
    if not isinstance(value, Mapping):
        yield path, f"must be {allowed(schema_at(path, {}))}, found {found(value)}"
        return
    method = value.get("method")
    yield (*path, "method"), f"there is no method {found(method)}{offered(method, TICKETS, 'there are')}"


def _unknown_key(parents: Path, key: str, value: Any, data: Mapping[str, Any]) -> str:
    method = str(_method(parents, data)) if len(parents) == 2 and parents[0] == "tickets" else ""
    if method in TICKETS and (message := _of_a_method(method, key, value)):
        return message
    keys = schema_at(parents, data).get("properties", {})
    inner = {name: nearest(key, schema_at((*parents, name), data).get("properties", {}), SURE) for name in keys}
    nested = next((f" (did you mean '{meant}', under `{name}`?)" for name, meant in inner.items() if meant), "")
    lead = f"the keys {f'in `{dotted(parents)}`' if parents else 'of a study'} are"
    if nested and not did_you_mean(key, keys):
        return f"unknown key{nested}; {lead} {listed(keys, FEW)}"
    return f"unknown key{offered(key, keys, lead)}"


def _of_a_method(method: str, key: str, value: Any) -> str | None:
    """That a key of a ticket belongs to other methods, or is a method's name; nothing if it is neither."""
    if key in TICKETS and isinstance(value, Mapping):
        options = ", ".join(f"`{name}`" for name in value) or "its options"
        return f"options are written beside `method: {key}`: give {options} there, without `{key}:`"
    having = [f"`method: {other}`" for other, model in TICKETS.items() if key in model.model_fields]
    if not having:
        return None
    have = "has it" if len(having) == 1 else "have it"
    return f"only {', '.join(having)} {have}, and `method` is '{method}'; take it out"


def _meant(path: Path, data: Mapping[str, Any]) -> Path:
    """The key that an unknown one was probably meant for."""
    *parents, key = path
    name = nearest(key, schema_at(tuple(parents), data).get("properties", {}))
    return (*parents, name) if name else path
