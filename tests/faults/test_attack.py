"""The short form of the attacks, and that their judge can find each kind of fault; `--attack` without `--short` is the
long form."""

import faulthandler
import mmap
import os
import random
import signal
import subprocess
import sys
import time
from math import gcd
from pathlib import Path

import edits
import flips
import hostile
import kills
import pytest
import sandbox
from arena import Arena
from kills import STUDY
from sandbox import call
from tiny import ROOT, Project, finished_once
from verdicts import KINDS, Attack, describe, table

from lth.errors import UserError

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # the forks only call, and end


@pytest.mark.workflow
def test_the_short_form_finds_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    finished = finished_once(tmp_path_factory, "finished")
    finished_once(tmp_path_factory, "whole", STUDY)
    command = [sys.executable, "-m", "tests.faults", "--attack", "--short", "--studies", str(finished.folder.parent)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    header, *rows = [line.split() for line in done.stdout.splitlines()[:-1]]
    assert header == ["class", "tried", *KINDS]
    assert {row[0] for row in rows} == {"kills", "flips", "edits", "hostile"}
    assert all(int(row[1]) > 0 and row[2:] == ["0"] * len(KINDS) for row in rows)


def _sentence() -> None:
    raise UserError("file: wrong")


def _crash() -> None:
    faulthandler.disable()
    os.kill(os.getpid(), signal.SIGSEGV)


def _grow() -> None:
    """By pages that the process has not had before, whatever its heap holds free."""
    with mmap.mmap(-1, 40 << 20) as area:
        for page in range(0, len(area), mmap.PAGESIZE):
            area[page] = 1


def _spin() -> None:
    while True:
        pass


@pytest.mark.parametrize(
    ("do", "kind", "evidence"),
    [
        (lambda: 1 / 0, "traceback", "ZeroDivisionError"),
        (_crash, "traceback", "SIGSEGV"),
        (lambda: time.sleep(90), "hung", "has done nothing"),
        (_spin, "hung", "of processor time"),
        (_grow, "hung", "MB of memory"),
        (lambda: print("a\x1b[2Jb"), "wrong", "printed raw"),
        (lambda: print("x" * 5000), "wrong", "5,000 characters"),
    ],
    ids=["exception", "crash", "sleeps", "spins", "memory", "escape sequence", "long line"],
)
def test_what_no_call_may_show_is_found(
    do: object, kind: str, evidence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "ASLEEP_SECONDS", 0.5)
    monkeypatch.setattr(sandbox, "CPU_KILLED", 1.0)
    monkeypatch.setattr(sandbox, "MEGABYTES", 30)
    found = call(do, tmp_path).faults()
    assert found.keys() == {kind}
    assert evidence in found[kind]


def test_a_sentence_and_a_success_are_no_faults(tmp_path: Path) -> None:
    told, quiet = call(_sentence, tmp_path), call(lambda: print("fine"), tmp_path)
    assert (told.status, told.text, told.faults()) == (1, "file: wrong\n", {})
    assert (quiet.status, quiet.text, quiet.faults()) == (0, "fine\n", {})


def test_the_table_counts_attacks_and_the_evidence_says_how_to_repeat() -> None:
    attacks = [Attack("kills:0", "", {}, 3), Attack("kills:1", "a kill", {"hung": "still there"}, 2)]
    assert [line.split() for line in table(attacks)] == [["class", "tried", *KINDS], ["kills", "5", "0", "0", "1", "0"]]
    assert "still there" in describe(attacks[1], 7)
    assert describe(attacks[1], 7).endswith("python -m tests.faults --attack --seed 7 --only kills:1")


@pytest.mark.parametrize("name", edits.EDITS)
def test_every_edit_changes_a_table_and_repeats_exactly(name: str) -> None:
    content = b"arm,seed,loss\na,0,0.25\nb,0,0.5\nc,1,0.125\n"
    first, second = (
        edits.EDITS[name](edits.Given(content, b"arm,seed,loss\nz,3,4\n", random.Random(5))) for _ in range(2)
    )
    assert first == second != content


@pytest.mark.parametrize(
    ("edited", "same"),
    [
        (b"a,b\r\n1,2\r\n3,4\r\n", True),
        (b"\xef\xbb\xbfa,b\n3,4\n1,2\n", True),
        (b"a,b\n1,2\n", False),
        (b"\xff", False),
    ],
)
def test_only_another_meaning_is_a_wrong_number(edited: bytes, same: bool) -> None:
    assert (edits.meaning(edited) == edits.meaning(b"a,b\n1,2\n3,4\n")) is same


@pytest.mark.parametrize("rots", [True, False])
def test_one_bit_is_flipped(rots: bool, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    os.utime(path, ns=(10**18, 10**18))
    flips.flip(path, 1, 0, rots)
    assert path.read_bytes() == b"acc"
    assert (path.stat().st_mtime_ns == 10**18) is rots


@pytest.mark.parametrize("rots", [True, False])
def test_the_copy_is_put_back_after_each_attack(rots: bool, tmp_path: Path) -> None:
    """Else an attack would be judged by what the one before has left."""
    finished, results = Project(tmp_path / "finished"), tmp_path / "finished/results/tiny"
    for name in ("tables/a.csv", "tickets/b.csv"):
        (results / name).parent.mkdir(parents=True, exist_ok=True)
        (results / name).write_text("1,2\n")
    arena = Arena(finished, finished, tmp_path / "arena")
    before = arena.project.files("**/*")
    flips.flip(arena.project.results / "tickets/b.csv", 0, 0, rots)
    assert arena.lost("other")["lost"].endswith("['tickets/b.csv']")
    (arena.project.results / "tables/a.csv").unlink()
    (arena.project.results / "tables/new").symlink_to("nowhere")
    (arena.project.results / "tickets/other").symlink_to(tmp_path)
    arena.restore()
    assert arena.project.files("**/*") == before
    assert not os.path.lexists(arena.project.results / "tickets/other")
    assert arena.changed() == []


def test_kills_are_drawn_of_every_kind_and_repeat_exactly() -> None:
    def drawn() -> list[kills.Kill]:
        chance = random.Random(1)
        return [kill for _ in range(200) for kill in kills._drawn(chance, chance.choice(kills.MOMENTS))]

    assert drawn() == drawn()
    assert {kill.victim for kill in drawn()} == {"job", "snakemake", "everything", "group"}
    assert {kill.at.partition(":")[0] for kill in drawn()} == {"", *kills.PLACES}


def test_hostile_files_are_more_than_a_hundred_with_names_of_their_own() -> None:
    assert gcd(edits.APART, len(edits.EDITS)) == 1  # so that every kind of edit has its turn
    names = [each.name for each in hostile.hostile()]
    assert len({*names}) == len(names) >= 100
    assert [name.startswith("run: ") for name in names] == [False] * (len(names) - hostile.RUNS) + [True] * hostile.RUNS
