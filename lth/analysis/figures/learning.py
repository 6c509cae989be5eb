"""Learning curves of pruning rounds: accuracy by iteration, a line a density; accuracy and density by epoch."""

from collections.abc import Iterable, Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from lth.analysis.figures import marks, parts, scales
from lth.analysis.figures.style import SHADES, SHAPES, MarkAndLine, Palette
from lth.analysis.tables.arms import of_all_seeds
from lth.analysis.tables.cells import amount
from lth.analysis.tables.notes import named

MOST_TICKETS = 12
"""Tickets that are drawn; the others are named."""
MOST_TRAININGS = 12
"""Trainings in one panel, likewise."""
_EARLY = 0.1
"""The share of the scored steps that may lie below the panel: of the steep beginning only the end is of interest."""


def learning_curves(tables: Mapping[str, pd.DataFrame], palette: Palette) -> Figure:
    """Test accuracy by iteration, one panel for each ticket with several rounds, one line a round, by density."""
    del palette  # colours are densities
    test, views = rounds_shown(tables["round_curves"])
    if not views:
        return parts.nothing("No ticket has several rounds on one data set.")
    shown = views[:MOST_TICKETS]
    figure, axes = parts.panels(len(shown), columns=2, height=2.7)
    least = min(float(test["final_percent"].min()), 99.0)
    scale = LogNorm(least, 100)
    for axis, (ticket, dataset) in zip(axes, shown, strict=True):
        here = test[(test["ticket"] == ticket) & (test["dataset"] == dataset)]
        for _, line in here.groupby("round", sort=True):
            colour = density_shade(line["final_percent"].iloc[0], least)
            axis.plot(line["step"], line["accuracy_percent"], color=colour, linewidth=1.1)
        axis.set_ylim(*_heights(test[test["dataset"] == dataset]))
        axis.set_title(f"{ticket}, on {dataset}")
        _iterations(axis)
        axis.set_ylabel("test accuracy (%)")
    bar = figure.colorbar(
        ScalarMappable(scale, SHADES.reversed()), ax=axes, shrink=parts.bar_share(axes), aspect=30, pad=0.02
    )
    bar.set_label("density (%, log scale)")
    ticks = [tick for tick in _TICKS if tick >= least]
    bar.ax.yaxis.set_major_locator(FixedLocator(ticks if len(ticks) < 7 else [t for t in ticks if t in _FEW_TICKS]))
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: amount(value)))
    bar.ax.yaxis.set_minor_locator(NullLocator())
    words = f"means, {parts.seeds(test['n'])}"
    left = [f"{ticket} on {dataset}" for ticket, dataset in views[MOST_TICKETS:]]
    parts.note(figure, words + (f"; not drawn: {named(left, 'tickets')}" if left else ""))
    return figure


def rounds_shown(curves: pd.DataFrame) -> tuple[pd.DataFrame, list[tuple[str, str]]]:
    """Test rows with the final density of each training, and the tickets and data sets with several rounds.

    A ticket that takes over another one's masks stands beside it.
    """
    test = of_all_seeds(curves[curves["split"] == "test"], ["ticket", "round"])
    densities = test.groupby(["ticket", "round"], sort=False)["density_percent"].min()
    test = test.merge(densities.rename("final_percent").reset_index(), on=["ticket", "round"])
    views = [(str(t), str(d)) for (t, d), rows in test.groupby(["ticket", "dataset"], sort=False) if _several(rows)]
    places = {ticket: place for place, ticket in enumerate(test["ticket"].unique())}
    follows = dict(zip(test["ticket"], test["follows"], strict=True))
    views.sort(key=lambda view: (places.get(follows[view[0]], places[view[0]]), places[view[0]]))
    return test, views


def density_shade(percent: float, least: float) -> str:
    """The colour of a density, between the least one that is drawn and 100 %."""
    return to_hex(SHADES(1 - LogNorm(min(least, 99.0), 100)(percent)))


_FEW_TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
_TICKS = (*_FEW_TICKS[:6], 3, 7, 10, 15, 20, 30, 40, 50, 70, 100)


def _several(rows: pd.DataFrame) -> bool:
    return bool(rows["round"].nunique() > 1)


def late_range(test: pd.DataFrame, column: str) -> tuple[float, float]:
    """Where values of trainings are after their first steep rise (of losses: fall), with a little room."""
    later = test.loc[test["step"] > _EARLY * test.groupby(["ticket", "round"])["step"].transform("max"), column]
    falls = "loss" in column
    low, high = float(later.quantile(0 if falls else 0.02)), float(later.quantile(0.98 if falls else 1))
    room = 0.06 * (high - low) or 0.5
    return low - room, high + room


def _heights(test: pd.DataFrame) -> tuple[float, float]:
    """One range for all panels of a data set, from where the curves are after their first steep rise."""
    low, high = late_range(test, "accuracy_percent")
    return max(-1.0, low), min(101.0, high)


def _iterations(axis: Axes) -> None:
    axis.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step:,.0f}"))
    axis.set_xlabel("iteration")


def accuracy_while_pruned(tables: Mapping[str, pd.DataFrame], palette: Palette) -> Figure:
    """Test accuracy (top) and density (bottom) by epoch, for trainings within which weights are pruned."""
    found = trainings(tables["round_curves"])
    if not found:
        return parts.nothing("No ticket was pruned while it was trained.")
    test = pd.concat(found.values())
    figure, (accuracy, kept) = parts.panels(2, columns=1, height=2.4, width=6.4, sharex=True)
    handles, shapes = [], training_shapes(found, palette)
    for ticket, label in [*found][:MOST_TRAININGS]:
        line, (_, style) = found[ticket, label], shapes[ticket, label]
        look = {**palette.line(ticket), "linestyle": style}
        accuracy.plot(line["epoch"], line["accuracy_percent"], **look)
        ends = line["accuracy_low_percent"], line["accuracy_high_percent"]
        marks.band(accuracy, line["epoch"], *ends, look["color"], faint=len(found) > 3)
        # A row has the density of the epoch that ends there.
        kept.plot(line["epoch"], line["density_percent"], drawstyle="steps-pre", **look)
        handles.append(Line2D([], [], **look, label=label))
    accuracy.set_ylabel("test accuracy (%)")
    scales.percentages(accuracy, vertical=True)
    accuracy.set_ylim(*_heights(test))
    scales.log_axis(kept, list(test["density_percent"]), vertical=True)
    kept.set_ylabel("density (%, log scale)")
    scales.epoch_axis(kept)
    parts.below(figure, handles)
    left = [label for _, label in [*found][MOST_TRAININGS:]]
    words = parts.band_words(test) + (f"; not drawn: {named(left, 'trainings')}" if left else "")
    parts.note(figure, words)
    return figure


def trainings(curves: pd.DataFrame) -> dict[tuple[str, str], pd.DataFrame]:
    """Test rows of each training within which weights are pruned, by ticket and label."""
    test = of_all_seeds(curves[curves["split"] == "test"], ["ticket", "round"])
    density = test.groupby(["ticket", "round"], sort=False)["density_percent"]
    test = test[density.transform("max") > density.transform("min")]
    return {
        (str(ticket), f"{ticket} ({line['density_percent'].min():.3g} %)"): line
        for (ticket, _), line in test.groupby(["ticket", "round"], sort=False)
    }


def training_shapes(found: Iterable[tuple[str, str]], palette: Palette) -> dict[tuple[str, str], MarkAndLine]:
    """The marker and line of each training, by ticket and label: its ticket's, or the next that its colour has free."""
    taken: dict[str, set[MarkAndLine]] = {}
    shapes = {}
    for ticket, label in found:
        own = SHAPES.index(palette.shape(ticket))
        there = taken.setdefault(palette.ticket(ticket), set())
        free = [shape for shape in (*SHAPES[own:], *SHAPES[:own]) if shape not in there]
        shapes[ticket, label] = free[0] if free else SHAPES[own]
        there.add(shapes[ticket, label])
    return shapes
