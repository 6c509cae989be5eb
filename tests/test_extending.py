"""The README's recipes for a data set, a network, a criterion and a study, done as written in a copy of the project."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "workflow"))
from warm import python

ROOT = Path(__file__).parents[1]


def snippets(kind: str) -> list[str]:
    """The code blocks that follow a marker in the README, up to the next paragraph."""
    after = (ROOT / "README.md").read_text().split(f"<!-- extend: {kind} -->\n")[1]
    return re.findall(r"```\w+\n(.*?)```(?:\n|$)", after.split("\n\n**")[0].split("\n\n## ")[0], flags=re.DOTALL)


def follow(recipe: str, project: Path) -> None:
    """Do what a snippet's first line says: make a file, add to a file, or add an entry to a table in it."""
    first, _, body = recipe.partition("\n")
    file, _, table = first.removeprefix("# ").partition(", in ")
    path = project / file
    if not table:
        path.write_text((path.read_text() + "\n\n" if path.exists() else "") + body)
        return
    text = path.read_text()
    found = re.search(rf"^{table}(?:: \S+)? = Registry\(\s*\{{", text, flags=re.MULTILINE)
    assert found, f"no table {table} in {file}"
    path.write_text(text[: found.end()] + "\n" + body + text[found.end() :])


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = tmp_path_factory.mktemp("extended")
    for name in ("lth", "config", "workflow", "envs", "profiles"):
        shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Snakefile", project)
    for kind in ("dataset", "network", "score", "study"):
        recipes = snippets(kind)
        assert len(recipes) == (1 if kind == "study" else 2)
        for recipe in recipes:
            follow(recipe, project)
    return project


def run(project: Path, *command: str) -> str:
    done = subprocess.run([python(), *command], cwd=project, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_what_was_added_is_listed(extended: Path) -> None:
    listed = run(extended, "-m", "lth", "list")
    for about in ("two kinds of stripes", "one hidden layer of 16", "-|w| after training; a control"):
        assert about in listed


def test_the_study_is_sound(extended: Path) -> None:
    assert "winning" in run(extended, "-m", "lth", "check", "config/stripes.yaml")


@pytest.mark.workflow
def test_the_study_runs_and_the_criterion_decides_the_masks(extended: Path) -> None:
    tickets = [f"results/stripes/tickets/{ticket}/seed0/round02/ticket.safetensors" for ticket in ("winning", "losing")]
    run(extended, "-m", "snakemake", "--configfile", "config/stripes.yaml", "--cores", "2", *tickets)
    winning, losing = (run(extended, "-m", "lth", "show", ticket) for ticket in tickets)
    assert winning != losing
    for shown in (winning, losing):
        assert re.search(r"1\.weight\s+2007\s+4096", shown)  # round(0.49 * 4096)
