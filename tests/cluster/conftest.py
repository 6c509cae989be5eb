"""SLURM for tests that submit to one; without its packages they are skipped."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import Slurm, lacking  # before the others: it says where they are

# isort: split
from kills import STUDY
from tiny import Project, finished_once


@pytest.fixture
def slurm(tmp_path: Path) -> Iterator[Slurm]:
    """Each test's own, up in a second: tests end nodes, and must not meet with another's jobs."""
    if missing := lacking():
        pytest.skip(f"no {', '.join(missing)}: SLURM is not installed (`make test-cluster` does it, as root on Debian)")
    with Slurm.running(tmp_path / "slurm") as running:
        yield running


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The study of the tests of kills, run without a cluster; it is theirs as well, and only read."""
    return finished_once(tmp_path_factory, "whole", STUDY)


@pytest.fixture
def chained() -> str:
    """That study, with chains in jobs of two rounds."""
    assert STUDY.count("compute: {") == 1
    return STUDY.replace("compute: {", "compute: {device: cpu, rounds_per_job: 2, ")
