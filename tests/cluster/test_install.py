"""System packages are installed in CI or when asked, and never just because the tests run as root."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

INSTALL = Path(__file__).with_name("slurm") / "install.sh"


@pytest.fixture
def root_on_debian(tmp_path: Path) -> Path:
    """A folder of programs: root's `id`, and an `apt-get` that only writes down what it is asked for; no SLURM."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, does in {"id": "echo 0", "apt-get": f'echo "$*" >> {tmp_path}/asked'}.items():
        (programs / name).write_text(f"#!/bin/sh\n{does}\n")
        (programs / name).chmod(0o755)
    return tmp_path


def install(folder: Path, **variables: str) -> tuple[str, str]:
    """What `install.sh` says, and what it asks apt-get for."""
    bash = shutil.which("bash")
    assert bash is not None
    environment = {"PATH": f"{folder}/bin", **variables}
    done = subprocess.run([bash, INSTALL], env=environment, capture_output=True, text=True, check=True)
    asked = folder / "asked"
    return done.stdout, asked.read_text() if asked.exists() else ""


@pytest.mark.parametrize("variables", [{}, {"CI": ""}, {"CI": "false"}, {"LTH_INSTALL_SLURM": "0"}], ids=str)
def test_nothing_is_installed_unasked(root_on_debian: Path, variables: dict[str, str]) -> None:
    said, asked = install(root_on_debian, **variables)
    assert not asked
    assert "tests on SLURM will be skipped" in said
    assert "make test-cluster" in said


@pytest.mark.parametrize("variables", [{"CI": "true"}, {"CI": "1"}, {"LTH_INSTALL_SLURM": "1"}], ids=str)
def test_in_ci_and_when_asked_the_packages_are_installed(root_on_debian: Path, variables: dict[str, str]) -> None:
    said, asked = install(root_on_debian, **variables)
    assert asked.splitlines()[0] == "update -qq"
    assert asked.splitlines()[1].startswith("install -y")
    assert "slurmctld slurmd slurm-client munge" in asked
    assert not said


def test_make_passes_the_variables_on() -> None:
    """`make test` leaves the decision to the environment; `make test-cluster` asks."""
    make = shutil.which("make")
    if make is None:
        pytest.skip("no make")
    for target, asks in {"test": False, "test-cluster": True}.items():
        environment = {**os.environ, "CI": ""}
        planned = subprocess.run(
            [make, "-n", target], cwd=INSTALL.parents[3], env=environment, capture_output=True, text=True, check=True
        ).stdout
        line = next(line for line in planned.splitlines() if "install.sh" in line)
        assert ("LTH_INSTALL_SLURM=1" in line) is asks
