"""The words of error messages: what was found, and which name was probably meant."""

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from lth.printable import printable

ABBREVIATIONS = {
    "arch": "architecture",
    "bs": "batch_size",
    "fine_tune": "retrain",
    "finetune": "retrain",
    "fresh": "reinitialised",
    "gamma": "factor",
    "grayscale": "grey",
    "image_size": "size",
    "init": "initialisation",
    "iterations": "rounds",
    "layer": "layerwise",
    "levels": "rounds",
    "lr": "learning_rate",
    "model": "architecture",
    "network": "global",
    "opt": "optimiser",
    "padding": "crop_padding",
    "prune_rate": "rate",
    "pruning_rate": "rate",
    "rate_of": "layer_rates",
    "sparsity": "densities",
    "steps": "iterations",
    "val": "validation",
    "wd": "weight_decay",
    "whole": "unpruned",
    "workers": "threads",
}
"""What people write out of habit, and the key that means it here, where the two are not alike."""

NAME = "a name: lower-case letters, digits and single underscores, such as 'mnist_10'"


def nearest(word: object, allowed: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The allowed name that was probably meant, whatever the case; a habitual abbreviation counts.

    Args:
        word: what was found.
        allowed: the names.
        cutoff: how alike they must be, from 0 to 1 (`difflib`).
    """
    by_case = {name.casefold(): name for name in allowed}
    written = str(word)[:60].casefold()
    folded = written.replace("-", "_")
    if ABBREVIATIONS.get(folded) in by_case:
        return by_case[ABBREVIATIONS[folded]]
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


def joined(names: Sequence[str], most: int | None = None, noun: str = "") -> str:
    """`a`, `a and b`, `a, b and c`; of more than `most` the first ones and how many more (of `noun`)."""
    if most is not None and len(names) > most:
        names = [*names[: most - 1], f"{len(names) - most + 1} more {noun}"]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def offered(word: object, names: Iterable[str], lead: str) -> str:
    """` (did you mean 'b'?); LEAD a, b, c`: the name that was probably meant, and then those that are allowed."""
    names = list(names)
    meant = did_you_mean(word, names)
    return f"{meant}; {lead} {listed(names, FEW if meant else _MOST)}"


def found(value: object) -> str:
    """A value as a reader of the file knows it."""
    match value:
        case None:
            words = "nothing"
        case bool():
            words = str(value).lower()
        case str():
            words = repr(value) if len(value) <= 60 else f"{value[:60]!r}..."
        case Mapping():
            words = "a mapping" if value else "an empty mapping"
        case Sequence():
            words = f"a list of {len(value)}" if value else "an empty list"
        case int() if abs(value) >= 10**20:
            words = "a huge number"
        case _:
            words = printable(value, 60)
    return words


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
