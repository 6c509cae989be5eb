"""What the tables of a study are made from is checked first: an altered, cut or exchanged file is one sentence."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny import Project

from lth.analysis.tables.checks import check_records
from lth.artifacts.records import json_text, seal
from lth.checks.read import load_study
from lth.config.study import Study
from lth.errors import UserError
from lth.files import checksum

pytestmark = pytest.mark.workflow
ROUND = Path("tickets/digits/seed0/round01")
ARM = Path("evaluations/transfer/dense/seed0")
Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def study(finished: Project) -> Study:
    return load_study(finished.study)


@pytest.fixture
def results(finished: Project, tmp_path: Path) -> Path:
    """The results alone, to change."""
    return Path(shutil.copytree(finished.results, tmp_path / "results/tiny", ignore=shutil.ignore_patterns("logs")))


def check(study: Study, results: Path) -> None:
    """As the jobs of all tables do."""
    records = [*results.glob("tickets/**/ticket.safetensors"), *results.glob("evaluations/**/evaluation.json")]
    check_records(study, sorted(records), results.rglob("ticket.safetensors"))


def edit(path: Path, change: Callable[[Rows], Rows]) -> None:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(change(rows))


def test_what_was_written_passes(study: Study, results: Path) -> None:
    check(study, results)


@pytest.mark.parametrize("folder", [ROUND, ARM])
@pytest.mark.parametrize(
    ("change", "name"),
    [
        ("accuracy", "history.csv"),
        ("cut", "history.csv"),
        ("another seed's", "history.csv"),
        ("count", "confusion.csv"),
        ("another seed's", "confusion.csv"),
        ("empty", "history.csv"),
        ("gone", "confusion.csv"),
    ],
)
def test_a_changed_table_is_named_with_the_command_that_repairs(
    change: str, name: str, folder: Path, study: Study, results: Path
) -> None:
    path = results / folder / name
    if change == "accuracy":
        edit(path, lambda rows: [{**row, "accuracy_percent": "99.9"} for row in rows])
    elif change == "cut":
        edit(path, lambda rows: rows[:2])
    elif change == "count":
        edit(path, lambda rows: [{**row, "count": "1"} for row in rows])
    elif change == "another seed's":
        shutil.copy(str(path).replace("seed0", "seed1"), path)
    elif change == "empty":
        path.write_text("")
    else:
        path.unlink()
    with pytest.raises(UserError) as raised:
        check(study, results)
    assert str(raised.value).count("\n") == 0
    assert str(raised.value).startswith(f"{path}: ")
    assert f"-- results/tiny/{folder / name} && snakemake " in str(raised.value)


@pytest.mark.parametrize("folder", ["tickets/{}/seed{}/round01", "evaluations/transfer/{}-own/seed{}"])
@pytest.mark.parametrize("other", [("digits", 1), ("cross", 0)])
def test_a_whole_folder_in_anothers_place_is_named(
    folder: str, other: tuple[str, int], study: Study, results: Path
) -> None:
    place = results / folder.format("digits", 0)
    shutil.rmtree(place)
    shutil.copytree(results / folder.format(*other), place)
    with pytest.raises(UserError, match=r"its record is of \w+ [\w-]+, where [\w-]+ is needed"):
        check(study, results)


def reseal(folder: Path) -> None:
    """Renew the checksums in an evaluation's record."""
    told = json.loads((folder / "evaluation.json").read_text())
    del told["checksum"]
    told["files"] = {name: checksum(folder / name) for name in told["files"]}
    (folder / "evaluation.json").write_text(json_text(seal(told)))


@pytest.mark.parametrize(
    ("name", "change", "sentence"),
    [
        ("history.csv", lambda rows: rows[:-1], "1 of 5 planned rows are missing, first that of step 5, split test"),
        ("history.csv", lambda rows: [*rows, rows[0]], "has 6 rows, where the recipe plans 5"),
        ("history.csv", lambda rows: [{**r, "accuracy_percent": "99.9"} for r in rows], "where history.csv has 99.9"),
        ("history.csv", lambda rows: [{**r, "seed": "1"} for r in rows], "column seed has 1, where 0 is needed"),
        ("history.csv", lambda rows: [{**r, "loss_nats": "low"} for r in rows], "lack a column or number"),
        ("confusion.csv", lambda rows: rows[1:], "a count for each pair of its 10 classes, found 99"),
        ("confusion.csv", lambda rows: [{**r, "arm": "digits-own"} for r in rows], "column arm has digits-own"),
    ],
)
def test_what_was_sealed_again_but_does_not_fit_is_named(
    name: str, change: Callable[[Rows], Rows], sentence: str, study: Study, results: Path
) -> None:
    edit(results / ARM / name, change)
    reseal(results / ARM)
    with pytest.raises(UserError, match=sentence):
        check(study, results)


def test_an_arm_that_was_trained_from_another_ticket_is_named(study: Study, results: Path) -> None:
    place = results / "controls/cross-reinitialised/seed0/round02/ticket.safetensors"
    shutil.copy(results / "controls/cross-shuffled/seed0/round02/ticket.safetensors", place)
    told = r"cross-reinitialised/seed0/evaluation\.json: was trained from another ticket than "
    with pytest.raises(UserError, match=told):
        check(study, results)


def test_measured_time_is_of_its_round_and_unaltered(study: Study, results: Path) -> None:
    path = results / ROUND / "measured.csv"
    whole = path.read_text()
    edit(path, lambda rows: [{**rows[0], "seconds": "0.1"}])
    with pytest.raises(UserError, match=r"measured\.csv: was altered after it was written"):
        check(study, results)
    path.write_text(whole)
    shutil.copy(results / ROUND.with_name("round02") / "measured.csv", path)
    with pytest.raises(UserError, match=r"measured\.csv: column round has 2, where 1 is needed"):
        check(study, results)


def test_a_history_of_other_settings_is_named(study: Study, results: Path) -> None:
    recipe = study.recipes["try"].model_copy(update={"batch_size": 20})
    other = study.model_copy(update={"recipes": {**study.recipes, "try": recipe}})
    with pytest.raises(UserError, match="its record is of other settings than the study's"):
        check(other, results)


def test_edited_accuracies_are_not_published(project: Project) -> None:
    """Neither by the tables of the study nor by those of an evaluation; the last good report stays."""
    for folder in (ROUND, ARM):
        edit(project.results / folder / "history.csv", lambda rows: [{**r, "accuracy_percent": "99.9"} for r in rows])
    outcome = project.run()
    assert outcome.status != 0
    for folder, record in ((ROUND, "ticket.safetensors"), (ARM, "evaluation.json")):
        path = f"results/tiny/{folder}/history.csv"
        assert f"{path}: its SHA-256 is not the one that {record} has of it: it was altered or replaced" in outcome.text
        assert f"rm -f -- {path} && snakemake --configfile study.yaml --cores 2 -- {path} && " in outcome.text
    assert "Traceback" not in outcome.text
    assert not (project.results / "tables/rounds.csv").exists()
    assert not (project.results / "tables/transfer/verdict.txt").exists()
    assert "99.9" not in (project.results / "report.html").read_text()
