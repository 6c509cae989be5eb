"""The words of error messages: what was found, what is allowed, and which name was probably meant."""

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from lth.printable import printable

ABBREVIATIONS = {
    "arch": "architecture",
    "batch": "batch_size",
    "bs": "batch_size",
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


_MOST = 25
"""Names in a list, where none of them was probably meant: three lines of a terminal."""
FEW = 8
"""Names in a list that stands behind the one that was probably meant."""


def listed(names: Iterable[str], most: int = _MOST) -> str:
    """`a, b, c`, the tail cut where there are too many to read; `none` where there are none."""
    names = list(names)
    more = [f"... ({len(names)} in all)"] if len(names) > most else []
    return ", ".join([*names[:most], *more]) or "none"


def offered(word: object, names: Iterable[str], lead: str) -> str:
    """` (did you mean 'b'?); LEAD a, b, c`: the name that was probably meant, and then those that are allowed."""
    names = list(names)
    meant = did_you_mean(word, names)
    return f"{meant}; {lead} {listed(names, FEW if meant else _MOST)}"


def found(value: object) -> str:
    """A value as a reader of the file knows it."""
    if value is None or isinstance(value, bool):
        return "nothing" if value is None else str(value).lower()
    if isinstance(value, str):
        return repr(value) if len(value) <= 60 else f"{value[:60]!r}..."
    if isinstance(value, Mapping):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, Sequence):
        return f"a list of {len(value)}" if value else "an empty list"
    if isinstance(value, int | float):
        return str(value) if isinstance(value, float) or abs(value) < 10**20 else "a huge number"
    return printable(value, 60)


PERCENT = re.compile(r"\s*([0-9]+(?:\.[0-9]*)?)\s*%?\s*")


def as_share(schema: Mapping[str, Any], value: object) -> str:
    """` (did you mean 0.216?)` of 21.6 or '21.6 %', where a share of 1 is allowed; or nothing."""
    if schema.get("type") != "number" or 1 not in (schema.get("maximum"), schema.get("exclusiveMaximum")):
        return ""
    percent = PERCENT.fullmatch(str(value)[:20])
    share = float(percent[1]) / 100 if percent else 0
    meant = 0.01 < share < 1 or (0 < share < 1 and "%" in str(value))
    return f" (did you mean {share:.6g}?)" if meant else ""


UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
"""Control characters but tab and newline, and what no file can hold: halves of surrogate pairs."""


def unprintable(text: str) -> str | None:
    """What a text has that a terminal, a file or a page cannot show, in a sentence; or nothing."""
    if not (match := UNPRINTABLE.search(text)):
        return None
    kind = "half of a surrogate pair" if "\ud800" <= match[0] <= "\udfff" else "a control character"
    return f"text with {kind} (U+{ord(match[0]):04X}), which cannot be shown or written; take it out"


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
        return _name(schema) if "pattern" in schema else _text(schema)
    others = {"array": _list, "boolean": lambda _: "true or false", "object": _mapping}
    return others[kind](schema) if kind in others else "something else"


def _name(schema: Mapping[str, Any]) -> str:
    return NAME + (f", at most {schema['maxLength']} characters" if "maxLength" in schema else "")


def _text(schema: Mapping[str, Any]) -> str:
    if "maxLength" in schema:
        return f"text of at most {schema['maxLength']} characters"
    return "text"


LARGE = 10**9
"""Bounds from here on only keep the arithmetic sound; they are named to those alone who go beyond them."""


def _range(schema: Mapping[str, Any], value: object) -> str:
    bounds = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}
    number = _number(value)
    known = {b: schema[b] for b in bounds if b in schema and (schema[b] < LARGE or number >= LARGE)}
    if "exclusiveMinimum" in known and "minimum" in known:  # above 0, and a tiny bound of the kind of LARGE
        del known["exclusiveMinimum" if 0 < number < known["minimum"] else "minimum"]
    named = [f"{bounds[bound]} {limit:.10g}" for bound, limit in known.items()]
    return " " + " and ".join(named) if named else ""


def _number(value: object) -> float:
    """What a value comes to as a number (YAML reads `1e-300` as text); 1, within all bounds, if none."""
    try:
        return float(value) if isinstance(value, int | float | str) else 1
    except (ValueError, OverflowError):
        return LARGE if isinstance(value, int) else 1


def _list(schema: Mapping[str, Any]) -> str:
    if "prefixItems" in schema:
        return f"a list of exactly {len(schema['prefixItems'])} names, such as [one, other]"
    return "a list with at least one entry" if schema.get("minItems") else "a list"


def _mapping(schema: Mapping[str, Any]) -> str:
    if "properties" in schema:
        return "a mapping with the keys " + listed(schema["properties"])
    return "a mapping of names to their settings" + (", with at least one" if schema.get("minProperties") else "")
