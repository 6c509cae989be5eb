"""Files are written whole or not at all, and leave nothing of their own behind."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from lth.errors import UserError
from lth.files import whole_folder, write_bytes, write_text


def finished() -> int:
    """The id of a process that has ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_a_file_replaces_the_old_one_and_what_was_left_of_killed_writes(tmp_path: Path) -> None:
    """But nothing of other files, whose writers may be at work."""
    dead = finished()
    ended, old, others = f".cost.csv.{dead}.part", ".cost.csv.1.part", (".layers.csv.3.part", ".acost.csv.3.part")
    for name in ("cost.csv", ended, old, *others, f".cost.csv.gz.{dead}.part"):
        (tmp_path / name).write_text("old")
    os.utime(tmp_path / old, (0, 0))  # process 1 lives: it has the number of a writer of long ago
    write_text(tmp_path / "cost.csv", "new")
    assert (tmp_path / "cost.csv").read_text() == "new"
    assert {path.name for path in tmp_path.iterdir()} == {"cost.csv", *others, f".cost.csv.gz.{dead}.part"}


def by_thread(path: Path) -> None:
    thread = Thread(target=write_text, args=(path, "theirs"))
    thread.start()
    thread.join()


def by_process(path: Path) -> None:
    code = f"from pathlib import Path; from lth.files import write_text; write_text(Path({str(path)!r}), 'theirs')"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


@pytest.mark.parametrize("other", [by_thread, by_process])
def test_two_can_write_one_file_at_once(
    other: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, sync = tmp_path / "cost.csv", os.fsync

    def meanwhile(file: int) -> None:
        monkeypatch.setattr("os.fsync", sync)
        other(path)
        assert path.read_text() == "theirs"
        sync(file)

    monkeypatch.setattr("os.fsync", meanwhile)
    write_text(path, "ours")
    assert path.read_text() == "ours"
    assert [*tmp_path.iterdir()] == [path]


def test_of_two_threads_that_make_one_folder_the_first_has_it_whole(tmp_path: Path) -> None:
    def second() -> None:
        with whole_folder(tmp_path / "out") as partial:
            (partial / "file").write_text("theirs")

    def first() -> None:
        with whole_folder(tmp_path / "out") as partial:
            thread = Thread(target=second)
            thread.start()
            thread.join()
            (partial / "file").write_text("ours")

    with pytest.raises(UserError, match="out: cannot be written: Directory not empty"):
        first()
    assert (tmp_path / "out" / "file").read_text() == "theirs"
    assert [*tmp_path.iterdir()] == [tmp_path / "out"]


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


def test_below_a_file_nothing_can_be_written(tmp_path: Path) -> None:
    """Neither made nor removed: still one sentence."""
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UserError, match=r"file/out\.csv: cannot be written: (Not a directory|File exists)"):
        write_bytes(tmp_path / "file/out.csv", b"1")
    assert (tmp_path / "file").read_text() == "mine"
