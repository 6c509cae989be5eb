"""Every figure, for one seed, for several, and for a study with a single arm; and what makes figures comparable."""

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import synthetic

from lth import figures
from lth.figures import style
from lth.figures.draw import draw
from lth.tables import EVALUATION_TABLES, STUDY_TABLES

EXAMPLES = {"one_seed": synthetic.study(1), "three_seeds": synthetic.study(3), "one_arm": synthetic.one_arm(3)}


@pytest.fixture(scope="module", params=EXAMPLES)
def tables(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The tables of an example, by their own names."""
    folder = tmp_path_factory.mktemp(request.param)
    example = EXAMPLES[request.param]
    written = synthetic.write_tables(folder, example, synthetic.write_jobs(folder, example))
    return {name.removeprefix("transfer/"): path for name, path in written.items()}


@pytest.mark.parametrize("name", figures.FIGURES)
def test_a_figure_is_drawn(name: str, tables: dict[str, Path], tmp_path: Path) -> None:
    tickets = ["mnist", "fashion", "cross"]
    first, second = tmp_path / "first.svg", tmp_path / "second.svg"
    draw(name, tables, tickets, first)
    text = first.read_text()
    assert ElementTree.fromstring(text).tag.endswith("svg")
    assert "nan" not in re.sub(r'"[^"]*"', "", text)
    assert not re.search(r"<dc:date>|Matplotlib v", text)
    if "three_seeds" in str(tables["arms"]):  # the same bytes twice; once is enough, drawing is slow
        draw(name, tables, tickets, second)
        assert first.read_bytes() == second.read_bytes()


def test_a_user_s_matplotlib_settings_change_nothing(tables: dict[str, Path], tmp_path: Path) -> None:
    import matplotlib as mpl

    plain, styled = tmp_path / "plain.svg", tmp_path / "styled.svg"
    draw("differences", tables, ["mnist"], plain)
    with mpl.rc_context({"font.size": 20, "axes.facecolor": "red", "lines.linewidth": 9}):
        draw("differences", tables, ["mnist"], styled)
        assert mpl.rcParams["font.size"] == 20
    assert plain.read_bytes() == styled.read_bytes()


def test_pyplot_is_not_used() -> None:
    sources = Path(figures.__file__).parent.glob("*.py")
    assert not [path.name for path in sources if re.search(r"(?m)^\s*(import|from) .*pyplot", path.read_text())]


def test_the_names_of_tables_and_figures_cost_no_heavy_import() -> None:
    import subprocess
    import sys

    code = "import sys, lth.tables, lth.figures; sys.exit(bool({'torch', 'pandas', 'matplotlib'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[1]).returncode == 0


def test_a_ticket_has_one_colour_and_controls_have_their_own() -> None:
    palette = style.Palette(["a", "b"])
    assert palette.arm("a", "own") == palette.arm("a", "shuffled") == palette.ticket("a")
    assert palette.ticket("a") != palette.ticket("b")
    assert palette.arm("a", "random") == palette.arm("b", "random")
    assert palette.arm("a", "dense") not in (palette.ticket("a"), palette.arm("a", "random"))
    # a study that has one more ticket at its end changes no colour
    assert style.Palette(["a", "b", "c"]).ticket("b") == palette.ticket("b")


def test_every_kind_of_arm_has_a_mark() -> None:
    from typing import get_args

    from lth.config.plan import Kind

    assert set(style.KINDS) == set(get_args(Kind))
    assert len({mark.marker for mark in style.KINDS.values()}) == len(style.KINDS)


@pytest.mark.parametrize("name", figures.FIGURES)
def test_a_figure_names_tables_that_exist_and_is_captioned_for_snakemake(name: str) -> None:
    drawing = figures.FIGURES[name]
    assert set(drawing.tables) <= set(STUDY_TABLES if drawing.scope == "study" else EVALUATION_TABLES)
    caption = Path(__file__).parents[1] / "workflow" / "report" / f"{name}.rst"
    assert " ".join(caption.read_text().split()) == drawing.caption


def test_layers_that_are_only_numbered_get_names() -> None:
    from lth.figures.parts import layer_labels

    assert layer_labels(["0.weight", "3.weight", "7.weight"]) == ["layer 1", "layer 2", "layer 3"]
    assert layer_labels(["conv1.weight", "block.0.weight"]) == ["conv1", "block.0"]
