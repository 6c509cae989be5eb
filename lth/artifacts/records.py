"""Records: what a job says about its files, with a checksum of its own. Imports nothing heavy.

A training's tables (history, confusion, ...) are plain CSV files. Their checksums stand in the training's record, so
that the next stage can tell whether it reads what was written: for a round in the metadata of its ticket, for an
evaluation in `evaluation.json`. Tables that no record can name, since what they hold differs between two runs or is not
of one training, carry their own checksum in a last column (`seal_rows`).
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from math import prod
from pathlib import Path
from typing import Any

from lth.config.base import Model
from lth.errors import UserError
from lth.files import checksum

MANIFEST = "manifest.json"
"""In a folder of results, and of shared tickets: the list of its files."""
CHECKSUM = "checksum"
"""The entry of a record, and the last column of a table, that vouches for the others."""
_LONGEST = 100_000_000
"""Bytes of JSON in a record, a manifest or a safetensors header; safetensors has the same limit."""


class RecordError(Exception):
    """A record that is missing, damaged or altered; its text completes a sentence that begins with the file."""


def digest(told: object) -> str:
    """SHA-256 of a value as JSON with sorted keys, in hex."""
    return sha256(json.dumps(told, sort_keys=True, allow_nan=False).encode()).hexdigest()


def job_digest(job: Model) -> str:
    """The checksum of all that a job is told."""
    return digest(job.model_dump(mode="json", exclude_none=True))


def seal(told: Mapping[str, Any]) -> dict[str, Any]:
    """The record with its own checksum."""
    return {**told, CHECKSUM: digest(told)}


def json_text(told: Mapping[str, Any]) -> str:
    """A record as it is written into a file, in its own order: in a study the order of names says what comes first."""
    return json.dumps(told, indent=1) + "\n"


def checksums(*files: Path) -> dict[str, str]:
    """SHA-256 of files, by their names."""
    return {file.name: checksum(file) for file in files}


def read_record(path: Path) -> dict[str, Any]:
    """The record of a training: of a round from its ticket's header (tensors are not read), or from a JSON file.

    Raises:
        RecordError: there is none, or it was altered.
    """
    return checked(_in_header(path) if path.suffix == ".safetensors" else read_json(path, sealed=False))


def read_json(path: Path, *, sealed: bool = True) -> dict[str, Any]:
    """A JSON object from a regular file, its checksum verified (`sealed`).

    Raises:
        RecordError: there is none, or it was altered.
    """
    if not path.is_file():
        raise RecordError("no such file")
    if path.stat().st_size > _LONGEST:
        raise RecordError(f"has {path.stat().st_size} bytes, where at most {_LONGEST} are allowed")
    found = _parsed(path.read_bytes())
    return checked(found) if sealed else found


def checked(record: dict[str, Any]) -> dict[str, Any]:
    """The record itself; raises RecordError if it does not have the checksum that it names."""
    rest = {key: value for key, value in record.items() if key != CHECKSUM}
    if CHECKSUM not in record:
        raise RecordError(f"has no entry '{CHECKSUM}'")
    try:
        matches = record[CHECKSUM] == digest(rest)
    except ValueError:  # NaN, which no record holds
        matches = False
    if not matches:
        raise RecordError(f"was altered after it was written (its entry '{CHECKSUM}' does not match the others)")
    return record


def layer_counts(path: Path) -> dict[str, tuple[int, int]]:
    """How many weights of each layer a ticket's file keeps, and how many the layer has; tensors are not read.

    Raises:
        RecordError: there is no such file, or it is no ticket.
    """
    header = _header(path)
    shapes = _told(header).get("shapes")
    kept = {name: entry.get("shape") for name, entry in header.items() if isinstance(entry, dict)}
    counts = {}
    for layer, shape in shapes.items() if isinstance(shapes, dict) else ():
        values = kept.get(f"values/{layer}")
        if not (isinstance(shape, list) and all(isinstance(size, int) for size in shape) and isinstance(values, list)):
            raise RecordError("is no ticket")
        counts[str(layer)] = prod(values), prod(shape)
    if sum(total for _, total in counts.values()) < 1 or any(kept > total for kept, total in counts.values()):
        raise RecordError("is no ticket")
    return counts


def counts_alone(counts: Mapping[str, tuple[int, int]]) -> bytes:
    """The head of a ticket's file, from which `layer_counts` reads these counts, without any tensors."""
    shapes = {"shapes": {layer: [total] for layer, (_, total) in counts.items()}}
    values = {f"values/{layer}": {"dtype": "F32", "shape": [kept]} for layer, (kept, _) in counts.items()}
    header = json.dumps({"__metadata__": {"lth": json.dumps(shapes)}, **values}).encode()
    return len(header).to_bytes(8, "little") + header


def _header(path: Path) -> dict[str, Any]:
    """The header of a safetensors file."""
    if not path.is_file():
        raise RecordError("no such file")
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > min(_LONGEST, path.stat().st_size):
            raise RecordError("is damaged or not a safetensors file")
        return _parsed(file.read(length))


def _told(header: Mapping[str, Any]) -> dict[str, Any]:
    """What a header says in our own entry; nothing if it has none."""
    metadata = header.get("__metadata__")
    described = metadata.get("lth") if isinstance(metadata, dict) else None
    return _parsed(described.encode(errors="replace")) if isinstance(described, str) else {}


def _in_header(path: Path) -> dict[str, Any]:
    record = _told(_header(path)).get("record")
    if not isinstance(record, dict):
        raise RecordError("has no record of its training")
    return record


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise RecordError("is damaged (not readable as JSON)") from None
    if not isinstance(found, dict):
        raise RecordError("is damaged (not a JSON object)")
    return found


def seal_rows(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """A table (header first) with a last column that holds, in each row, the first 16 digits of the table's SHA-256.

    A table without rows has them in the column's name.
    """
    found = digest([list(row) for row in rows])[:16]
    if len(rows) == 1:
        return [[*rows[0], f"{CHECKSUM} {found}"]]
    return [[*rows[0], CHECKSUM], *([*row, found] for row in rows[1:])]


def unseal_rows(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """The table without that column; raises RecordError if there is none, or the table was altered."""
    if not rows or not rows[0] or not rows[0][-1].startswith(CHECKSUM):
        raise RecordError(f"has no last column '{CHECKSUM}'")
    plain = [list(row[:-1]) for row in rows]
    if seal_rows(plain) != [list(row) for row in rows]:
        raise RecordError(f"was altered after it was written (its column '{CHECKSUM}' does not match the others)")
    return plain


def seal_markup(text: str) -> str:
    """A page or figure (HTML, SVG) with a last comment that holds the SHA-256 of all before it."""
    return f"{text}<!-- {CHECKSUM} {digest(text)} -->\n"


def check_markup(path: Path) -> None:
    """Raises RecordError if a page or figure is not as `seal_markup` made it."""
    text = path.read_bytes().decode(errors="replace")
    at = text.rfind(f"<!-- {CHECKSUM} ")
    if at < 0 or seal_markup(text[:at]) != text:
        raise RecordError(f"was altered after it was written (its last comment, '{CHECKSUM}', does not match the rest)")


def seal_text(text: str) -> str:
    """Lines of text, and a last one that holds the first 16 digits of their SHA-256."""
    return f"{text}{CHECKSUM} {digest(text)[:16]}\n"


def unsealed_text(path: Path) -> str:
    """The text of a file without that line; raises RecordError if there is none, or the text was altered."""
    sealed = path.read_bytes().decode(errors="replace")
    text = sealed[: sealed.rfind("\n", 0, -1) + 1]
    if seal_text(text) != sealed:
        raise RecordError(f"was altered after it was written (its last line, '{CHECKSUM}', does not match the others)")
    return text


def csv_text(rows: Iterable[Sequence[str]]) -> str:
    """Rows of cells as CSV."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()


def csv_rows(text: str) -> list[list[str]]:
    """CSV as rows of cells."""
    return list(csv.reader(io.StringIO(text, newline="")))


def require_columns(path: Path, found: Sequence[str], needed: Sequence[str]) -> None:
    """Refuse a table whose columns are not those, in that order.

    Raises:
        UserError: they are others.
    """
    if list(found) != list(needed):
        raise UserError(f"{path}: has the columns {', '.join(found)}, where {', '.join(needed)} are needed")
