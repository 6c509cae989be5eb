"""Files are written whole or not at all, and leave nothing of their own behind."""

from pathlib import Path

import pytest

from lth.errors import UserError
from lth.files import write_bytes, write_text


def test_a_file_replaces_the_old_one_and_what_was_left_of_killed_writes(tmp_path: Path) -> None:
    """But nothing of other files, whose writers may be at work."""
    for name in ("cost.csv", ".cost.csv.8972.part", ".cost.csv.1.part", ".layers.csv.8972.part", ".acost.csv.3.part"):
        (tmp_path / name).write_text("old")
    write_text(tmp_path / "cost.csv", "new")
    assert (tmp_path / "cost.csv").read_text() == "new"
    assert {path.name for path in tmp_path.iterdir()} == {"cost.csv", ".layers.csv.8972.part", ".acost.csv.3.part"}


def test_what_cannot_be_written_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "deeper" / "ticket[1].safetensors"
    write_bytes(path, b"old")

    def refuse(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(UserError, match=r"ticket\[1\]\.safetensors: cannot be written: No space left on device"):
        write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert [*path.parent.iterdir()] == [path]
