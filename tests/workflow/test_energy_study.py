"""A study that says what its electricity emits, whole: its evaluations are measured, and nothing else is otherwise."""

import json
from pathlib import Path

import pandas as pd
import pytest
from tiny import Project, finished_once, summaries, trained

from lth.analysis.tables.checks import check_records
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
seeds: [0]
datasets:
  digits: {source: digits, train: 200, validation: 60, test: 60}
networks:
  lenet: {architecture: lenet_300_100}
recipes:
  fast: {optimiser: {learning_rate: 0.02}, batch_size: 50, epochs: 1}
tickets:
  first: {network: lenet, recipe: fast, dataset: digits, densities: [0.5]}
evaluations:
  again: {dataset: digits, recipe: fast, tickets: [first], density: 0.5, controls: [dense], keep_weights: last}
"""
STUDY = PLAIN.replace("datasets:\n", 'energy: {grams_per_kwh: 380, citation: "the agency, 2024"}\ndatasets:\n', 1)
ARMS = {f"evaluations/again/{arm}/seed0" for arm in ("first-own", "first-reinitialised", "dense")}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The study, finished."""
    return finished_once(tmp_path_factory, "energy", STUDY)


def test_every_arm_is_measured_and_the_sums_are_of_all_trainings(project: Project) -> None:
    """On a machine without counters nothing is known of the energy, which is said, and is never 0."""
    paths = [path.relative_to(project.results) for path in project.results.glob("evaluations/*/*/seed0/measured.csv")]
    assert {path.parent.as_posix() for path in paths} == ARMS
    listed = json.loads((project.results / "manifest.json").read_text())["files"]
    assert {path.as_posix() for path in paths} <= set(listed)
    each = pd.concat([pd.read_csv(path) for path in project.results.rglob("measured.csv")])
    assert (each["joules"].isna() | (each["joules"] > 0)).all()
    whole = pd.read_csv(project.results / "tables/energy.csv")
    assert [*zip(whole["of"].fillna(""), whole["trainings"], strict=True)] == [("first", 2), ("again", 3), ("", 5)]
    assert whole["seconds"].iloc[-1] == pytest.approx(each["seconds"].sum(), rel=1e-4)
    assert whole["measured"].iloc[-1] == each["joules"].notna().sum()
    report = (project.results / "report.html").read_text()
    assert "380 g CO2 per kWh (the agency, 2024)" in report
    if each["joules"].isna().any():
        assert whole["grams_co2"].isna().iloc[-1]
        assert "not measured" in (project.results / "tables/again/verdict.txt").read_text()
    assert project.planned() == {}
    count, findings = verify(project.results)
    assert (count > 30, findings) == (True, [])


def test_another_factor_trains_nothing_and_the_key_trains_evaluations(project: Project, tmp_path: Path) -> None:
    copy = project.copy(tmp_path / "project")
    copy.study.write_text(STUDY.replace("380", "20"))
    other = copy.planned()
    assert trained(other) == set()
    assert {"study_tables", "evaluation_tables", "report", "manifest"} <= summaries(other)
    for path in copy.results.glob("evaluations/*/*/seed0/measured.csv"):
        path.unlink()
    copy.study.write_text(PLAIN)
    assert trained(copy.planned()) == set()
    copy.study.write_text(STUDY.replace("380", "20"))  # with the same, all tables are newer than what is missing
    planned = copy.planned()
    assert {str(Path(output).parent) for output in planned["evaluation_with_weights"]} == ARMS
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
    path.write_bytes((copy.results / "evaluations/again/first-own/seed0/measured.csv").read_bytes())
    with pytest.raises(UserError, match=r"dense/seed0/measured\.csv: column arm has first-own, where dense is needed"):
        check_records(study, *given)
    path.unlink()
    with pytest.raises(UserError, match=r"dense/seed0/measured\.csv: no such file"):
        check_records(study, *given)
