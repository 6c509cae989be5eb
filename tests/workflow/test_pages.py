"""Data behind every page: what `collect` packs gives the study's tables and figures, and `redraw` keeps pages true."""

import gzip
import json
import shutil
from hashlib import sha256
from pathlib import Path

import pytest
import yaml
from test_methods_study import METHODS_STUDY
from tiny import Project, finished_once

from lth.analysis.figures.choice import figures_of
from lth.artifacts.records import json_text, seal
from lth.artifacts.tickets import Ticket
from lth.cli import main
from lth.errors import UserError
from lth.pages.data import StudyData, opened_data
from lth.pages.headlines import headline_table
from lth.plan.plan import Plan

pytestmark = pytest.mark.workflow
PAGE = """\
# A page

Words with **0.5** points. <!-- given: 0.5, of a bet -->

<!-- data: tiny -->
<!-- end -->

<!-- table: transfer/arms; columns: arm, test acc. %, best_epoch .1f as best; rows: cross-own, dense -->
old
<!-- end -->
<!-- table: transfer/comparisons -->
<!-- end -->
<!-- table: layers; rows: digits round=1 -->
<!-- end -->
<!-- verdict: transfer -->
<!-- end -->
<!-- notes: rounds -->
<!-- end -->
<!-- figure: transfer/final_accuracy -->
<!-- end -->

The dense network has {accuracy} % (n = 2). <!-- from: transfer/arms dense -->

It is the mean of its runs, {accuracy} %. <!-- from: mean transfer/runs arm=dense -->

```
<!-- table: this is shown, not made -->
```
"""


@pytest.fixture(scope="module")
def finished_methods(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return finished_once(tmp_path_factory, "methods", METHODS_STUDY)


@pytest.fixture(scope="module")
def packed(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of the finished study; tests only read them."""
    folder = tmp_path_factory.mktemp("packed") / "tiny"
    assert main(["collect", str(finished.results), "--to", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def data(packed: Path, tmp_path_factory: pytest.TempPathFactory) -> StudyData:
    """The packed data with their tables made; tests only read them."""
    return opened_data(packed, tmp_path_factory.mktemp("opened"))


@pytest.fixture
def pages(packed: Path, data: StudyData, tmp_path: Path) -> Path:
    """A folder with a page, and the data."""
    folder = tmp_path / "pages"
    shutil.copytree(packed, folder / "data/tiny")
    (folder / "page.md").write_text(PAGE.format(accuracy=dense_accuracy(data.table("transfer/arms"))))
    return folder


def dense_accuracy(arms: Path) -> str:
    """As a page shows it."""
    header, *rows = (line.split(",") for line in arms.read_text().splitlines())
    (row,) = (row for row in rows if row[header.index("arm")] == "dense")
    return f"{float(row[header.index('accuracy_percent')]):.2f}"


def bytes_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


TWO = """\
# Two studies

The first one's dense network has {first} %. <!-- from: transfer/arms dense -->

The second one's has {second} %. <!-- from: other: transfer/arms dense -->

<!-- data: tiny -->
<!-- end -->
<!-- figure: transfer/final_accuracy -->
<!-- end -->

It has {first} %. <!-- from: transfer/arms dense -->

<!-- data: other -->
<!-- end -->
<!-- table: transfer/arms; columns: accuracy_percent .2f; rows: dense -->
<!-- end -->
<!-- figure: transfer/final_accuracy -->
<!-- end -->

It has {second} %. <!-- from: transfer/arms dense -->
"""


def test_a_page_may_have_the_data_of_several_studies(
    pages: Path, project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What stands below a marker of data is that study's; above all of them, the first one's."""
    (project.results / "manifest.json").unlink()
    shutil.rmtree(project.results / "evaluations/transfer/dense/seed1")
    other = pages / "data/other"
    assert main(["collect", str(project.results), "--study", str(project.study), "--to", str(other)]) == 0
    first, second = (
        dense_accuracy(opened_data(pages / "data" / name, tmp_path / "of" / name).table("transfer/arms"))
        for name in ("tiny", "other")
    )
    assert first != second
    (pages / "page.md").write_text(TWO.format(first=first, second=second))
    assert main(["redraw", str(pages)]) == 0
    text = (pages / "page.md").read_text()
    assert f"| {second} |" in text
    for name in ("tiny", "other"):
        assert f"[data/{name}](data/{name})" in text
        assert f"(figures/{name}/transfer/final_accuracy.svg)" in text
        assert (pages / f"figures/{name}/transfer/final_accuracy.svg").is_file()
    (pages / "page.md").write_text(TWO.format(first=second, second=first))
    told = refused(capsys, "redraw", pages)
    assert [line.split(":")[1] for line in told.splitlines() if " is not in " in line] == ["3", "5", "12", "21"]


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """What a command that fails prints."""
    capsys.readouterr()
    assert main([str(argument) for argument in arguments]) == 1
    told = capsys.readouterr()
    return told.out + told.err


def assert_same_tables(project: Project, folder: Path, scratch: Path) -> None:
    """What the packed CSVs give is what the study's own jobs wrote, byte by byte."""
    assert main(["collect", str(project.results), "--to", str(folder)]) == 0
    data = opened_data(folder, scratch)
    own = bytes_in(project.results / "tables")
    assert len(own) > 10
    assert bytes_in(scratch / "tables") == own
    plan = Plan(data.study)
    drawn = {"pruning_curves", *(f"{name}/{figures_of(plan, name)[0]}" for name in plan.assessments)}
    for figure in drawn:
        assert data.draw(figure).read_bytes() == (project.results / f"figures/{figure}.svg").read_bytes(), figure


def test_packed_data_give_the_tables_and_figures_of_the_study(finished: Project, tmp_path: Path) -> None:
    assert_same_tables(finished, tmp_path / "tiny", tmp_path / "scratch")
    sizes = [len(content) for content in bytes_in(tmp_path / "tiny").values()]
    assert sum(sizes) < 100_000


def test_so_do_those_of_a_comparison(finished_methods: Project, tmp_path: Path) -> None:
    """Its arms are rounds, and its costs those of all that they were derived from."""
    assert_same_tables(finished_methods, tmp_path / "methods", tmp_path / "scratch")


def test_packing_twice_gives_the_same_bytes(finished: Project, packed: Path, tmp_path: Path) -> None:
    copy = tmp_path / "tiny"
    shutil.copytree(packed, copy)
    contents = json.loads((copy / "data.json").read_text())
    contents["tables"]["tickets/older.csv.gz"] = "of an earlier version"
    (copy / "data.json").write_text(json.dumps(contents))
    (copy / "tickets/older.csv.gz").touch()
    assert main(["collect", str(finished.results), "--to", str(copy)]) == 0
    assert bytes_in(copy) == bytes_in(packed)


def test_a_page_is_made_from_its_data_and_stays_as_it_is(pages: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "is not what its data give" in refused(capsys, "redraw", pages, "--check")
    assert main(["redraw", str(pages)]) == 0
    text = (pages / "page.md").read_text()
    assert "| arm | test acc. % | best |" in text
    assert "\nold\n" not in text
    assert "<!-- table: this is shown, not made -->\n```" in text
    assert "(figures/tiny/transfer/final_accuracy.svg)" in text
    made = bytes_in(pages)
    assert "figures/tiny/transfer/final_accuracy.svg" in made
    assert main(["redraw", str(pages)]) == 0
    assert "0 files changed" in capsys.readouterr().out
    assert main(["redraw", str(pages), "--check"]) == 0
    assert bytes_in(pages) == made


def test_an_edited_number_is_found_wherever_it_stands(pages: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["redraw", str(pages)]) == 0
    text = (pages / "page.md").read_text()
    prose = next(line for line in text.splitlines() if line.startswith("The dense network"))
    number = prose.split()[4]
    wrong = f"{float(number) + 0.02:.2f}"
    row = next(line for line in text.splitlines() if line.startswith("| dense"))
    (pages / "prose.md").write_text(text.replace(prose, prose.replace(number, wrong)))
    (pages / "row.md").write_text(text.replace(row, row.replace(number, wrong)))
    (pages / "given.md").write_text(text.replace("**0.5**", "**0.6**"))
    told = refused(capsys, "redraw", pages, "--check")
    line = text.splitlines().index(prose) + 1
    assert f"prose.md:{line}: {wrong} is not in transfer/arms dense (nearest: accuracy_percent " in told
    assert "row.md: is not what its data give" in told
    assert "given.md:3: 0.6: nothing says where it comes from" in told
    assert "given.md:3: 0.5 is given, but the text has no such number" in told
    assert "page.md" not in told


def test_altered_data_are_refused_by_name(pages: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = pages / "data/tiny/tickets/history.csv.gz"
    text, good = gzip.decompress(path.read_bytes()).decode(), path.read_bytes()
    path.write_bytes(gzip.compress(text.replace("9", "8", 1).encode(), mtime=0))
    assert f"{path}: was altered after it was packed" in refused(capsys, "redraw", pages)
    path.write_bytes(good[:-20])
    assert f"{path}: is damaged (not readable as gzip)" in refused(capsys, "redraw", pages)
    path.unlink()
    assert f"{path}: no such file" in refused(capsys, "redraw", pages)
    path.write_bytes(good)
    settings = pages / "data/tiny/study.yaml"
    own = settings.read_text()
    settings.write_text(own.replace("alpha: 0.05", "alfa: 0.05"))
    assert f"{settings}: alfa: unknown key (did you mean 'alpha'?)" in refused(capsys, "redraw", pages)
    settings.write_text(own.replace("- 1\n", "- 2\n", 1))
    assert f"{settings}: has another name or other seeds than data.json" in refused(capsys, "redraw", pages)
    settings.write_text(own)
    contents = pages / "data/tiny/data.json"
    told = json.loads(contents.read_text())
    del told["tables"]["tickets/cost.csv.gz"], told["checksum"]
    contents.write_text(json_text(told))
    assert f"{contents}: has no entry 'checksum'" in refused(capsys, "redraw", pages)
    contents.write_text(json_text(seal(told)))
    assert "does not list tickets/cost.csv.gz" in refused(capsys, "redraw", pages)


def test_an_altered_study_is_not_packed(project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    history = project.results / "tickets/letters/seed1/round02/history.csv"
    history.write_text(history.read_text().replace("9", "8", 1))
    for extra in ([], ["--study", project.study]):
        told = refused(capsys, "collect", project.results, "--to", tmp_path / "data", *extra)
        assert f"{history}: its checksum differs" in told
    (project.results / "manifest.json").unlink()
    told = refused(capsys, "collect", project.results, "--study", project.study, "--to", tmp_path / "data")
    assert f"{history}: its SHA-256 is not the one that ticket.safetensors has" in told
    assert not (tmp_path / "data").exists()


def test_of_an_unfinished_study_the_complete_seeds_are_packed(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project.results / "manifest.json").unlink()
    told = refused(capsys, "collect", project.results)
    assert "has no manifest.json, so the study is not finished; name its file (--study FILE)" in told
    lost = project.results / "evaluations/transfer/dense/seed1/confusion.csv"
    lost.unlink()
    pages = tmp_path / "pages"
    folder = pages / "data/tiny"
    assert main(["collect", str(project.results), "--study", str(project.study), "--to", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "1 of 2 seeds" in out
    assert f"seed 1 left out: {lost}: no such file" in out
    note = "**The study was not finished: of its 2 seeds, seed 1 was not complete and was left out.**"
    assert note in (folder / "README.md").read_text()
    (pages / "page.md").write_text("<!-- data: tiny -->\n<!-- end -->\n<!-- table: transfer/arms -->\n<!-- end -->\n")
    assert main(["redraw", str(pages)]) == 0
    text = (pages / "page.md").read_text()
    assert f"(seeds 0).*\n\n{note}\n" in text
    assert "| 1 |" in next(line for line in text.splitlines() if line.startswith("| dense"))
    (project.results / "tickets/digits/seed0/round01/layers.csv").unlink()
    told = refused(capsys, "collect", project.results, "--study", project.study, "--to", tmp_path / "more")
    assert "no seed is complete" in told


def test_a_page_that_is_no_text_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "folder.md").mkdir()
    (tmp_path / "page.md").write_bytes("Übersicht".encode("latin-1"))
    assert "page.md: is no UTF-8 text (invalid continuation byte at byte 0)" in refused(capsys, "redraw", tmp_path)


def test_packed_seeds_are_not_replaced_by_fewer_or_by_another_study(
    project: Project, packed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(packed, tmp_path / "tiny")
    before = bytes_in(folder)
    (project.results / "manifest.json").unlink()
    shutil.rmtree(project.results / "tickets/letters/seed1")
    told = refused(capsys, "collect", project.results, "--study", project.study, "--to", folder)
    assert f"{folder}: has seed 1, which {project.results} has not; keep it with --add" in told
    contents = json.loads((folder / "data.json").read_text())
    contents["study"] = "another"
    (folder / "data.json").write_text(json.dumps(contents))
    told = refused(capsys, "collect", project.results, "--study", project.study, "--to", folder)
    assert f"{folder}: holds the data of study 'another', found 'tiny'" in told
    assert {name for name, content in bytes_in(folder).items() if content != before[name]} == {"data.json"}


def test_seeds_of_a_further_run_are_added_to_the_packed_ones(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In whichever order they were run, the tables are those of one run of all."""

    def collect(folder: Path, *options: str, without: int | None = None) -> str:
        copy = project.copy(tmp_path / f"{folder.name}_{without}") if without is not None else project
        if without is not None:
            shutil.rmtree(copy.results / f"tickets/letters/seed{without}")
        (copy.results / "manifest.json").unlink(missing_ok=True)
        given = [copy.results, "--study", project.study, "--to", folder]
        assert main(["collect", *map(str, given), *options]) == 0
        return capsys.readouterr().out

    collect(tmp_path / "whole")
    whole = bytes_in(tmp_path / "whole")
    for first, second in ((0, 1), (1, 0)):
        folder = tmp_path / f"seed{first}"
        assert "1 of 2 seeds" in collect(folder, without=second)
        told = collect(folder, "--add", without=first)
        assert "2 of 2 seeds" in told
        assert "left out" not in told
        both = bytes_in(folder)
        assert {name for name in whole if both[name] != whole[name]} == {"README.md", "data.json"}
        assert f"Packed from 2 runs: seeds {first}; then {second} (`collect --add`)." in both["README.md"].decode()
        assert json.loads(both["data.json"])["missing"] == {}
        collect(folder, "--add")  # a seed that both have is that of the results
        assert bytes_in(folder) == whole
    collect(tmp_path / "none", "--add")
    assert bytes_in(tmp_path / "none") == whole


def test_data_of_before_there_was_a_table_give_all_others(project: Project, packed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tiny"
    shutil.copytree(packed, folder)
    contents = json.loads((folder / "data.json").read_text())
    del contents["checksum"]
    for name in [name for name in contents["tables"] if name.endswith("/units.csv.gz")]:
        del contents["tables"][name]
        (folder / name).unlink()
    (folder / "data.json").write_text(json_text(seal(contents)))
    data = opened_data(folder, tmp_path / "scratch")
    assert "transfer/overlap" in data.table_names
    assert "transfer/units" not in data.table_names
    assert main(["collect", str(project.results), "--add", "--to", str(folder)]) == 0  # seeds of both kinds: without
    assert "transfer/units" not in opened_data(folder, tmp_path / "again").table_names


def test_seeds_are_added_to_data_of_before_there_was_a_column(project: Project, packed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tiny"
    shutil.copytree(packed, folder)
    contents = json.loads((folder / "data.json").read_text())
    del contents["checksum"]
    path = folder / "evaluations/transfer/units.csv.gz"
    lines = [line.rpartition(",")[0] for line in gzip.decompress(path.read_bytes()).decode().splitlines()]
    older = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(older))
    contents["tables"]["evaluations/transfer/units.csv.gz"] = sha256(older).hexdigest()
    contents["seeds"], contents["missing"] = contents["seeds"][:1], {str(contents["seeds"][1]): "lost"}
    (folder / "data.json").write_text(json_text(seal(contents)))
    study = yaml.safe_load((folder / "study.yaml").read_text())
    (folder / "study.yaml").write_text(yaml.safe_dump({**study, "seeds": contents["seeds"]}))
    assert main(["collect", str(project.results), "--add", "--to", str(folder)]) == 0
    data = opened_data(folder, tmp_path / "scratch")
    assert "on_path_percent" in data.rows("transfer/arms")[0]
    assert "in_ticket_percent" not in data.rows("transfer/arms")[0]
    assert "in_ticket_percent" in opened_data(packed, tmp_path / "whole").rows("transfer/arms")[0]


def test_units_are_those_of_each_arms_own_mask(finished: Project) -> None:
    from lth.analysis.tables.files import read_sealed

    table = read_sealed(finished.results / "tables/transfer/units.csv").set_index(["arm", "layer"])
    tickets = list((finished.results / "controls").rglob("ticket.safetensors"))
    assert len(tickets) > 2
    masks = {}
    for path in tickets:
        ticket = Ticket.load(path)
        name = f"{ticket.provenance['ticket']}-{ticket.provenance['control']}"
        masks.setdefault(name, []).append(ticket.masks)
    for arm in ("cross-random", "cross-shuffled"):
        for layer in masks[arm][0]:
            used = [int(found[layer].flatten(1).any(1).sum()) for found in masks[arm]]
            assert table.loc[(arm, layer), "outputs_used_mean"] == sum(used) / len(used), (arm, layer)


def test_seeds_of_other_settings_are_not_added(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data"
    assert main(["collect", str(project.results), "--to", str(folder)]) == 0
    settings = folder / "study.yaml"
    settings.write_text(settings.read_text().replace("alpha: 0.05", "alpha: 0.1"))
    before = bytes_in(folder)
    told = refused(capsys, "collect", project.results, "--to", folder, "--add")
    assert f"{settings}: alpha: the data have 0.1, the study 0.05; seeds can be added to data of the same" in told
    assert bytes_in(folder) == before


def test_results_of_other_settings_are_not_packed(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project.edit("study.yaml", "learning_rate: 0.05", "learning_rate: 0.06")
    told = refused(capsys, "collect", project.results, "--study", project.study, "--to", tmp_path / "data")
    assert "its record is of other settings than the study's" in told


def test_a_folder_of_other_files_is_not_overwritten(
    finished: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    told = refused(capsys, "collect", finished.results, "--to", tmp_path)
    assert f"{tmp_path}: exists, and holds no data of a study (data.json); choose another folder" in told
    assert bytes_in(tmp_path) == {"notes.txt": b"mine"}


WRONG = [
    ("<!-- tabel: rounds -->", "unknown marker 'tabel' (did you mean 'table'?)"),
    ("<!-- table: rounds -->", "'<!-- table: rounds -->' has no <!-- end -->"),
    ("words <!-- table: rounds -->", "the marker 'table' needs a line of its own"),
    ("<!-- end -->", "<!-- end --> without a beginning"),
    ("<!-- table: round -->\n<!-- end -->", "the study has no table 'round' (did you mean 'rounds'?)"),
    ("<!-- table: rounds; colums: n -->\n<!-- end -->", "'colums: n' is no option of 'table'; allowed: columns"),
    ("<!-- table: rounds; columns: nn -->\n<!-- end -->", "rounds has no column 'nn'"),
    ("<!-- table: rounds; rows: digit -->\n<!-- end -->", "no row of rounds has 'digit'; its first column has"),
    ("<!-- table: rounds; columns: ticket .2f -->\n<!-- end -->", "'digits' cannot be written as '.2f'"),
    ("<!-- figure: curves -->\n<!-- end -->", "the study has no figure 'curves'"),
    ("<!-- verdict: there -->\n<!-- end -->", "the study has no evaluation or comparison 'there'"),
    ("<!-- data: tiny -->\n<!-- end -->", "the data of tiny are named a second time"),
    ("5 <!-- from: other: rounds -->", "the page names no data of 'other'; it names: tiny"),
    ("5 <!-- from: tiny: round -->", "the study has no table 'round'"),
    ("5 <!-- from: transfer/arm dense -->", "the study has no table 'transfer/arm'"),
    ("5 <!-- from: transfer/arms sparse -->", "no row of transfer/arms has 'sparse'"),
    ("5 <!-- from: transfer/confusion -->", "rows; a source may be at most 20: name them closer"),
]
"""Markup in line 5 of a page, and what is said of it."""


def test_wrong_markup_is_a_sentence_with_its_line(
    packed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(packed, tmp_path / "data/tiny")
    for place, (markup, _) in enumerate(WRONG):
        (tmp_path / f"{place}.md").write_text(f"# Page\n\n<!-- data: tiny -->\n<!-- end -->\n{markup}\n")
    told = refused(capsys, "redraw", tmp_path)
    for place, (_, words) in enumerate(WRONG):
        line = next(line for line in told.splitlines() if line.startswith(f"{tmp_path / str(place)}.md:5: "))
        assert words in line


def test_figures_that_no_page_shows_and_pages_without_data_are_named(
    pages: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["redraw", str(pages)]) == 0
    left = pages / "figures/tiny/transfer/confusion.svg"
    left.write_text("of an earlier page")
    assert f"{left}: is shown by none of 1 pages; delete it" in refused(capsys, "redraw", pages)
    shutil.rmtree(pages / "data")
    told = refused(capsys, "redraw", pages)
    assert f"no folder {pages / 'data/tiny'}; to make it: `lth collect results/tiny`" in told
    (pages / "page.md").write_text("no data")
    assert "no page names its data (<!-- data: STUDY -->)" in refused(capsys, "redraw", pages)


def headline(here: str, conclusion: str = "reproduced", why: str = "Close") -> str:
    told = f"claim: Better, source: Somebody, published: '98.1, n = 1', why: '{why}'"
    return f"- {{{told}, conclusion: {conclusion}{here}}}\n"


def test_headlines_are_read_from_data_where_there_are_data(
    pages: Path, data: StudyData, capsys: pytest.CaptureFixture[str]
) -> None:
    (pages / "README.md").write_text("# Results\n<!-- headlines: headlines.yaml -->\n<!-- end -->\n")
    dense = "here: {study: tiny, row: transfer/arms dense, value: accuracy_percent}"
    (pages / "headlines.yaml").write_text(
        headline(f", {dense}", why="Close, with 2 seeds; 4 epochs <!-- given: 4, epochs -->")
        + headline(", here: {study: tiny, row: transfer/comparisons dense, value: difference_points}", "refuted")
        + headline(", here: {study: big, text: '97.9 ± 0.1', n: 3}", "not comparable")
        + headline("", "not attempted")
        + headline(", here: {study: tiny, row: rounds digits round=1, value: collapsed_seeds}")
        + headline(", here: {study: tiny, text: '97.8', n: 3}")  # of an earlier run with more seeds
    )
    assert main(["redraw", str(pages)]) == 0
    accuracy = (pages / "page.md").read_text().split("The dense network has ")[1].split()[0]
    lines = [line for line in (pages / "README.md").read_text().splitlines() if line.startswith("| Better")]
    assert lines[0].startswith(f"| Better | 98.1, n = 1 (Somebody) | {accuracy} (")
    assert lines[0].endswith("n = 2 | reproduced | Close, with 2 seeds; 4 epochs | [tiny](data/tiny) |")
    assert " to +" in lines[1] or " to -" in lines[1]
    assert lines[2].endswith("| 97.9 ± 0.1, n = 3 | not comparable | Close | data not committed |")
    assert lines[3].endswith("| - | not attempted | Close | - |")
    assert "(Somebody) | 0, n = 2 | reproduced" in lines[4]
    assert lines[5].endswith("| 97.8, n = 3 | reproduced | Close | data not committed |")
    for wrong, words in (
        (headline(", here: {study: tiny, text: '97.9', n: 2}"), "headline 1: is typed, but"),
        (headline(""), "headline 1: 'here' must be left out where the conclusion is 'not attempted'"),
        (headline(", here: {study: tiny, row: transfer/arms, value: n}"), "row: 'transfer/arms' are 8 rows"),
        (headline(", here: {study: tiny, row: transfer/arms dense, value: m}"), "no number in a column 'm'"),
        (headline("", "proved"), "headline 1: conclusion: Input should be 'reproduced'"),
        (headline(f", {dense}", why="of 8 seeds"), "headline 1: why: 8 is not in transfer/arms dense (nearest: "),
        (headline("", "not attempted", "in 2 hours"), "headline 1: why: 2: nothing says where it comes from"),
        (headline(f", {dense}", why="n <!-- given: 7, s -->"), "why: 7 is given, but the text has no such number"),
    ):
        (pages / "headlines.yaml").write_text(wrong)
        with pytest.raises(UserError) as caught:
            [*headline_table(pages / "headlines.yaml", lambda _: data)]
        assert words in str(caught.value)
    assert words in refused(capsys, "redraw", pages)
