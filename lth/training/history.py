"""Training histories: tidy rows (one split of one epoch each), and CSV files that describe themselves."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lth.artifacts.records import csv_text, seal_rows
from lth.files import write_text


@dataclass(frozen=True, kw_only=True)
class Row:
    """What one split showed when it was scored (epoch 0: before training)."""

    epoch: float
    """Passes over the training data so far; parts of one count."""
    step: int
    """Optimiser steps taken so far."""
    kept: int
    """Prunable weights that were not pruned: fewer than before where a method prunes while it trains."""
    split: str
    loss_nats: float
    """Mean cross-entropy an image."""
    accuracy_percent: float


def write_rows(path: Path, rows: Iterable[Sequence[Any]], header: Sequence[str], *, sealed: bool = False) -> None:
    """Write a CSV file atomically; floats with nine digits, which restores a float32 exactly.

    Args:
        path: the file.
        rows: one sequence of cells each.
        header: the names of the columns.
        sealed: add a column with the table's own checksum; for tables that no record can vouch for.
    """
    table = [list(header), *([f"{cell:.9g}" if isinstance(cell, float) else str(cell) for cell in row] for row in rows)]
    write_text(path, csv_text(seal_rows(table) if sealed else table))


def write_history(path: Path, histories: Sequence[tuple[Mapping[str, Any], Iterable[Row]]]) -> None:
    """Write histories, each with what describes it (ticket, seed, ...) on each row, so that files can be joined."""
    fields = list(Row.__dataclass_fields__)
    cells = (
        [*described.values(), *(getattr(row, field) for field in fields)]
        for described, rows in histories
        for row in rows
    )
    write_rows(path, cells, [*histories[0][0], *fields])
