"""Figures that compare arms: accuracy, paired differences, initialisation controls, epochs to target accuracy."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from lth.analysis.figures import marks, parts, scales
from lth.analysis.figures.style import GREY, PAPER, WIDTH, Palette, points
from lth.analysis.tables.cells import bare_p_value, outcome_word, within
from lth.catalog.controls import ARM_KINDS, OF_EACH, SHARED

ROW = 0.32
"""Inches a row of arms."""
_LONGEST_LINE = 44
"""Characters of two arms' names on one line."""


def final_accuracy(tables: Mapping[str, pd.DataFrame], palette: Palette) -> Figure:
    """Test accuracy at the early-stopping epoch: one row per arm, one faint point per seed, mean and interval."""
    runs, arms = tables["runs"], tables["arms"]
    labels = [f"{row['arm']}  ({row['density_percent']:.3g} %)" for row in arms.to_dict("records")]
    views = [*parts.folded(labels, row=ROW, extra=0.7, width=6.0)]
    for axis, rows in views:
        for place, arm in zip(rows, arms.iloc[[*rows]].to_dict("records"), strict=True):
            colour = palette.arm(arm["ticket"], arm["kind"])
            each = runs.loc[runs["arm"] == arm["arm"], "test_accuracy_percent"]
            if len(each) > 1:
                axis.plot(each, [place - 0.22] * len(each), "o", color=colour, alpha=0.45, markersize=3, mew=0)
            ends = arm["accuracy_low_percent"], arm["accuracy_high_percent"]
            marks.whisker(axis, place, *ends, colour, vertical=False)
            look = palette.points(arm["ticket"], arm["kind"])
            axis.plot(arm["accuracy_percent"], place, linestyle="none", **look, zorder=3)
            _beside(axis, place, f"{arm['accuracy_percent']:.2f}")
        axis.set_xlabel(f"test accuracy on {arms['dataset'].iloc[0]} at the early-stopping epoch (%)")
        _beside(axis, rows.start - 0.85, "mean")
    scales.percentages(views[0][0], vertical=False)
    return parts.noted(views, f"{_marks_words(arms)}; in brackets: density")


def differences(tables: Mapping[str, pd.DataFrame], palette: Palette) -> Figure:
    """Forest plot of the family of comparisons: mean paired difference, interval, adjusted p; where there is an
    equivalence margin, it as a band, the interval of the equivalence test, and the outcome of both tests."""
    pairs, looks = tables["comparisons"], parts.looks(tables["arms"])
    if pairs.empty:
        return parts.nothing("The study file names no pairs to compare, so no test was run.")
    margin = float(pairs["margin_points"].iloc[0]) if "margin_points" in pairs else None
    labels, row = _differences_labels(pairs)
    views = [*parts.folded(labels, row=row, extra=0.8, width=6.4 if margin is None else WIDTH)]
    for axis, rows in views:
        axis.axvline(0, color=GREY, linewidth=0.9)
        if margin is not None:
            axis.axvspan(-margin, margin, color=GREY, alpha=0.12, linewidth=0, zorder=0)
            _beside(axis, rows.start - 0.85, "outcome", column=2)
        axis.set_xlabel("difference in test accuracy (percentage points)")
        _beside(axis, rows.start - 0.85, "mean")
        _beside(axis, rows.start - 0.85, "p (Holm)", column=1)
    of_row = {place: axis for axis, rows in views for place in rows}
    for place, pair in enumerate(pairs.to_dict("records")):
        axis = of_row[place]
        colour = palette.arm(*looks[pair["first"]])
        marks.whisker(axis, place, pair["low_points"], pair["high_points"], colour, vertical=False)
        if margin is not None:
            ends = pair["equivalence_low_points"], pair["equivalence_high_points"]
            axis.plot(ends, [place, place], color=colour, linewidth=3.5, solid_capstyle="butt", zorder=2)
            _beside(axis, place, outcome_word(pair), column=2)
        face = colour if pair["difference_shown"] else PAPER
        axis.plot(pair["difference_points"], place, "o", color=colour, mfc=face, mew=1.3, zorder=3)
        _beside(axis, place, parts.signed(pair["difference_points"]))
        _beside(axis, place, bare_p_value(pair["p_holm"], pair["alpha"]) if pair["n"] > 1 else "no test", column=1)
    words, several = parts.interval_words(pairs), bool(pairs["n"].max() > 1)
    words = f"mean and {words}; filled markers: significant" if several else words
    if margin is not None:
        words = words.replace("significant", "significantly different")
        thick = f"thick: {pairs['equivalence_confidence_percent'].iloc[0]:.3g} % interval; " if several else ""
        words += f"\n{thick}band: equivalence margin, {within(margin)} points"
    return parts.noted(views, words)


def _differences_labels(pairs: pd.DataFrame) -> tuple[list[str], float]:
    """The labels of the rows and the inches a row: on two lines where one would leave the differences little room."""
    names = [(row["first"], f"− {row['second']}") for row in pairs.to_dict("records")]
    if max(len(" ".join(both)) for both in names) <= _LONGEST_LINE:
        return [" ".join(both) for both in names], ROW
    return ["\n".join(both) for both in names], 1.4 * ROW


def initialisations(tables: Mapping[str, pd.DataFrame], palette: Palette) -> Figure:
    """Each ticket beside its own controls, all from the network's initialisation; lines connect seeds."""
    runs, arms = (parts.of_the_network(tables[name]) for name in ("runs", "arms"))
    tickets = list(arms.loc[~arms["kind"].isin(SHARED), "ticket"].unique())
    kinds = [kind for kind in OF_EACH if kind in set(arms["kind"])]
    wide = max(1.9, 0.6 * len(kinds)) * len(tickets) + 1.6
    figure, (axis,) = parts.panels(1, columns=1, height=3.5, width=max(4.5, min(WIDTH, wide)))
    offsets = dict(zip(kinds, marks.spread(len(kinds), min(0.25 * (len(kinds) - 1), 0.75)), strict=True))
    for place, ticket in enumerate(tickets):
        group = runs[(runs["ticket"] == ticket) & runs["kind"].isin(kinds)]
        colour = palette.ticket(ticket)
        for _, seed in group.groupby("seed"):
            spots = [place + offsets[kind] for kind in seed["kind"]]
            axis.plot(spots, seed["test_accuracy_percent"], color=colour, alpha=0.35, linewidth=0.8)
        for arm in arms[(arms["ticket"] == ticket) & arms["kind"].isin(kinds)].to_dict("records"):
            spot = place + offsets[arm["kind"]]
            marks.whisker(axis, spot, arm["accuracy_low_percent"], arm["accuracy_high_percent"], colour, vertical=True)
            axis.plot(spot, arm["accuracy_percent"], linestyle="none", **palette.points(ticket, arm["kind"]), zorder=3)
    _across(axis, arms, palette)
    axis.set_xticks(range(len(tickets)), tickets)
    axis.set_xlim(-0.6, len(tickets) - 0.4)
    axis.grid(axis="x", visible=False)
    axis.set_ylabel(f"test accuracy on {arms['dataset'].iloc[0]} (%)")
    scales.percentages(axis, vertical=True)
    handles = [Line2D([], [], linestyle="none", label=ARM_KINDS[kind].words, **points(GREY, kind)) for kind in kinds]
    parts.below(figure, [*handles, *_across_handles(arms, palette)], columns=3)
    only = "\narms from the network's own initialisation" if "initialisation" in arms else ""
    parts.note(figure, _marks_words(arms, "thin lines") + only)
    return figure


def epochs_to_reach(tables: Mapping[str, pd.DataFrame], palette: Palette) -> Figure:
    """First epoch at the target accuracy: one point per seed, the median, and seeds that never reach it."""
    runs, arms = tables["runs"], tables["arms"]
    percent = arms["reach_percent"].iloc[0]
    if pd.isna(percent):
        return parts.nothing("No target accuracy: reach_percent is not set, and there is no dense arm.")
    never = float(runs["last_epoch"].max()) * 1.12 + 0.5
    views = [*parts.folded(list(arms["arm"]), row=ROW, extra=0.7, width=6.0)]
    of_row = {place: axis for axis, rows in views for place in rows}
    for place, arm in enumerate(arms.to_dict("records")):
        axis, colour = of_row[place], palette.arm(arm["ticket"], arm["kind"])
        each = runs.loc[runs["arm"] == arm["arm"], "reach_epoch"].fillna(never).sort_values()
        above = [place - 0.28 + offset for offset in marks.spread(len(each), 0.16)]  # since many share an epoch
        axis.plot(each, above, "o", color=colour, alpha=0.45, markersize=3, mew=0)
        median = never if pd.isna(arm["reach_median_epoch"]) else arm["reach_median_epoch"]
        axis.plot(median, place, linestyle="none", **palette.points(arm["ticket"], arm["kind"]), zorder=3)
    for axis, _ in views:
        axis.axvline((never + float(runs["last_epoch"].max())) / 2, color=GREY, linewidth=0.8, linestyle=":")
        _never_axis(axis, float(runs["last_epoch"].max()), never)
        axis.set_xlabel(f"first epoch with {percent:.1f} % test accuracy")
    return parts.noted(views, f"large markers: median, {parts.seeds(arms['n'])}; small points: seeds")


def _never_axis(axis: Axes, last: float, never: float) -> None:
    ticks = [
        tick for tick in MaxNLocator(integer=True, nbins=8, min_n_ticks=1).tick_values(0, last) if 0 <= tick <= last
    ]
    axis.set_xticks([*ticks, never], [*(f"{tick:g}" for tick in ticks), "never"])
    axis.set_xlim(-0.03 * never, 1.06 * never)  # room for marks at both ends


def _beside(axis: Axes, place: float, words: str, column: int = 0) -> None:
    """Text on the right of a row, outside the data; columns are 42 points apart."""
    axis.annotate(
        words,
        xy=(1, place),
        xycoords=axis.get_yaxis_transform(),
        xytext=(6 + 42 * column, 0),
        textcoords="offset points",
        va="center",
        fontsize=8,
        annotation_clip=False,
    )


def _across(axis: Axes, arms: pd.DataFrame, palette: Palette) -> None:
    for arm in arms[arms["kind"].isin(SHARED)].to_dict("records"):
        look = palette.line(arm["ticket"], arm["kind"])
        axis.axhline(arm["accuracy_percent"], **look, linewidth=1.1, zorder=1)
        if not pd.isna(arm["accuracy_low_percent"]):
            ends = arm["accuracy_low_percent"], arm["accuracy_high_percent"]
            axis.axhspan(*ends, color=look["color"], alpha=0.1, linewidth=0)


def _across_handles(arms: pd.DataFrame, palette: Palette) -> list[Any]:
    return [
        Line2D([], [], **palette.line(row["ticket"], row["kind"]), linewidth=1.1, label=ARM_KINDS[row["kind"]].words)
        for row in arms[arms["kind"].isin(SHARED)].to_dict("records")
    ]


def _marks_words(arms: pd.DataFrame, each: str = "small points") -> str:
    return parts.seeds(arms["n"]) if arms["n"].max() == 1 else f"mean and {parts.interval_words(arms)}; {each}: seeds"
