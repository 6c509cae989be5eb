"""No number differs between the page's charts and the Matplotlib figures, which draw the same tables."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import synthetic
from numpy.typing import NDArray

from lth.analysis.figures import FIGURES
from lth.analysis.figures.colours import colour_places
from lth.analysis.figures.draw import create
from lth.analysis.figures.style import PAPER, Palette
from lth.analysis.report.chart import Chart, Choice
from lth.analysis.report.charts import paired_differences
from lth.analysis.report.curves import lost_accuracy
from lth.analysis.report.section import StudyFiles, part
from lth.analysis.report.trainings import single_layers
from lth.analysis.tables.arms import compare
from lth.analysis.tables.files import read_table, write_table
from lth.config.study import Study
from lth.plan.plan import Plan

Points = NDArray[np.float64]
"""[n, 2]."""


class Drawn:
    """A study's charts as its page has them, and its Matplotlib figures."""

    def __init__(self, folder: Path, example: Study) -> None:
        self._paths = synthetic.write_tables(folder, example, synthetic.write_jobs(folder, example, noise=6))
        _with_f1(self._paths["rounds"])
        self._places = colour_places(Plan(example))
        tables = [path for path in self._paths.values() if path.suffix == ".csv"]
        (self.assessment,) = Plan(example).assessments
        found = part(StudyFiles(study=example, tables=tables, figures=[], artifacts="0" * 64), "", 10_000)
        self.charts = {chart.name: chart for chart in found.charts}

    def figure(self, name: str) -> Any:
        spec = FIGURES[name]
        place = "" if spec.scope == "study" else f"{self.assessment}/"
        return create(name, {t: read_table(self._paths[f"{place}{t}"]) for t in spec.tables}, self._places)


def _with_f1(rounds: Path) -> None:
    """Made up, since the data sets of the examples have ten classes; intervals go beyond 100 %."""
    table = read_table(rounds)
    values = {f"f1{end}_percent": table[f"accuracy{end}_percent"] for end in ("", "_low")}
    values["f1_high_percent"] = table["accuracy_high_percent"] + 5
    write_table(table.assign(**values), rounds)


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Drawn]:
    """An evaluation of tickets over data sets, and a comparison of methods."""
    folder = tmp_path_factory.mktemp("numbers")
    methods = Study.model_validate({**synthetic.methods(5).model_dump(mode="json"), "matching_margin": 1.0})
    examples = {"transfer": synthetic.study(4, equivalence_margin=1), "methods": methods}
    return {name: Drawn(folder / name, example) for name, example in examples.items()}


def in_panels(figure: Any, titled: str = "") -> Points:
    """All that a figure draws at places in its data: ends of bands, points of lines; `titled` names a panel."""
    found = []
    for axis in figure.axes:
        if titled and axis.get_title(loc="left") != titled:
            continue
        found += [path.vertices for band in axis.collections for path in band.get_paths()]
        lines = [line for line in axis.lines if not is_across(line)]
        found += [np.column_stack([line.get_xdata(), line.get_ydata()]) for line in lines]
    return np.concatenate([np.asarray(points, dtype=float).reshape(-1, 2) for points in found])


def is_across(line: Any) -> bool:
    """Whether a line goes from one side of its panel to the other (`axhline`)."""
    return not line.get_transform().contains_branch_seperately(line.axes.transData)[0] and [*line.get_xdata()] == [0, 1]


def across(figure: Any, titled: str) -> set[float]:
    """Heights of the lines right across a panel: dense tickets."""
    (axis,) = [axis for axis in figure.axes if axis.get_title(loc="left") == titled]
    return {round(float(line.get_ydata()[0]), 6) for line in axis.lines if is_across(line)}


def of_chart(rows: pd.DataFrame, x: Choice, y: Choice) -> Points:
    """The places that a chart draws with these axes: values, and both ends of their intervals."""
    return np.concatenate([rows[[x.field, field]].dropna().to_numpy(float) for field in (y.field, y.low, y.high)])


def choice(choices: list[Choice], name: str) -> Choice:
    (found,) = [one for one in choices if one.name == name]
    return found


def missing(these: Points, among: Points) -> Points:
    """Which points are not among others, within six digits."""
    near = np.abs(these[:, None] - among[None]) <= 1e-6 * np.maximum(1, np.abs(these[:, None]))
    return these[~near.all(axis=2).any(axis=1)]


def same(one: Points, other: Points, what: str) -> None:
    assert len(one) > 3, what
    assert len(missing(one, other)) == 0, f"{what}: only in the chart"
    assert len(missing(other, one)) == 0, f"{what}: only in the figure"


def accuracy(study: Drawn, chart: Chart) -> None:
    shown = in_panels(study.figure("final_accuracy"))[:, 0]
    rows = chart.rows
    assert chart.drawn == ("final_accuracy",)
    ends = rows.loc[rows["what"] == "mean", ["low", "high"]].to_numpy().ravel()
    told = np.array([*rows["value"], *ends])
    assert len(missing(told[:, None], shown[:, None])) == 0
    if not chart.name.endswith("-answer"):  # which has some of the arms
        assert len(missing(shown[:, None], told[:, None])) == 0


def differences(study: Drawn, chart: Chart) -> None:
    lines = [line for axis in study.figure("differences").axes for line in axis.lines]
    # not in the chart: thick lines, whose ends are in the table of equivalence
    shown = {round(float(x), 6) for line in lines if line.get_linewidth() != 3.5 for x in line.get_xdata()}
    ends = chart.rows.loc[chart.rows["what"] == "mean", ["value", "low", "high"]]
    assert {round(value, 6) for value in ends.to_numpy().ravel()} == shown - {0.0}  # a line at zero
    for pair, rows in chart.rows.groupby("pair"):
        of_seeds = rows.loc[rows["what"] == "seed", "value"]
        assert of_seeds.mean() == pytest.approx(rows.loc[rows["what"] == "mean", "value"].iloc[0], abs=1e-4), (
            pair
        )  # tables are rounded


def training(study: Drawn, chart: Chart) -> None:
    figures = {"accuracy_by_epoch": ["test accuracy"], "loss_by_epoch": ["training loss", "validation loss"]}
    figures["training_accuracy"] = ["training accuracy", "validation accuracy"]
    assert set(chart.drawn) == set(figures)
    for name, values in figures.items():
        axes = [choice(chart.y, value) for value in values]
        told = [of_chart(chart.rows[chart.rows["split"] == y.split], choice(chart.x, "epochs"), y) for y in axes]
        same(np.concatenate(told), in_panels(study.figure(name)), name)
    assert {y.name for y in chart.y} == {"test loss", *(value for values in figures.values() for value in values)}


def pruning(study: Drawn, chart: Chart) -> None:
    figures = {"pruning_curves": "test accuracy", "pruning_loss": "test loss", "pruning_f1": "F1"}
    figures |= {"early_stop": "early-stopping iteration", "validation_loss": "least validation loss"}
    assert set(chart.drawn) == set(figures)
    assert {y.name for y in chart.y} == {*figures.values()}
    titled = chart.title.removeprefix("Pruning, ")
    for name, value in figures.items():
        figure, y = study.figure(name), choice(chart.y, value)
        dense = chart.rows["density_percent"] == 100
        alone = dense & chart.rows["alone"]
        same(of_chart(chart.rows[~alone], chart.x[0], y), in_panels(figure, titled), f"{chart.name}, {name}")
        assert across(figure, titled) == {round(value, 6) for value in chart.rows.loc[alone, y.field]}


def cost(study: Drawn, chart: Chart) -> None:
    assert chart.drawn == ("accuracy_cost",)
    told = [of_chart(chart.rows, choice(chart.x, name), chart.y[0]) for name in ("epochs", "FLOPs")]
    same(np.concatenate(told), in_panels(study.figure("accuracy_cost")), chart.name)


def graph(study: Drawn, chart: Chart) -> None:
    """No figure shows it; its marks are the rounds of the pruning charts."""
    marks = chart.rows[chart.rows["what"] == "round"]
    rounds = pd.concat([other.rows for name, other in study.charts.items() if name.startswith("-pruning-")])
    columns = ["ticket", "round", "density_percent", "accuracy_percent", "accuracy_low_percent", "n"]
    found = [frame[columns].sort_values(["ticket", "round"]).reset_index(drop=True) for frame in (marks, rounds)]
    pd.testing.assert_frame_equal(found[0], found[1], check_dtype=False)


def drop(study: Drawn, chart: Chart) -> None:
    """Also which marks are filled, and which have a ring, where there is a margin."""
    figure, titled = study.figure("accuracy_drop"), chart.title.removeprefix("Accuracy lost against dense, ")
    same(of_chart(chart.rows, chart.x[0], chart.y[0]), in_panels(figure, titled), chart.name)
    (axis,) = [axis for axis in figure.axes if axis.get_title(loc="left") == titled]
    marks = [line for line in axis.lines if len(line.get_xdata()) == 1]
    rings = [line for line in marks if line.get_markerfacecolor() == "none"]
    if "matching" not in chart.rows:
        assert not rings
        return
    assert len(rings) == chart.rows["matching"].sum() > 0
    filled = [line for line in marks if line not in rings and line.get_markerfacecolor() != PAPER]
    assert len(filled) == chart.rows["equivalence_shown"].sum() > 0
    assert len(marks) - len(rings) == len(chart.rows) > len(filled)


def learning(study: Drawn, chart: Chart) -> None:
    figure, steps, y = study.figure("learning_curves"), choice(chart.x, "steps"), choice(chart.y, "test accuracy")
    panels = [axis for axis in figure.axes if axis.get_title(loc="left")]
    assert [axis.get_title(loc="left") for axis in panels] == [panel.title for panel in chart.panels]
    for place, axis in enumerate(panels):
        rows = chart.rows[chart.rows["panel"] == place]
        colours = {entry.label: entry.colour for entry in chart.series}
        for line, of_round in zip(
            axis.lines, [rows[rows["round"] == r] for r in sorted(set(rows["round"]))], strict=True
        ):
            assert np.array_equal(of_round[[steps.field, y.field]].to_numpy(), np.column_stack(line.get_data()))
            assert {colours[label] for label in of_round["series"]} == {line.get_color()}


def while_pruned(study: Drawn, chart: Chart) -> None:
    figure, epochs = study.figure("accuracy_while_pruned"), choice(chart.x, "epochs")
    above, below = figure.axes
    told = of_chart(chart.rows, epochs, choice(chart.y, "test accuracy"))
    drawn = [np.column_stack(line.get_data()) for line in above.lines]
    drawn += [path.vertices for band in above.collections for path in band.get_paths()]
    same(told, np.concatenate(drawn), chart.name)
    assert {line.get_drawstyle() for line in below.lines} == {"steps-pre"}
    assert chart.panels[1].places["@interpolate"] == "step-before"
    density = chart.panels[1].places["@y.field"]
    drawn = [np.column_stack(line.get_data()) for line in below.lines]
    same(chart.rows[[epochs.field, density]].to_numpy(float), np.concatenate(drawn), f"{chart.name}, density")


CHECKS: dict[str, Callable[[Drawn, Chart], None]] = {
    "-answer": accuracy,
    "-accuracy": accuracy,
    "-differences": differences,
    "-curves": training,
    "-cost": cost,
    "-tickets-graph": graph,
    "-pruning-mnist": pruning,
    "-pruning-fashion": pruning,
    "-drop-mnist": drop,
    "-drop-fashion": drop,
    "-learning": learning,
    "-while-pruned": while_pruned,
}
"""By the end of a chart's name."""


@pytest.mark.parametrize("end", CHECKS)
def test_a_chart_has_the_numbers_of_its_figures(studies: dict[str, Drawn], end: str) -> None:
    found = [(study, chart) for study in studies.values() for name, chart in study.charts.items() if name.endswith(end)]
    assert found
    for study, chart in found:
        CHECKS[end](study, chart)


def test_every_chart_of_the_pages_is_checked(studies: dict[str, Drawn]) -> None:
    names = {name for study in studies.values() for name in study.charts}
    assert {name for name in names if not name.endswith(tuple(CHECKS))} == set()


def test_sensitivity_has_the_numbers_of_its_figure() -> None:
    """Two tickets prune the first layer and one the second, in two rounds each; another prunes both."""
    kept = {"a": {"fc1": (50.0, 10.0)}, "b": {"fc1": (40.0, 5.0)}, "c": {"fc2": (50.0, 10.0)}}
    kept["both"] = {"fc1": (30.0, 20.0), "fc2": (30.0, 20.0)}
    layers = pd.DataFrame(
        {
            "ticket": ticket,
            "round": round_,
            "layer": layer,
            "density_percent": shares.get(layer, (100.0, 100.0))[round_],
        }
        for ticket, shares in kept.items()
        for round_ in (0, 1)
        for layer in ("fc1", "fc2")
    )
    rounds = pd.DataFrame(
        {
            "ticket": ticket,
            "dataset": "d",
            "method": "dense" if ticket == "whole" else "at_init",
            "round": round_,
            "n": 3,
        }
        | {f"accuracy{end}_percent": 90.0 - 7 * place - round_ + more for end, more in ENDS.items()}
        | {f"loss{end}_nats": 0.1 * place + round_ + more for end, more in ENDS.items()}
        for place, ticket in enumerate((*kept, "whole"))
        for round_ in ((0, 1) if ticket != "whole" else (0,))
    ).assign(density_percent=77.0, confidence_percent=95.0)
    places = dict(zip(kept, range(4), strict=True))
    matching = rounds[["ticket", "round"]].assign(dense_ticket="whole", dense_round=0)
    tables = {"layers": layers, "rounds": rounds, "matching": matching[matching["ticket"] != "whole"]}
    figure = create("layer_sensitivity", tables, places)
    chart = single_layers(*tables.values(), "d", "sensitivity", Palette(places))
    assert chart is not None
    dense = chart.rows["density_percent"] == 100
    same(of_chart(chart.rows[~dense], chart.x[0], chart.y[0]), in_panels(figure), "sensitivity")
    assert across(figure, "trained on d") == {*chart.rows.loc[dense, "accuracy_percent"]} == {62.0}
    assert [entry.label for entry in chart.series] == ["fc1 (a)", "fc1 (b)", "fc2", "whole"]
    lines = [line for line in figure.axes[0].lines if not is_across(line)]
    assert [entry.colour for entry in chart.series[:3]] == [line.get_color() for line in lines]
    assert single_layers(*tables.values(), "other", "sensitivity", Palette(places)) is None


ENDS = {"": 0.0, "_low": -1.5, "_high": 1.5}
"""Of an interval."""


def test_captions_of_one_seed_tell_of_no_intervals_and_tests(tmp_path: Path, studies: dict[str, Drawn]) -> None:
    one = Drawn(tmp_path, synthetic.study(1))
    for words in ("onfidence interval", "Filled marks", "single seeds"):
        assert not [chart.name for chart in one.charts.values() if words in chart.caption]
        assert [chart.name for chart in studies["transfer"].charts.values() if words in chart.caption]


def test_captions_tell_of_a_margin_where_there_is_one(studies: dict[str, Drawn]) -> None:
    told = {name: {c.name for c in study.charts.values() if "margin" in c.caption} for name, study in studies.items()}
    assert told == {"transfer": {"transfer-differences"}, "methods": {"-drop-mnist"}}


def test_a_p_value_above_alpha_is_not_rounded_to_it() -> None:
    """An open mark whose tooltip said 0.05 would look like an error: tables have 0.0503, too."""
    arms = pd.DataFrame({"arm": f"{name}-own", "ticket": name, "kind": "own", "dataset": "d"} for name in "ab")
    runs = pd.DataFrame(
        {"arm": f"{name}-own", "seed": seed, "test_accuracy_percent": 50.0 + seed} for name in "ab" for seed in (0, 1)
    )
    pairs = compare(runs, [("a-own", "b-own")], 0.05).assign(p_holm=206 / 4096)
    palette = Palette({"a": 0, "b": 1})
    chart = paired_differences("differences", runs, arms, pairs, palette)
    assert chart.rows["p"].iloc[0] == "0.0503"
    matching = pd.DataFrame([{"ticket": "a", "dataset": "d", "round": 1, "density_percent": 50.0, "n": 8}]).assign(
        **dict.fromkeys(("difference_points", "low_points", "high_points", "lower_bound_points"), -0.5),
        **{"margin_points": 1.0, "alpha": 0.05, "p_not_worse": 206 / 4096, "confidence_percent": 95.0},
        **dict.fromkeys(("equivalence_shown", "matching"), False),
    )
    costs = matching[["ticket", "round"]].assign(epochs=1.0, flops=1.0, seconds=1.0)
    drop = lost_accuracy(matching, costs, "d", "drop", palette)
    assert [*drop.rows["p_not_worse"]] == ["0.0503"]


def test_the_axis_of_differences_in_several_panels_holds_zero_and_the_margin() -> None:
    """Marks outside of a fixed domain would take the room of all others."""
    names = [f"t{place}" for place in range(14)]
    arms = pd.DataFrame({"arm": f"{name}-own", "ticket": name, "kind": "own", "dataset": "d"} for name in names)
    runs = pd.DataFrame(
        {"arm": f"{name}-own", "seed": seed, "test_accuracy_percent": 50.0 - 2.2 * (place > 0) + 0.01 * seed}
        for place, name in enumerate(names)
        for seed in range(3)
    )
    pairs = compare(runs, [(f"{name}-own", "t0-own") for name in names[1:]], 0.05)
    palette = Palette({name: place for place, name in enumerate(names)})
    for margin, least, most in ((None, -2.2, 0.0), (4.0, -4.0, 4.0)):
        told = pairs if margin is None else pairs.assign(margin_points=margin)
        chart = paired_differences("differences", runs, arms, told, palette)
        assert len(chart.panels) > 1
        (domain,) = {
            tuple(layer["encoding"]["x"]["scale"]["domain"])
            for layer in chart.spec["layer"]
            if "scale" in layer["encoding"]["x"]
        }
        assert domain == pytest.approx((least, most))
