"""Twenty kills; `python -m tests.faults --kills 1000` is the long form."""

import random
from pathlib import Path

import pytest
from kills import STUDY, trials
from tiny import Project, finished_once

pytestmark = pytest.mark.workflow
KILLS = 20
AT_ONCE = 4
"""Tests, so that several processes of pytest may share them."""


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return finished_once(tmp_path_factory, "whole", STUDY)


@pytest.mark.parametrize("part", range(AT_ONCE))
def test_the_same_command_finishes_what_was_killed(part: int, whole: Project, tmp_path: Path) -> None:
    done = list(trials(whole, tmp_path, random.Random(part), KILLS // AT_ONCE))
    assert sum(len(trial.kills) for trial in done) >= KILLS // AT_ONCE
