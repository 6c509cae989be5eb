"""Pieces that several figures share: grids of panels, axes of percentages, bands, labels with their n."""

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from lth.figures.style import GREY, WIDTH

PERCENT_TICKS = (100, 50, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01)


def panels(
    count: int, *, columns: int, height: float, width: float = WIDTH, **shared: Any
) -> tuple[Figure, list[Axes]]:
    """A figure with `count` panels in rows of at most `columns`; `height` in inches a row."""
    columns = min(columns, count)
    rows = ceil(count / columns)
    layout = ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06, wspace=0.03, hspace=0.04)
    figure = Figure(figsize=(width, rows * height + 0.3), layout=layout)
    axes = figure.subplots(rows, columns, squeeze=False, **shared).flatten().tolist()
    for spare in axes[count:]:
        spare.remove()
    return figure, axes[:count]


def density_axis(axis: Axes, densities: Sequence[float]) -> None:
    """Log axis of density in percent, dense on the left, with ticks that people would choose."""
    axis.set_xscale("log")
    least, most = min(densities), max(densities)
    axis.set_xlim(most * 1.12, least / 1.12)
    axis.xaxis.set_major_locator(FixedLocator([tick for tick in PERCENT_TICKS if least / 1.12 <= tick <= most * 1.12]))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_xlabel("weights kept (%, log scale)")


def epoch_axis(axis: Axes) -> None:
    """Whole epochs."""
    axis.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8, min_n_ticks=1))
    axis.set_xlabel("epoch (0: untrained)")


def band(axis: Axes, x: Any, low: Any, high: Any, colour: str) -> None:
    """An interval around a line; nothing where there is none (one seed)."""
    if not pd.isna(low).all():
        axis.fill_between(x, low, high, color=colour, alpha=0.16, linewidth=0)


def whisker(axis: Axes, at: float, low: float, high: float, colour: str, *, vertical: bool) -> None:
    """An interval as a line beside its mean; nothing where there is none."""
    if not pd.isna(low):
        draw = axis.vlines if vertical else axis.hlines
        draw(at, low, high, color=colour, linewidth=1.6, zorder=2)


def spread(count: int, width: float) -> list[float]:
    """Offsets that set `count` marks side by side within `width`, the same on each run."""
    return [0.0] if count == 1 else [float(offset) for offset in np.linspace(-width / 2, width / 2, count)]


def seeds(counts: "pd.Series[int]") -> str:
    """`n = 5 seeds`, or the range where arms differ."""
    least, most = int(counts.min()), int(counts.max())
    if least != most:
        return f"n = {least} to {most} seeds"
    return "n = 1 seed" if least == 1 else f"n = {least} seeds"


def interval_words(frame: pd.DataFrame) -> str:
    """What bands and bars are: `95 % interval, n = 5 seeds`."""
    words = seeds(frame["n"])
    return words if frame["n"].max() == 1 else f"{frame['confidence_percent'].iloc[0]:g} % interval, {words}"


def nothing(words: str) -> Figure:
    """A figure that says why it's empty."""
    figure = Figure(figsize=(WIDTH, 0.6), layout="constrained")
    note(figure, words)
    return figure


def below(figure: Figure, handles: Sequence[Any], *, columns: int = 5) -> None:
    """A legend under the panels, where it covers no data."""
    figure.legend(handles=list(handles), loc="outside lower center", ncols=min(columns, len(handles)))


def note(figure: Figure, words: str) -> None:
    """A line above the panels that says what marks, bars and bands are."""
    figure.suptitle(words, x=0.012, ha="left", fontsize=8, color=GREY)


def signed(value: float, digits: int = 2) -> str:
    """A difference with its sign, the minus as wide as the plus."""
    return f"{value:+.{digits}f}".replace("-", "−")


def layer_labels(layers: Sequence[str]) -> list[str]:
    """Layers by name, or by place where the network only numbers them (`7.weight` says nothing to a reader)."""
    names = [layer.removesuffix(".weight") for layer in layers]
    return [f"layer {place}" if name.isdigit() else name for place, name in enumerate(names, 1)]


def percentages(axis: Axes, *, vertical: bool) -> None:
    """Keep an axis of percentages within 0 to 100; an interval that reaches further is cut off there."""
    low, high = axis.get_ylim() if vertical else axis.get_xlim()
    (axis.set_ylim if vertical else axis.set_xlim)(max(low, -1), min(high, 101))
