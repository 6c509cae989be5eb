"""The charts of arms: their accuracies, and their paired differences."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lth.analysis.figures.style import Palette
from lth.analysis.report.chart import (
    HIDDEN,
    NEITHER_HIDDEN,
    PANEL,
    Chart,
    Panel,
    Spec,
    arm_series,
    ends_in_words,
    fold,
    hover,
    in_panels,
    keyed,
    shape_of,
    zero_and_margin,
)
from lth.analysis.report.looks import Series
from lth.analysis.tables.cells import bare_p_value

_MEAN = {"type": "point", "size": 90, "strokeWidth": 1.6, "opacity": 1}


def _seeds_and_intervals(value: Spec, colour: Spec, tip: list[Spec]) -> list[Spec]:
    """Layers of a row's small points, one a seed, and of the line of its mean's interval."""
    return [
        {
            "transform": [{"filter": "datum.what == 'seed'"}],
            "mark": {"type": "circle", "size": 22, "opacity": 0.5, "yOffset": 8},
            "encoding": {"x": value, "color": colour, "tooltip": tip},
        },
        {
            "transform": [{"filter": "datum.what == 'mean' && isValid(datum.low)"}],
            "mark": {"type": "rule", "strokeWidth": 2},
            "encoding": {"x": {**value, "field": "low"}, "x2": {"field": "high"}, "color": colour},
        },
    ]


def one_axis(rows: pd.DataFrame, panels: Sequence[Panel], *also: float) -> Spec:
    """The scale of values: of several panels one for all, whatever is hidden; it holds the values of `also`."""
    if len(panels) == 1:
        return {"zero": False}
    ends = [*rows[["value", "low", "high"]].min(), *rows[["value", "low", "high"]].max(), *also]
    known = [float(end) for end in ends if not pd.isna(end)]
    return {"zero": False, "domain": [min(known), max(known)], "nice": True}


def accuracy(name: str, title: str, runs: pd.DataFrame, arms: pd.DataFrame, palette: Palette) -> Chart:
    """Every arm's mean test accuracy with its interval, and each seed."""
    entries = arm_series(arms, palette)
    means = arms.assign(
        what="mean",
        value=arms["accuracy_percent"],
        low=arms["accuracy_low_percent"],
        high=arms["accuracy_high_percent"],
        interval=ends_in_words(arms, "accuracy_low_percent", "accuracy_high_percent"),
    )
    seeds = runs[runs["arm"].isin(list(entries))].assign(what="seed", value=lambda r: r["test_accuracy_percent"])
    names = ["arm", "what", "value", "low", "high", "interval", "n", "seed", "density_percent"]
    panels = fold(list(entries), entries)
    rows = keyed(pd.concat([means, seeds]).reindex(columns=names), entries, "arm")
    rows = rows.assign(panel=in_panels(rows["arm"], list(entries)))
    shape, row = shape_of(list(entries.values())), {"field": "arm", "type": "nominal", "sort": None, "title": None}
    label = f"test accuracy on {arms['dataset'].iloc[0]} (%)"
    value = {"field": "value", "type": "quantitative", "title": label, "scale": one_axis(rows, panels)}
    seed_tip = hover(("arm", "arm", ""), ("seed", "seed", "d"), ("value", "test accuracy %", ".2f"))
    mean_tip = hover(
        *(("arm", "arm", ""), ("value", "mean test accuracy %", ".2f"), ("interval", "interval", "")),
        *(("n", "n (seeds)", "d"), ("density_percent", "density %", ".3~g")),
    )
    spec = {
        "height": {"step": 26},
        "transform": [{"filter": f"{HIDDEN} && {PANEL}"}],
        "encoding": {"y": row},
        "layer": [
            *_seeds_and_intervals(value, shape["color"], seed_tip),
            {
                "transform": [{"filter": "datum.what == 'mean'"}],
                "mark": _MEAN,
                "encoding": {
                    **{"x": value, "tooltip": mean_tip},
                    **{part: shape[part] for part in ("stroke", "fill", "shape")},
                },
            },
        ],
    }
    several = (
        " Arms are paired by seed: judge a difference by the paired differences, not by whether intervals overlap."
    )
    caption = (
        "Large marks are means over seeds at the epoch of least validation loss, lines their confidence intervals, "
        f"small points single seeds.{several if len(arms) > 1 else ''}"
        if arms["n"].max() > 1
        else "Marks are the test accuracy of the only seed, at the epoch of least validation loss."
    )
    return Chart(
        name=name,
        title=title,
        caption=caption,
        spec=spec,
        rows=rows,
        series=list(entries.values()),
        drawn=("final_accuracy",),
        panels=panels,
        beside=True,
    )


def _pair_rows(runs: pd.DataFrame, pairs: pd.DataFrame, entries: Mapping[str, Series]) -> pd.DataFrame:
    """A row for each pair's mean, and one for each of its seeds."""
    wide = runs.pivot_table(index="seed", columns="arm", values="test_accuracy_percent")
    rows: list[dict[str, Any]] = []
    for pair in pairs.to_dict("records"):
        first, second = pair["first"], pair["second"]
        same = {"pair": f"{first} − {second}", "series": first, "key": entries[first].key}
        same["other"] = entries[second].key
        tested = "no test (one seed)" if pair["n"] == 1 else bare_p_value(pair["p_holm"], pair["alpha"])
        rows.append(
            {
                **same,
                **{"what": "mean", "value": pair["difference_points"], "low": pair["low_points"]},
                **{"high": pair["high_points"], "n": pair["n"], "p": tested, "shown": bool(pair["difference_shown"])},
                "seeds": f"{pair['wins']} better, {pair['ties']} equal, {pair['losses']} worse",
            }
        )
        both = wide[[first, second]].dropna()
        rows += [
            {**same, "what": "seed", "value": round(float(one - other), 9), "seed": seed}
            for seed, one, other in zip(both.index, both[first], both[second], strict=True)
        ]
    frame = pd.DataFrame(rows)
    frame["interval"] = [
        "" if what == "seed" else words
        for what, words in zip(frame["what"], ends_in_words(frame, "low", "high", "+.2f"), strict=True)
    ]
    return frame


def paired_differences(
    name: str, runs: pd.DataFrame, arms: pd.DataFrame, pairs: pd.DataFrame, palette: Palette
) -> Chart:
    """The paired differences that the study names: mean, interval and seeds."""
    entries = arm_series(arms, palette)
    frame = _pair_rows(runs, pairs, entries)
    names = list(dict.fromkeys(frame["pair"]))
    panels = fold(names, {row["pair"]: entries[row["series"]] for row in frame.to_dict("records")})
    frame = frame.assign(panel=in_panels(frame["pair"], names))
    shape = shape_of(list(entries.values()))
    row = {"field": "pair", "type": "nominal", "sort": None, "title": None, "axis": {"labelLimit": 260}}
    title = "difference in test accuracy (percentage points)"
    margin = float(pairs["margin_points"].iloc[0]) if "margin_points" in pairs else None
    drawn = (0.0, *(() if margin is None else (-margin, margin)))  # a mark outside of the scale would take its room
    value = {"field": "value", "type": "quantitative", "title": title, "scale": one_axis(frame, panels, *drawn)}
    shown_tip = hover(
        *(("pair", "difference", ""), ("value", "mean, points", "+.2f"), ("interval", "interval", "")),
        *(("p", "p (Holm)", ""), ("seeds", "seeds", ""), ("n", "n (seeds)", "d")),
    )
    seed_tip = hover(("pair", "difference", ""), ("seed", "seed", "d"), ("value", "points", "+.2f"))
    shown = {"filter": f"{NEITHER_HIDDEN} && {PANEL}"}
    filled = {"condition": {"test": "datum.shown", **shape["color"]}, "value": "var(--paper)"}
    marks = [
        *_seeds_and_intervals(value, shape["color"], seed_tip),
        {
            "transform": [{"filter": "datum.what == 'mean'"}],
            "mark": {**_MEAN, "shape": "circle"},
            "encoding": {"x": value, "stroke": shape["color"], "fill": filled, "tooltip": shown_tip},
        },
    ]
    # margin and zero have data of their own, so that these two cannot be the whole chart's
    marks = [
        {**mark, "transform": [shown, *mark["transform"]], "encoding": {"y": row, **mark["encoding"]}} for mark in marks
    ]
    caption = (
        "First arm minus second, within each seed; right of zero the first is better. "
        + (
            "Filled marks are significant, open ones are not: the exact sign-flip test decides, Holm-adjusted over all "
            "rows. Lines are confidence intervals, uncorrected and descriptive; small points are single seeds."
            if pairs["n"].max() > 1
            else "One seed allows no test."
        )
        + (" The grey band is the equivalence margin." if margin is not None else "")
    )
    return Chart(
        name=name,
        title="Paired differences",
        caption=caption,
        spec={"height": {"step": 30}, "layer": [*zero_and_margin("x", margin), *marks]},
        rows=frame,
        series=[entry for arm, entry in entries.items() if arm in {*pairs["first"], *pairs["second"]}],
        drawn=("differences",),
        panels=panels,
    )
