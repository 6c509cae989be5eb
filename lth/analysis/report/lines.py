"""Curves over axes that the reader chooses, as a Vega-Lite specification."""

from collections.abc import Sequence

import pandas as pd

from lth.analysis.report.chart import HIDDEN, Spec

CURVE_ROWS = 9_000
"""Of all charts of curves by epoch on a page together, so that it stays below 5 MB."""


def lines(
    shape: Spec,
    tip: list[Spec],
    *,
    shown: str = HIDDEN,
    size: int = 12,
    bands: bool = True,
    under: Sequence[Spec] = (),
    filled: str = "true",
) -> Spec:
    """Curves with bands and marks; a row's `line` names its curve, `order` its place on it, `alone` a single mark.

    Args:
        shape: the looks of the series (`chart.shape_of`).
        tip: what hovering shows.
        shown: which rows are shown.
        size: of marks, in square pixels.
        bands: whether intervals are drawn, or only told.
        under: layers below the curves, with data of their own.
        filled: which marks are filled, of those that are at all.
    """
    scale = {"type": "@scale", "reverse": "@x.reverse", "nice": "@nice", "zero": "@zero"}
    axis = {"tickMinStep": "@x.step", "values": "@x.ticks"}
    across = {"field": "@x.field", "type": "quantitative", "title": "@x.title", "scale": scale, "axis": axis}
    heights = {"zero": False, "type": "@y.scale", "domain": "@y.domain"}
    up = {"field": "@y.field", "type": "quantitative", "title": "@y.title", "scale": heights}
    known = "isValid(datum['@y.field']) && isValid(datum['@x.field']) && ('@scale' != 'log' || datum['@x.field'] > 0)"
    there = {"filter": f"{shown} && {known}"}
    curve = {"x": across, "detail": {"field": "line", "type": "nominal"}}
    order = {"field": "order", "type": "quantitative"}
    interval = {"y": {**up, "field": "@y.low"}, "y2": {"field": "@y.high"}, "color": shape["color"]}
    band = {
        "transform": [there, {"filter": "datum.alone != true && isValid(datum['@y.low'])"}],
        "mark": {"type": "area", "opacity": "@band", "clip": "@clip"},
        "encoding": {**curve, **interval},
    }
    whisker = {
        "transform": [there, {"filter": "datum.alone == true && isValid(datum['@y.low'])"}],
        "mark": {"type": "rule", "strokeWidth": 2},
        "encoding": {**curve, **interval},
    }
    line = {
        "transform": [there],
        "mark": {"type": "line", "strokeWidth": 2, "interpolate": "@interpolate", "clip": "@clip"},
        "encoding": {**curve, "y": up, "order": order, "color": shape["color"], "strokeDash": shape["strokeDash"]},
    }
    fill = {"condition": {"test": filled, **shape["fill"]}, "value": "var(--paper)"}
    mark = {
        "transform": [there],
        "mark": {"type": "point", "size": size, "strokeWidth": 1.4, "opacity": 1, "clip": "@clip"},
        "encoding": {
            **curve,
            "y": up,
            "tooltip": tip,
            "fill": fill,
            "stroke": shape["stroke"],
            "shape": shape["shape"],
        },
    }
    return {"height": "@height", "layer": [*under, *([band, whisker] if bands else []), line, mark]}


def thinned(rows: pd.DataFrame, curve: Sequence[str], most: int) -> pd.DataFrame:
    """At most so many rows: of each curve every so-many-th step, and its last; `curve` names what curves differ in."""
    if len(rows) <= most:
        return rows
    place = rows.groupby([*curve])["step"].rank(method="dense").astype(int) - 1
    last = place.groupby([rows[name] for name in curve]).transform("max")
    every = -(-len(rows) // most)
    while True:  # the last ones count, too
        kept = rows[(place % every == 0) | (place == last)]
        if len(kept) <= most or every > last.max():
            return kept
        every += 1


def left_out(rows: pd.DataFrame, shown: pd.DataFrame, table: str) -> str:
    """A sentence about rows that a chart leaves out; empty where it has all."""
    if len(shown) == len(rows):
        return ""
    return f" So that the page stays small, the chart has {len(shown):,} of the {len(rows):,} rows of {table}."
