"""`lth collect --add`: seeds of a further run beside those that were packed before.

A folder of results may be gone by the time the next seeds are run. The packed data are kept, with their rows in the
order that one run of all seeds has.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from lth.artifacts.records import csv_rows, csv_text, require_columns
from lth.errors import UserError
from lth.pages.data import ADDED, SETTINGS_FILE, Packed, packed_name
from lth.verification.listing import settings


def with_packed_seeds(folder: Path, old: Packed, new: Packed) -> Packed:
    """The new seeds, and those of the old that are not among them.

    Args:
        folder: of the old data.

    Raises:
        UserError: the studies differ in more than their seeds, or a table in its columns.
    """
    if differing := next(_differences(_without_seeds(old), _without_seeds(new)), None):
        raise UserError(
            f"{folder / SETTINGS_FILE}: {differing}; seeds can be added to data of the same settings only (pack these "
            f"into another folder: --to FOLDER)"
        )
    kept = [seed for seed in old.told["seeds"] if seed not in new.told["seeds"]]
    planned = list(dict.fromkeys([*old.told["planned_seeds"], *new.told["planned_seeds"]]))
    seeds = [seed for seed in planned if seed in kept or seed in new.told["seeds"]]
    missing = {**new.told["missing"], **old.told["missing"]}
    earlier = ([seed for seed in run if seed in kept] for run in old.told.get("runs", [old.told["seeds"]]))
    runs = [run for run in [*earlier, new.told["seeds"]] if run]
    told = {
        **new.told,
        "seeds": seeds,
        "planned_seeds": planned,
        "missing": {str(seed): missing[str(seed)] for seed in planned if seed not in seeds},
        **({"runs": runs} if len(runs) > 1 else {}),
    }
    texts = {
        name: _merged(folder / name, old.texts[name], text, kept=kept, order=seeds)
        for name, text in new.texts.items()
        if name in old.texts
    }
    return Packed(told, new.study.model_copy(update={"seeds": tuple(seeds)}), texts)


def _without_seeds(packed: Packed) -> dict[str, Any]:
    return {key: value for key, value in settings(packed.study).items() if key != "seeds"}


def _differences(old: Any, new: Any, keys: tuple[str, ...] = ()) -> Iterator[str]:
    """What differs between two nested settings, each as a sentence."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys([*old, *new]):
            yield from _differences(old.get(key), new.get(key), (*keys, key))
    elif old != new:
        yield f"{'.'.join(keys)}: the data have {_short(old)}, the study {_short(new)}"


def _short(value: Any) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _merged(path: Path, old: str, new: str, *, kept: Sequence[int], order: Sequence[int]) -> str:
    """The rows of both tables: by what stands before the column `seed`, then by seed, then as they are.

    Of a kind of tables that has gained columns since the old ones were packed, those that both have.
    """
    (header, *before), (columns, *after) = csv_rows(old), csv_rows(new)
    if path.name in (packed_name(kind) for kind in ADDED):
        both = [name for name in columns if name in header]
        before, after = _chosen(header, before, both), _chosen(columns, after, both)
        header = columns = both
    require_columns(path, header, columns)
    at = header.index("seed")
    rows = [*(row for row in before if int(row[at]) in kept), *after]
    group = _places(tuple(row[:at]) for row in [*after, *rows])
    seed = {str(value): place for place, value in enumerate(order)}
    return csv_text([header, *sorted(rows, key=lambda row: (group[tuple(row[:at])], seed[row[at]]))])


def _chosen(header: list[str], rows: list[list[str]], columns: list[str]) -> list[list[str]]:
    places = [header.index(name) for name in columns]
    return [[row[place] for place in places] for row in rows]


def _places(keys: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], int]:
    """The place of each key in the order in which they first appear."""
    return {key: place for place, key in enumerate(dict.fromkeys(keys))}
