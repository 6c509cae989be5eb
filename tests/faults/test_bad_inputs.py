"""Every bad input ends in one sentence and the status 1, within two seconds and half a gigabyte."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from bad_inputs import Bad, bad_inputs
from tiny import once

INPUTS = {bad.name: bad for bad in bad_inputs()}


@pytest.fixture(scope="session")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """All of them in one process of their own, in a folder of its own; once, however many processes pytest runs."""
    found: dict[str, Any] = json.loads((once(tmp_path_factory, "bad inputs", try_all) / "outcome.json").read_text())
    return found


def try_all(folder: Path) -> None:
    folder.mkdir()
    script = Path(__file__).with_name("bad_inputs.py")
    done = subprocess.run(
        [sys.executable, str(script), str(folder)], cwd=folder, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert not list(folder.rglob("bad")), "something was run"
    (folder / "outcome.json").write_text(done.stdout.splitlines()[-1])


def test_there_are_many_of_them() -> None:
    assert len(INPUTS) == len(list(bad_inputs())) >= 130


@pytest.mark.parametrize("bad", INPUTS.values(), ids=INPUTS)
def test_a_bad_input_is_a_sentence(bad: Bad, outcome: dict[str, Any]) -> None:
    found = outcome["inputs"][bad.name]
    assert found["status"] == 1, found["sentence"]
    assert re.search(bad.words, found["sentence"]), found["sentence"]
    assert "Traceback" not in found["sentence"]
    assert all(line.isprintable() for line in found["sentence"].splitlines()), found["sentence"]
    assert len(found["sentence"]) < 2000


def test_none_takes_two_seconds_or_half_a_gigabyte(outcome: dict[str, Any]) -> None:
    """Of the processor's time, since the clock's is also the neighbours'. Imports take most of the two seconds, and are
    not in it."""
    assert max(found["seconds"] for found in outcome["inputs"].values()) < 0.8
    assert outcome["peak_mb"] < 500
