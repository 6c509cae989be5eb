"""The content of an artifact in a few lines, printed once its checksum is verified, control characters escaped."""

import csv
from collections.abc import Iterator
from itertools import islice
from math import isnan
from pathlib import Path
from typing import Any

from lth.artifacts.records import (
    CHECKSUM,
    RecordError,
    check_markup,
    csv_rows,
    read_json,
    read_record,
    unseal_rows,
    unsealed_text,
)
from lth.artifacts.repair import advice
from lth.errors import UserError, reason
from lth.files import checksum
from lth.plan.paths import VERDICT
from lth.printable import aligned, printable

FIRST = 5
"""Number of rows, or of values of a list or object, that are shown."""
_LONGEST = 100_000_000
"""Largest text file in bytes; tables are far smaller."""


def show(path: Path) -> Iterator[str]:
    """Lines about a ticket, weights, a data set, a table, a record, a manifest, a text or a figure.

    Raises:
        UserError: it is missing, cannot be read, or was altered since it was written.
    """
    kinds = {".csv": _table, ".json": _object, ".txt": _text, ".svg": _markup, ".html": _markup}
    kinds |= {".pdf": _picture, ".png": _picture}
    if path.suffix not in kinds:
        yield from _tensors(path)
        return
    if not path.is_file():
        raise UserError(f"{path}: no such file; run the workflow to make it")
    if path.stat().st_size > _LONGEST:
        raise UserError(f"{path}: {path.stat().st_size} bytes; at most {_LONGEST} are allowed")
    try:
        yield from map(_printable, kinds[path.suffix](path))
    except RecordError as error:
        raise UserError(f"{path}: {error}", advice(path)) from None
    except (ValueError, csv.Error) as error:
        raise UserError(f"{path}: not readable as {path.suffix[1:]} ({reason(error)})", advice(path)) from None


def _tensors(path: Path) -> Iterator[str]:
    from lth.artifacts.tensors import read_metadata, read_tensors

    kind = read_metadata(path)["kind"]
    tensors, metadata = read_tensors(path, kind)
    if kind == "ticket":
        inside = ["layers", *aligned(_layers(path))]
    else:
        shapes = [(name, str(list(tensor.shape)), str(tensor.dtype)) for name, tensor in tensors.items()]
        inside = [
            "tensors",
            *aligned((f"  {name}", shape, kind.removeprefix("torch.")) for name, shape, kind in shapes),
        ]
    yield f"{printable(path)}: {kind}"
    values = {key: value for key, value in sorted(metadata.items()) if key != "kind"}
    yield from aligned((f"  {key}", str(value)) for key, value in values.items())
    yield from inside


def _layers(path: Path) -> Iterator[tuple[str, ...]]:
    """Weights kept of each layer, their root mean square, and those of them on a path, where that can be said."""
    from lth.artifacts.tickets import Ticket

    ticket = Ticket.load(path)
    try:
        joined = ticket.on_path()
    except UserError:  # a network of somebody's own
        joined = None
    passing = {} if joined is None else {name: int(mask.count_nonzero()) for name, mask in joined.items()}
    layers = [(name, kept, total, passing.get(name, 0)) for name, kept, total, _ in ticket.layers()]
    every, of, all_through = (sum(counts) for counts in zip(*(row[1:] for row in layers), strict=True))
    layers.append(("all layers", every, of, all_through))
    sizes = {name: f"{size:.4g}" for name, size in ticket.sizes().items() if not isnan(size)}
    yield "  layer", "kept", "total", "density", "RMS", *(["on a path"] if passing else [])
    for name, kept, total, through in layers:
        shown = (f"  {name}", str(kept), str(total), f"{kept / max(total, 1):.4g}", sizes.get(name, ""))
        yield *shown, *([str(through)] if passing else [])


def _text(path: Path) -> Iterator[str]:
    yield from (unsealed_text(path) if path.name == VERDICT else path.read_text(encoding="utf-8")).splitlines()


def _markup(path: Path) -> Iterator[str]:
    check_markup(path)
    yield f"{path}: figure or page, unaltered; open it in a browser"


def _picture(path: Path) -> Iterator[str]:
    yield f"{path}: a figure of {path.stat().st_size} bytes; manifest.json has its checksum"


def _table(path: Path) -> Iterator[str]:
    """Columns, first rows, and the result of verification."""
    rows = csv_rows(path.read_text(encoding="utf-8"))
    header, *cells = rows or [[]]
    vouched = _vouched(path, rows)
    yield f"{path}: table, {len(cells)} rows, {len(header)} columns{vouched}"
    shown = [header, *cells[:FIRST]]
    widths = [max(len(cell) for cell in column) for column in zip(*shown, strict=False)]
    for row in shown:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip()
    if len(cells) > FIRST:
        yield f"  and {len(cells) - FIRST} more"


def _vouched(path: Path, rows: list[list[str]]) -> str:
    """Whether the table is unaltered; empty if no checksum of it is known."""
    if rows and rows[0] and rows[0][-1].startswith(CHECKSUM):
        unseal_rows(rows)
        return ", unaltered"
    for record in (path.with_name("ticket.safetensors"), path.with_name("evaluation.json")):
        if record.is_file() and path.name in (files := _record_files(record)):
            if files[path.name] != checksum(path):
                raise RecordError(f"its checksum differs from the one in {record.name}: altered or replaced")
            return f", unaltered according to {record.name}"
    return ""


def _record_files(record: Path) -> dict[str, str]:
    try:
        return dict(read_record(record).get("files", {}))
    except RecordError as error:
        raise UserError(f"{record}: {error}", advice(record)) from None


def _object(path: Path) -> Iterator[str]:
    """The entries of a JSON object, long ones truncated."""
    found = read_json(path)
    yield f"{path}: {'record of a training' if 'job' in found else 'manifest'}, unaltered"
    for key, value in sorted(found.items()):
        yield f"  {key}: {_short(value)}"
        if isinstance(value, dict):
            yield from (f"    {name}: {_short(inner)}" for name, inner in islice(sorted(value.items()), FIRST))
            if len(value) > FIRST:
                yield f"    and {len(value) - FIRST} more"


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return f"{len(value)} entries"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _printable(line: str) -> str:
    """The line with control characters escaped."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in line)
