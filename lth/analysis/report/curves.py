"""The charts of curves, whose axes the reader chooses: during training, round by round, and against cost."""

import pandas as pd

from lth.analysis.figures.style import Palette
from lth.analysis.report.chart import (
    HIDDEN,
    NEITHER_HIDDEN,
    Chart,
    Choice,
    arm_series,
    hover,
    keyed,
    shape_of,
    zero_and_margin,
)
from lth.analysis.report.lines import left_out, lines, thinned
from lth.analysis.report.looks import Series, series
from lth.analysis.tables.arms import of_all_seeds
from lth.analysis.tables.cells import bare_p_value, within

VALUE_TIP = (
    *(("series", "arm", ""), ("@x.field", "@x.title", ",.4~g"), ("@y.field", "@y.title", ",.4~f")),
    *(("@y.low", "interval from", ",.4~f"), ("@y.high", "to", ",.4~f"), ("n", "n (seeds)", "d")),
)
_CURVES = (("accuracy", "percent"), ("loss", "nats"))
_SPLITS = {"test": "test", "validation": "validation", "train": "training"}
EPOCHS = (
    Choice(name="epochs", title="epoch", field="epoch", step=1),
    Choice(name="steps", title="optimiser step", field="step", step=1),
)
"""The horizontal axes of what goes on within a training."""
_FLOPS = Choice(name="FLOPs", title="TFLOPs of the kept weights, all rounds", field="tflops", log=True)
_MINUTES = Choice(name="minutes", title="minutes, all rounds (in proportion to epochs)", field="minutes")
CURVE_VALUES = [f"{value}{end}_{unit}" for value, unit in _CURVES for end in ("", "_low", "_high")]
"""Columns of curves that a chart draws."""


def value(name: str, title: str, column: tuple[str, str], split: str = "") -> Choice:
    """A vertical axis with intervals; the column is its name and its unit."""
    of, unit = column
    low, high = f"{of}_low_{unit}", f"{of}_high_{unit}"
    return Choice(name=name, title=title, field=f"{of}_{unit}", low=low, high=high, split=split)


def split_values(rows: pd.DataFrame, splits: tuple[str, ...]) -> list[Choice]:
    """Accuracy and loss of some splits, as far as there are any."""
    return [
        value(
            f"{_SPLITS[split]} {of}", f"{_SPLITS[split]} {of} ({'%' if unit == 'percent' else unit})", (of, unit), split
        )
        for of, unit in _CURVES
        for split in splits
        if rows.loc[rows["split"] == split, f"{of}_{unit}"].notna().any()
    ]


def bands(frame: pd.DataFrame) -> str:
    """What bands are, if there are any."""
    return " Bands are confidence intervals over seeds." if frame["n"].max() > 1 else ""


def training_axes(rows: pd.DataFrame) -> list[Choice]:
    """The axes within a training, with FLOPs and minutes where they can be known of any."""
    return [*EPOCHS, *([_FLOPS, _MINUTES] if rows["tflops"].notna().any() else [])]


def training_curves(
    name: str, table: pd.DataFrame, arms: pd.DataFrame, spent: pd.DataFrame, most: int, palette: Palette
) -> Chart:
    """Accuracy and loss during training.

    Args:
        name: its place in links.
        table: `curves` of the evaluation or comparison.
        arms: its arms.
        spent: TFLOPs and minutes at each row of the table, as far as they are known.
        most: rows at most.
        palette: the study's.
    """
    entries = arm_series(arms, palette)
    of_all = of_all_seeds(table, ["arm"])
    rows = thinned(of_all.join(spent), ["arm", "split"], most)
    names = ["arm", "split", "epoch", "step", "tflops", "minutes", "n"]
    drawn = keyed(rows[[*names, *CURVE_VALUES]].assign(order=rows["step"], line=rows["arm"]), entries, "arm")
    recipe = " With one recipe, a curve further left learns faster." if len(arms) > 1 else ""
    ends = " A curve ends with the first seed that stopped early." if len(of_all) < len(table) else ""
    caption = (
        f"Means over seeds; epoch 0 is the untrained network, which a logarithmic axis leaves out.{ends}"
        f"{bands(table)}{recipe} The least validation loss selects the epoch that is reported."
        f"{left_out(of_all, rows, 'curves.csv')}"
    )
    shown = f"{HIDDEN} && datum.split == '@y.split'"
    return Chart(
        name=name,
        title="During training",
        caption=caption,
        spec=lines(shape_of(list(entries.values())), hover(*VALUE_TIP), shown=shown),
        rows=drawn,
        series=list(entries.values()),
        x=training_axes(drawn),
        y=split_values(drawn, tuple(_SPLITS)),
        measured=("minutes",),
        drawn=("accuracy_by_epoch", "loss_by_epoch", "training_accuracy"),
    )


def _costs(first: str) -> list[Choice]:
    """The horizontal axes of tickets and arms with known costs, one of them first."""
    found = [
        Choice(name="density", title="density (% of weights kept)", field="density_percent", log=True, reverse=True),
        Choice(name="sparsity", title="sparsity (% of weights removed)", field="sparsity_percent"),
        Choice(name="epochs", title="passes over training data, all rounds", field="epochs", log=True),
        _FLOPS,
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


def _rounds(rows: pd.DataFrame, costs: pd.DataFrame, entries: dict[str, Series], columns: list[str]) -> pd.DataFrame:
    """Rows of rounds as a chart has them, with what they cost."""
    spent = costs[["ticket", "round", "epochs", "flops", "seconds"]]
    frame = _spent(rows.merge(spent, on=["ticket", "round"], how="left", sort=False))
    many = frame["ticket"].map(frame["ticket"].value_counts())
    frame = frame.assign(alone=(many == 1).tolist(), order=frame["round"], line=frame["ticket"])
    there = [column for column in columns if column in frame]
    return keyed(frame[["ticket", "round", *_SPENT, *there, "alone", "order", "line"]], entries, "ticket")


def of_tickets(rounds: pd.DataFrame, palette: Palette) -> dict[str, Series]:
    """The looks of the tickets in a table of rounds."""
    methods = rounds.drop_duplicates("ticket").set_index("ticket")["method"]
    return {
        str(ticket): series(palette, str(ticket), str(ticket), "dense" if method == "dense" else "own")
        for ticket, method in methods.items()
    }


_ROUND_TIP = (("series", "ticket", ""), ("round", "round", "d"), *VALUE_TIP[1:])
_COSTS = " Passes, FLOPs and minutes are those of the round and of all rounds that it was made from."


def pruning(rounds: pd.DataFrame, costs: pd.DataFrame, dataset: str, name: str, palette: Palette) -> Chart:
    """Every round of the tickets that were trained on a data set."""
    here = rounds[rounds["dataset"] == dataset]
    entries = of_tickets(here, palette)
    values = [f"{of}{end}_{unit}" for of, unit, _ in _ROUNDS for end in ("", "_low", "_high")]
    rows = _rounds(here, costs, entries, values)
    y = [
        value(title.split(" (")[0], title, (of, unit))
        for of, unit, title in _ROUNDS
        if f"{of}_{unit}" in rows and rows[f"{of}_{unit}"].notna().any()
    ]
    caption = (
        "Each mark is a round of a ticket: the network after so many prunings, trained on this data set and scored at "
        f"the epoch of least validation loss.{bands(rows)}{_COSTS}"
    )
    return Chart(
        name=name,
        title=f"Pruning, trained on {dataset}",
        caption=caption,
        spec=lines(shape_of(list(entries.values())), hover(*_ROUND_TIP), size=45),
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


def lost_accuracy(matching: pd.DataFrame, costs: pd.DataFrame, dataset: str, name: str, palette: Palette) -> Chart:
    """What every round on a data set lost against its dense network."""
    here = matching[matching["dataset"] == dataset]
    margin = float(here["margin_points"].iloc[0]) if "margin_points" in here else None
    entries = {str(ticket): series(palette, str(ticket), str(ticket), "own") for ticket in here["ticket"].unique()}
    tested = ["lower_bound_points", "p_not_worse", "equivalence_shown", "matching"] if margin is not None else []
    rows = _rounds(here, costs, entries, ["difference_points", "low_points", "high_points", *tested])
    rows = rows.assign(other="")
    if margin is not None:
        alpha = float(here["alpha"].iloc[0])
        rows["p_not_worse"] = [bare_p_value(p, alpha) for p in rows["p_not_worse"]]
    filled = "datum.equivalence_shown" if margin is not None else "true"
    tip = [*_ROUND_TIP, *((("p_not_worse", "p (not worse)", ""),) if margin is not None else ())]
    shape = shape_of(list(entries.values()))
    spec = lines(shape, hover(*tip), shown=NEITHER_HIDDEN, size=45, under=zero_and_margin("y", margin), filled=filled)
    if margin is not None:
        curve = spec["layer"][-1]
        ring = {
            "transform": [*curve["transform"], {"filter": "datum.matching"}],
            "mark": {"type": "point", "shape": "circle", "size": 190, "strokeWidth": 1.6, "filled": False},
            "encoding": {part: curve["encoding"][part] for part in ("x", "y", "stroke")},
        }
        spec["layer"].append(ring)
    words = (
        f" Grey is the margin of {within(margin)} points. Filled marks are equivalent to dense within it; a ring marks "
        "the sparsest round that matches dense (is not worse by the margin). Both are tested from dense to sparse, and "
        "claims end with the first test that is not significant, so that no correction is needed."
        if margin is not None
        else " Descriptive: nothing here is tested."
    )
    caption = (
        "Test accuracy of every round minus that of its dense network (of its own chain, else of the same recipe), "
        f"paired by seed.{bands(rows)}{words}{_COSTS}"
    )
    return Chart(
        name=name,
        title=f"Accuracy lost against dense, trained on {dataset}",
        caption=caption,
        spec=spec,
        rows=rows,
        series=list(entries.values()),
        x=_costs("density"),
        y=[
            Choice(
                name="difference",
                title="ticket − dense (percentage points)",
                field="difference_points",
                low="low_points",
                high="high_points",
            )
        ],
        measured=("minutes",),
        drawn=("accuracy_drop",),
    )


def cost(name: str, arms: pd.DataFrame, palette: Palette) -> Chart:
    """The arms of a comparison against what they cost."""
    entries = arm_series(arms, palette)
    frame = _spent(arms).assign(alone=True, order=0, line=arms["arm"])
    values = ["accuracy_percent", "accuracy_low_percent", "accuracy_high_percent"]
    rows = keyed(frame[["arm", *_SPENT, *values, "alone", "order", "line"]], entries, "arm")
    return Chart(
        name=name,
        title="Accuracy against cost",
        caption=(
            "Each arm against what its training cost, with every round that its ticket was derived from. Higher and "
            "further left is better. FLOPs are theoretical: of the kept weights, if zeros cost nothing."
        ),
        spec=lines(shape_of(list(entries.values())), hover(*VALUE_TIP), size=45),
        rows=rows,
        series=list(entries.values()),
        x=_costs("epochs"),
        y=[value("accuracy", f"test accuracy on {arms['dataset'].iloc[0]} (%)", ("accuracy", "percent"))],
        measured=("minutes",),
        drawn=("accuracy_cost",),
    )
