"""`lth report`: several studies on one page."""

import re
import shutil
from pathlib import Path

import pytest
import synthetic

from lth.artifacts.records import json_text, seal
from lth.cli import main
from lth.config.study import Study
from lth.pages.pack import finished_study
from lth.plan.plan import Plan
from lth.verification.listing import settings


def finished(folder: Path, study: Study) -> Path:
    """The tables and the manifest of a finished study."""
    synthetic.write_tables(folder, study, synthetic.write_jobs(folder, study))
    return listed(folder, study)


def listed(folder: Path, study: Study) -> Path:
    """The folder of a study with tables, now with a manifest."""
    told = {"study": settings(study), "files": {}, "artifacts": "a" * 64}
    (folder / "manifest.json").write_text(json_text(seal(told)))
    return folder


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("studies")
    few = {"initialisations": ["own"], "controls": ["dense"], "compare": [["cross-own", "mnist-own"]]}
    one = synthetic.study(2, **few)
    first, second = (
        one.model_copy(update={"study": name, "about": f"The question of {name}."}) for name in ("first", "second")
    )
    shutil.copytree(finished(folder / "first", first), folder / "second")  # no table has the study's name
    return [folder / "first", listed(folder / "second", second)]


def test_answers_stand_side_by_side_and_places_are_unique(studies: list[Path], tmp_path: Path) -> None:
    page = tmp_path / "joined.html"
    assert main(["report", *map(str, studies), "--to", str(page)]) == 0
    text = re.sub(r"<script.*?</script>", "", page.read_text(), flags=re.DOTALL)
    assert text.count('<p class="question">The question of') == 2
    assert len(re.findall(r'<a href="#(?:first|second)-transfer">(?:first|second), transfer</a>', text)) == 2
    places = re.findall(r' id="([^"]+)"', text)
    assert len(places) == len(set(places)) > 20
    assert {*re.findall(r'href="#([^"]+)"', text)} <= {*places}
    folders = [link for link in re.findall(r'href="([^"#]+)"', text) if link.endswith("/")]
    assert {(tmp_path / link).resolve().relative_to(studies[0].parent.resolve()).parts[0] for link in folders} == {
        "first",
        "second",
    }


def test_what_cannot_be_joined_is_one_sentence(
    studies: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = str(tmp_path / "page.html")
    assert main(["report", str(studies[0]), str(studies[0]), "--to", page]) == 1
    assert "first: study first, as in " in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    assert main(["report", str(tmp_path / "empty"), "--to", page]) == 1
    assert "has no manifest.json, so the study is not finished; run it to its end" in capsys.readouterr().err
    assert not Path(page).exists()


def test_a_finished_study_has_the_order_of_its_file(tmp_path: Path) -> None:
    """The first evaluation is the question of the report, and of patterns of layers the first that fits counts."""
    one = synthetic.study(2)
    told = one.model_dump(mode="json", exclude_none=True)
    told["evaluations"] = {"main": told["evaluations"]["transfer"], "appendix": told["evaluations"]["transfer"]}
    study = Study.model_validate(told)
    (tmp_path / "manifest.json").write_text(json_text(seal({"study": settings(study), "files": {}})))
    found = finished_study(tmp_path)
    assert found is not None
    assert Plan(found).assessments == Plan(study).assessments == ["main", "appendix"]
    assert list(found.tickets) == list(study.tickets)


def test_the_page_of_several_takes_the_tables_of_the_study_not_those_of_an_assessment(tmp_path: Path) -> None:
    """`at_tenth/layers.csv` comes before `layers.csv`; no chart is made of it, so that nobody reads it."""
    example = synthetic.methods(2, compare=[["imp", "snip"]])
    results = finished(tmp_path / "methods", example)
    (results / "tables/at_tenth/layers.csv").write_text("not a table\n")
    assert main(["report", str(results), "--to", str(tmp_path / "joined.html")]) == 0
