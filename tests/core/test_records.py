"""Checksums of records and tables: what was written is read, and any change is noticed."""

from pathlib import Path

import pandas as pd
import pytest
from small import sparse_ticket

from lth.analysis.tables.files import read_table, write_table
from lth.artifacts.records import (
    RecordError,
    csv_rows,
    csv_text,
    json_text,
    read_json,
    read_record,
    seal,
    seal_rows,
    seal_text,
    unseal_rows,
    unsealed_text,
)
from lth.artifacts.tensors import write_tensors
from lth.artifacts.tickets import RECORD, Ticket
from lth.errors import UserError

ROWS = [["class", "percent"], ['a "quoted", name', "12.5"], ["two\nlines", ""]]


@pytest.mark.parametrize("rows", [ROWS, ROWS[:1]], ids=["rows", "no rows"])
def test_a_sealed_table_is_read_as_it_was_written(rows: list[list[str]]) -> None:
    assert unseal_rows(csv_rows(csv_text(seal_rows(rows)))) == rows


@pytest.mark.parametrize("change", ["cell", "row lost", "all rows lost", "swapped", "name", "no checksum"])
def test_any_change_of_a_sealed_table_is_noticed(change: str) -> None:
    rows = seal_rows(ROWS)
    if change == "cell":
        rows[1][1] = "99.9"
    elif change == "row lost":
        rows.pop()
    elif change == "all rows lost":
        rows = rows[:1]
    elif change == "swapped":
        rows[1], rows[2] = rows[2], rows[1]
    elif change == "name":
        rows[0][0] = "arm"
    else:
        rows = [row[:-1] for row in rows]
    with pytest.raises(RecordError, match="column 'checksum'"):
        unseal_rows(rows)


def test_tables_carry_their_checksum_and_pandas_reads_them_as_any(tmp_path: Path) -> None:
    path, frame = tmp_path / "arms.csv", pd.DataFrame({"arm": ["0", "1"], "n": [3, 4]})
    write_table(frame, path)
    pd.testing.assert_frame_equal(read_table(path, sealed=True), frame)
    assert list(pd.read_csv(path)) == ["arm", "n", "checksum"]
    path.write_text(path.read_text().replace(",3,", ",5,"))
    with pytest.raises(UserError, match=r"arms\.csv: was altered after it was written"):
        read_table(path)
    path.write_text("arm,n\n0,3\n")
    assert len(read_table(path)) == 1
    with pytest.raises(UserError, match="has no last column 'checksum'"):
        read_table(path, sealed=True)


def test_a_tickets_record_is_read_from_its_header_and_is_not_inherited(tmp_path: Path) -> None:
    path, record = tmp_path / "ticket.safetensors", seal({"seed": 3})
    ticket = sparse_ticket()
    ticket.derive(ticket.masks, ticket.weights, **{RECORD: record}).save(path)
    assert read_record(path) == record
    loaded = Ticket.load(path)
    loaded.derive(loaded.masks, loaded.weights, round=1).save(path)
    with pytest.raises(RecordError, match="has no record"):
        read_record(path)
    write_tensors(path, "ticket", {}, {RECORD: {**record, "seed": 4}})
    with pytest.raises(RecordError, match="altered after it was written"):
        read_record(path)


@pytest.mark.parametrize(
    "content", ["", "[]", "{", "[" * 100_000, '{"seed": NaN, "checksum": "0"}', '{"seed": 1, "checksum": ["0"]}']
)
def test_a_damaged_record_is_a_sentence(content: str, tmp_path: Path) -> None:
    path = tmp_path / "evaluation.json"
    path.write_text(content)
    with pytest.raises(RecordError):
        read_json(path)
    path.write_text(json_text(seal({"seed": 1})))
    assert read_json(path)["seed"] == 1


@pytest.mark.parametrize("text", ["", "one line\n", "a difference of +0.5 \u00b1 0.2\n\ntwo\n"])
def test_any_changed_bit_of_a_sealed_text_is_noticed(text: str, tmp_path: Path) -> None:
    path = tmp_path / "verdict.txt"
    path.write_text(seal_text(text), encoding="utf-8")
    assert unsealed_text(path) == text
    sound = path.read_bytes()
    for place in range(8 * len(sound)):
        changed = bytearray(sound)
        changed[place // 8] ^= 1 << place % 8
        path.write_bytes(changed)
        with pytest.raises(RecordError, match="was altered after it was written"):
            unsealed_text(path)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RecordError):
        unsealed_text(path)
