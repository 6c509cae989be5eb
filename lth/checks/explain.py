"""What pydantic found wrong with a study, in sentences: unknown keys and names, wrong types, values out of range."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from lth.catalog.scores import SCORES
from lth.checks.problems import dotted
from lth.checks.schema import allowed, schema_at
from lth.checks.wording import FEW, NAME, as_share, did_you_mean, found, listed, nearest, offered
from lth.config.base import Fault, KeyPath
from lth.config.ticket_models import DEFAULT_METHOD, TICKETS

SURE = 0.8
"""How alike a key of a section below must be to be suggested: its place is wrong, so its name had better be right."""
MOST_FAULTS = 200
"""Whoever has more has not written a study; the first of them say so."""


def explain(error: ValidationError, under: KeyPath = ()) -> Iterator[Fault]:
    """Every fault that the validation of a study found, with its keys.

    Args:
        error: what pydantic says.
        under: the keys that lead to what was validated, where it was a part of a study.
    """
    errors = error.errors(include_url=False)[:MOST_FAULTS]
    places = [(*under, *one["loc"]) for one in errors]
    unknown = [place for place, one in zip(places, errors, strict=True) if one["type"] == "extra_forbidden"]
    meant = {(*parents, nearest(key, _keys(tuple(parents)))) for *parents, key in unknown}
    for place, one in zip(places, errors, strict=True):
        if one["type"] == "too_short" and one["input"]:
            continue  # it has entries, but none is valid: those are reported themselves
        if one["type"] == "missing" and place in meant:
            continue  # misspelt, which is reported
        for location, message in _faults(one["type"], place, one["input"], one.get("ctx", {})):
            yield _without_method(location), message


def _keys(location: KeyPath) -> Mapping[str, Any]:
    """The keys that there may be at a location of pydantic, with their schemas."""
    return dict(schema_at(location).get("properties", {}))


def _method(location: KeyPath) -> str | None:
    """The method that pydantic names after the name of a ticket, whose model it chose by it."""
    return str(location[2]) if len(location) > 2 and location[0] == "tickets" and location[2] in TICKETS else None


def _by_another_name(method: object) -> str:
    """Where a method of the literature is found under the name of a score or of a family."""
    name = str(method).casefold()
    if name in [*SCORES]:
        return f" (a score: `method: at_init, score: {name}`)"
    families = {"set": "dynamic", "rigl": "dynamic", "rst": "dual", "lth": "imp"}
    return f" (it is `method: {families[name]}`)" if name in families else ""


def _without_method(location: KeyPath) -> KeyPath:
    return (*location[:2], *location[3:]) if _method(location) else location


def _faults(kind: str, location: KeyPath, value: Any, context: Mapping[str, Any]) -> Iterator[Fault]:
    *above, key = location or ("",)
    parents = tuple(above)
    if kind == "faults":
        inside = parents if key == "[key]" else location
        yield from (((*inside, *inner), text) for inner, text in context["faults"])
    elif kind == "unknown_name":
        yield location, context["sentence"].format(found(value)) + offered(value, context["names"], context["lead"])
    elif kind == "union_tag_not_found" and isinstance(value, Mapping):
        method = value["method"]
        words = f"there is no method {found(method)}{_by_another_name(method)}"
        yield (*location, "method"), f"{words}{offered(method, TICKETS, 'there are')}"
    elif kind == "extra_forbidden":
        yield location, _unknown_key(parents, str(key), value)
    elif key == "[key]":
        yield parents, f"cannot be a name; must be {NAME}, at most 40 characters"
    elif kind == "missing" and isinstance(key, str):
        yield parents, f"`{key}` is missing; it must be {allowed(schema_at(location))}"
    elif kind == "missing":
        yield parents, f"must be {allowed(schema_at(parents))}, found {found(value)}"
    elif kind == "boolean":
        yield _unusable((*location, *context["position"]), context["found"])
    else:
        yield _unusable(location, value)


def _unusable(location: KeyPath, value: Any) -> Fault:
    schema = schema_at(location)
    if "oneOf" in schema:
        schema = schema_at((*location, DEFAULT_METHOD))
    if isinstance(value, str) and (meant := did_you_mean(value, schema.get("enum", ()))):
        return location, f"found {found(value)}{meant}; must be {allowed(schema, value)}"
    return location, f"must be {allowed(schema, value)}, found {found(value)}{as_share(schema, value)}"


def _unknown_key(parents: KeyPath, key: str, value: Any) -> str:
    if len(parents) == 3 and (method := _method(parents)) and (message := _of_a_method(method, key, value)):
        return message
    keys = _keys(parents)
    lead = f"the keys {f'in `{dotted(_without_method(parents))}`' if parents else 'of a study'} are"
    inner = {name: nearest(key, _keys((*parents, name)), SURE) for name in keys}
    nested = next((f" (did you mean '{meant}', under `{name}`?)" for name, meant in inner.items() if meant), "")
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
    return (
        f"only {', '.join(having)} {'has' if len(having) == 1 else 'have'} it, and `method` is '{method}'; take it out"
    )
