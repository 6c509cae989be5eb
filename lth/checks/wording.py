"""The words of error messages: what was found, what is allowed, and which name was probably meant."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

ABBREVIATIONS = {
    "arch": "architecture",
    "batch_size": "batch",
    "bs": "batch",
    "data": "dataset",
    "fine_tune": "retrain",
    "finetune": "retrain",
    "gamma": "factor",
    "gray": "grey",
    "grayscale": "grey",
    "greyscale": "grey",
    "hflip": "flip",
    "image_size": "size",
    "img_size": "size",
    "in_channels": "channels",
    "init": "initialisation",
    "iterations": "rounds",
    "levels": "rounds",
    "lr": "learning_rate",
    "lr_scheduler": "schedule",
    "model": "architecture",
    "num_classes": "classes",
    "opt": "optimiser",
    "optim": "optimiser",
    "padding": "crop_padding",
    "prune_rate": "rate",
    "pruning_rate": "rate",
    "sparsities": "densities",
    "sparsity": "densities",
    "steps": "iterations",
    "fraction": "drop_fraction",
    "fresh": "reinitialised",
    "layer": "layerwise",
    "network": "global",
    "rate_of": "layer_rates",
    "whole": "unpruned",
    "val": "validation",
    "wd": "weight_decay",
    "workers": "threads",
}
"""What people write out of habit, and the key that means it here."""

NAME = "a name: lower-case letters, digits and single underscores, such as 'mnist_10'"


def nearest(word: object, allowed: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The allowed name that was probably meant, whatever the case; a habitual abbreviation counts.

    Args:
        word: what was found.
        allowed: the names.
        cutoff: how alike they must be, from 0 to 1 (`difflib`).
    """
    by_case = {name.casefold(): name for name in allowed}
    folded = str(word)[:60].casefold().replace("-", "_")
    if ABBREVIATIONS.get(folded) in by_case:
        return by_case[ABBREVIATIONS[folded]]
    written = str(word)[:60].casefold()
    close = get_close_matches(folded, by_case, 1, cutoff) or get_close_matches(written, by_case, 1, cutoff)
    return by_case[close[0]] if close else None


def did_you_mean(word: object, allowed: Iterable[str]) -> str:
    """` (did you mean 'x'?)`, or nothing."""
    name = nearest(word, allowed)
    return f" (did you mean '{name}'?)" if name is not None else ""


def listed(names: Iterable[str]) -> str:
    """`a, b, c`, the tail cut where there are too many to read; `none` where there are none."""
    names = list(names)
    return ", ".join(names[:40]) + (", ..." if len(names) > 40 else "") if names else "none"


def found(value: object) -> str:
    """A value as a reader of the file knows it."""
    if value is None or isinstance(value, bool):
        return "nothing" if value is None else str(value).lower()
    if isinstance(value, str):
        return ascii(value) if len(value) <= 60 else f"{value[:60]!a}..."
    if isinstance(value, Mapping):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, Sequence):
        return f"a list of {len(value)}" if value else "an empty list"
    if isinstance(value, int | float):
        return str(value) if abs(value) < 10**20 or isinstance(value, float) else "a huge number"
    return f"a {type(value).__name__}"


def allowed(schema: Mapping[str, Any], value: object = None) -> str:
    """What a (resolved) JSON schema allows, as the end of `must be ...`, where this value was found."""
    if "x-refers-to" in schema:
        return f"the name of one of `{schema['x-refers-to']}`"
    if "enum" in schema:
        return "one of " + listed(schema["enum"])
    if "const" in schema:
        return f"'{schema['const']}', the only choice so far"
    kind = schema.get("type")
    if kind in ("integer", "number"):
        return ("a whole number" if kind == "integer" else "a number") + _range(schema, value)
    if kind == "string":
        return _name(schema) if "pattern" in schema else "text"
    if kind == "array":
        return _list(schema)
    return {"boolean": "true or false", "object": _mapping(schema)}.get(str(kind), "something else")


def _name(schema: Mapping[str, Any]) -> str:
    return NAME + (f", at most {schema['maxLength']} characters" if "maxLength" in schema else "")


LARGE = 10**9
"""Bounds from here on only keep the arithmetic sound; they are named to those alone who go beyond them."""


def _range(schema: Mapping[str, Any], value: object) -> str:
    bounds = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}
    beyond = isinstance(value, int | float) and value >= LARGE
    named = [
        f"{word} {schema[bound]:.10g}"
        for bound, word in bounds.items()
        if bound in schema and (schema[bound] < LARGE or beyond)
    ]
    return " " + " and ".join(named) if named else ""


def _list(schema: Mapping[str, Any]) -> str:
    if "prefixItems" in schema:
        return f"a list of exactly {len(schema['prefixItems'])} names, such as [one, other]"
    return "a list with at least one entry" if schema.get("minItems") else "a list"


def _mapping(schema: Mapping[str, Any]) -> str:
    if "properties" in schema:
        return "a mapping with the keys " + listed(schema["properties"])
    return "a mapping of names to their settings" + (", with at least one" if schema.get("minProperties") else "")
