"""A study whose trainings end early, whole: histories of different lengths are complete, tables say what was saved."""

import pandas as pd
import pytest
from tiny import finished_once

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
  twice: {network: lenet, recipe: fast, dataset: digits, densities: [0.5, 0.3]}
  both: {network: lenet, recipe: fast, dataset: digits, method: combined, of: [once, twice], of_rounds: [1, 2]}
evaluations:
  again: {dataset: digits, recipe: fast, tickets: [twice, both], density: 0.3, controls: [dense]}
"""


def test_epochs_that_are_not_run_are_in_the_tables(tmp_path_factory: pytest.TempPathFactory) -> None:
    project = finished_once(tmp_path_factory, "impatient", IMPATIENT)
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
    assert set(arms["arm"]) == {"twice-own", "both-own", "twice-reinitialised", "both-reinitialised", "dense"}
