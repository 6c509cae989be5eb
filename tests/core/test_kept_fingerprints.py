"""Fingerprints that are kept between two starts: the same ones, and never those of other sources."""

import json
from pathlib import Path

import pytest

from lth import fingerprint as plain
from lth import kept_fingerprints as subject

SOURCE = "def train():\n    return {}\n"
SCRIPT = "from lth.train import train\n\ntrain()\n"


class Made:
    """A package, a script that uses it, and how often names have been followed."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.package, self.script, self.followed = folder / "lth", folder / "script.py", 0
        self.package.mkdir(parents=True)
        (self.package / "__init__.py").touch()
        self.write(1)
        for module in (plain, subject):
            monkeypatch.setattr(module, "PACKAGE", self.package)

        def followed(roots: tuple[str, ...], script: Path) -> str:
            self.followed += 1
            return plain.fingerprint(roots, script)

        monkeypatch.setattr(subject, "fingerprint", followed)

    def write(self, value: int) -> None:
        """Another source."""
        (self.package / "train.py").write_text(SOURCE.format(value))
        self.script.write_text(SCRIPT)

    def start(self, *roots: str) -> str:
        """The fingerprint, as a new process finds it."""
        for cached in (plain._fingerprint, plain._content, plain._module, plain._source, subject._kept):
            cached.cache_clear()
        return subject.kept_fingerprint(roots, self.script)


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    monkeypatch.chdir(tmp_path)
    return Made(tmp_path, monkeypatch)


def test_the_second_start_follows_no_names(made: Made) -> None:
    found = made.start()
    assert (made.start(), made.followed) == (found, 1)
    assert (made.start("lth.train:train"), made.followed) == (plain.fingerprint(("lth.train:train",), made.script), 2)
    assert (made.start("lth.train:train"), made.start(), made.followed) == (found, found, 2)


@pytest.mark.parametrize("what", ["source", "script", "new module"])
def test_what_is_edited_is_looked_at_again(made: Made, what: str) -> None:
    found = made.start()
    if what == "source":
        made.write(2)
    elif what == "script":
        made.script.write_text(SCRIPT + "train()\n")
    else:
        (made.package / "train").mkdir()
        (made.package / "train/__init__.py").write_text(SOURCE.format(3))
    assert made.start() == plain.fingerprint((), made.script) != found
    assert made.followed == 2


def test_an_edit_undone_has_its_fingerprint_again(made: Made) -> None:
    found = made.start()
    made.write(2)
    made.start()
    made.write(1)
    assert made.start() == found


def test_the_same_sources_elsewhere_have_them_too(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = made.start()
    other = Made(tmp_path / "copy", monkeypatch)
    assert (other.start(), other.followed) == (found, 0)


@pytest.mark.parametrize("damage", ["one character", "cut", "a list", "no seal", "a number for a text", "not UTF-8"])
def test_what_is_damaged_is_made_again(made: Made, damage: str) -> None:
    found = made.start()
    whole = subject.FILE.read_bytes()
    told = json.loads(whole)
    broken = {
        "one character": whole.replace(found.encode(), (found[:-1] + ("0" if found[-1] != "0" else "1")).encode()),
        "cut": whole[: len(whole) // 2],
        "a list": b"[]",
        "no seal": json.dumps({"fingerprints": told["fingerprints"]}).encode(),
        "a number for a text": json.dumps({**told, "fingerprints": 5}).encode(),
        "not UTF-8": b"\xff",
    }[damage]
    assert broken != whole
    subject.FILE.write_bytes(broken)
    assert (made.start(), made.followed) == (found, 2)
    assert subject.FILE.read_bytes() == whole


def test_where_nothing_can_be_written_all_is_as_before(made: Made) -> None:
    subject.FILE.parent.write_text("a file where the folder would be")
    assert made.start() == made.start() == plain.fingerprint((), made.script)


def test_code_of_the_users_is_followed_every_time(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its files are not among those that are compared."""
    (tmp_path / "mine_kept.py").write_text("def net():\n    return 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    before = made.start("mine_kept:net")
    (tmp_path / "mine_kept.py").write_text("def net():\n    return 2\n")
    assert made.start("mine_kept:net") != before
