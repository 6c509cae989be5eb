"""The charts of curves, whose axes the reader chooses: during training, round by round, and against cost."""

import pandas as pd

from lth.analysis.figures.style import Palette
from lth.analysis.report.chart import HIDDEN, Chart, Choice, Spec, arm_series, hover, keyed, shape_of
from lth.analysis.report.looks import series

_MOST_ROWS = 20_000
"""Of a chart; of longer curves every second epoch is left out, or more."""


def lines(shape: Spec, tip: list[Spec], more: str = "true") -> Spec:
    """Curves with bands and marks, over axes that the reader chooses."""
    scale = {"type": "@scale", "reverse": "@x.reverse", "nice": "@nice", "zero": "@zero"}
    axis = {"tickMinStep": "@x.step"}
    across = {"field": "@x.field", "type": "quantitative", "title": "@x.title", "scale": scale, "axis": axis}
    up = {"field": "@y.field", "type": "quantitative", "title": "@y.title", "scale": {"zero": False}}
    known = "isValid(datum['@y.field']) && isValid(datum['@x.field']) && ('@scale' != 'log' || datum['@x.field'] > 0)"
    line = {"field": "series", "type": "nominal"}
    order = {"field": "order", "type": "quantitative"}
    return {
        "height": 320,
        "transform": [{"filter": f"{HIDDEN} && {known} && {more}"}],
        "encoding": {"x": across, "detail": line},
        "layer": [
            {
                "transform": [{"filter": "datum.alone != true && isValid(datum['@y.low'])"}],
                "mark": {"type": "area", "opacity": "@band"},
                "encoding": {"y": {**up, "field": "@y.low"}, "y2": {"field": "@y.high"}, "color": shape["color"]},
            },
            {
                "transform": [{"filter": "datum.alone == true && isValid(datum['@y.low'])"}],
                "mark": {"type": "rule", "strokeWidth": 2},
                "encoding": {"y": {**up, "field": "@y.low"}, "y2": {"field": "@y.high"}, "color": shape["color"]},
            },
            {
                "mark": {"type": "line", "strokeWidth": 2},
                "encoding": {
                    **{"y": up, "order": order, "color": shape["color"], "strokeDash": shape["strokeDash"]},
                },
            },
            {
                "mark": {"type": "point", "size": "@size", "strokeWidth": 1.4, "opacity": 1},
                "encoding": {
                    **{"y": up, "tooltip": tip},
                    **{part: shape[part] for part in ("stroke", "fill", "shape")},
                },
            },
        ],
    }


_VALUE_TIP = (
    *(("series", "arm", ""), ("@x.field", "@x.title", ",.4~g"), ("@y.field", "@y.title", ",.4~f")),
    *(("@y.low", "interval from", ",.4~f"), ("@y.high", "to", ",.4~f"), ("n", "n (seeds)", "d")),
)


def training_curves(name: str, table: pd.DataFrame, arms: pd.DataFrame, palette: Palette) -> Chart:
    """Accuracy and loss during training."""
    entries = arm_series(arms, palette)
    rows = table
    if len(rows) > _MOST_ROWS:
        steps = sorted(rows["step"].unique())
        every = -(-len(rows) // _MOST_ROWS)
        rows = rows[rows["step"].isin([*steps[::every], steps[-1]])]
    names = ["arm", "split", "epoch", "step", "n"]
    values = [f"{value}{end}_{unit}" for value, unit in _CURVES for end in ("", "_low", "_high")]
    rows = keyed(rows[[*names, *values]].assign(order=rows["step"]), entries, "arm")
    splits = {"test": "test", "validation": "validation", "train": "training"}
    y = [
        Choice(
            name=f"{words} {value}",
            title=f"{words} {value} ({'%' if unit == 'percent' else unit})",
            field=f"{value}_{unit}",
            low=f"{value}_low_{unit}",
            high=f"{value}_high_{unit}",
            split=split,
        )
        for value, unit in _CURVES
        for split, words in splits.items()
        if rows.loc[rows["split"] == split, f"{value}_{unit}"].notna().any()
    ]
    spec = lines(shape_of(list(entries.values())), hover(*_VALUE_TIP), "datum.split == '@y.split'")
    caption = (
        "Means over seeds with their confidence intervals as bands; epoch 0 is the untrained network, and is left out "
        "on a logarithmic axis. With one recipe, a curve further left learns faster. The least validation loss "
        "selects the epoch that is reported."
    )
    return Chart(
        name=name,
        title="During training",
        caption=caption,
        spec=spec,
        rows=rows,
        series=list(entries.values()),
        x=[
            Choice(name="epochs", title="epoch", field="epoch", step=1),
            Choice(name="steps", title="optimiser step", field="step", step=1),
        ],
        y=y,
        drawn=("accuracy_by_epoch", "loss_by_epoch", "training_accuracy"),
    )


_CURVES = (("accuracy", "percent"), ("loss", "nats"))


def _costs(first: str) -> list[Choice]:
    """The horizontal axes of tickets and arms with known costs, one of them first."""
    found = [
        Choice(name="density", title="density (% of weights kept)", field="density_percent", log=True, reverse=True),
        Choice(name="sparsity", title="sparsity (% of weights removed)", field="sparsity_percent"),
        Choice(name="epochs", title="passes over training data, all rounds", field="epochs", log=True),
        Choice(name="FLOPs", title="TFLOPs of the kept weights, all rounds", field="tflops", log=True),
        Choice(name="minutes", title="minutes on the machine of this run, all rounds", field="minutes", log=True),
    ]
    return sorted(found, key=lambda choice: choice.name != first)


def _spent(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(
        sparsity_percent=100 - frame["density_percent"],
        tflops=frame["flops"] / 1e12,
        minutes=frame["seconds"] / 60,
    )


_SPENT = ["density_percent", "sparsity_percent", "epochs", "tflops", "minutes", "n"]


def pruning(rounds: pd.DataFrame, costs: pd.DataFrame, dataset: str, name: str, palette: Palette) -> Chart:
    """Every round of the tickets that were trained on a data set."""
    here = rounds[rounds["dataset"] == dataset]
    spent = costs[["ticket", "round", "epochs", "flops", "seconds"]]
    frame = _spent(here.merge(spent, on=["ticket", "round"], how="left", sort=False))
    methods = frame.drop_duplicates("ticket").set_index("ticket")["method"]
    entries = {
        str(ticket): series(palette, str(ticket), str(ticket), "dense" if method == "dense" else "own")
        for ticket, method in methods.items()
    }
    many = frame["ticket"].map(frame["ticket"].value_counts())
    values = [f"{value}{end}_{unit}" for value, unit, _ in _ROUNDS for end in ("", "_low", "_high")]
    there = [column for column in values if column in frame]
    frame = frame.assign(alone=(many == 1).tolist(), order=frame["round"])
    rows = keyed(frame[["ticket", "round", *_SPENT, *there, "alone", "order"]], entries, "ticket")
    y = [
        Choice(
            name=title.split(" (")[0],
            title=title,
            field=f"{value}_{unit}",
            low=f"{value}_low_{unit}",
            high=f"{value}_high_{unit}",
        )
        for value, unit, title in _ROUNDS
        if f"{value}_{unit}" in there and frame[f"{value}_{unit}"].notna().any()
    ]
    shown_tip = hover(("series", "ticket", ""), ("round", "round", "d"), *_VALUE_TIP[1:])
    caption = (
        "Each mark is a round of a ticket: the network after so many prunings, trained on this data set and scored at "
        "the epoch of least validation loss. Bands are confidence intervals over seeds. Passes, FLOPs and minutes are "
        "those of the round and of all rounds that it was made from."
    )
    return Chart(
        name=name,
        title=f"Pruning, trained on {dataset}",
        caption=caption,
        spec=lines(shape_of(list(entries.values())), shown_tip),
        rows=rows,
        series=list(entries.values()),
        x=_costs("density"),
        y=y,
        measured=("minutes",),
        drawn=("pruning_curves", "pruning_loss", "pruning_f1", "early_stop", "validation_loss"),
    )


_ROUNDS = (
    ("accuracy", "percent", "test accuracy (%)"),
    ("loss", "nats", "test loss (nats)"),
    ("f1", "percent", "F1 (%)"),
    ("best", "step", "early-stopping iteration (step)"),
    ("validation_loss", "nats", "least validation loss (nats)"),
)


def cost(name: str, arms: pd.DataFrame, palette: Palette) -> Chart:
    """The arms of a comparison against what they cost."""
    entries = arm_series(arms, palette)
    frame = _spent(arms).assign(alone=True, order=0)
    values = ["accuracy_percent", "accuracy_low_percent", "accuracy_high_percent"]
    rows = keyed(frame[["arm", *_SPENT, *values, "alone", "order"]], entries, "arm")
    title = f"test accuracy on {arms['dataset'].iloc[0]} (%)"
    return Chart(
        name=name,
        title="Accuracy against cost",
        caption=(
            "Each arm against what its training cost, with every round that its ticket was derived from. Higher and "
            "further left is better. FLOPs are theoretical: of the kept weights, if zeros cost nothing."
        ),
        spec=lines(shape_of(list(entries.values())), hover(*_VALUE_TIP)),
        rows=rows,
        series=list(entries.values()),
        x=_costs("epochs"),
        y=[Choice(name="accuracy", title=title, field=values[0], low=values[1], high=values[2])],
        measured=("minutes",),
        drawn=("accuracy_cost",),
    )
