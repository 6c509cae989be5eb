"""Evaluations with arms of other initialisations and other classes: a published study repeated in small, whole.

It has freeze rules, trained weights that are rewound to and published accuracies; its ticket is also evaluated on data
of four classes, where all arms share a new output layer.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tiny import Project, once, trained

from lth.analysis.pictures.rounds import tickets_below
from lth.artifacts.tickets import Ticket
from lth.artifacts.trained_weights import TrainedWeights
from lth.export.folder import export
from lth.verification.manifest import verify

pytestmark = pytest.mark.workflow

STUDY = """\
study: tiny
seeds: [0]
datasets:
  digits: {source: digits, train: 200, validation: 60, test: 60}
  letters: {source: letters, train: 200, validation: 60, test: 60}
  corners: {source: "npz:corners.npz", validation: 40}
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
  other_classes:
    dataset: corners
    recipe: magnitude
    tickets: [cross]
    density: 0.25
    initialisations: [own]
    controls: [dense, random]
    other_initialisations: [kaiming_normal]
    new_output: 4
    compare: [[cross-own, cross-random]]
"""
OTHERS = {"cross-reinitialised-kaiming_normal", "dense-kaiming_normal"}
OUTPUT = "11.weight"


def make(folder: Path) -> None:
    project = Project.new(folder, STUDY)
    random = np.random.default_rng(0)
    images, labels = random.integers(0, 90, (200, 28, 28), dtype=np.uint8), np.arange(200) % 4
    for image, label in zip(images, labels, strict=True):
        rows, columns = (slice(None, 10) if side else slice(-10, None) for side in divmod(int(label), 2))
        image[rows, columns] += 150
    parts = {"train_images": images[:140], "train_labels": labels[:140]}
    np.savez(folder / "corners.npz", **parts, test_images=images[140:], test_labels=labels[140:])
    outcome = project.run()
    assert outcome.status == 0, outcome.text


@pytest.fixture(scope="module")
def finished_study(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(once(tmp_path_factory, "arms", make))


def test_the_whole_study_runs_and_has_nothing_left_to_do(finished_study: Project) -> None:
    assert finished_study.planned() == {}
    count, findings = verify(finished_study.results)
    assert (count > 30, findings) == (True, [])
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
    project.study.write_text(STUDY.replace("[kaiming_normal]", "[kaiming_normal, glorot_normal]", 1))
    planned = project.planned()
    added = {name.replace("kaiming", "glorot") for name in OTHERS}
    assert trained(planned) == {f"evaluations/transfer/{name}/seed0" for name in added}
    made = {Path(output).parents[2].name for output in planned["control_of_initialisation"]}
    assert made == {"cross-reinitialised-glorot_normal", "first-dense-glorot_normal"}
    assert "control" not in planned


def test_tables_and_report_say_that_arms_have_a_new_output_layer(finished_study: Project) -> None:
    tables = finished_study.results / "tables/other_classes"
    arms = pd.read_csv(tables / "arms.csv").set_index("arm")
    assert {*arms["new_output_classes"]} == {4}
    sparse = arms[arms["kind"] != "dense"]["density_percent"]
    assert sparse.nunique() == 1
    assert sparse.iloc[0] > 25
    note = "All arms have a new output layer for 4 classes: drawn anew, the same for all arms of a seed, not pruned."
    assert note in " ".join((tables / "verdict.txt").read_text().split())
    report = (finished_study.results / "report.html").read_text()
    assert "25 % of weights kept beside a new output layer for 4 classes" in report
    assert {*pd.read_csv(tables / "classes.csv")["class"].astype(str)} == {"0", "1", "2", "3"}


def test_every_arm_has_the_same_new_layer(finished_study: Project) -> None:
    files = (finished_study.results / "controls").glob("*-4_classes/seed0/*/ticket.safetensors")
    found = {path.parents[2].name.removesuffix("-4_classes"): Ticket.load(path) for path in files}
    assert {*found} == {
        "cross-own",
        "cross-random",
        "first-dense",
        "cross-random-kaiming_normal",
        "first-dense-kaiming_normal",
    }
    assert all(ticket.masks[OUTPUT].all() for ticket in found.values())
    own = [ticket.weights[OUTPUT] for name, ticket in found.items() if "kaiming" not in name]
    assert all(own[0].equal(other) for other in own)


def test_one_without_the_new_layer_trains_nothing_of_the_tickets(finished_study: Project, tmp_path: Path) -> None:
    """Another evaluation beside it needs the tickets and controls that are there, and their new layers alone."""
    project = finished_study.copy(tmp_path / "project")
    arms = "initialisations: [own], controls: [random]"
    more = f"  again: {{dataset: letters, recipe: magnitude, tickets: [cross], density: 0.25, {arms}}}\n"
    project.study.write_text(STUDY + more)
    planned = project.planned()
    assert trained(planned) == {f"evaluations/again/cross-{kind}/seed0" for kind in ("own", "random")}
    assert not {"control", "new_output", "data"} & {*planned}


def test_an_exported_arm_does_not_claim_the_classes_of_the_source(finished_study: Project, tmp_path: Path) -> None:
    path = finished_study.results / "controls/cross-own-4_classes/seed0/round02/ticket.safetensors"
    [*export(path, tmp_path / "out", "huggingface", compact=False, weights="initial")]
    card = (tmp_path / "out/README.md").read_text()
    assert "-> [n, 4]" in card
    assert "its statistics are not known here" in card
    assert "id2label" not in (tmp_path / "out/config.json").read_text()


def test_the_masks_of_a_study_are_those_of_its_rounds(finished_study: Project) -> None:
    """A ticket with a new output layer has the name, seed and round of the one that it was made of."""
    found = {path.relative_to(finished_study.results).parts[0] for path in tickets_below(finished_study.results)}
    assert found == {"tickets"}
