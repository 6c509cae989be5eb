"""Shared parts of figures: grids of panels, legends, and notes on n and intervals."""

from collections.abc import Iterator, Sequence
from math import ceil
from textwrap import wrap
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from lth.analysis.figures.style import GREY, WIDTH
from lth.analysis.tables.cells import in_points
from lth.catalog.controls import ArmKind


def panels(many: int, *, columns: int, height: float, width: float = WIDTH, **shared: Any) -> tuple[Figure, list[Axes]]:
    """A figure with so `many` panels in rows of at most `columns`; `height` in inches a row."""
    columns = min(columns, many)
    rows = ceil(many / columns)
    layout = ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06, wspace=0.03, hspace=0.04)
    figure = Figure(figsize=(width, rows * height + 0.3), layout=layout)
    axes = figure.subplots(rows, columns, squeeze=False, **shared).flatten().tolist()
    for spare in axes[many:]:
        spare.remove()
    return figure, axes[:many]


PANEL_ROWS = 12
"""Rows of a panel; more are folded into several panels."""
_LINE = 105
"""Characters of a line across a figure."""
_LONGEST_BESIDE = 26
"""Characters of a row's label up to which two panels have room side by side."""


SIDE_BY_SIDE = "; markers of nearly equal density side by side"
"""The end of a note, where marks are not exactly at their densities."""


def in_turn(rows: int) -> list[range]:
    """Which rows each of several panels has, from the top: at most `PANEL_ROWS`, in each as many but for the last."""
    each = ceil(rows / max(1, ceil(rows / PANEL_ROWS)))
    return [range(first, min(rows, first + each)) for first in range(0, rows, max(1, each))] or [range(0)]


def folded(labels: Sequence[str], *, row: float, extra: float, width: float) -> Iterator[tuple[Axes, range]]:
    """Panels of a row for each label, each with at most `PANEL_ROWS`, and which of the rows each panel has.

    Args:
        labels: of the rows, from the top.
        row: inches a row.
        extra: inches of what is above and below the rows of a panel.
        width: inches of a figure of one panel.
    """
    found = in_turn(len(labels))
    each, many = len(found[0]), len(found)
    columns = 2 if many > 1 and max(map(len, labels)) <= _LONGEST_BESIDE else 1
    wide = 1.5 * width if columns > 1 else width
    _, axes = panels(many, columns=columns, height=row * each + extra, width=wide, sharex=True)
    for rows, axis in zip(found, axes, strict=True):
        axis.set_yticks(rows, [labels[at] for at in rows])
        axis.set_ylim(rows.start + each - 0.4, rows.start - 0.6)
        axis.grid(axis="y", visible=False)
        axis.tick_params(labelbottom=True)
        yield axis, rows


def below(figure: Figure, handles: Sequence[Any], *, columns: int = 5) -> None:
    """A legend under the panels, where it covers no data, in as many columns as the labels leave room for.

    Panels have room for two lines of it; the figure grows with more, so that they stay as high as they are.
    """
    longest = max((len(str(handle.get_label())) for handle in handles), default=0)
    fitting = max(1, int((figure.get_figwidth() - 0.2) / (0.07 * longest + 0.6)))
    columns = min(columns, fitting, len(handles) or 1)
    figure.set_figheight(figure.get_figheight() + 0.17 * max(0, ceil(len(handles) / columns) - 2))
    figure.legend(handles=list(handles), loc="outside lower center", ncols=columns)


def note(figure: Figure, words: str) -> None:
    """A line above the panels that explains markers, bars and bands."""
    figure.suptitle(words, x=0.012, ha="left", fontsize=8, color=GREY)


def noted(views: Sequence[tuple[Axes, range]], words: str) -> Figure:
    """The figure of folded panels, with a line above them."""
    figure: Figure = views[0][0].get_figure(root=True)  # type: ignore[assignment]
    note(figure, words)
    return figure


def nothing(words: str) -> Figure:
    """An empty figure that says why."""
    lines = [line for sentence in words.splitlines() for line in wrap(sentence, _LINE)]
    figure = Figure(figsize=(WIDTH, 0.42 + 0.18 * len(lines)), layout="constrained")
    note(figure, "\n".join(lines))
    return figure


def bar_share(axes: Sequence[Axes]) -> float:
    """How much of the height of all panels a colour bar takes: of two rows at most."""
    rows = len({axis.get_subplotspec().rowspan.start for axis in axes})  # type: ignore[union-attr]
    return min(0.9, 1.6 / rows)


def seeds(counts: "pd.Series[int]") -> str:
    """`n = 5 seeds`, or the range where arms differ."""
    least, most = int(counts.min()), int(counts.max())
    if least != most:
        return f"n = {least} to {most} seeds"
    return "n = 1 seed" if least == 1 else f"n = {least} seeds"


def interval_words(frame: pd.DataFrame) -> str:
    """What bands and bars are: `95 % confidence interval, n = 5 seeds`."""
    words = seeds(frame["n"])
    return words if frame["n"].max() == 1 else f"{frame['confidence_percent'].iloc[0]:g} % confidence interval, {words}"


def band_words(frame: pd.DataFrame) -> str:
    """What lines and bands are."""
    words = interval_words(frame)
    return words if frame["n"].max() == 1 else f"lines: means; bands: {words}"


def signed(value: float, digits: int = 2) -> str:
    """A difference as in tables, but for its minus, which is as wide as the plus."""
    return in_points(value, digits).replace("-", "−")


def looks(arms: pd.DataFrame) -> dict[str, tuple[str, ArmKind]]:
    """Ticket and kind of each arm, which decide how it is drawn."""
    return {row["arm"]: (row["ticket"], row["kind"]) for row in arms.to_dict("records")}


def of_the_network(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of arms that start from the network's own initialisation; those come first."""
    if "initialisation" not in frame or frame.empty:
        return frame
    found: pd.DataFrame = frame[frame["initialisation"] == frame["initialisation"].iloc[0]]
    return found


def of_comparison(frame: pd.DataFrame) -> bool:
    """Whether the arms are those of a comparison, which have the names of their tickets (except the dense arm)."""
    named = frame[frame["kind"] != "dense"]
    return bool((named["arm"] == named["ticket"]).all())
