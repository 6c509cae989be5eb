"""`snakemake animations`: the rounds of each ticket that has several, and the training of each progressive one."""

from pathlib import Path

import pytest
from PIL import Image
from tiny import Project

pytestmark = pytest.mark.workflow

STUDY = """\
study: tiny
seeds: [0, 1]
datasets:
  digits: {source: digits, train: 200, validation: 60, test: 60}
networks:
  lenet: {architecture: lenet5_classic}
recipes:
  find: {optimiser: {name: adam, learning_rate: 2e-3}, batch_size: 50, epochs: 2}
tickets:
  chain: {network: lenet, recipe: find, dataset: digits, rounds: 1, rate: 0.5}
  progressive:
    {network: lenet, recipe: find, dataset: digits, method: progressive, densities: [0.25], until_epoch: 1}
comparisons:
  both: {tickets: [chain], density: 0.5}
"""


def test_the_rule_draws_rounds_and_progressive_trainings_of_the_first_seed(tmp_path: Path) -> None:
    project = Project.new(tmp_path / "project", STUDY)
    outcome = project.run("animations")
    assert outcome.status == 0, outcome.text
    frames = {}
    for path in project.results.glob("animations/**/*.gif"):
        with Image.open(path) as image:
            frames[path.relative_to(project.results / "animations").as_posix()] = getattr(image, "n_frames", 1)
    assert frames["chain/rounds.gif"] == 2
    assert frames["progressive/training.gif"] == 3  # before training, and after each epoch
    assert project.planned("animations") == {}
