"""The recipes of docs/extending.md (data set, network, score, method, study), followed in a copy of the project."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

sys.path.insert(0, str(Path(__file__).parent / "workflow"))
from tiny import Project
from warm import python

ROOT = Path(__file__).parents[1]


def snippets(kind: str) -> list[str]:
    """The code blocks of Python or YAML that follow a marker, up to the next heading."""
    after = (ROOT / "docs/extending.md").read_text().split(f"<!-- extend: {kind} -->\n")[1]
    return re.findall(r"```(?:python|yaml)\n(.*?)```(?:\n|$)", after.split("\n## ")[0], flags=re.DOTALL)


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
    project = Project.new(tmp_path_factory.mktemp("extended") / "project").folder
    for kind in ("dataset", "network", "score", "method", "study"):
        recipes = snippets(kind)
        assert len(recipes) == (1 if kind == "study" else 2)
        for recipe in recipes:
            follow(recipe, project)
    return project


def run(project: Path, *command: str) -> str:
    done = subprocess.run([python(), *command], cwd=project, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


ABOUT = (
    "two kinds of stripes",
    "one hidden layer of 16",
    "-|w| after training; a control",
    "keep the largest or smallest initial weights, then train",
)


def test_additions_are_listed(extended: Path) -> None:
    listed = run(extended, "-m", "lth", "list")
    for about in ABOUT:
        assert about in listed


def test_the_study_is_valid(extended: Path) -> None:
    checked = run(extended, "-m", "lth", "check", "config/stripes.yaml")
    assert "winning" in checked
    assert "small" in checked


@pytest.mark.workflow
def test_the_study_runs_and_the_masks_are_those_of_score_and_method(extended: Path) -> None:
    rounds = {"winning": 2, "losing": 2, "large": 1, "small": 1}
    tickets = {
        name: f"results/stripes/tickets/{name}/seed0/round{number:02d}/ticket.safetensors"
        for name, number in rounds.items()
    }
    run(extended, "-m", "snakemake", "--configfile", "config/stripes.yaml", "--cores", "2", *tickets.values())
    shown = {name: run(extended, "-m", "lth", "show", ticket) for name, ticket in tickets.items()}
    assert shown["winning"] != shown["losing"]
    for text in shown.values():
        assert re.search(r"1\.weight\s+2007\s+4096", text)  # round(0.49 * 4096)
    theta_0 = load_file(
        extended / "results/stripes/tickets/winning/seed0/round00/ticket.safetensors"
    )  # dense: all kept
    for name, smallest_first in (("large", False), ("small", True)):
        ticket = load_file(extended / tickets[name])
        for layer in ("1.weight", "3.weight"):
            by_magnitude = theta_0[f"values/{layer}"].abs().argsort()
            bits = torch.from_numpy(np.unpackbits(ticket[f"mask/{layer}"].numpy()))
            kept = bits[by_magnitude].tolist()  # 0 or 1, by rising weight
            assert kept == sorted(kept, reverse=smallest_first)
