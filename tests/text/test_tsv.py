"""GLUE's files: what is read, and a sentence with file and line for what cannot be."""

import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lth.errors import UserError
from lth.text.sources import qqp, qqp_subset, sst2
from lth.text.tsv import read_tsv

SOUND = 'sentence\tlabel\nit is good \t1\nsaid "no" twice\t0\n'


def read(folder: Path, content: bytes | str, columns: tuple[str, ...] = ("sentence",)) -> list[tuple[str, ...]]:
    path = folder / "train.tsv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_tsv(path, columns, "label", 2)[0]


def test_quotes_and_other_columns_are_left_alone(tmp_path: Path) -> None:
    assert read(tmp_path, SOUND) == [("it is good",), ('said "no" twice',)]
    pair = "id\tone\ttwo\tlabel\n7\ta b\tc\t0\n"
    assert read(tmp_path, pair, ("one", "two")) == [("a b", "c")]
    assert read(tmp_path, b"\xef\xbb\xbf" + SOUND.replace("\n", "\r\n").encode()) == read(tmp_path, SOUND)
    assert read(tmp_path, "sentence\tlabel\nline\x85separator\u2028kept\t1\n") == [("line\x85separator\u2028kept",)]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("text\tlabel\na\t1\n", r"train.tsv:1: has no column 'sentence'; found text, label"),
        ("", r"train.tsv:1: has no column 'sentence'; found nothing"),
        ("sentence\tlabel\na\t1\n \t0\n", r"train.tsv:3: its sentence is empty; every text needs at least one word"),
        ("sentence\tlabel\na\t2\n", r"train.tsv:2: label is '2', where 0, 1 are allowed"),
        ("sentence\tlabel\na\t\n", r"train.tsv:2: label is '', where 0, 1 are allowed"),
        ("sentence\tlabel\na\tb\t1\n", r"train.tsv:2: has 3 fields between tabs, where the header has 2"),
        ("sentence\tlabel\na\n", r"train.tsv:2: has 1 fields between tabs, where the header has 2"),
        ("sentence\tlabel\n", r"train.tsv: holds no text, only a header"),
        ("sentence\tlabel\nja\t1\nschön\t1\n".encode("latin-1"), r"train.tsv:3: is not UTF-8 \(byte 0xf6\)"),
        (b"\xff\xfes\x00e\x00", r"train.tsv:1: is not UTF-8"),
    ],
)
def test_a_fault_is_a_sentence_with_file_and_line(tmp_path: Path, content: bytes | str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        read(tmp_path, content)


@given(st.binary(max_size=300))
def test_whatever_the_bytes_there_is_a_sentence_or_texts(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder, suppress(UserError):
        assert all(text for row in read(Path(folder), content) for text in row)


def glue(root: Path, task: str, header: str, row: str, count: int) -> None:
    folder = root / "glue" / task
    folder.mkdir(parents=True)
    for name in ("train", "dev"):
        (folder / f"{name}.tsv").write_text(header + "\n" + f"{row}\n" * count)


def test_a_part_of_qqp_is_not_taken_for_the_whole(tmp_path: Path) -> None:
    glue(tmp_path, "QQP", "id\tquestion1\tquestion2\tis_duplicate", "1\ta\tb\t1", 3)
    assert qqp_subset(tmp_path, 0).train == [("a", "b")] * 3
    with pytest.raises(UserError, match=r"has 3 training and 3 development .*363,846 and 40,430.*`qqp_subset`"):
        qqp(tmp_path, 0)


def test_where_there_are_no_files_a_sentence_says_where_they_should_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match=r"glue/QQP: there is no train.tsv; .*LTH_DATA.*a subset is not downloaded"):
        qqp_subset(tmp_path, 0)
    monkeypatch.setitem(__import__("sys").modules, "datasets", None)
    with pytest.raises(UserError, match=r"texts need the package datasets .*requirements-text.txt"):
        sst2(tmp_path, 0)
