"""A study whose trainings end early, whole: histories of different lengths are complete, tables say what was saved."""

import json

import pandas as pd
import pytest
from tiny import Project, finished_once, trained

from lth.artifacts.trained_weights import TrainedWeights
from lth.verification.manifest import verify

pytestmark = pytest.mark.workflow

IMPATIENT = """\
study: tiny
seeds: [0, 1]
datasets:
  digits: {source: digits, train: 200, validation: 60, test: 60}
networks:
  lenet: {architecture: lenet_300_100}
recipes:
  fast: {optimiser: {learning_rate: 0.02}, batch_size: 50, epochs: 20, patience: 2}
tickets:
  once: {network: lenet, recipe: fast, dataset: digits, densities: [0.3], score: stability, one_shot: true}
  twice: {network: lenet, recipe: fast, dataset: digits, densities: [0.5, 0.3], keep_weights: both}
  both: {network: lenet, recipe: fast, dataset: digits, method: combined, of: [once, twice], of_rounds: [1, 1]}
comparisons:
  found: {tickets: [once, twice], density: 0.3, compare: [[once, twice]]}
evaluations:
  again: {dataset: digits, recipe: fast, tickets: [twice, both], density: 0.3, controls: [dense], keep_weights: both}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The study, finished."""
    return finished_once(tmp_path_factory, "impatient", IMPATIENT)


def test_epochs_that_are_not_run_are_in_the_tables(project: Project) -> None:
    rounds = pd.read_csv(project.results / "tables/rounds.csv").set_index(["ticket", "round"])
    last = {}
    for path in project.results.glob("tickets/*/seed*/round*/history.csv"):
        row = pd.read_csv(path).iloc[-1]
        last.setdefault((row["ticket"], row["round"]), []).append(row["epoch"])
    assert len(last) == len(rounds) == 6
    for place, epochs in last.items():
        assert rounds.loc[place, "epochs_not_run"] == pytest.approx(20 - sum(epochs) / 2)
    assert max(rounds["epochs_not_run"]) > 0
    costs = pd.read_csv(project.results / "tables/costs.csv").set_index(["ticket", "round"])
    assert costs.loc[("twice", 0), "own_epochs"] == pytest.approx(sum(last["twice", 0]) / 2)
    arms = pd.read_csv(project.results / "tables/again/arms.csv")
    assert (arms["epochs_not_run"] > 0).any()
    found = pd.read_csv(project.results / "tables/found/arms.csv").set_index("arm")["epochs_not_run"]
    assert found["once"] == pytest.approx(rounds.loc[("once", 1), "epochs_not_run"])
    assert found["twice"] == pytest.approx(rounds.loc[("twice", 2), "epochs_not_run"])
    verdict = " ".join((project.results / "tables/found/verdict.txt").read_text().split())
    assert f"Early stopping (`patience`) left out {min(found):.1f} to {max(found):.1f} of a training's" in verdict
    assert set(arms["arm"]) == {"twice-own", "both-own", "twice-reinitialised", "both-reinitialised", "dense"}


def test_trained_weights_that_the_study_keeps_are_there_and_in_the_manifest(project: Project) -> None:
    """Of all rounds of one ticket and of all arms, after the last step and at the best; of other tickets those that a
    further density would be made from."""
    paths = [path.relative_to(project.results).as_posix() for path in project.results.rglob("trained.safetensors")]
    arms = ("twice-own", "both-own", "twice-reinitialised", "both-reinitialised", "dense")
    expected = {f"tickets/twice/seed{seed}/round{k:02d}" for seed in (0, 1) for k in range(3)}
    expected |= {f"tickets/{name}/seed{seed}/round01" for name in ("once", "both") for seed in (0, 1)}
    expected |= {f"tickets/once/seed{seed}/round00" for seed in (0, 1)}
    expected |= {f"evaluations/again/{arm}/seed{seed}" for arm in arms for seed in (0, 1)}
    assert {path.rpartition("/")[0] for path in paths} == expected
    assert set(paths) <= set(json.loads((project.results / "manifest.json").read_text())["files"])
    for folder in (project.results / "tickets/twice/seed0/round01", project.results / "evaluations/again/dense/seed1"):
        dense = folder.name == "seed1"
        ticket = (project.results / "tickets/twice/seed1/round00" if dense else folder) / "ticket.safetensors"
        weights = TrainedWeights.load(folder / "trained.safetensors", ticket)
        assert weights.best.keys() == weights.last.keys()
        assert any(not tensor.equal(weights.last[name]) for name, tensor in weights.best.items())
    count, findings = verify(project.results)
    assert (count > 30, findings) == (True, [])
    assert project.planned() == {}


def test_a_further_density_in_one_shot_trains_only_its_own_round(project: Project) -> None:
    """The dense network's trained weights, with those of its best step, are there to prune."""
    project.study.write_text(IMPATIENT.replace("densities: [0.3], score", "densities: [0.3, 0.1], score"))
    assert trained(project.planned()) == {f"tickets/once/seed{seed}/round02" for seed in (0, 1)}
