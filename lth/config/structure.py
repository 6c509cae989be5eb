"""Structural faults of a study: unknown keys, wrong types, values out of range. Pydantic finds them, this says them."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from lth.config.base import SENTENCE
from lth.config.draft import Paths, draft_of
from lth.config.models import Study
from lth.config.places import holds
from lth.config.problems import Fault, Path, dotted
from lth.config.schema import schema_at
from lth.config.wording import FEW, NAME, allowed, as_share, did_you_mean, found, listed, nearest, offered

SURE = 0.8
"""How alike a key of a section below must be to be suggested: its place is wrong, so its name had better be right."""


MOST_FAULTS = 200
"""Who has more has not written a study; the first of them say so, and what the others mean is not asked."""


def structure(data: Mapping[str, Any]) -> tuple[Study, list[Fault]]:
    """The study, as far as it is valid (see `lth.config.draft`), and every structural fault of it."""
    errors = [*_errors(data), *_booleans(data)]
    if len(errors) > MOST_FAULTS:
        nothing = draft_of(data, {(key,) for key in Study.model_fields})
        return nothing, [_fault(kind, path, value) for kind, path, value in errors[:MOST_FAULTS]]
    meant = {path: _meant(path, data) for kind, path, _ in errors if kind == "extra_forbidden"}
    told = [error for error in errors if not (error[0] == "missing" and error[1] in meant.values())]
    return draft_of(data, _broken(errors, meant)), [_fault(kind, path, value) for kind, path, value in told]


def _errors(data: Mapping[str, Any]) -> Iterator[tuple[str, Path, Any]]:
    """Pydantic's complaints: kind, path, value (of a validator of ours, its sentence)."""
    try:
        Study.model_validate(data)
    except ValidationError as error:
        for one in error.errors(include_url=False, include_context=False):
            if one["type"] == "too_short" and one["input"]:
                continue  # it has entries, but none is valid: those are reported themselves
            said = one["msg"] if one["type"] == SENTENCE else one["input"]
            yield one["type"], tuple(str(key) for key in one["loc"]), said


def _booleans(data: Any, path: Path = ()) -> Iterator[tuple[str, Path, Any]]:
    """Where `true` or `yes` stands for a number: Python takes them for 1, a study does not."""
    if isinstance(data, bool):
        if schema_at(path).get("type") in ("integer", "number"):
            yield "boolean", path, data
    elif isinstance(data, Mapping | list | tuple):
        items = data.items() if isinstance(data, Mapping) else enumerate(data)
        for key, value in items:
            yield from _booleans(value, (*path, str(key)))


def _fault(kind: str, path: Path, value: Any) -> Fault:
    *parents, key = path
    above = tuple(parents)
    if kind == "extra_forbidden":
        return path, _unknown_key(above, key)
    if key == "[key]":
        return above, value if kind == SENTENCE else f"cannot be a name; must be {NAME}, at most 40 characters"
    if kind == "missing":
        missing = f"`{key}` is missing; it must be {allowed(schema_at(path))}"
        return above, f"must be {allowed(schema_at(above))}, found {found(value)}" if key.isdecimal() else missing
    return path, value if kind == SENTENCE else _not_allowed(schema_at(path), value)


def _not_allowed(schema: Mapping[str, Any], value: Any) -> str:
    if isinstance(value, str) and (meant := did_you_mean(value, schema.get("enum", ()))):
        return f"found {found(value)}{meant}; must be {allowed(schema, value)}"
    return f"must be {allowed(schema, value)}, found {found(value)}{as_share(schema, value)}"


def _unknown_key(parents: Path, key: str) -> str:
    keys = schema_at(parents).get("properties", {})
    inner = {name: nearest(key, schema_at((*parents, name)).get("properties", {}), SURE) for name in keys}
    nested = next((f" (did you mean '{meant}', under `{name}`?)" for name, meant in inner.items() if meant), "")
    lead = f"the keys {f'in `{dotted(parents)}`' if parents else 'of a study'} are"
    if nested and not did_you_mean(key, keys):
        return f"unknown key{nested}; {lead} {listed(keys, FEW)}"
    return f"unknown key{offered(key, keys, lead)}"


def _meant(path: Path, data: Mapping[str, Any]) -> Path:
    """The key that an unknown one was probably meant for, if that one is not there; else the unknown key itself."""
    *parents, key = path
    name = nearest(key, schema_at(tuple(parents)).get("properties", {}))
    return (*parents, name) if name and not holds(data, (*parents, name)) else path


def _broken(errors: list[tuple[str, Path, Any]], meant: Mapping[Path, Path]) -> Paths:
    """The paths whose values cannot be used; where an unknown key was probably meant for another, that one too."""
    broken: Paths = {*meant.values()}
    for kind, path, _ in errors:
        # An ill name stays known (its path ends in `[key]`), so that what refers to it is not reported as well.
        in_pair = kind == "missing" and path[-1].isdecimal()
        broken.add(path[:-1] if in_pair else path)
    return broken
