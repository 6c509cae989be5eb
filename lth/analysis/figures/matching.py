"""What each round loses against its dense network, and down to which density it still matches it."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lth.analysis.figures import marks, parts, scales
from lth.analysis.figures.style import GREY, PAPER, Palette
from lth.analysis.tables.cells import within

_FEW = 4
"""Tickets in a panel above which bands are fainter."""


def accuracy_drop(tables: Mapping[str, pd.DataFrame], palette: Palette) -> Figure:
    """Paired difference of each round to its dense network against density, one panel per data set."""
    found = tables["matching"]
    if found.empty:
        return parts.nothing("The study trains no dense network like any of its tickets.")
    margin = float(found["margin_points"].iloc[0]) if "margin_points" in found else None
    datasets = list(found["dataset"].unique())
    figure, axes = parts.panels(len(datasets), columns=2, height=3.2, width=7.0 if len(datasets) > 1 else 6.0)
    moved = False
    for axis, dataset in zip(axes, datasets, strict=True):
        here = found[found["dataset"] == dataset]
        axis.axhline(0, color=GREY, linewidth=0.9)
        if margin is not None:
            axis.axhspan(-margin, margin, color=GREY, alpha=0.12, linewidth=0, zorder=0)
        slots = _slots(here)
        moved |= any(slots.values())
        for ticket, line in here.groupby("ticket", sort=False):
            faint, slot = here["ticket"].nunique() > _FEW, slots.get(str(ticket), 0)
            _line(axis, line.sort_values("round"), str(ticket), palette, faint=faint, slot=slot)
        scales.density_axis(axis, list(found["density_percent"]), slots.values())
        axis.set_title(f"trained on {dataset}")
        axis.set_ylabel("ticket − dense (points)")
    tickets = list(found["ticket"].unique())
    parts.below(figure, [Line2D([], [], **palette.line(name), **_mark(name, palette), label=name) for name in tickets])
    words = parts.band_words(found) + (parts.SIDE_BY_SIDE if moved else "")
    if margin is not None:
        words += f"\ngrey: {within(margin)} points; filled: equivalent to dense; ring: the sparsest that matches it"
    parts.note(figure, words)
    return figure


def _slots(here: pd.DataFrame) -> dict[str, int]:
    """How far beside its density a ticket of a single round is drawn, where it would cover a mark of another."""
    alone = ~here["ticket"].duplicated(keep=False)
    if not alone.any():
        return {}
    shown = pd.concat([here[~alone], here[alone]])
    heights = marks.spans(*(shown[f"{end}_points"] for end in ("difference", "low", "high")))
    slots = marks.side_by_side(list(shown["density_percent"]), heights, fixed=int((~alone).sum()))
    return dict(zip(shown["ticket"], slots, strict=True))


def _line(axis: Axes, line: pd.DataFrame, ticket: str, palette: Palette, *, faint: bool, slot: int) -> None:
    """The mean with its band; a single round as a mark with its interval."""
    look, spots = palette.line(ticket), line["density_percent"]
    ends = line["low_points"], line["high_points"]
    if len(line) == 1:
        low, high = (end.iloc[0] for end in ends)
        marks.whisker(axis, spots.iloc[0], low, high, look["color"], vertical=True, slot=slot)
    else:
        axis.plot(spots, line["difference_points"], **look)
        marks.band(axis, spots, *ends, look["color"], faint=faint)
    tested = "equivalence_shown" in line
    for row in line.to_dict("records"):
        mark = _mark(ticket, palette) | ({} if not tested or row["equivalence_shown"] else {"mfc": PAPER})
        place = row["density_percent"], row["difference_points"]
        beside = marks.shifted(axis, slot, [place])
        axis.plot(*place, linestyle="none", color=look["color"], **mark, **beside, zorder=3)
        if tested and row["matching"]:
            axis.plot(*place, "o", color=look["color"], mfc="none", markersize=11, mew=1.3, **beside, zorder=4)


def _mark(ticket: str, palette: Palette) -> dict[str, Any]:
    points = palette.points(ticket)
    return {"marker": points["marker"], "markersize": 4, "mec": points["mec"], "mfc": points["mfc"]}
