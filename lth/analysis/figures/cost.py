"""Accuracy against what it cost."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lth.analysis.figures import marks, parts, scales
from lth.analysis.figures.style import Palette

AXES = {"epochs": ("passes over the training data (epochs, log scale)", 1.0), "flops": ("TFLOPs (log scale)", 1e-12)}
"""Columns of costs: their labels and the unit that is drawn."""


def accuracy_cost(tables: Mapping[str, pd.DataFrame], palette: Palette) -> Figure:
    """Test accuracy against all that was spent to get there, in epochs and in FLOPs; a mark an arm."""
    arms = tables["arms"]
    figure, axes = parts.panels(len(AXES), columns=2, height=3.4, sharey=True)
    heights = marks.spans(*(arms[f"accuracy{end}_percent"] for end in ("", "_low", "_high")))
    moved = False
    for axis, (column, (label, unit)) in zip(axes, AXES.items(), strict=True):
        spots = list(arms[column] * unit)
        slots = marks.side_by_side(spots, heights)
        moved |= any(slots)
        for spot, slot, arm in zip(spots, slots, arms.to_dict("records"), strict=True):
            look = palette.points(arm["ticket"], arm["kind"])
            ends = arm["accuracy_low_percent"], arm["accuracy_high_percent"]
            marks.whisker(axis, spot, *ends, look["color"], vertical=True, slot=slot)
            beside = marks.shifted(axis, slot, [(spot, arm["accuracy_percent"])])
            axis.plot(spot, arm["accuracy_percent"], linestyle="none", **look, **beside, zorder=3)
        scales.log_axis(axis, spots, slots=slots)
        axis.set_xlabel(label)
    _accuracy_axis(axes[0], str(arms["dataset"].iloc[0]))
    parts.below(figure, [_handle(arm, palette) for arm in arms.to_dict("records")])
    words = parts.interval_words(arms) if arms["n"].max() == 1 else f"mean and {parts.interval_words(arms)}"
    parts.note(figure, words + ("; markers of nearly equal cost side by side" if moved else ""))
    return figure


def _accuracy_axis(axis: Axes, dataset: str) -> None:
    axis.set_ylabel(f"test accuracy on {dataset} (%)")
    scales.percentages(axis, vertical=True)


def _handle(arm: Mapping[Any, Any], palette: Palette) -> Line2D:
    return Line2D([], [], linestyle="none", label=arm["arm"], **palette.points(arm["ticket"], arm["kind"]))
