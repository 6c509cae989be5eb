"""CSV files in and out: read with the types that their columns mean, written the same way every time."""

import csv
from collections.abc import Iterable
from io import StringIO
from pathlib import Path

import pandas as pd

from lth.artifacts.records import (
    CHECKSUM,
    RecordError,
    csv_rows,
    csv_text,
    require_columns,
    seal_rows,
    unseal_rows,
)
from lth.artifacts.repair import advice
from lth.errors import UserError, reason
from lth.files import write_text

TEXT_COLUMNS = (
    *("evaluation", "arm", "ticket", "kind", "dataset", "split"),
    *("true", "predicted", "class", "layer", "first", "second"),
    *("method", "recipe", "phase", "device", "collapsed_layers", "thin_layers", "record", "outcome"),
    *("initialisation", "published_citation", "dense_ticket", "follows", "of"),
    *("trains", "given", "given_to_all", "identical_to"),
)
"""Names, whatever they look like: a class called 0 stays text, and so does a data set called nan."""


def read_table(path: Path, *, sealed: bool = False) -> pd.DataFrame:
    """One CSV file, without its column of checksums.

    Args:
        path: the file.
        sealed: require the column `checksum` that `write_table` adds; where there is one, it is verified in any case.

    Raises:
        UserError: missing, empty, not a table, or altered since it was written.
    """
    try:
        text = path.read_text(encoding="utf-8")
        names = next(csv.reader(StringIO(text, newline="")), [])
        if sealed or (names and names[-1].startswith(CHECKSUM)):
            rows = unseal_rows(csv_rows(text))
            text, names = csv_text(rows), rows[0]
        return pd.read_csv(
            StringIO(text),
            dtype=dict.fromkeys(TEXT_COLUMNS, str),
            keep_default_na=False,
            na_values={name: [""] for name in names if name not in TEXT_COLUMNS},
        )
    except RecordError as error:
        raise UserError(f"{path}: {error}", advice(path)) from None
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; run the workflow to make it") from None
    except (ValueError, csv.Error) as error:  # pandas' own errors are ValueErrors
        raise UserError(f"{path}: not a readable table ({reason(error)})", advice(path)) from None


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
        require_columns(path, [*table.columns], [*first.columns])
    return pd.concat(list(tables.values()), ignore_index=True)


def read_sealed(paths: Path | str | Iterable[Path | str]) -> pd.DataFrame:
    """A sealed table, or the rows of several, one below the other; what some lack is empty there."""
    if isinstance(paths, (str, Path)):
        return read_table(Path(paths), sealed=True)
    return pd.concat([read_table(Path(path), sealed=True) for path in paths], ignore_index=True)


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a table atomically: six significant digits, empty cells for NaN, equal bytes for equal content, and a last
    column with its checksum."""
    rows = csv_rows(frame.to_csv(index=False, float_format="%.6g", lineterminator="\n"))
    write_text(path, csv_text(seal_rows(rows)))


def ordered(frame: pd.DataFrame, column: str, names: Iterable[str], then: Iterable[str] = ()) -> pd.DataFrame:
    """The rows in the order that the study gives the names in a column, then by further columns; others drop out."""
    position = {name: index for index, name in enumerate(names)}
    kept = frame[frame[column].isin(list(position))]
    ranked = kept.assign(_position=kept[column].map(position)).sort_values(["_position", *then], kind="stable")
    return ranked.drop(columns="_position").reset_index(drop=True)
