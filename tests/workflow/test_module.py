"""The rules from another folder: in somebody else's workflow (`module` and `use rule`, as Snakemake documents them).

And from the installed package: `lth run`."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tiny import RESULTS, ROOT, STUDY, Project, environment

pytestmark = pytest.mark.workflow

SNAKEFILE = f"""\
module tickets:
    snakefile: "{ROOT / "workflow" / "Snakefile"}"
    config: config


use rule * from tickets


rule mine:
    input:
        "{RESULTS}/tickets/digits/seed0/round00/ticket.safetensors",
    output:
        "mine.txt",
    shell:
        "cp {{input}} {{output}}"
"""


def test_the_rules_work_in_another_workflow(tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    (tmp_path / "study.yaml").write_text(STUDY)
    shutil.copytree(ROOT / "workflow" / "profiles", tmp_path / "profiles")
    outcome = Project(tmp_path).run("mine.txt")
    assert outcome.status == 0, outcome.text
    assert (tmp_path / "mine.txt").stat().st_size > 0


def test_the_package_holds_the_workflow(tmp_path: Path) -> None:
    """Every file of it; and it plans a study in a folder that holds nothing else."""
    project = Project.new(tmp_path / "project")
    for name in ("setup.py", "LICENSE", "README.md"):
        shutil.copy2(ROOT / name, project.folder)
    wheel = [sys.executable, "-m", "pip", "wheel", ".", "--no-deps", "--no-build-isolation", "-q", "-w", str(tmp_path)]
    built = project.start(wheel)
    assert built.status == 0, built.text
    (file,) = tmp_path.glob("*.whl")
    zipfile.ZipFile(file).extractall(tmp_path / "installed")
    inside = tmp_path / "installed/lth/_workflow"
    for source in (
        path for path in (ROOT / "workflow").rglob("*") if path.is_file() and ".snakemake" not in path.parts
    ):
        if source.suffix != ".pyc":
            assert (inside / source.relative_to(ROOT / "workflow")).is_file(), source
    assert "lth = lth.cli:main" in next(inside.parents[1].glob("*.dist-info")).joinpath("entry_points.txt").read_text()
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "study.yaml").write_text(STUDY)
    done = subprocess.run(
        [sys.executable, "-m", "lth", "run", "study.yaml", "--cores", "1", "-n", "--", "--quiet", "rules"],
        cwd=empty,
        env=environment(PYTHONPATH=str(tmp_path / "installed")),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "evaluation                16" in done.stdout
    assert not (empty / "results").exists()
