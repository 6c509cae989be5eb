"""CSV files in and out: read with the types that their columns mean, written the same way every time."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from lth.errors import UserError
from lth.files import write_text

TEXT_COLUMNS = (
    *("evaluation", "arm", "ticket", "kind", "dataset", "split"),
    *("true", "predicted", "class", "layer", "first", "second"),
    *("method", "recipe", "phase", "device", "collapsed_layers", "thin_layers"),
)
"""Names, whatever they look like: a class called 0 stays text, and so does a data set called nan."""


def read_table(path: Path) -> pd.DataFrame:
    """One CSV file.

    Raises:
        UserError: missing, empty or not a table.
    """
    try:
        return pd.read_csv(
            path,
            dtype=dict.fromkeys(TEXT_COLUMNS, str),
            keep_default_na=False,
            na_values={name: [""] for name in _header(path) if name not in TEXT_COLUMNS},
        )
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; run the workflow to make it") from None
    except ValueError as error:  # pandas' own errors are ValueErrors
        raise UserError(f"{path}: not a readable table ({error}); delete it and rerun to make it again") from None


def collect(files: Iterable[Path]) -> pd.DataFrame:
    """The rows of several CSV files of one kind, in the order of the files.

    Raises:
        UserError: no files, one cannot be read, or its columns are not those of the first.
    """
    tables = {path: read_table(path) for path in files}
    if not tables:
        raise UserError("no files to make a table of: the study names no tickets or arms here")
    first = next(iter(tables.values()))
    for path, table in tables.items():
        if list(table.columns) != list(first.columns):
            raise UserError(f"{path}: has the columns {list(table.columns)}, where {list(first.columns)} are needed")
    return pd.concat(list(tables.values()), ignore_index=True)


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a table atomically: six significant digits, empty cells for NaN, equal bytes for equal content."""
    write_text(path, frame.to_csv(index=False, float_format="%.6g", lineterminator="\n"))


def ordered(frame: pd.DataFrame, column: str, names: Iterable[str], then: Iterable[str] = ()) -> pd.DataFrame:
    """The rows in the order that the study gives the names in a column, then by further columns; others drop out."""
    position = {name: index for index, name in enumerate(names)}
    kept = frame[frame[column].isin(list(position))]
    ranked = kept.assign(_position=kept[column].map(position)).sort_values(["_position", *then], kind="stable")
    return ranked.drop(columns="_position").reset_index(drop=True)


def _header(path: Path) -> list[str]:
    with path.open(encoding="utf-8") as file:
        return file.readline().strip().split(",")
