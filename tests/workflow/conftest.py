"""The tiny study, run once for all tests of the workflow, however many processes pytest runs."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock
from tiny import Project


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that the first process to ask for it makes, while the others wait."""
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # a worker's own folder lies in the one that all share
    folder, made = base / name, base / f"{name}.made"
    with FileLock(base / f"{name}.lock"):
        if not made.exists():
            make(folder)
            made.touch()
    return folder


def run_all(folder: Path) -> None:
    """The whole graph, from nothing to the report."""
    outcome = Project.new(folder).run()
    assert outcome.status == 0, outcome.text


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The tiny study with everything done; tests only read it."""
    return Project(once(tmp_path_factory, "finished", run_all))


@pytest.fixture
def project(finished: Project, tmp_path: Path) -> Project:
    """A copy of the finished study, to change."""
    return finished.copy(tmp_path / "project")
