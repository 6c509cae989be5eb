"""The JSON schema of a study file, made from the models; editors use the committed copy, `config/schema.json`."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from lth.catalog.architectures import ARCHITECTURES
from lth.catalog.datasets import SOURCES
from lth.catalog.registry import Registry
from lth.catalog.scores import SCORES
from lth.config.study import DEFAULT_METHOD, TICKETS, Study, method_of

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
                model["properties"][field]["enum"] = sorted(registry)
    for method, model in TICKETS.items():
        if method != DEFAULT_METHOD:
            schema["$defs"][model.__name__].setdefault("required", []).append("method")
    for section in schema["properties"].values():
        if "patternProperties" in section:
            section["additionalProperties"] = False
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def schema_text() -> str:
    """The content of `config/schema.json`."""
    return json.dumps(study_schema(), indent=2, ensure_ascii=False) + "\n"


def schema_at(path: tuple[str, ...], data: Mapping[str, Any]) -> Schema:
    """The resolved schema of the value at a key path of this study; empty where the path leads nowhere."""
    schema = structure_schema()
    for depth, key in enumerate(path):
        of_a_ticket = depth == 1 and path[0] == "tickets"
        schema = _of_ticket(data, key) if of_a_ticket else _resolved(_step(schema, key))
    return schema


def _of_ticket(data: Mapping[str, Any], name: str) -> Schema:
    """The schema of a ticket of the method that it names."""
    tickets = data.get("tickets")
    method = method_of(tickets.get(name)) if isinstance(tickets, Mapping) else DEFAULT_METHOD
    model = TICKETS.get(method if isinstance(method, str) else DEFAULT_METHOD, TICKETS[DEFAULT_METHOD])
    return dict(structure_schema()["$defs"][model.__name__])


def _step(schema: Mapping[str, Any], key: str) -> Schema:
    if "properties" in schema:
        return dict(schema["properties"].get(key, {}))
    if "patternProperties" in schema:
        return dict(next(iter(schema["patternProperties"].values())))
    if "prefixItems" in schema:
        return dict(schema["prefixItems"][0])
    return dict(schema.get("items", {}))


def _resolved(schema: Schema) -> Schema:
    """Follow a reference, and take `X or null` for X: leaving a key out is no value to write about."""
    for choice in schema.get("anyOf", ()):
        if choice.get("type") != "null":
            return _resolved(choice)
    if "$ref" in schema:
        return dict(structure_schema()["$defs"][schema["$ref"].rpartition("/")[2]])
    return schema
