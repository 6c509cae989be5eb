"""Figures against density: accuracy, loss, F1 and early-stopping iteration of every pruning round."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from lth.analysis.figures import marks, parts, scales
from lth.analysis.figures.style import SHAPES, Palette

_FEW = 4
"""Number of tickets in a panel above which bands are fainter."""


def pruning_curves(tables: Mapping[str, pd.DataFrame], palette: Palette) -> Figure:
    """Test accuracy against density, one panel per data set, one line per ticket."""
    return _against_density(tables["rounds"], palette, ("accuracy", "percent"), "test accuracy (%)")


def pruning_loss(tables: Mapping[str, pd.DataFrame], palette: Palette) -> Figure:
    """Test loss against density."""
    return _against_density(tables["rounds"], palette, ("loss", "nats"), "test loss (nats)")


def validation_loss(tables: Mapping[str, pd.DataFrame], palette: Palette) -> Figure:
    """The least validation loss against density."""
    return _against_density(tables["rounds"], palette, ("validation_loss", "nats"), "least validation loss (nats)")


def pruning_f1(tables: Mapping[str, pd.DataFrame], palette: Palette) -> Figure:
    """F1 against density, on data sets with two classes."""
    rounds = tables["rounds"]
    if "f1_percent" not in rounds:
        return parts.nothing("No ticket was trained on a data set with two classes, so there is no F1.")
    return _against_density(rounds[rounds["f1_percent"].notna()], palette, ("f1", "percent"), "F1 on test data (%)")


def early_stop(tables: Mapping[str, pd.DataFrame], palette: Palette) -> Figure:
    """Early-stopping iteration against density."""
    return _against_density(tables["rounds"], palette, ("best", "step"), "early-stopping iteration")


def _against_density(rounds: pd.DataFrame, palette: Palette, value: tuple[str, str], label: str) -> Figure:
    flat = {str(dataset): found for dataset, here in rounds.groupby("dataset") if (found := _constant(here, value))}
    left_out = "\n".join(f"{label} of all trained on {dataset}: {found}" for dataset, found in flat.items())
    rounds = rounds[~rounds["dataset"].isin(list(flat))]
    if rounds.empty:
        return parts.nothing(left_out)
    datasets, looks = list(rounds["dataset"].unique()), _looks(rounds, palette)
    figure, axes = parts.panels(len(datasets), columns=2, height=3.2, width=7.0 if len(datasets) > 1 else 6.0)
    moved = False
    for axis, dataset in zip(axes, datasets, strict=True):
        here = rounds[rounds["dataset"] == dataset]
        slots = _slots(here, value)
        moved |= any(slots.values())
        for ticket, line in here.groupby("ticket", sort=False):
            faint, slot = here["ticket"].nunique() > _FEW, slots.get(str(ticket), 0)
            _line(axis, line.sort_values("round"), value, looks[ticket], faint=faint, slot=slot)
        scales.density_axis(axis, list(rounds["density_percent"]), slots.values())
        if value[1] == "percent":
            scales.percentages(axis, vertical=True)
        elif axis.get_ylim()[0] < 0:  # of losses and iterations, only an interval reaches there
            axis.set_ylim(bottom=0)
        if value[1] == "step":
            _steps_axis(axis, list(_ends(here, value)[0]))
        axis.set_title(f"trained on {dataset}")
        axis.set_ylabel(label)
    counts = rounds.groupby("ticket", sort=False)["n"].max()
    parts.below(figure, [Line2D([], [], label=f"{ticket} (n = {n})", **looks[ticket]) for ticket, n in counts.items()])
    words = parts.band_words(rounds) + (parts.SIDE_BY_SIDE if moved else "")
    parts.note(figure, f"{words}\n{left_out}" if left_out else words)
    return figure


def _constant(rounds: pd.DataFrame, value: tuple[str, str]) -> str:
    """The value that all rounds on a data set share, as words; empty where there is something to draw."""
    means, low, high = ends = _ends(rounds, value)
    several = rounds.loc[rounds["method"] != "dense", "density_percent"].nunique() > 1
    same = several and all(end.nunique(dropna=False) == 1 for end in ends)
    spread = f" ({low.iloc[0]:,.4g} to {high.iloc[0]:,.4g})" if low.iloc[0] < high.iloc[0] else ""
    return f"{means.iloc[0]:,.4g}{spread} in every round" if same else ""


def _steps_axis(axis: Axes, steps: list[float]) -> None:
    """Logarithmic where some tickets take many times longer than others, so that the curves of all can be read."""
    if scales.many_times(steps):
        scales.log_axis(axis, steps, vertical=True)
    else:
        axis.yaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step:,.0f}"))


def _slots(rounds: pd.DataFrame, value: tuple[str, str]) -> dict[str, int]:
    """How far beside its density a ticket of a single one is drawn, where it would cover another or a line's mark."""
    sparse = rounds[rounds["method"] != "dense"]
    alone = ~sparse["ticket"].duplicated(keep=False)
    if not alone.any():
        return {}
    shown = pd.concat([sparse[~alone], sparse[alone]])
    heights = marks.spans(*_ends(shown, value))
    slots = marks.side_by_side(list(shown["density_percent"]), heights, fixed=int((~alone).sum()))
    return dict(zip(shown["ticket"], slots, strict=True))


def _ends(rounds: pd.DataFrame, value: tuple[str, str]) -> "list[pd.Series[float]]":
    """Means of a value, and the lower and upper ends of their intervals."""
    name, unit = value
    return [rounds[f"{name}{end}_{unit}"] for end in ("", "_low", "_high")]


def _line(
    axis: Axes, line: pd.DataFrame, value: tuple[str, str], look: Mapping[str, Any], *, faint: bool, slot: int
) -> None:
    """A line with its band; a single density as a mark with its interval; a dense ticket right across."""
    colour = look["color"]
    means, low, high = _ends(line, value)
    if _kind(line) == "dense":
        axis.axhline(means.iloc[0], **look, linewidth=1.1, zorder=1)
        if not pd.isna(low.iloc[0]):
            axis.axhspan(low.iloc[0], high.iloc[0], color=colour, alpha=0.1, linewidth=0)
    elif len(line) == 1:
        density = line["density_percent"].iloc[0]
        marks.whisker(axis, density, low.iloc[0], high.iloc[0], colour, vertical=True, slot=slot)
        axis.plot(density, means.iloc[0], **look, **marks.shifted(axis, slot, [(density, means.iloc[0])]), zorder=3)
    else:
        every = max(1, len(line) // 12)  # the markers of long chains would touch
        axis.plot(line["density_percent"], means, **look, markevery=every)
        marks.band(axis, line["density_percent"], low, high, colour, faint=faint)


def _kind(line: pd.DataFrame) -> str:
    return "dense" if line["method"].iloc[0] == "dense" else "own"


def _looks(rounds: pd.DataFrame, palette: Palette) -> dict[Any, dict[str, Any]]:
    """How each ticket is drawn: a dense one as a line only, of a style of its own; a single density as a mark only."""
    looks: dict[Any, dict[str, Any]] = {}
    dense = list(rounds.loc[rounds["method"] == "dense", "ticket"].unique())
    for ticket, line in rounds.groupby("ticket", sort=False):
        if _kind(line) == "dense":
            style = SHAPES[dense.index(ticket) % len(SHAPES)][1]
            looks[ticket] = {**palette.line(str(ticket), "dense"), "linestyle": style}
        else:
            alone = {"linestyle": "none"} if len(line) == 1 else palette.line(str(ticket))
            looks[ticket] = palette.points(str(ticket)) | alone
    return looks
