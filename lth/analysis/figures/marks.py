"""Marks: intervals as bands and whiskers, lines over layers, and marks that would cover each other side by side."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.transforms import offset_copy

SLOT = 6.0
"""Points between marks that stand side by side."""


def band(axis: Axes, x: Any, low: Any, high: Any, colour: str, *, faint: bool = False) -> None:
    """An interval around a line; nothing where there is none (one seed). Fainter where many lie on each other."""
    if not pd.isna(low).all():
        axis.fill_between(x, low, high, color=colour, alpha=0.08 if faint else 0.16, linewidth=0)


def whisker(axis: Axes, at: float, low: float, high: float, colour: str, *, vertical: bool, slot: int = 0) -> None:
    """An interval as a line beside its mean; nothing where there is none."""
    if not pd.isna(low):
        ends = ([at, at], [low, high]) if vertical else ([low, high], [at, at])
        look: Any = {"color": colour, "linewidth": 1.6, "solid_capstyle": "butt", "zorder": 2}
        axis.plot(*ends, **look, **shifted(axis, slot, list(zip(*ends, strict=True))))


def layer_line(
    axis: Axes, densities: Sequence[float], empty: float, look: Mapping[str, Any], offset: float = 0.0
) -> None:
    """The density of each layer, and crosses where nothing is left."""
    spots = [density or empty for density in densities]
    axis.plot([place + offset for place in range(len(spots))], spots, **look, markersize=3, linewidth=1.2)
    lost = [place + offset for place, density in enumerate(densities) if not density]
    axis.plot(lost, [empty] * len(lost), "x", color=look["color"], markersize=7, mew=1.6, zorder=4)


def spread(many: int, width: float) -> list[float]:
    """Offsets that set so `many` marks side by side within `width`, the same on each run."""
    return [0.0] if many == 1 else [float(offset) for offset in np.linspace(-width / 2, width / 2, many)]


def side_by_side(values: Sequence[float], spans: Sequence[tuple[float, float]], fixed: int = 0) -> list[int]:
    """Where marks of nearly equal value go so that none covers another: so many slots right of it (left if negative).

    Each takes the free slot nearest to its own value, in the order given; values are equal within 2 %.

    Args:
        values: places on a log axis.
        spans: lower and upper end of each mark with its interval, on the other axis.
        fixed: so many of them, the first ones, stay where they are.
    """
    room = 0.02 * (max(high for _, high in spans) - min(low for low, _ in spans))
    slots: list[int] = []
    for place, value in enumerate(values):
        near = [other for other in range(place) if 0.98 <= values[other] / value <= 1.02]
        taken = {slots[other] for other in near if _touch(spans[other], spans[place], room)}
        slots.append(0 if place < fixed else next(slot for slot in _outwards() if slot not in taken))
    return slots


def _outwards() -> Iterator[int]:
    """0, 1, -1, 2, -2, ..."""
    yield 0
    for distance in count(1):
        yield from (distance, -distance)


def _touch(one: tuple[float, float], other: tuple[float, float], room: float) -> bool:
    return one[0] - room <= other[1] + room and other[0] - room <= one[1] + room


def shifted(axis: Axes, slot: int, points: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """Keywords that draw points so many slots beside the place that is told, whatever the axis, and within it."""
    if not slot:
        return {}
    axis.update_datalim(points)  # matplotlib looks at nothing that is drawn beside its place
    axis.autoscale_view()
    place = offset_copy(axis.transData, axis.get_figure(root=True), x=SLOT * slot, units="points")
    return {"transform": place, "clip_on": False}


def spans(means: "pd.Series[float]", low: "pd.Series[float]", high: "pd.Series[float]") -> list[tuple[float, float]]:
    """The ends of intervals; the mean twice where there is none (one seed)."""
    return list(zip(low.fillna(means), high.fillna(means), strict=True))
