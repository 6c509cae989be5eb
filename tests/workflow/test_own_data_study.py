"""A study of images and a checkpoint of one's own, whole: run anew where content changes, and not where dates do."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from tiny import Project, once

from lth.artifacts.tickets import Ticket
from lth.cli import main
from lth.config.data import Network

pytestmark = pytest.mark.workflow

STUDY = """\
study: tiny
seeds: [0]
datasets:
  cells: {source: "npz:mine/cells.npz", validation: 40, test: 60}
  leaves: {source: "folder:mine/leaves", size: 28, grey: true, validation: 20}
networks:
  lenet: {architecture: lenet5_classic, classes: 4}
recipes:
  find: {optimiser: {learning_rate: 2e-3}, batch_size: 50, epochs: 2}
  still: {optimiser: {learning_rate: 1e-12}, batch_size: 50, iterations: 2}
tickets:
  published: {network: lenet, recipe: find, dataset: cells, method: given, file: mine/checkpoint.safetensors}
  thinned: {network: lenet, recipe: still, dataset: cells, method: given, file: mine/thinned.safetensors}
  moved:
    network: lenet
    recipe: find
    dataset: cells
    method: dual
    densities: [0.3]
    transform: still
    penalty: {limit: 0}
    base: {ticket: published, weights: initial}
  cells: {network: lenet, recipe: find, dataset: cells, rounds: 1, rate: 0.5}
evaluations:
  transfer: {dataset: leaves, recipe: find, tickets: [cells], density: 0.5, controls: [dense], initialisations: [own]}
"""


def drawn(count: int, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Images of four classes: the bright corner tells."""
    random = np.random.default_rng(0)
    images = random.integers(0, 90, (count, *size), dtype=np.uint8)
    labels = np.arange(count) % 4
    for image, label in zip(images, labels, strict=True):
        rows, columns = (slice(None, 10) if side else slice(-10, None) for side in divmod(int(label), 2))
        image[rows, columns] += 150
    return images, labels


def make(folder: Path) -> None:
    project = Project.new(folder, STUDY)
    mine = folder / "mine"
    images, labels = drawn(300, (28, 28))
    mine.mkdir()
    np.savez(mine / "cells.npz", train_images=images, train_labels=labels)
    for part, count in (("train", 80), ("test", 40)):
        for number, (image, label) in enumerate(zip(*drawn(count, (32, 30)), strict=True)):
            (mine / f"leaves/{part}/class {label}").mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(mine / f"leaves/{part}/class {label}/{number}.bmp")
    network = Ticket.dense(Network(architecture="lenet5_classic", classes=4), 99).module()
    for name in ("checkpoint", "thinned"):
        torch.save(network.state_dict(), mine / f"{name}.pt")
        made = ["--network", "lenet5_classic", "--to", str(mine / f"{name}.safetensors")]
        assert main(["import", str(mine / f"{name}.pt"), *made]) == 0
        network.state_dict()["7.weight"][:, ::2] = 0  # pruned by its owner
    outcome = project.run()
    assert outcome.status == 0, outcome.text


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Checksums of files are kept elsewhere than where the user's are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def finished_own(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(once(tmp_path_factory, "own data", make))


@pytest.fixture
def own(finished_own: Project, tmp_path: Path) -> Project:
    return finished_own.copy(tmp_path / "project")


def test_the_whole_study_runs_and_has_nothing_left_to_do(finished_own: Project) -> None:
    assert finished_own.planned() == {}
    arms = pd.read_csv(finished_own.results / "tables/transfer/arms.csv")
    assert {*arms["arm"]} == {"cells-own", "dense"}
    assert "40 test" in (finished_own.results / "logs/data/leaves.log").read_text()


def test_results_of_a_given_ticket_are_sound_wherever_its_file_is(
    own: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """How much it keeps is a part of the rounds' settings, and stands in the ticket that was made of it."""
    assert Ticket.load(own.results / "tickets/thinned/seed0/round01/ticket.safetensors").density < 0.8
    monkeypatch.chdir("/")
    assert main(["verify", str(own.results)]) == 0, capsys.readouterr()
    (own.folder / "mine/thinned.safetensors").unlink()
    assert main(["verify", str(own.results)]) == 0, capsys.readouterr()


def test_dual_tickets_may_begin_at_a_checkpoint_of_another_program(finished_own: Project) -> None:
    theirs = torch.load(finished_own.folder / "mine/checkpoint.pt")
    ticket = Ticket.load(finished_own.results / "tickets/moved/seed0/round01/ticket.safetensors")
    assert ticket.density == pytest.approx(0.3, abs=1e-3)
    for name, mask in ticket.masks.items():
        assert torch.allclose(ticket.weights[name], theirs[name] * mask, atol=1e-6)


def test_dates_and_another_packing_are_no_change(own: Project) -> None:
    mine = own.folder / "mine"
    with np.load(mine / "cells.npz") as arrays:
        held = dict(arrays)
    np.savez_compressed(mine / "cells.npz", **held)
    for path in mine.rglob("*.bmp"):
        os.utime(path)
    (mine / "leaves/train/class 0/notes.txt").write_text("of no matter")
    assert own.planned() == {}


def test_another_pixel_is(own: Project) -> None:
    path = own.folder / "mine/leaves/test/class 2/2.bmp"
    changed = np.array(Image.open(path))
    changed[0, 0] ^= 1
    Image.fromarray(changed).save(path)
    planned = own.planned()
    assert planned["data"] == {"data/leaves.safetensors"}
    assert "round" not in planned
    assert "evaluation" in planned


def test_another_array_is(own: Project) -> None:
    path = own.folder / "mine/cells.npz"
    with np.load(path) as arrays:
        held = dict(arrays)
    held["train_images"][5, 3, 3] ^= 1
    np.savez(path, **held)
    assert own.planned()["data"] == {"data/cells.safetensors"}


def test_files_that_have_gone_are_said(own: Project) -> None:
    shutil.rmtree(own.folder / "mine")
    outcome = own.run("-n")
    assert outcome.status != 0
    assert "study.yaml:4 datasets.cells.source" in outcome.text
    assert "Traceback" not in outcome.text
