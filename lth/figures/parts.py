"""Pieces that several figures share: grids of panels, axes of percentages, bands, labels with their n."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from math import ceil, floor, log10
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator
from matplotlib.transforms import offset_copy

from lth.figures.style import GREY, WIDTH
from lth.tables.cells import amount, layer_labels

SLOT = 6.0
"""Points between marks that stand side by side."""
COLLAPSED = "0"
"""The tick of layers that have lost all weights, on a log axis that has no place for nothing."""


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


def density_axis(axis: Axes, densities: Sequence[float], slots: Iterable[int] = ()) -> None:
    """Log axis of density in percent, dense on the left, with room for marks that stand so many slots beside."""
    low, high = log_axis(axis, densities, slots=slots)
    axis.set_xlim(high, low)
    axis.set_xlabel("weights kept (%, log scale)")


def log_axis(
    axis: Axes, values: Sequence[float], *, vertical: bool = False, slots: Iterable[int] = ()
) -> tuple[float, float]:
    """Make an axis logarithmic, with ticks at round numbers; wide enough for all values and two ticks. Its ends."""
    room = SLOT * max((abs(slot) for slot in slots), default=0) / _points_wide(axis)
    margin = 1.12 * (1.3 * max(values) / min(values)) ** room
    low, high = min(values) / margin, max(values) * margin
    few = [step for step in _steps(low, high, (1, 2, 5)) if low <= step <= high]
    steps = _steps(low, high, (1, 2, 5) if len(few) > 3 else (1, 1.5, 2, 3, 4, 5, 7))
    if sum(low <= step <= high for step in steps) < 2:
        low = min(low, max(step for step in steps if step <= max(values)) / 1.12)
    if sum(low <= step <= high for step in steps) < 2:
        high = min(step for step in steps if step > high) * 1.12
    ticks = [step for step in steps if low <= step <= high]
    if len(ticks) > 9:  # three or more powers of ten: those alone
        ticks = [step for step in ticks if log10(step).is_integer()]
    (axis.set_yscale if vertical else axis.set_xscale)("log")
    (axis.set_ylim if vertical else axis.set_xlim)(low, high)
    of = axis.yaxis if vertical else axis.xaxis
    of.set_major_locator(FixedLocator(ticks))
    of.set_minor_locator(NullLocator())
    of.set_major_formatter(FuncFormatter(lambda value, _: amount(value)))
    return low, high


def _points_wide(axis: Axes) -> float:
    """How wide a panel is, in points, with what the labels beside it take."""
    columns = axis.get_subplotspec().get_gridspec().ncols if axis.get_subplotspec() else 1  # type: ignore[union-attr]
    return 0.8 * 72 * axis.get_figure(root=True).get_figwidth() / columns  # type: ignore[union-attr]


def _steps(low: float, high: float, digits: Sequence[float]) -> list[float]:
    """Numbers of these leading digits from below `low` to above `high`."""
    powers = range(floor(log10(low)) - 1, ceil(log10(high)) + 2)
    return [digit * 10.0**power for power in powers for digit in digits]


def layer_axes(axis: Axes, densities: Sequence[float]) -> float:
    """Log axis of the density of layers, upwards; returns where layers without any weight are drawn."""
    kept = [density for density in densities if density > 0] or [100.0]
    low, high = log_axis(axis, kept, vertical=True)
    nothing_kept = low / 1.5
    if min(densities, default=100.0) <= 0:
        axis.set_ylim(nothing_kept / 1.3, high)
        ticks = [tick for tick in axis.get_yticks() if low <= tick <= high]
        axis.yaxis.set_major_locator(FixedLocator([nothing_kept, *ticks]))
        axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: COLLAPSED if value < low else amount(value)))
    axis.set_ylabel("weights kept (%, log scale)")
    return nothing_kept


def layer_axis(axis: Axes, layers: Sequence[str]) -> None:
    """Layers in network order; of very many, every so-manieth is named."""
    labels, every = layer_labels(layers), ceil(len(layers) / 20)
    axis.set_xticks(range(0, len(layers), every), labels[::every], rotation=45, ha="right", rotation_mode="anchor")
    axis.set_xlim(-0.6, len(layers) - 0.4)
    axis.grid(axis="x", visible=False)


def layer_line(
    axis: Axes, densities: Sequence[float], empty: float, look: Mapping[str, Any], offset: float = 0.0
) -> None:
    """The density of each layer, and crosses where nothing is left."""
    spots = [density or empty for density in densities]
    axis.plot([place + offset for place in range(len(spots))], spots, **look, markersize=3, linewidth=1.2)
    lost = [place + offset for place, density in enumerate(densities) if not density]
    axis.plot(lost, [empty] * len(lost), "x", color=look["color"], markersize=7, mew=1.6, zorder=4)


def epoch_axis(axis: Axes) -> None:
    """Whole epochs, unless few were drawn."""
    low, high = axis.get_xlim()
    axis.xaxis.set_major_locator(MaxNLocator(integer=high - low > 3, nbins=8, steps=[1, 2, 5, 10], min_n_ticks=1))
    axis.set_xlabel("epoch (0: untrained)")


def band(axis: Axes, x: Any, low: Any, high: Any, colour: str, *, faint: bool = False) -> None:
    """An interval around a line; nothing where there is none (one seed). Fainter where many lie on each other."""
    if not pd.isna(low).all():
        axis.fill_between(x, low, high, color=colour, alpha=0.08 if faint else 0.16, linewidth=0)


def whisker(axis: Axes, at: float, low: float, high: float, colour: str, *, vertical: bool, slot: int = 0) -> None:
    """An interval as a line beside its mean; nothing where there is none."""
    if not pd.isna(low):
        ends = ([at, at], [low, high]) if vertical else ([low, high], [at, at])
        look: Any = {"color": colour, "linewidth": 1.6, "solid_capstyle": "butt", "zorder": 2}
        axis.plot(*ends, **look, **beside(axis, slot))


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


def beside(axis: Axes, slot: int) -> dict[str, Any]:
    """Keywords that draw so many slots beside the place that is told, whatever the axis."""
    if not slot:
        return {}
    figure = axis.get_figure(root=True)
    return {"transform": offset_copy(axis.transData, figure, x=SLOT * slot, units="points"), "clip_on": False}


def spans(means: "pd.Series[float]", low: "pd.Series[float]", high: "pd.Series[float]") -> list[tuple[float, float]]:
    """The ends of intervals; the mean twice where there is none (one seed)."""
    return list(zip(low.fillna(means), high.fillna(means), strict=True))


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


def band_words(frame: pd.DataFrame) -> str:
    """What lines and bands are."""
    words = interval_words(frame)
    return words if frame["n"].max() == 1 else f"lines: means; bands: {words}"


def nothing(words: str) -> Figure:
    """A figure that says why it's empty."""
    figure = Figure(figsize=(WIDTH, 0.6), layout="constrained")
    note(figure, words)
    return figure


def below(figure: Figure, handles: Sequence[Any], *, columns: int = 5) -> None:
    """A legend under the panels, where it covers no data, in as many columns as the labels leave room for.

    Panels have room for two lines of it; the figure grows with more, so that they stay as high as they are.
    """
    longest = max((len(str(handle.get_label())) for handle in handles), default=0)
    fitting = max(1, int((figure.get_figwidth() - 0.2) / (0.07 * longest + 0.6)))
    columns = min(columns, fitting, len(handles) or 1)
    figure.set_figheight(figure.get_figheight() + 0.17 * max(0, ceil(len(handles) / columns) - 2))
    figure.legend(handles=list(handles), loc="outside lower center", ncols=columns)


def looks(arms: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """Ticket and kind of each arm, which decide how it is drawn."""
    return {row["arm"]: (row["ticket"], row["kind"]) for row in arms.to_dict("records")}


def at_home(frame: pd.DataFrame) -> bool:
    """Whether the arms are those of a comparison, which are named as their tickets are (but for the dense one)."""
    named = frame[frame["kind"] != "dense"]
    return bool((named["arm"] == named["ticket"]).all())


def note(figure: Figure, words: str) -> None:
    """A line above the panels that says what marks, bars and bands are."""
    figure.suptitle(words, x=0.012, ha="left", fontsize=8, color=GREY)


def bar_share(axes: Sequence[Axes]) -> float:
    """How much of the height of all panels a colour bar takes: of two rows at most."""
    rows = len({axis.get_subplotspec().rowspan.start for axis in axes})  # type: ignore[union-attr]
    return min(0.9, 1.6 / rows)


def signed(value: float, digits: int = 2) -> str:
    """A difference with its sign, the minus as wide as the plus."""
    return f"{value:+.{digits}f}".replace("-", "−")


def percentages(axis: Axes, *, vertical: bool) -> None:
    """Keep an axis of percentages within 0 to 100 and a little more, so that marks at the ends are whole."""
    low, high = axis.get_ylim() if vertical else axis.get_xlim()
    (axis.set_ylim if vertical else axis.set_xlim)(max(low, -1), min(high, 101))
