"""All methods in one small study: it runs whole, a second run does nothing, an edit reruns only what depends on it."""

import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pytest
from tiny import Project, finished_once, summaries, trained

pytestmark = pytest.mark.workflow

METHODS_STUDY = """\
study: tiny
seeds: [0]
datasets:
  digits: {source: digits, train: 200, validation: 60, test: 60}
networks:
  lenet: {architecture: lenet5_classic}
recipes:
  train:
    optimiser: {name: sgd, learning_rate: 0.05, momentum: 0.9, weight_decay: 5e-4}
    schedule: {name: cosine, warmup_epochs: 0.5}
    batch_size: 50
    epochs: 3
    label_smoothing: 0.1
    augment: {rotation_degrees: 10, shift: 0.1}
  tune:
    optimiser: {name: adam, learning_rate: 1e-3}
    batch_size: 50
    iterations: 10
    evaluate_every: 4
tickets:
  dense: {network: lenet, recipe: train, dataset: digits, method: dense}
  imp: {network: lenet, recipe: train, dataset: digits, densities: [0.5, 0.25]}
  one_shot: {network: lenet, recipe: train, dataset: digits, densities: [0.25], one_shot: true, dense_of: imp}
  rewound: {network: lenet, recipe: train, dataset: digits, densities: [0.25], rewind: step, rewind_step: 3}
  tuned: {network: lenet, recipe: train, dataset: digits, densities: [0.25], dense_of: dense, rewind: trained,
    retrain: tune}
  stable: {network: lenet, recipe: train, dataset: digits, densities: [0.25], score: stability, scope: global}
  reinit: {network: lenet, recipe: train, dataset: digits, method: derived, of: imp, kind: reinitialised}
  snip: {network: lenet, recipe: train, dataset: digits, method: at_init, score: snip, densities: [0.25]}
  grasp: {network: lenet, recipe: train, dataset: digits, method: at_init, score: grasp, densities: [0.25]}
  progressive:
    network: lenet
    recipe: train
    dataset: digits
    method: progressive
    densities: [0.25]
    until_epoch: 2
  rigl:
    network: lenet
    recipe: train
    dataset: digits
    method: dynamic
    densities: [0.25]
    scope: erk
    update_interval: 3
  rst:
    network: lenet
    recipe: train
    dataset: digits
    method: dual
    densities: [0.25]
    transform: tune
    penalty: {rise: 0.5, every: 1}
  both: {network: lenet, recipe: train, dataset: digits, method: combined, of: [snip, grasp]}
comparisons:
  methods:
    tickets: [imp, one_shot, rewound, tuned, reinit, snip, grasp, progressive, rigl, rst, dense]
    density: 0.25
    compare: [[imp, reinit]]
evaluations:
  transfer:
    dataset: digits
    recipe: tune
    tickets: [rigl, rst]
    density: 0.25
    initialisations: [own]
    controls: [dense]
"""


@pytest.fixture(scope="module")
def finished_methods(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return finished_once(tmp_path_factory, "methods", METHODS_STUDY)


@pytest.fixture
def methods(finished_methods: Project, tmp_path: Path) -> Project:
    return finished_methods.copy(tmp_path / "project")


def rounds(*tickets: str) -> set[str]:
    """The folders of the pruned rounds of tickets."""
    numbers: dict[str, Iterable[int]] = {"imp": (1, 2), "reinit": (1, 2)}
    return {f"tickets/{ticket}/seed0/round{number:02d}" for ticket in tickets for number in numbers.get(ticket, (1,))}


def test_the_whole_study_runs_and_has_nothing_left_to_do(finished_methods: Project) -> None:
    assert finished_methods.planned() == {}
    arms = pd.read_csv(finished_methods.results / "tables/methods/arms.csv").set_index("arm")
    assert len(arms) == 11
    sparse = arms.drop(index="dense")
    assert (sparse["density_percent"] - 25).abs().max() < 0.2  # layer by layer, counts are rounded
    assert arms.loc["progressive", "epochs"] == 3
    assert arms.loc["imp", "epochs"] == 9
    assert arms.loc["one_shot", "epochs"] == 6  # with the dense training, which `imp` did for it
    assert not (finished_methods.results / "tickets/one_shot/seed0/round00").exists()
    assert arms.loc["progressive", "flops"] < arms.loc["dense", "flops"]
    page = (finished_methods.results / "report.html").read_text()
    assert "not measured" in page or re.search(r"energy", page)


def test_an_edit_of_a_method_reruns_its_tickets_only(methods: Project) -> None:
    methods.edit("lth/methods/dynamic.py", "pi * step / end", "2 * pi * step / end")
    planned = methods.planned()
    assert trained(planned) == rounds("rigl") | {f"evaluations/transfer/{arm}/seed0" for arm in ("rigl-own", "dense")}
    assert "report" in summaries(planned)


def test_an_edit_of_a_score_reruns_what_it_scored_and_what_was_made_of_it(methods: Project) -> None:
    methods.edit("lth/pruning/scores/grasp.py", "TEMPERATURE = 200", "TEMPERATURE = 100")
    assert trained(methods.planned()) == rounds("grasp", "both")


def test_another_constant_of_a_method_reruns_its_tickets_only(methods: Project) -> None:
    methods.study.write_text(METHODS_STUDY.replace("until_epoch: 2", "until_epoch: 1"))
    assert trained(methods.planned()) == rounds("progressive")


def test_a_further_method_runs_its_own_jobs(methods: Project) -> None:
    keys = "network: lenet, recipe: train, dataset: digits, method: at_init, score: random, densities: [0.25]"
    further = f"  random: {{{keys}}}\n"
    methods.study.write_text(METHODS_STUDY.replace("comparisons:\n", further + "comparisons:\n"))
    assert trained(methods.planned()) == {"tickets/random/seed0/round01"}
