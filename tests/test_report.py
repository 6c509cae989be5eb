"""The report page: it leads with the verdict, holds everything it needs, and is the same bytes twice."""

import html
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import synthetic

from lth.analysis import figures
from lth.analysis.figures.colours import colour_places
from lth.analysis.figures.draw import draw_figure
from lth.analysis.report.page import write_report
from lth.analysis.tables.files import read_table
from lth.config.study import Study
from lth.errors import UserError
from lth.plan.plan import Plan

NAMES = ("final_accuracy", "differences", "pruning_curves")


CHECKSUM = "0123456789abcdef" * 4
OF_COMPARISON = ("final_accuracy", "accuracy_cost", "early_stop")


def made(folder: Path, example: Study, names: Sequence[str] = ()) -> tuple[list[Path], list[Path]]:
    """The tables and some figures of a study, perhaps those named."""
    tables = synthetic.write_tables(folder, example, synthetic.write_jobs(folder, example))
    (assessment,) = Plan(example).assessments
    drawn = []
    for name in names or (OF_COMPARISON if example.comparisons else NAMES):
        spec = figures.FIGURES[name]
        place = "" if spec.scope == "study" else f"{assessment}/"
        drawn.append(folder / "figures" / place / f"{name}.svg")
        needed = {table: read_table(tables[place + table]) for table in spec.tables}
        draw_figure(name, needed, colour_places(Plan(example)), drawn[-1])
    return list(tables.values()), drawn


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of a study with six seeds and one comparison, written twice."""
    folder = tmp_path_factory.mktemp("report")
    example = synthetic.study(6, initialisations=["own"], controls=["dense"], compare=[["cross-own", "mnist-own"]])
    tables, drawn = made(folder, example)
    for name in ("one.html", "two.html"):
        write_report(example, tables, drawn, folder / name, CHECKSUM)
        drawn.reverse()
    assert (folder / "one.html").read_bytes() == (folder / "two.html").read_bytes()
    return (folder / "one.html").read_text()


def test_ids_are_told_once_whatever_evaluations_are_called(tmp_path: Path) -> None:
    for name in ("charts", "measured", "main", "study", "tickets"):
        few = {"tickets": ["cross"], "initialisations": ["own"], "controls": ["dense"], "compare": []}
        told = synthetic.study(1, **few).model_dump(mode="json", exclude_none=True)
        told["evaluations"] = {name: {**told["evaluations"]["transfer"], "compare": []}}
        example = Study.model_validate(told)
        tables = synthetic.write_tables(tmp_path / name, example, synthetic.write_jobs(tmp_path / name, example))
        write_report(example, list(tables.values()), [], tmp_path / f"{name}.html", CHECKSUM)
        ids = re.findall(r'\bid="([^"]+)"', (tmp_path / f"{name}.html").read_text())
        assert sorted(ids) == sorted({*ids})


def test_charts_link_to_their_figures_whatever_an_evaluation_is_called(tmp_path: Path) -> None:
    told = synthetic.study(2, initialisations=["own"], controls=["dense"]).model_dump(mode="json", exclude_none=True)
    told["evaluations"] = {"old_figures": {**told["evaluations"]["transfer"], "compare": []}}
    tables, drawn = made(tmp_path, Study.model_validate(told), ("final_accuracy", "pruning_curves"))
    write_report(Study.model_validate(told), tables, drawn, tmp_path / "page.html", CHECKSUM)
    text = (tmp_path / "page.html").read_text()
    for name in ("old_figures/final_accuracy", "pruning_curves"):
        assert f'<a href="figures/{name}.svg">' in text


def test_a_ticket_called_dense_is_hidden_without_the_control_of_that_name(tmp_path: Path) -> None:
    told = synthetic.study(2, initialisations=["own"], controls=["dense"], compare=[]).model_dump(
        mode="json", exclude_none=True
    )
    spec = told["evaluations"]["transfer"]
    told["tickets"] = {"dense": told["tickets"]["mnist"]}
    told["evaluations"] = {"transfer": {**spec, "tickets": ["dense"], "matched_to": None}}
    example = Study.model_validate(told)
    jobs = synthetic.write_jobs(tmp_path, example, means={"dense-own": 60.0})
    tables = synthetic.write_tables(tmp_path, example, jobs)
    write_report(example, list(tables.values()), [], tmp_path / "page.html", CHECKSUM)
    text = (tmp_path / "page.html").read_text()
    keys = {entry["label"]: entry["key"] for entry in charts_of(text)["transfer-accuracy"]["series"]}
    assert keys == {"dense-own": "dense", "dense": "dense-dense"}
    assert {entry["key"] for entry in charts_of(text)["-pruning-mnist"]["series"]} == {"dense"}
    assert re.findall(r'<tr data-key="([^"]+)"', text) == ["dense", "dense-dense"]


def test_a_study_of_images_that_are_gone_is_reported(tmp_path: Path) -> None:
    one = synthetic.one_arm(2)
    patient = one.recipes["find"].model_copy(update={"patience": 2})
    gone = {
        name: data.model_copy(update={"source": f"folder:{tmp_path}/{name}"}) for name, data in one.datasets.items()
    }
    jobs = synthetic.write_jobs(tmp_path, one)
    example = one.model_copy(update={"datasets": gone, "recipes": {"find": patient}})
    tables = synthetic.write_tables(tmp_path, example, jobs)
    assert "epochs_not_run" in read_table(tables["rounds"])
    write_report(example, list(tables.values()), [], tmp_path / "page.html", CHECKSUM)
    assert "accuracy" in (tmp_path / "page.html").read_text()


def charts_of(page: str) -> dict[str, Any]:
    """What the page's script is told, by the chart's place."""
    (told,) = re.findall(r'<script type="application/json" id="-charts">(.*?)</script>', page)
    found: dict[str, Any] = json.loads(told)
    return found


def without_scripts(page: str) -> str:
    return re.sub(r'<script.*?</script>|src="data:[^"]*"', "", page, flags=re.DOTALL)


def test_the_verdict_comes_before_tables_and_figures(page: str) -> None:
    text = html.unescape(page)
    answer = text.index('<p class="answer">The ticket cross gets ')
    verdict = text.index('<p class="verdict">cross-own is significantly better than mnist-own on cifar at 13 % density')
    assert text.index('<p class="question">Does a ticket') < answer < verdict < text.index('<table class="sortable">')
    assert verdict < text.index('<h2 id="-methods">Methods')


def test_the_page_needs_nothing_else(page: str) -> None:
    """Links lead to files of the study beside it; nothing is loaded."""
    assert not re.findall(r"<script[^>]* src", page)
    rest = without_scripts(page)
    assert not re.findall(r'(?:src|href)="(?!data:|#|figures/|tickets/|masks.html")', rest)
    assert not re.search(r"@import|url\(|http", rest)
    for name in ("transfer/final_accuracy", "transfer/differences", "pruning_curves"):
        assert f'<a href="figures/{name}.svg">' in page


def test_every_figure_has_its_caption_and_tables_their_rows(page: str) -> None:
    text = html.unescape(page)
    for chart in charts_of(page).values():
        assert chart["spec"]
    assert text.count("<figcaption") == len(charts_of(page)) == 10
    assert text.count('<tr data-key="') == 4  # arms
    assert not re.search(r"\bnan\b", without_scripts(text), re.IGNORECASE)


def test_the_page_names_seeds_tickets_and_versions(page: str) -> None:
    assert "<dd>0, 1, 2, 3, 4, 5</dd>" in page
    assert "from mnist after round 2" in page
    assert "<dt>torch</dt>" in page


def test_text_of_the_study_is_escaped(tmp_path: Path) -> None:
    example = synthetic.study(1).model_copy(update={"about": "<b>a & b</b>"})
    tables, drawn = made(tmp_path, example)
    write_report(example, tables, drawn, tmp_path / "report.html", CHECKSUM)
    text = (tmp_path / "report.html").read_text()
    assert "&lt;b&gt;a &amp; b&lt;/b&gt;" in text
    assert "With one seed " in text
    assert "descriptive only" in text


def test_a_study_of_one_arm(tmp_path: Path) -> None:
    example = synthetic.one_arm(2)
    tables, drawn = made(tmp_path, example)
    write_report(example, tables, drawn, tmp_path / "report.html", CHECKSUM)
    assert "no test was run on cifar at 13 % density" in (tmp_path / "report.html").read_text()


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of a comparison of tickets at 2 %, as text."""
    folder = tmp_path_factory.mktemp("compared")
    example = synthetic.methods(2, density=0.02, tickets=["snip", "progressive", "dense"], compare=[["snip", "dense"]])
    tables, drawn = made(folder, example)
    write_report(example, tables, drawn, folder / "report.html", CHECKSUM)
    return html.unescape(without_scripts((folder / "report.html").read_text()))


def test_a_comparison_has_its_section_with_costs(compared: str) -> None:
    assert '<p class="verdict">No significant difference between snip and dense on mnist at 2 % density' in compared
    assert '<th scope="col">TFLOPs</th>' in compared
    assert "not measured" in compared
    for place in ("at_tenth-accuracy", "at_tenth-cost", "-pruning-mnist"):
        assert f'<figure class="interactive" id="{place}">' in compared
    assert "Layer collapse: the masks of snip leave no weight" in compared
    assert "Layer collapse in 1 of the 3 rounds of snip" in compared
    assert not re.search(r"\bnan\b", compared)


def test_every_method_has_its_line_of_provenance(compared: str) -> None:
    assert "lenet; dense, never pruned, on mnist" in compared
    assert "lenet; pruned before training by snip (globally), 10, 5, 2 % of weights kept, on mnist" in compared
    assert "pruned by magnitude while training (linear, epochs 0 to 1)" in compared
    assert "mask updated while training: smallest by magnitude dropped, regrown by gradient (layers by ERK)" in compared
    assert "masked weights moved out by a growing penalty in 3 cycles" in compared
    assert "newly drawn weights under the masks of imp, round by round" in compared
    assert "union of the masks of snip and synflow" in compared
    assert "<dt>recipe find</dt><dd>SGD 0.1, constant, batch size 60" in compared
    assert "on mnist; recipe find" in compared
    assert "rounds 0 to 12, 25 % per round, magnitude (layerwise), rewound to theta_0" in compared
    assert "<dt>comparison at_tenth</dt><dd>3 arms on mnist, 2 % of weights kept, existing trainings" in compared


def test_a_margin_has_its_table_method_and_provenance(tmp_path: Path, page: str) -> None:
    arms = {
        "tickets": ["cross"],
        "initialisations": ["own"],
        "controls": ["dense"],
        "compare": [["cross-own", "dense"]],
    }
    example = synthetic.study(5, **arms, equivalence_margin=8)
    tables, drawn = made(tmp_path, example)
    write_report(example, tables, drawn, tmp_path / "report.html", CHECKSUM)
    text = html.unescape(without_scripts((tmp_path / "report.html").read_text()))
    assert '<p class="verdict">cross-own and dense are equivalent within ±8 points on cifar' in text
    assert "<h3>Equivalence within ±8 points</h3>" in text
    assert re.search(r"<td>±8</td><td>0.031</td><td>0.031</td><td>equivalent</td></tr>", text)
    assert "Equivalence: the study file names a margin (transfer: ±8 percentage points)." in text
    assert "The 90 % intervals are uncorrected" in text
    assert ", equivalence margin ±8 points; recipe find</dd>" in text
    assert not re.search(r"\bnan\b", text)
    assert "<h3>Equivalence" not in page
    assert "Equivalence:" not in html.unescape(page)


def test_a_missing_table_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no table rounds.csv among its inputs"):
        write_report(synthetic.study(1), [], [], tmp_path / "report.html", CHECKSUM)
