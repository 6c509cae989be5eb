"""Every figure, for one seed, for several, and for a study with a single arm; and what makes figures comparable."""

import html
import re
import xml.etree.ElementTree as ElementTree
from math import nan
from pathlib import Path
from typing import get_args

import pandas as pd
import pytest
import synthetic
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lth.analysis import figures
from lth.analysis.figures import curves, draw, parts, style
from lth.analysis.figures.captions import all_captions, as_rst, captions, write_captions
from lth.analysis.figures.choice import figures_of
from lth.analysis.figures.colours import COLOURS, colour_places
from lth.analysis.figures.draw import create, draw_figure
from lth.analysis.figures.facts import in_a_row
from lth.analysis.report.trainings import single_layers
from lth.analysis.tables import EVALUATION_TABLES, STUDY_TABLES
from lth.analysis.tables.arms import compare
from lth.analysis.tables.files import read_table
from lth.checks.read import load_study
from lth.config.data import Initialisation
from lth.config.study import Study
from lth.plan.plan import Plan
from tools.dark import contrast

EXAMPLES = {
    "one_seed": synthetic.study(1),
    "three_seeds": synthetic.study(3),
    "one_arm": synthetic.one_arm(3),
    "methods": synthetic.methods(3),
    "collapsed": synthetic.methods(1, density=0.02, tickets=["snip", "progressive"], compare=[]),
}


@pytest.fixture(scope="module", params=EXAMPLES)
def tables(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The tables of an example, by their own names."""
    folder = tmp_path_factory.mktemp(request.param)
    example = EXAMPLES[request.param]
    written = synthetic.write_tables(folder, example, synthetic.write_jobs(folder, example))
    found = {key.rpartition("/")[2]: path for key, path in written.items() if "/" in key}
    of_study = {f"study/{key}": path for key, path in written.items() if "/" not in key}
    return {**found, **of_study, "name": Path(request.param)}


def drawn(name: str, tables: dict[str, Path], out: Path) -> str:
    """A figure of the example, as text."""
    prefix = "study/" if figures.FIGURES[name].scope == "study" else ""
    needed = {table: read_table(tables[prefix + table]) for table in figures.FIGURES[name].tables}
    draw_figure(name, needed, colour_places(Plan(EXAMPLES[str(tables["name"])])), out)
    return out.read_text()


@pytest.mark.parametrize("name", figures.FIGURES)
def test_a_figure_is_drawn(name: str, tables: dict[str, Path], tmp_path: Path) -> None:
    example = EXAMPLES[str(tables["name"])]
    (assessment,) = Plan(example).assessments
    if name not in (*figures_of(Plan(example)), *figures_of(Plan(example), assessment)):
        return
    text = drawn(name, tables, tmp_path / "first.svg")
    assert ElementTree.fromstring(text).tag.endswith("svg")
    assert "nan" not in re.sub(r'"[^"]*"', "", text)
    assert not re.search(r"<dc:date>|Matplotlib v", text)
    assert text.count("<use") > 2  # marks, ticks: there is something to see
    plan = Plan(EXAMPLES["three_seeds"])
    drawn_there = name in (*figures_of(plan), *figures_of(plan, plan.assessments[0]))
    if str(tables["name"]) == ("three_seeds" if drawn_there else "methods"):  # the same bytes twice; drawing is slow
        assert drawn(name, tables, tmp_path / "second.svg") == text


def test_only_figures_that_have_something_to_show_are_asked_for() -> None:
    everything = {name for name, drawing in figures.FIGURES.items() if drawing.scope == "evaluation"}
    found = {name: set(figures_of(Plan(example), Plan(example).assessments[0])) for name, example in EXAMPLES.items()}
    assert found["three_seeds"] == everything - {"accuracy_cost", "block_density"}
    assert found["methods"] == everything - {"initialisations", "block_density"}
    assert everything - found["one_arm"] == {
        *("accuracy_cost", "block_density", "differences", "confusion_differences"),
        *("epochs_to_reach", "initialisations", "mask_overlap"),
    }
    of_study = {name: set(figures_of(Plan(example))) for name, example in EXAMPLES.items()}
    assert {"early_stop", "pruning_curves", "learning_curves", "accuracy_drop"} < of_study["one_seed"]
    assert of_study["methods"] - of_study["one_seed"] == {"accuracy_while_pruned"}


def test_an_equivalence_margin_is_a_band_and_has_outcomes() -> None:
    accuracies = {"a-own": [60.0, 61.0, 60.5] * 2, "b-own": [60.2, 60.8, 60.6] * 2, "dense": [70.0, 72.0, 71.0] * 2}
    runs = pd.DataFrame(
        {"arm": arm, "seed": seed, "test_accuracy_percent": value}
        for arm, values in accuracies.items()
        for seed, value in enumerate(values)
    )
    arms = pd.DataFrame({"arm": list(accuracies), "ticket": ["a", "b", "b"], "kind": ["own", "own", "dense"]})
    pairs = [("a-own", "b-own"), ("dense", "a-own")]

    def drawn(margin: float | None) -> Figure:
        table = compare(runs, pairs, 0.2, margin)
        return create("differences", {"comparisons": table, "arms": arms}, {"a": 0, "b": 1})

    (axis,) = drawn(20.0).axes
    (band,) = axis.patches
    assert (band.get_x(), band.get_x() + band.get_width()) == (-20, 20)
    low, high = axis.get_xlim()
    assert low < -20 < 20 < high  # both ends can be seen
    words = [text.get_text() for text in axis.texts]
    assert [word for word in words if word in ("equivalent", "both", "different")] == ["equivalent", "both"]
    (plain,) = drawn(None).axes
    assert not plain.patches
    assert "outcome" not in [text.get_text() for text in plain.texts]


def test_every_initialisation_has_a_title_and_is_drawn(tmp_path: Path) -> None:
    assert {*curves._SCHEMES} == {*get_args(Initialisation)}
    example = synthetic.study(2)
    written = synthetic.write_tables(tmp_path, example, synthetic.write_jobs(tmp_path, example))
    needed = {name: read_table(written[f"transfer/{name}"]) for name in figures.FIGURES["accuracy_by_epoch"].tables}
    for name, table in needed.items():
        other = table.assign(arm=table["arm"] + "-constructor", initialisation="constructor")
        needed[name] = pd.concat([table.assign(initialisation="glorot_normal"), other], ignore_index=True)
    figure = create("accuracy_by_epoch", needed, colour_places(Plan(example)))
    assert any("the network's own" in axis.get_title(loc="left") for axis in figure.axes)


def test_dollars_in_names_of_classes_are_no_mathematics(tables: dict[str, Path], tmp_path: Path) -> None:
    if str(tables["name"]) != "three_seeds":
        return  # one example is enough, since drawing is slow
    found = {name: read_table(tables[name]) for name in ("arms", "confusion", "classes")}
    first = found["classes"]["class"].iloc[0]
    for name, columns in (("confusion", ["true", "predicted"]), ("classes", ["class"])):
        for column in columns:
            found[name][column] = found[name][column].replace(first, "$x^$ of US$")
    for name in ("confusion", "class_accuracy"):
        needed = {table: found[table] for table in figures.FIGURES[name].tables}
        figure = draw.create(name, needed, colour_places(Plan(EXAMPLES[str(tables["name"])])))
        figure.savefig(tmp_path / f"{name}.svg")
        labels = [text.get_text() for axis in figure.axes for text in axis.get_yticklabels()]
        assert r"\$x^\$ of US\$" in labels


def test_long_pairs_of_names_leave_room_for_the_differences() -> None:
    """On one line, the names of arms from further initialisations left a sixth of the figure for the differences."""
    arms = ["mnist-reinitialised-kaiming_normal", "cross-reinitialised-kaiming_normal"]
    runs = pd.DataFrame(
        [{"arm": arm, "seed": seed, "test_accuracy_percent": 50.0 + seed} for arm in arms for seed in range(3)]
    )
    told = pd.DataFrame({"arm": arms, "ticket": ["mnist", "cross"], "kind": "reinitialised", "n": 3})
    pairs = compare(runs, [(arms[0], arms[1])], alpha=0.05)
    figure = create("differences", {"comparisons": pairs, "arms": told}, {"mnist": 0, "cross": 1})
    figure.draw_without_rendering()
    assert figure.axes[0].get_position().width > 0.4
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [f"{arms[0]}\n− {arms[1]}"]


def test_the_note_of_initialisations_is_not_cut_off() -> None:
    arms = pd.DataFrame(
        {"arm": f"a-{kind}", "ticket": "a", "kind": kind, "dataset": "d", "n": 3, "accuracy_percent": 50.0}
        | {"accuracy_low_percent": 49.0, "accuracy_high_percent": 51.0, "confidence_percent": 95.0}
        | {"initialisation": "glorot_normal"}
        for kind in ("own", "reinitialised")
    )
    runs = pd.DataFrame(
        {**arm, "seed": seed, "test_accuracy_percent": 49.0 + seed}
        for arm in arms.to_dict("records")
        for seed in range(3)
    )
    figure = create("initialisations", {"arms": arms, "runs": runs}, {"a": 0})
    assert figure.get_suptitle().endswith("\narms from the network's own initialisation")
    figure.draw_without_rendering()
    note = next(text for text in figure.texts if text.get_text() == figure.get_suptitle())
    assert note.get_window_extent().x1 <= figure.bbox.x1


def test_the_note_of_curves_counts_the_seeds_of_what_is_drawn() -> None:
    """One of two seeds stopped after the first epoch: a mean of the other alone is not drawn."""
    rows = pd.DataFrame(
        {"arm": "a", "ticket": "a", "kind": "own", "split": split, "epoch": epoch, "step": epoch, "n": n}
        | {f"accuracy{end}_percent": 50.0 + epoch for end in ("", "_low", "_high")}
        | {f"loss{end}_nats": 1.0 for end in ("", "_low", "_high")}
        | {"confidence_percent": 95.0}
        for split in ("train", "validation", "test")
        for epoch, n in ((0, 2), (1, 2), (2, 1))
    )
    for name in ("accuracy_by_epoch", "training_accuracy", "loss_by_epoch"):
        note = create(name, {"curves": rows}, {"a": 0}).get_suptitle()
        assert note == "lines: means; bands: 95 % confidence interval, n = 2 seeds"


def test_a_difference_has_the_sign_that_it_has_in_tables() -> None:
    assert [parts.signed(value) for value in (-0.004, 0.004, -0.006)] == ["+0.00", "+0.00", "−0.01"]


def test_ten_tickets_have_ten_colours_that_colour_blind_readers_can_tell_apart() -> None:
    palette = style.Palette({f"ticket{place}": place for place in range(10)})
    assert len({palette.ticket(f"ticket{place}") for place in range(10)} | {*style.SHARED_COLOURS.values()}) == 13
    assert len(set(COLOURS)) == 10


@pytest.mark.parametrize(
    "values", [[100.0], [21.1], [12.9, 13.0], [160.0, 436.0], [100.0, 1.0], [98.0, 0.01], [3e4, 5e-3]]
)
def test_a_log_axis_holds_all_values_and_has_ticks(values: list[float]) -> None:
    from lth.analysis.figures.scales import log_axis

    axis = Figure().subplots()
    low, high = log_axis(axis, values)
    assert low < min(values) <= max(values) < high
    assert 2 <= len([tick for tick in axis.get_xticks() if low <= tick <= high]) <= 10


def test_marks_that_would_cover_each_other_stand_side_by_side() -> None:
    from lth.analysis.figures.marks import side_by_side

    costs = [10.0, 2.0, 10.1, 10.0, 10.0, 10.0]
    heights = [(90.0, 92.0), (95.0, 96.0), (91.0, 93.0), (60.0, 70.0), (94.0, 95.0), (90.0, 91.0)]
    # the second is alone at its cost, the fourth at its height; the fifth covers but the third, the last but the first
    assert side_by_side(costs, heights) == [0, 0, 1, 0, 0, -1]
    assert side_by_side(costs, heights, fixed=3) == [0, 0, 0, 0, 1, 1]
    assert side_by_side([5.0, 5.0, 5.0], [(1.0, 1.0)] * 3) == [0, 1, -1]  # all at one height


def test_a_comparison_gets_a_closer_look_with_its_dense_arm() -> None:
    """The dense arm is not called as its ticket is, which once hid the closer look."""
    rows = [
        {"arm": arm, "ticket": ticket, "kind": kind, "split": "test", "epoch": epoch, "step": epoch, "n": 1}
        | {"accuracy_percent": accuracy, "accuracy_low_percent": nan, "accuracy_high_percent": nan}
        for arm, ticket, kind, final in (("imp", "imp", "own", 97.0), ("dense", "whole", "dense", 98.0))
        for epoch, accuracy in ((0, 10.0), (1, 90.0), (2, final - 1), (3, final))
    ]
    whole, closer = create("accuracy_by_epoch", {"curves": pd.DataFrame(rows)}, {"imp": 0}).axes
    low, high = closer.get_ylim()
    assert 95.5 < low < 96 < 98 < high < 98.5  # the second half: 96 to 98
    assert whole.get_ylim()[0] < 10
    assert whole.get_xlim() == closer.get_xlim()  # nothing is cut from training


def test_marks_that_were_moved_are_within_the_axis() -> None:
    rows = [
        {"ticket": f"t{place}", "dataset": "d", "method": "at_init", "round": 1, "density_percent": 2.0, "n": 1}
        | {"accuracy_percent": 90.0, "accuracy_low_percent": nan, "accuracy_high_percent": nan}
        for place in range(9)
    ]
    dense = [
        {**rows[0], "ticket": name, "method": "dense", "round": 0, "density_percent": 100.0} for name in ("a", "b")
    ]
    tables, colour_places = {"rounds": pd.DataFrame([*dense, *rows])}, {f"t{place}": place for place in range(9)}
    figure = create("pruning_curves", tables, colour_places)
    figure.draw_without_rendering()
    (axis,) = figure.axes
    box = axis.get_window_extent()
    marks = [line.get_transform().transform(line.get_xydata())[0] for line in axis.lines[2:]]
    assert len({round(float(x)) for x, _ in marks}) == 9
    assert all(box.x0 < x < box.x1 for x, _ in marks)
    assert axis.lines[0].get_linestyle() != axis.lines[1].get_linestyle()  # two dense tickets are told apart


def test_an_axis_holds_marks_that_were_moved() -> None:
    """Matplotlib leaves out of its limits what is not drawn at its place."""
    rows = [
        {"ticket": ticket, "dataset": "d", "method": "at_init", "round": 1, "density_percent": 2.0, "n": 3}
        | {"accuracy_percent": mean, "accuracy_low_percent": low, "accuracy_high_percent": high}
        | {"confidence_percent": 95.0}
        for ticket, mean, low, high in (("a", 90.0, 80.0, 99.0), ("b", 60.0, 30.0, 85.0))
    ]
    (axis,) = create("pruning_curves", {"rounds": pd.DataFrame(rows)}, {"a": 0, "b": 1}).axes
    assert axis.get_ylim()[0] < 30


def test_a_user_s_matplotlib_settings_change_nothing(tables: dict[str, Path], tmp_path: Path) -> None:
    import matplotlib as mpl

    plain, styled = tmp_path / "plain.svg", tmp_path / "styled.svg"
    if tables["name"] != Path("three_seeds"):
        pytest.skip("one example is enough")
    needed = {table: read_table(tables[table]) for table in figures.FIGURES["differences"].tables}
    draw_figure("differences", needed, {"mnist": 0}, plain)
    with mpl.rc_context({"font.size": 20, "axes.facecolor": "red", "lines.linewidth": 9}):
        draw_figure("differences", needed, {"mnist": 0}, styled)
        assert mpl.rcParams["font.size"] == 20
    assert plain.read_bytes() == styled.read_bytes()


def test_pyplot_is_not_used() -> None:
    sources = Path(figures.__file__).parent.glob("*.py")
    assert not [path.name for path in sources if re.search(r"(?m)^\s*(import|from) .*pyplot", path.read_text())]


def test_the_names_of_tables_and_figures_cost_no_heavy_import() -> None:
    import subprocess
    import sys

    heavy = "{'torch', 'pandas', 'matplotlib'} & set(sys.modules)"
    code = f"import sys, lth.analysis.tables, lth.analysis.figures.choice; sys.exit(bool({heavy}))"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[1]).returncode == 0


def test_a_ticket_has_one_colour_and_controls_have_their_own() -> None:
    palette = style.Palette({"a": 0, "b": 1})
    assert palette.arm("a", "own") == palette.arm("a", "shuffled") == palette.ticket("a")
    assert palette.ticket("a") != palette.ticket("b")
    assert palette.arm("a", "random") == palette.arm("b", "random")
    assert palette.arm("a", "dense") not in (palette.ticket("a"), palette.arm("a", "random"))


def test_where_colours_recur_marks_and_lines_tell_tickets_apart() -> None:
    names = [f"ticket{place}" for place in range(20)]
    palette = style.Palette({name: place for place, name in enumerate(names)})
    assert len({(palette.ticket(name), palette.points(name)["marker"]) for name in names}) == 20
    assert len({(palette.ticket(name), str(palette.line(name)["linestyle"])) for name in names}) == 20
    own = style.MARKS["reinitialised"].marker
    assert palette.points("ticket13", "reinitialised")["marker"] == own


def test_tickets_that_are_compared_have_colours_of_their_own() -> None:
    """More tickets than colours, but not in any comparison."""
    plan = Plan(load_study(Path(__file__).parents[1] / "config" / "progressive.yaml"))
    found = colour_places(plan)
    masks = [name for name, spec in plan.study.tickets.items() if spec.method != "dense"]
    assert [*found] == masks
    assert len(set(found.values())) == len(masks) > len(COLOURS)
    assert [found[name] for name in masks[:8]] == [*range(8)]
    for assessment in plan.assessments:
        colours = [found[name] % len(COLOURS) for name in plan.assessment(assessment).tickets if name in found]
        assert len(set(colours)) == len(colours)
    # tickets of one method have one colour at both densities, and another shape
    for method in ("progressive", "snip", "grasp", "synflow", "random", "set", "rigl"):
        assert found[f"{method}_98"] == found[f"{method}_79"] + len(COLOURS)
    # one ticket more at the end changes no other's place
    study = plan.study.model_copy(update={"tickets": {**plan.study.tickets, "more": plan.study.tickets[masks[0]]}})
    assert {**colour_places(Plan(study)), "more": 0} == {**found, "more": 0}


def test_every_kind_of_arm_has_a_mark() -> None:
    from typing import get_args

    from lth.analysis.report.looks import symbol
    from lth.catalog.controls import ArmKind

    assert set(style.MARKS) == set(get_args(ArmKind))
    assert len({mark.marker for mark in style.MARKS.values()}) == len(style.MARKS)
    assert all(symbol(mark.marker) for mark in style.MARKS.values())
    assert all(symbol(marker) for marker, _ in style.SHAPES)


@pytest.mark.parametrize("name", figures.FIGURES)
def test_a_figure_names_tables_that_exist(name: str) -> None:
    drawing = figures.FIGURES[name]
    assert set(drawing.tables) <= set(STUDY_TABLES if drawing.scope == "study" else EVALUATION_TABLES)


def test_snakemakes_report_reads_the_captions_of_the_page(tmp_path: Path) -> None:
    """Written for it as reStructuredText with Jinja markup, and read back as Snakemake reads them."""
    folder = Path(__file__).parents[1] / "workflow" / "report"
    assert {path.stem for path in folder.iterdir()}.isdisjoint(figures.FIGURES)  # no second copy
    plan = Plan(EXAMPLES["three_seeds"])
    write_captions(tmp_path, all_captions(plan))
    for of in (None, "transfer"):
        wanted, place = captions(plan, of), tmp_path / (of or "")
        assert {path.stem for path in place.glob("*.rst")} == {*wanted}
        assert {name: shown((place / f"{name}.rst").read_text()) for name in wanted} == wanted
    odd = r"a_b `c` \d *e* |f| {{ g }} {% h %}"
    assert shown(as_rst(odd)) == odd


def test_a_caption_says_what_is_in_its_figure() -> None:
    plan = Plan(EXAMPLES["three_seeds"])
    found = captions(plan, "transfer")
    assert set(found) == set(figures_of(plan, "transfer"))
    assert found["initialisations"].startswith(
        "Test accuracy on cifar: mnist, fashion and cross, each beside its controls. Tickets keep 13 % of their "
        "weights; n = 3 seeds."
    )
    assert "reinitialised: the mask of the ticket with fresh initial weights" in found["initialisations"]
    assert "95 % confidence intervals" in found["initialisations"]
    assert "margin" not in found["differences"]
    assert "fashion-own, cross-own" in found["final_accuracy"]
    assert "cross was made from mnist" in found["mask_overlap"]
    several = ("onfidence interval", "Small points", "thin line", "Filled", "means over")
    one = Plan(EXAMPLES["one_seed"])
    for words in (captions(one, "transfer") | captions(one)).values():
        assert "n = 1 seed" in words
        assert not [part for part in several if part in words]


def test_long_lists_in_captions_are_counted() -> None:
    assert in_a_row("abcdef", "arms") == "a, b, c, d, e and f"
    assert in_a_row("abcdefg", "arms") == "a, b, c, d, e and 2 more arms"
    assert in_a_row("aab", "arms") == "a and b"


def shown(source: str) -> str:
    """What a browser shows of a caption file."""
    from docutils.core import publish_string
    from docutils.writers.html5_polyglot import Writer
    from jinja2 import Environment

    page = publish_string(Environment().from_string(source).render(), writer=Writer()).decode()
    return " ".join(html.unescape(re.sub("<[^>]*>", "", page.partition("<main>")[2].partition("</main>")[0])).split())


def test_layers_that_are_only_numbered_get_names() -> None:
    from lth.analysis.tables.cells import layer_labels

    assert layer_labels(["0.weight", "3.weight", "7.weight"]) == ["layer 1", "layer 2", "layer 3"]
    assert layer_labels(["conv1.weight", "block.0.weight"]) == ["conv1", "block.0"]


def test_more_than_twelve_rows_are_folded() -> None:
    from lth.analysis.figures.parts import folded

    labels = [f"arm{place}" for place in range(26)]
    views = [*folded(labels, row=0.3, extra=0.7, width=6.0)]
    assert [[*rows] for _, rows in views] == [[*range(9)], [*range(9, 18)], [*range(18, 26)]]
    assert [[tick.get_text() for tick in axis.get_yticklabels()] for axis, _ in views] == [
        labels[:9],
        labels[9:18],
        labels[18:],
    ]
    heights = {axis.get_ylim()[0] - axis.get_ylim()[1] for axis, _ in views}
    assert len({round(height, 9) for height in heights}) == 1  # rows are equally high everywhere
    assert len([*folded(labels[:12], row=0.3, extra=0.7, width=6.0)]) == 1


def test_intervals_of_percentages_end_at_0_and_100() -> None:
    rows = [
        {"ticket": "a", "dataset": "d", "method": "imp", "round": round_, "density_percent": density, "n": 2}
        | {"accuracy_percent": 99.0, "accuracy_low_percent": low, "accuracy_high_percent": high}
        | {"confidence_percent": 95.0}
        for round_, density, low, high in ((0, 100.0, 95.0, 103.0), (1, 50.0, -7.0, 120.0))
    ]
    table = pd.DataFrame(rows)
    (axis,) = create("pruning_curves", {"rounds": table}, {"a": 0}).axes
    (band,) = axis.collections
    heights = band.get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == (0, 100)
    assert table["accuracy_high_percent"].max() == 120  # the table keeps its own


def test_what_would_be_one_flat_line_is_a_sentence() -> None:
    rows = [
        {
            "ticket": "a",
            "dataset": dataset,
            "method": "imp",
            "round": round_,
            "density_percent": 100.0 / 2**round_,
            "n": 1,
        }
        | {"best_step": step, "best_low_step": nan, "best_high_step": nan}
        for dataset, steps in (("d", (900.0, 900.0)), ("e", (900.0, 300.0)))
        for round_, step in enumerate(steps)
    ]
    figure = create("early_stop", {"rounds": pd.DataFrame(rows)}, {"a": 0})
    assert [axis.get_title(loc="left") for axis in figure.axes] == ["trained on e"]
    assert "early-stopping iteration of all trained on d: 900 in every round" in figure.get_suptitle()
    alone = create("early_stop", {"rounds": pd.DataFrame(rows[:2])}, {"a": 0})
    assert not alone.axes
    layers = pd.DataFrame(
        {"ticket": "a", "round": 1, "layer": layer, "n": 1, "density_percent": share}
        | {
            "density_least_percent": share,
            "density_most_percent": share,
            "total": total,
            "kept_mean": share * total / 100,
        }
        for layer, share, total in (("conv1", 52.0, 25), ("fc1", 50.0, 5000), ("fc2", 50.4, 250))
    )  # 13 of 25 is as near as whole weights come to a half
    assert (
        "same share of all its layers: 50 to 52 %"
        in create("layer_density_by_arm", {"layers": layers}, {"a": 0}).get_suptitle()
    )
    assert "same share of all its layers" in create("layer_density", {"layers": layers}, {"a": 0}).get_suptitle()
    uneven = layers.assign(kept_mean=layers["kept_mean"].where(layers["layer"] != "fc2", 140))
    assert create("layer_density", {"layers": uneven}, {"a": 0}).axes


def test_a_figure_can_be_read_on_dark_and_on_white_pages(tmp_path: Path) -> None:
    """Ink and paper change with the scheme, colours of tickets and controls do not."""
    from lth.analysis.figures.draw import save

    figure = create("pruning_curves", {"rounds": _two_rounds()}, {"a": 0})
    save(figure, tmp_path / "figure.svg")
    text = (tmp_path / "figure.svg").read_text()
    used = {colour.upper() for colour in re.findall(r"(?:fill|stroke): (#[0-9a-f]{6})", text)}
    assert used == {*style.DARK, COLOURS[0]}
    assert f'[style*="fill: {style.INK.lower()}"]{{fill:{style.DARK[style.INK].lower()}!important}}' in text
    for colour in (
        *COLOURS,
        *style.SHARED_COLOURS.values(),
        style.GREY,
        *map(_hex, style.SHADES([0.0, 0.25, 0.5, 1.0])),
    ):
        assert contrast(colour, style.PAPER) > 2.2, colour
        assert contrast(style.DARK.get(colour, colour), style.DARK[style.PAPER]) > 2.2, colour
    for text_colour in (style.INK, style.GREY):
        assert contrast(style.DARK[text_colour], style.DARK[style.PAPER]) > 4.5


def _two_rounds() -> pd.DataFrame:
    return pd.DataFrame(
        {"ticket": "a", "dataset": "d", "method": "imp", "round": round_, "density_percent": 100.0 / 2**round_, "n": 1}
        | {"accuracy_percent": 90.0 + round_, "accuracy_low_percent": nan, "accuracy_high_percent": nan}
        for round_ in (0, 1)
    )


def _hex(shade: tuple[float, ...]) -> str:
    return "#" + "".join(f"{round(255 * part):02X}" for part in shade[:3])


def test_learning_curves_are_a_line_a_round_and_a_followers_panel_is_beside_its_own() -> None:
    rows = [
        {"ticket": ticket, "dataset": "d", "round": round_, "split": split, "epoch": step / 10, "step": step, "n": 1}
        | {"accuracy_percent": 10.0 + step + round_, "density_percent": 100.0 / 2**round_}
        | {"follows": "a" if ticket == "fresh" else ""}
        for ticket in ("a", "other", "fresh", "single")
        for round_ in range(3 if ticket != "single" else 1)
        for split in ("validation", "test")
        for step in (0, 20, 40)
    ]
    longer = [{**row, "step": 60} for row in rows if row["step"] == 40]  # where one seed of two went on
    rows = [{**row, "n": 2} for row in rows]
    *panels, bar = create("learning_curves", {"round_curves": pd.DataFrame([*rows, *longer])}, {}).axes
    assert [panel.get_title(loc="left") for panel in panels] == ["a, on d", "fresh, on d", "other, on d"]
    assert [[*line.get_ydata()] for line in panels[0].lines] == [[10 + k, 30 + k, 50 + k] for k in range(3)]
    colours = [[line.get_color() for line in panel.lines] for panel in panels]
    assert colours[0] == colours[1]  # of one density one colour
    assert len(set(colours[0])) == 3
    assert len({panel.get_ylim() for panel in panels}) == 1
    assert panels[0].get_ylim()[0] > 10  # without the steep beginning
    assert "density" in bar.get_ylabel()


def test_many_tickets_are_one_figure_that_names_those_left_out() -> None:
    rows = [
        {"ticket": f"t{place}", "dataset": "d", "round": round_, "split": "test", "epoch": step, "step": step, "n": 1}
        | {"accuracy_percent": 50.0 + step, "density_percent": 100.0 - round_, "follows": ""}
        for place in range(200)
        for round_ in range(2)
        for step in (0, 1)
    ]
    figure = create("learning_curves", {"round_curves": pd.DataFrame(rows)}, {})
    assert len(figure.axes) == 12 + 1
    assert "not drawn: t12 on d, t13 on d, t14 on d and 185 more tickets" in figure.get_suptitle()


def test_density_is_drawn_below_the_accuracy_of_what_is_pruned_while_it_is_trained() -> None:
    rows = [
        {"ticket": ticket, "dataset": "d", "round": 1, "split": "test", "epoch": epoch, "step": 5 * epoch, "n": 1}
        | {"accuracy_percent": 50.0 + epoch, "accuracy_low_percent": nan, "accuracy_high_percent": nan}
        | {"density_percent": density}
        for ticket, densities in (("progressive", (100.0, 50.0, 20.0)), ("snip", (20.0, 20.0, 20.0)))
        for epoch, density in enumerate(densities)
    ]
    accuracy, kept = create("accuracy_while_pruned", {"round_curves": pd.DataFrame(rows)}, {"progressive": 0}).axes
    (line,), (below,) = accuracy.lines, kept.lines
    assert ([*line.get_xdata()], [*line.get_ydata()]) == ([0, 1, 2], [50, 51, 52])
    assert [*below.get_ydata()] == [100, 50, 20]
    assert below.get_drawstyle() == "steps-pre"  # the first epoch is trained at 50 %, which is scored at its end


def test_trainings_of_one_colour_have_different_lines_while_they_are_pruned() -> None:
    """Tickets that differ in density share a colour (place 10 is the colour of place 0); one is pruned twice here."""
    rows = [
        {"ticket": ticket, "dataset": "d", "round": round_, "split": "test", "epoch": epoch, "step": 5 * epoch, "n": 1}
        | {"accuracy_percent": 50.0 + epoch, "accuracy_low_percent": nan, "accuracy_high_percent": nan}
        | {"density_percent": density}
        for ticket, round_, least in (("dense", 1, 20.0), ("sparse", 1, 2.0), ("sparse", 2, 1.0))
        for epoch, density in enumerate((100.0, 50.0, least))
    ]
    places = {"dense": 0, "sparse": 10}
    accuracy, kept = create("accuracy_while_pruned", {"round_curves": pd.DataFrame(rows)}, places).axes
    for axis in (accuracy, kept):
        assert len({line.get_color() for line in axis.lines}) == 1
        assert len({str(line._unscaled_dash_pattern) for line in axis.lines}) == 3
    elsewhere = Line2D([], [], **style.Palette(places).line("sparse"))
    assert accuracy.lines[1]._unscaled_dash_pattern == elsewhere._unscaled_dash_pattern


def test_the_untrained_network_does_not_set_the_accuracies_that_are_shown_while_weights_are_pruned() -> None:
    rows = [
        {"ticket": "a", "dataset": "d", "round": 1, "split": "test", "epoch": epoch, "step": 5 * epoch, "n": 1}
        | {"accuracy_percent": 98.0 if epoch else 10.0, "accuracy_low_percent": nan, "accuracy_high_percent": nan}
        | {"density_percent": 100.0 - epoch}
        for epoch in range(31)
    ]
    accuracy, _ = create("accuracy_while_pruned", {"round_curves": pd.DataFrame(rows)}, {"a": 0}).axes
    assert accuracy.get_ylim()[0] > 90


def test_a_difference_of_confusion_matrices_is_of_the_pairs_and_better_is_blue() -> None:
    shares = {"a": [[90.0, 10.0], [30.0, 70.0]], "b": [[80.0, 20.0], [30.0, 70.0]]}
    confusion = pd.DataFrame(
        {"arm": arm, "true": true, "predicted": predicted, "n": 3, "percent": rows[at][to]}
        for arm, rows in shares.items()
        for at, true in enumerate(("cat", "dog"))
        for to, predicted in enumerate(("cat", "dog"))
    )
    pairs = pd.DataFrame({"first": ["a"], "second": ["b"]})
    axis, _ = create("confusion_differences", {"confusion": confusion, "comparisons": pairs}, {}).axes
    assert axis.get_title(loc="left") == "a − b"
    assert axis.images[0].get_array().tolist() == [[10, 10], [0, 0]]  # more hits, and fewer errors: both better
    assert [(text.get_position(), text.get_text()) for text in axis.texts] == [((0, 0), "+10"), ((1, 0), "−10")]
    assert axis.images[0].get_cmap()(1.0)[2] > axis.images[0].get_cmap()(1.0)[0]  # blue


def test_training_and_validation_accuracy_stand_below_each_other() -> None:
    rows = [
        {"arm": "a", "ticket": "a", "kind": "own", "split": split, "epoch": epoch, "step": epoch, "n": 1}
        | {"accuracy_percent": 50.0 + epoch + shift, "accuracy_low_percent": nan, "accuracy_high_percent": nan}
        for split, shift in (("train", 5.0), ("validation", 2.0), ("test", 0.0))
        for epoch in (0, 1, 2)
    ]
    train, *_, validation = create("training_accuracy", {"curves": pd.DataFrame(rows)}, {"a": 0}).axes[::2]
    assert [[*line.get_ydata()] for line in train.lines] == [[55, 56, 57]]
    assert [[*line.get_ydata()] for line in validation.lines] == [[52, 53, 54]]


@pytest.mark.parametrize("form", ["pdf", "png", "svg"])
def test_a_figure_has_the_same_bytes_in_every_format(form: str, tmp_path: Path) -> None:
    for name in ("one", "two"):
        draw_figure("pruning_curves", {"rounds": _two_rounds()}, {"a": 0}, tmp_path / f"{name}.{form}")
    content = (tmp_path / f"one.{form}").read_bytes()
    assert content == (tmp_path / f"two.{form}").read_bytes()
    assert not re.search(rb"CreationDate|Matplotlib [v(]|matplotlib\.org", content)
    assert content.startswith({"pdf": b"%PDF", "png": b"\x89PNG", "svg": b"<?xml"}[form])


def _one_layer() -> dict[str, pd.DataFrame]:
    """Two tickets that prune one layer each, in two rounds, a dense one, and one that prunes both layers."""
    kept = {"first": {"fc1": (50.0, 10.0)}, "second": {"fc2": (50.0, 10.0)}, "both": {"fc1": (50.0,), "fc2": (50.0,)}}
    layers = [
        {"ticket": ticket, "round": round_, "layer": layer, "density_percent": shares[layer][round_ - 1]}
        if layer in shares
        else {"ticket": ticket, "round": round_, "layer": layer, "density_percent": 100.0}
        for ticket, shares in kept.items()
        for round_ in range(1, 1 + len(next(iter(shares.values()))))
        for layer in ("fc1", "fc2")
    ]
    accuracies = {"whole": (98.0,), "first": (97.0, 90.0), "second": (96.0, 60.0), "both": (50.0,)}
    rounds = [
        {"ticket": ticket, "dataset": "d", "method": "dense" if ticket == "whole" else "at_init", "round": round_}
        | {"density_percent": 77.0, "n": 1, "accuracy_percent": value}
        | {"accuracy_low_percent": nan, "accuracy_high_percent": nan}
        for ticket, values in accuracies.items()
        for round_, value in enumerate(values, 1)
    ]
    matching = [
        {"ticket": row["ticket"], "round": row["round"], "dense_ticket": "whole", "dense_round": 1}
        for row in rounds
        if row["ticket"] != "whole"
    ]
    return {"layers": pd.DataFrame(layers), "rounds": pd.DataFrame(rounds), "matching": pd.DataFrame(matching)}


def test_sensitivity_is_of_tickets_that_prune_one_layer() -> None:
    (axis,) = (figure := create("layer_sensitivity", _one_layer(), {"first": 0, "second": 1, "both": 2})).axes
    first, second, dense = axis.lines
    assert ([*first.get_xdata()], [*first.get_ydata()]) == ([50, 10], [97, 90])
    assert ([*second.get_xdata()], [*second.get_ydata()]) == ([50, 10], [96, 60])
    assert [*dense.get_ydata()] == [98, 98]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["fc1", "fc2", "dense"]
    assert first.get_color() != second.get_color()


@pytest.mark.parametrize(
    ("dense_of", "heights", "named"),
    [
        ({}, [], []),
        ({"first": "chain", "second": "chain"}, [97.5], ["dense"]),
        ({"first": "whole", "second": "chain", "both": "wide"}, [98.0, 97.5], ["dense (whole)", "dense (chain)"]),
    ],
)
def test_sensitivity_is_held_against_the_dense_networks_of_its_tickets(
    dense_of: dict[str, str], heights: list[float], named: list[str]
) -> None:
    """Other networks that are trained densely on the same data set say nothing of these tickets."""
    tables, places = _one_layer(), {"first": 0, "second": 1, "both": 2}
    first = tables["rounds"].iloc[[0]]
    chain = first.assign(ticket="chain", method="imp", round=0, accuracy_percent=97.5)
    wide = first.assign(ticket="wide", method="imp", round=0, accuracy_percent=99.9)
    tables["rounds"] = pd.concat([wide, tables["rounds"], chain])
    known = tables["matching"][tables["matching"]["ticket"].isin([*dense_of])]
    dense = known["ticket"].map(dense_of)
    tables["matching"] = known.assign(dense_ticket=dense, dense_round=(dense == "whole").astype(int))
    (axis,) = (figure := create("layer_sensitivity", tables, places)).axes
    assert [line.get_ydata()[0] for line in axis.lines if [*line.get_xdata()] == [0, 1]] == heights
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["fc1", "fc2", *named]
    args = tables["layers"], tables["rounds"].assign(loss_nats=1.0, loss_low_nats=nan, loss_high_nats=nan)
    chart = single_layers(*args, tables["matching"], "d", "sensitivity", style.Palette(places))
    assert chart is not None
    assert [*chart.rows.loc[chart.rows["density_percent"] == 100, "accuracy_percent"]] == heights
    said = {0: "The study does not train their dense", 1: "The mark at 100 % is the dense", 2: "Marks at 100 % are"}
    assert said[len(heights)] in chart.caption


def test_the_caption_of_sensitivity_names_tickets_without_a_dense_network() -> None:
    plain = synthetic.methods(1).model_dump(mode="json")
    one = {"network": "lenet", "recipe": "find", "dataset": "mnist", "densities": [0.5, 0.2]}
    at_init = {**one, "method": "at_init", "score": "magnitude", "scope": "layerwise"}
    alone = {"conv": {**at_init, "layer_densities": {"conv1": [0.5, 0.2], "*": [1, 1]}}}
    plain["tickets"] = {"imp": {**one, "recipe": "moving"}, **alone}
    plain["comparisons"] = {}
    caption = captions(Plan(Study.model_validate(plain)))["layer_sensitivity"]
    assert "Of conv the study trains no dense network." in caption
    assert "horizontal line" not in caption
    plain["tickets"]["imp"]["recipe"] = "find"
    caption = captions(Plan(Study.model_validate(plain)))["layer_sensitivity"]
    assert "The horizontal line is the dense network." in caption
    assert "trains no dense" not in caption


def test_sensitivity_is_asked_for_where_densities_by_name_leave_all_other_layers_whole() -> None:
    plain = synthetic.methods(1).model_dump(mode="json")
    by_name = {"fc1": [0.5, 0.2], "*": [1, 1]}
    plain["tickets"] = {
        **{"dense": plain["tickets"]["dense"]},
        **{"fc1": {"network": "lenet", "recipe": "find", "dataset": "mnist", "densities": [0.5, 0.2]}},
    }
    plain["comparisons"] = {}
    assert "layer_sensitivity" not in figures_of(Plan(Study.model_validate(plain)))
    plain["tickets"]["fc1"]["layer_densities"] = by_name
    assert "layer_sensitivity" in figures_of(Plan(Study.model_validate(plain)))
    plain["tickets"]["fc1"]["layer_densities"] = {"fc1": [0.5, 0.2], "*": [1, 0.9]}
    assert "layer_sensitivity" not in figures_of(Plan(Study.model_validate(plain)))


def test_a_matrix_has_a_row_a_ticket_and_a_column_an_evaluation() -> None:
    found = {("x", "a"): 60.0, ("x", "b"): 70.0, ("y", "a"): 90.0}
    arms = pd.DataFrame(
        {"evaluation": target, "arm": f"{ticket}-own", "ticket": ticket, "kind": "own", "dataset": "cifar", "n": 3}
        | {"accuracy_percent": value}
        for (target, ticket), value in found.items()
    )
    control = {**arms.iloc[0].to_dict(), "arm": "a-random", "kind": "random", "accuracy_percent": 99.0}
    axis, _ = create("transfer_matrix", {"arms": pd.concat([arms, pd.DataFrame([control])])}, {}).axes
    cells = {text.get_position(): text.get_text() for text in axis.texts}
    assert cells == {(0, 0): "60.0", (1, 0): "90.0", (0, 1): "70.0", (1, 1): "-"}
    assert axis.images[0].get_array().filled(nan)[:, 0].tolist() == [-10, 0]
    assert [tick.get_text() for tick in axis.get_yticklabels()] == ["a", "b"]


def test_a_matrix_needs_two_tickets_on_the_same_two_targets() -> None:
    one = synthetic.study(1)
    assert "transfer_matrix" not in figures_of(Plan(one))
    transfer = one.evaluations["transfer"]
    other = transfer.model_copy(update={"dataset": "fashion"})
    two = one.model_copy(update={"evaluations": {"transfer": transfer, "other": other}})
    assert "transfer_matrix" in figures_of(Plan(two))
    again = one.model_copy(update={"evaluations": {"transfer": transfer, "again": transfer}})
    assert "transfer_matrix" not in figures_of(Plan(again))  # one target twice


def test_a_matrix_of_many_tickets_is_coloured_by_the_best_of_all() -> None:
    """The best of 26 tickets is not among the 24 that are drawn; each of these is 30 points behind it."""
    arms = pd.DataFrame(
        {"evaluation": target, "arm": f"t{place}-own", "ticket": f"t{place}", "kind": "own", "dataset": "cifar", "n": 3}
        | {"accuracy_percent": 90.0 if place == 25 else 60.0}
        for target in ("x", "y")
        for place in range(26)
    )
    axis, _ = create("transfer_matrix", {"arms": arms}, {}).axes
    assert {*axis.images[0].get_array().flatten().tolist()} == {-30}


def test_the_caption_of_lost_accuracy_names_tickets_that_have_a_dense_network() -> None:
    """`snip` is trained by a recipe by which no dense network is."""
    told = synthetic.methods(3).model_dump(mode="json", exclude_none=True)
    told["comparisons"] = {}
    told["recipes"]["longer"] = {**told["recipes"]["find"], "iterations": 2 * synthetic.STEPS}
    told["tickets"] = {name: told["tickets"][name] for name in ("dense", "imp", "snip")}
    told["tickets"]["snip"]["recipe"] = "longer"
    words = captions(Plan(Study.model_validate(told)))["accuracy_drop"]
    assert "paired by seed: imp; n = 3 seeds." in words
    assert "Of snip the study trains no such dense network." in words


def test_captions_of_curves_say_which_round_and_that_seeds_may_stop_early() -> None:
    """`imp` is compared after the eighth of its twelve rounds."""
    plain = synthetic.methods(3)
    words = captions(Plan(plain), "at_tenth")["accuracy_by_epoch"]
    assert "Of imp, pruned in rounds, it is the training of the round at this density." in words
    assert "stopped early" not in words
    told = plain.model_dump(mode="json", exclude_none=True)
    told["recipes"]["find"]["patience"] = 3
    assert (
        "A curve ends with the first seed that stopped early."
        in (captions(Plan(Study.model_validate(told)), "at_tenth")["accuracy_by_epoch"])
    )
