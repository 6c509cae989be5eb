"""A study whose trainings end early and that says what its electricity emits, whole: histories of different lengths are
complete, tables say what was saved, its evaluations are measured, and nothing else is otherwise."""

import json
from pathlib import Path

import pandas as pd
import pytest
from tiny import Project, finished_once, summaries, trained

from lth.analysis.tables.checks import check_records
from lth.artifacts.trained_weights import TrainedWeights
from lth.checks.read import load_study
from lth.errors import UserError
from lth.pages.data import opened_data
from lth.pages.pack import pack_study
from lth.plan.inputs import arm_tickets, records
from lth.plan.paths import Paths
from lth.plan.plan import Plan
from lth.verification.manifest import verify

pytestmark = pytest.mark.workflow

PLAIN = """\
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
STUDY = PLAIN.replace("datasets:\n", 'energy: {grams_per_kwh: 380, citation: "the agency, 2024"}\ndatasets:\n', 1)
ARMS = ("twice-own", "both-own", "twice-reinitialised", "both-reinitialised", "dense")
MEASURED = {f"evaluations/again/{arm}/seed{seed}" for arm in ARMS for seed in (0, 1)}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The study, finished."""
    return finished_once(tmp_path_factory, "measured", STUDY)


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
    assert {*arms["arm"]} == {*ARMS}


def test_trained_weights_that_the_study_keeps_are_there_and_in_the_manifest(project: Project) -> None:
    """Of all rounds of one ticket and of all arms, after the last step and at the best; of other tickets those that a
    further density would be made from."""
    paths = [path.relative_to(project.results).as_posix() for path in project.results.rglob("trained.safetensors")]
    expected = {f"tickets/twice/seed{seed}/round{k:02d}" for seed in (0, 1) for k in range(3)}
    expected |= {f"tickets/{name}/seed{seed}/round01" for name in ("once", "both") for seed in (0, 1)}
    expected |= {f"tickets/once/seed{seed}/round00" for seed in (0, 1)}
    assert {path.rpartition("/")[0] for path in paths} == expected | MEASURED
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


def test_a_further_density_in_one_shot_trains_only_its_own_round(project: Project, tmp_path: Path) -> None:
    """The dense network's trained weights, with those of its best step, are there to prune."""
    copy = project.copy(tmp_path / "project")
    copy.study.write_text(STUDY.replace("densities: [0.3], score", "densities: [0.3, 0.1], score"))
    assert trained(copy.planned()) == {f"tickets/once/seed{seed}/round02" for seed in (0, 1)}


def test_every_arm_is_measured_and_the_sums_are_of_all_trainings(project: Project) -> None:
    """On a machine without counters nothing is known of the energy, which is said, and is never 0."""
    paths = [path.relative_to(project.results) for path in project.results.glob("evaluations/*/*/seed?/measured.csv")]
    assert {path.parent.as_posix() for path in paths} == MEASURED
    listed = json.loads((project.results / "manifest.json").read_text())["files"]
    assert {path.as_posix() for path in paths} <= set(listed)
    each = pd.concat([pd.read_csv(path) for path in project.results.rglob("measured.csv")])
    assert (each["joules"].isna() | (each["joules"] > 0)).all()
    whole = pd.read_csv(project.results / "tables/energy.csv")
    assert [*zip(whole["of"].fillna(""), whole["trainings"], strict=True)] == [
        *(("once", 4), ("twice", 6), ("both", 2)),
        *(("again", 10), ("", 22)),
    ]
    assert whole["seconds"].iloc[-1] == pytest.approx(each["seconds"].sum(), rel=1e-4)
    assert whole["measured"].iloc[-1] == each["joules"].notna().sum()
    report = (project.results / "report.html").read_text()
    assert "380 g CO2 per kWh (the agency, 2024)" in report
    if each["joules"].isna().any():
        assert whole["grams_co2"].isna().iloc[-1]
        assert "not measured" in (project.results / "tables/again/verdict.txt").read_text()


def test_another_factor_trains_nothing_and_the_key_trains_evaluations(project: Project, tmp_path: Path) -> None:
    copy = project.copy(tmp_path / "project")
    copy.study.write_text(STUDY.replace("380", "20"))
    other = copy.planned()
    assert trained(other) == set()
    assert {"study_tables", "evaluation_tables", "report", "manifest"} <= summaries(other)
    for path in copy.results.glob("evaluations/*/*/seed?/measured.csv"):
        path.unlink()
    copy.study.write_text(PLAIN)
    assert trained(copy.planned()) == set()
    copy.study.write_text(STUDY.replace("380", "20"))  # with the same, all tables are newer than what is missing
    planned = copy.planned()
    assert {str(Path(output).parent) for output in planned["evaluation_with_weights"]} == MEASURED
    assert trained(planned) == set()  # no round


def test_packed_data_give_the_same_tables(project: Project, tmp_path: Path) -> None:
    [*pack_study(project.results, None, tmp_path / "data")]
    data = opened_data(tmp_path / "data", tmp_path / "scratch")
    assert {"energy", "again/energy"} <= {*data.table_names}
    for name in data.table_names:
        assert data.table(name).read_bytes() == (project.results / f"tables/{name}.csv").read_bytes()


def test_what_was_measured_of_another_arm_is_named(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = project.copy(tmp_path / "project")
    monkeypatch.chdir(copy.folder)
    study = load_study(copy.study)
    paths = Paths(Plan(study))
    given = [Path(path) for path in records(paths, "again")], [Path(path) for path in arm_tickets(paths, "again")]
    check_records(study, *given)
    path = copy.results / "evaluations/again/dense/seed0/measured.csv"
    path.write_bytes((copy.results / "evaluations/again/twice-own/seed0/measured.csv").read_bytes())
    with pytest.raises(UserError, match=r"dense/seed0/measured\.csv: column arm has twice-own, where dense is needed"):
        check_records(study, *given)
    path.unlink()
    with pytest.raises(UserError, match=r"dense/seed0/measured\.csv: no such file"):
        check_records(study, *given)
