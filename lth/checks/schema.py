"""What the models allow, as a JSON schema and in words; editors use the committed copy, `config/schema.json`."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from lth.catalog.architectures import ARCHITECTURES
from lth.catalog.datasets import SOURCES
from lth.catalog.importing import IMPORT_PATH
from lth.catalog.registry import Registry
from lth.catalog.scores import SCORES
from lth.checks.wording import NAME, listed
from lth.config.base import KeyPath
from lth.config.study import Study
from lth.config.ticket_models import DEFAULT_METHOD, TICKETS

Schema = dict[str, Any]

NAMED: dict[str, Registry[Any]] = {"source": SOURCES, "architecture": ARCHITECTURES, "score": SCORES}
"""Fields whose values are names from a table. The models leave them open, so that the tables stay free to grow."""


@cache
def structure_schema() -> Schema:
    """The models' own schema: what structural errors are explained from."""
    return Study.model_json_schema()


def study_schema() -> Schema:
    """The schema for editors: with the names of architectures, sources and scores, and only usable names."""
    schema = Study.model_json_schema()
    for model in schema["$defs"].values():
        for field, registry in NAMED.items():
            if field in model.get("properties", {}):
                model["properties"][field] |= _names(field, registry)
    for method, model in TICKETS.items():
        if method != DEFAULT_METHOD:
            schema["$defs"][model.__name__].setdefault("required", []).append("method")
    for section in schema["properties"].values():
        if "patternProperties" in section:
            section["additionalProperties"] = False
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _names(field: str, registry: Registry[Any]) -> Schema:
    """A name of a table, of one of its families, or of code of the user's own."""
    names: Schema = {"enum": sorted(registry)}
    pattern = f"^({'|'.join(registry.families)}):.+$" if registry.families else f"^{IMPORT_PATH}$"
    return {"anyOf": [names, {"pattern": pattern}]} if field in ("architecture", "source", "score") else names


def schema_text() -> str:
    """The content of `config/schema.json`."""
    return json.dumps(study_schema(), indent=2, ensure_ascii=False) + "\n"


def schema_at(location: KeyPath) -> Schema:
    """The schema of the value that an error of pydantic is about; empty where the location leads nowhere.

    References are followed, and `X or null` is taken for X: leaving a key out is no value to write about.

    Args:
        location: its keys, and after the name of a ticket the method.
    """
    schema = structure_schema()
    for key in location:
        inside = [*schema.get("patternProperties", {}).values(), schema.get("items", {})]
        if "oneOf" in schema:
            inside = [{"$ref": TICKETS[str(key)].__name__}]
        elif "properties" in schema:
            inside = [schema["properties"].get(key, {})]
        elif "prefixItems" in schema and isinstance(key, int):
            inside = schema["prefixItems"][key : key + 1]
        schema = next((choice for choice in inside[0].get("anyOf", ()) if choice.get("type") != "null"), inside[0])
        if "$ref" in schema:
            schema = structure_schema()["$defs"][schema["$ref"].rpartition("/")[2]]
    return schema


# --- in words -------------------------------------------------------------------------------------------------------


def allowed(schema: Mapping[str, Any], value: object = None) -> str:
    """What a (resolved) schema allows, as the end of `must be ...`, where this value was found."""
    if "x-refers-to" in schema:
        return f"the name of one of `{schema['x-refers-to']}`"
    if "enum" in schema:
        return "one of " + listed(schema["enum"])
    longest = f"at most {schema['maxLength']} characters" if "maxLength" in schema else ""
    words = "something else"
    match schema:
        case {"const": only}:
            words = f"'{only}'"
        case {"type": "integer" | "number" as kind}:
            words = ("a whole number" if kind == "integer" else "a number") + _range(schema, value)
        case {"type": "string", "pattern": _}:
            words = f"{NAME}, {longest}" if longest else NAME
        case {"type": "string"}:
            words = f"text of {longest}" if longest else "text"
        case {"type": "boolean"}:
            words = "true or false"
        case {"prefixItems": names}:
            words = f"a list of exactly {len(names)} names, such as [one, other]"
        case {"type": "array"}:
            words = "a list" + (" with at least one entry" if schema.get("minItems") else "")
        case {"properties": keys}:
            words = "a mapping with the keys " + listed(keys)
        case {"type": "object"}:
            words = "a mapping of names to their settings" + (
                ", with at least one" if "minProperties" in schema else ""
            )
    return words


LARGE = 10**9
"""Bounds from here on only keep the arithmetic sound; they are named to those alone who go beyond them."""


def _range(schema: Mapping[str, Any], value: object) -> str:
    bounds = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}
    try:
        number = float(str(value))  # YAML reads `1e-300` as text
    except ValueError:
        number = 1.0  # within all bounds
    known = {b: schema[b] for b in bounds if b in schema and (schema[b] < LARGE or number >= LARGE)}
    if "exclusiveMinimum" in known and "minimum" in known:  # above 0, and a tiny bound of the kind of LARGE
        del known["exclusiveMinimum" if 0 < number < known["minimum"] else "minimum"]
    named = [f"{bounds[bound]} {limit:.10g}" for bound, limit in known.items()]
    return " " + " and ".join(named) if named else ""
