"""The tiny study, run once for all tests of the workflow, however many processes pytest runs."""

from pathlib import Path

import pytest
from tiny import Project, once


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
