"""The tiny study, run once for all tests of the workflow, however many processes pytest runs."""

from pathlib import Path

import pytest
from tiny import Project, finished_once


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The tiny study with everything done; tests only read it."""
    return finished_once(tmp_path_factory, "finished")


@pytest.fixture
def project(finished: Project, tmp_path: Path) -> Project:
    """A copy of the finished study, to change."""
    return finished.copy(tmp_path / "project")
