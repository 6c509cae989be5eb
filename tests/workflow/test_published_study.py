"""A published study repeated in small: freeze rules, trained weights that are rewound to, arms from several
initialisations and published accuracies; it runs whole, and a further initialisation trains its own arms only."""

from pathlib import Path

import pandas as pd
import pytest
from tiny import Project, finished_once, trained

from lth.artifacts.tickets import Ticket
from lth.artifacts.trained_weights import TrainedWeights

pytestmark = pytest.mark.workflow

STUDY = """\
study: tiny
seeds: [0]
datasets:
  digits: {source: digits, train: 200, validation: 60, test: 60}
  letters: {source: letters, train: 200, validation: 60, test: 60}
networks:
  lenet: {architecture: lenet5_classic, initialisation: glorot_normal_normal_biases}
recipes:
  below:
    optimiser: {name: adam, learning_rate: 2e-3, weight_decay: 1e-4}
    batch_size: 50
    epochs: 2
    freeze: {rule: below}
  magnitude:
    optimiser: {name: adam, learning_rate: 2e-3, weight_decay: 1e-4}
    batch_size: 50
    epochs: 2
    freeze: {rule: magnitude}
tickets:
  first: {network: lenet, recipe: below, dataset: digits, rounds: 1, rate: 0.5}
  cross:
    network: lenet
    recipe: magnitude
    dataset: letters
    rounds: 1
    rate: 0.5
    start: {ticket: first, round: 1}
    rewind: parent
evaluations:
  transfer:
    dataset: letters
    recipe: magnitude
    tickets: [cross]
    density: 0.25
    initialisations: [own, reinitialised]
    controls: [dense]
    other_initialisations: [kaiming_normal]
    compare: [[cross-reinitialised-kaiming_normal, cross-reinitialised]]
    published:
      cross-reinitialised-kaiming_normal: {citation: "a script, one seed", accuracy_percent: [12.5, 25]}
"""
OTHERS = {"cross-reinitialised-kaiming_normal", "dense-kaiming_normal"}


@pytest.fixture(scope="module")
def finished_study(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return finished_once(tmp_path_factory, "published", STUDY)


def test_the_whole_study_runs_and_has_nothing_left_to_do(finished_study: Project) -> None:
    assert finished_study.planned() == {}
    tables = finished_study.results / "tables/transfer"
    arms = pd.read_csv(tables / "arms.csv").set_index("arm")
    assert [*arms.index] == ["cross-own", "cross-reinitialised", "dense", *sorted(OTHERS)]
    assert {*arms.loc[sorted(OTHERS), "initialisation"]} == {"kaiming_normal"}
    told = arms.loc["cross-reinitialised-kaiming_normal"]
    assert (told["published_percent"], told["published_epoch"]) == (25, 2)
    assert told["then_percent"] == pytest.approx(told["last_accuracy_percent"])
    curves = pd.read_csv(tables / "curves.csv")
    assert curves["published_percent"].dropna().tolist() == [12.5, 25]
    assert "a script, one seed" in (finished_study.results / "report.html").read_text()
    assert "25.00 (epoch 2)" in (tables / "verdict.txt").read_text()


def test_the_cross_ticket_starts_from_the_trained_weights_of_the_first(finished_study: Project) -> None:
    first, cross = (finished_study.results / "tickets" / name / "seed0" for name in ("first/", "cross/"))
    ticket = first / "round01/ticket.safetensors"
    weights = TrainedWeights.load(first / "round01/trained.safetensors", ticket).last
    found = Ticket.load(cross / "round02/ticket.safetensors")
    assert all((found.weights[n][mask] == weights[n][mask]).all() for n, mask in found.masks.items())


def test_a_further_initialisation_trains_its_own_arms_only(finished_study: Project, tmp_path: Path) -> None:
    project = finished_study.copy(tmp_path / "project")
    project.study.write_text(STUDY.replace("[kaiming_normal]", "[kaiming_normal, glorot_normal]"))
    planned = project.planned()
    added = {name.replace("kaiming", "glorot") for name in OTHERS}
    assert trained(planned) == {f"evaluations/transfer/{name}/seed0" for name in added}
    made = {Path(output).parents[2].name for output in planned["control_of_initialisation"]}
    assert made == {"cross-reinitialised-glorot_normal", "first-dense-glorot_normal"}
    assert "control" not in planned
