"""Figures along density: what the rounds of all tickets gave, and how soon."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lth.figures import parts
from lth.figures.style import Palette

FEW = 4
"""Up to so many bands can lie on each other before they hide the lines."""


def pruning_curves(tables: Mapping[str, pd.DataFrame], palette: Palette) -> Figure:
    """Test accuracy against density, a panel for each data set that rounds were trained on, a line for each ticket."""
    return _against_density(tables["rounds"], palette, ("accuracy", "percent"), "test accuracy (%)")


def pruning_loss(tables: Mapping[str, pd.DataFrame], palette: Palette) -> Figure:
    """Test loss against density, likewise."""
    return _against_density(tables["rounds"], palette, ("loss", "nats"), "test loss (nats)")


def pruning_f1(tables: Mapping[str, pd.DataFrame], palette: Palette) -> Figure:
    """F1 against density, likewise, on data sets with two classes."""
    rounds = tables["rounds"]
    if "f1_percent" not in rounds:
        return parts.nothing("F1 is of data sets with two classes, and no ticket was trained on one.")
    return _against_density(rounds[rounds["f1_percent"].notna()], palette, ("f1", "percent"), "F1 on test data (%)")


def early_stop(tables: Mapping[str, pd.DataFrame], palette: Palette) -> Figure:
    """The iteration of least validation loss against density, a panel a data set, a line a ticket."""
    return _against_density(tables["rounds"], palette, ("best", "step"), "iteration of least validation loss")


def _against_density(rounds: pd.DataFrame, palette: Palette, value: tuple[str, str], label: str) -> Figure:
    datasets = list(rounds["dataset"].unique())
    figure, axes = parts.panels(len(datasets), columns=2, height=3.2, width=7.0 if len(datasets) > 1 else 6.0)
    for axis, dataset in zip(axes, datasets, strict=True):
        here = rounds[rounds["dataset"] == dataset]
        for ticket, line in _apart(here).groupby("ticket", sort=False):
            marks = _marks(palette, str(ticket), line)
            _line(axis, line.sort_values("round"), value, marks, faint=here["ticket"].nunique() > FEW)
        parts.density_axis(axis, list(rounds["density_percent"]))
        if value[1] == "percent":
            parts.percentages(axis, vertical=True)
        elif axis.get_ylim()[0] < 0:  # of losses and iterations, only an interval reaches there
            axis.set_ylim(bottom=0)
        axis.set_title(f"trained on {dataset}")
        axis.set_ylabel(label)
    parts.below(figure, [_handle(palette, str(t), line) for t, line in rounds.groupby("ticket", sort=False)])
    parts.note(figure, parts.band_words(rounds))
    return figure


def _apart(rounds: pd.DataFrame) -> pd.DataFrame:
    """Tickets of a single density get places side by side; `density_percent` becomes the place."""
    single = ~rounds["ticket"].duplicated(keep=False) & (rounds["method"] != "dense")
    places = parts.side_by_side(list(rounds.loc[single, "density_percent"]))
    return rounds.assign(
        density_percent=rounds["density_percent"].mask(single, pd.Series(places, rounds.index[single]))
    )


def _line(axis: Axes, line: pd.DataFrame, value: tuple[str, str], marks: Mapping[str, Any], *, faint: bool) -> None:
    """A line with its band; a single density as a mark with its interval; a dense ticket right across."""
    (name, unit), colour = value, marks["color"]
    means, low, high = (line[column] for column in (f"{name}_{unit}", f"{name}_low_{unit}", f"{name}_high_{unit}"))
    if _kind(line) == "dense":
        axis.axhline(means.iloc[0], color=colour, linewidth=1.1, zorder=1)
        if not pd.isna(low.iloc[0]):
            axis.axhspan(low.iloc[0], high.iloc[0], color=colour, alpha=0.1, linewidth=0)
    elif len(line) == 1:
        density = line["density_percent"].iloc[0]
        parts.whisker(axis, density, low.iloc[0], high.iloc[0], colour, vertical=True)
        axis.plot(density, means.iloc[0], **marks, zorder=3)
    else:
        every = max(1, len(line) // 12)  # the markers of long chains would touch
        axis.plot(line["density_percent"], means, **marks, markevery=every)
        parts.band(axis, line["density_percent"], low, high, colour, faint=faint)


def _kind(line: pd.DataFrame) -> str:
    return "dense" if line["method"].iloc[0] == "dense" else "own"


def _handle(palette: Palette, ticket: str, line: pd.DataFrame) -> Line2D:
    return Line2D([], [], label=f"{ticket} (n = {line['n'].max()})", **_marks(palette, ticket, line))


def _marks(palette: Palette, ticket: str, line: pd.DataFrame) -> dict[str, Any]:
    """How a ticket is drawn: a dense one as a line only, one of a single density as a mark only."""
    if _kind(line) == "dense":
        return palette.line(ticket, "dense")
    return palette.points(ticket) | ({"linestyle": "none"} if len(line) == 1 else palette.line(ticket))
