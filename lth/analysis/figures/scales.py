"""Axes: logarithmic ones with round ticks, layers, epochs, percentages."""

from collections.abc import Iterable, Sequence
from math import ceil, floor, log10

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from lth.analysis.figures.marks import SLOT
from lth.analysis.tables.cells import amount, layer_labels

MANY_TIMES = 10
COLLAPSED = "0"
"""Tick label of layers without any weight, which a log axis cannot place."""


def density_axis(axis: Axes, densities: Sequence[float], slots: Iterable[int] = ()) -> None:
    """Log axis of density in percent, dense on the left, with room for marks that stand so many slots beside."""
    low, high = log_axis(axis, densities, slots=slots)
    axis.set_xlim(high, low)
    axis.set_xlabel("density (%, log scale)")


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


def many_times(values: Sequence[float]) -> bool:
    """Whether they are so far apart that only a logarithmic axis tells the small ones apart."""
    return min(values) > 0 and max(values) > MANY_TIMES * min(values)


def _points_wide(axis: Axes) -> float:
    """How wide a panel is, in points, with what the labels beside it take."""
    columns = axis.get_subplotspec().get_gridspec().ncols if axis.get_subplotspec() else 1  # type: ignore[union-attr]
    return 0.8 * 72 * axis.get_figure(root=True).get_figwidth() / columns  # type: ignore[union-attr]


def _steps(low: float, high: float, digits: Sequence[float]) -> list[float]:
    """Numbers of these leading digits from below `low` to above `high`."""
    powers = range(floor(log10(low)) - 1, ceil(log10(high)) + 2)
    return [digit * 10.0**power for power in powers for digit in digits]


def layer_axes(axis: Axes, densities: Sequence[float]) -> float:
    """Vertical log axis of layer densities; returns the position at which layers without any weight are drawn."""
    kept = [density for density in densities if density > 0] or [100.0]
    low, high = log_axis(axis, kept, vertical=True)
    nothing_kept = low / 1.5
    if min(densities, default=100.0) <= 0:
        axis.set_ylim(nothing_kept / 1.3, high)
        ticks = [tick for tick in axis.get_yticks() if low <= tick <= high]
        axis.yaxis.set_major_locator(FixedLocator([nothing_kept, *ticks]))
        axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: COLLAPSED if value < low else amount(value)))
    axis.set_ylabel("density (%, log scale)")
    return nothing_kept


def layer_axis(axis: Axes, layers: Sequence[str]) -> None:
    """Layers in network order; at most 20 of them are labelled, and in narrow panels as many as have 11 points each."""
    place, figure = axis.get_subplotspec(), axis.get_figure(root=True)
    panels = place.get_gridspec().ncols if place else 1
    width = 0.7 * 72 * figure.get_figwidth() / panels if figure else 0.0  # the rest are margins and numbers
    labels, every = layer_labels(layers), ceil(len(layers) / max(1, min(20, int(width / 11))))
    axis.set_xticks(range(0, len(layers), every), labels[::every], rotation=45, ha="right", rotation_mode="anchor")
    axis.set_xlim(-0.6, len(layers) - 0.4)
    axis.grid(axis="x", visible=False)


def epoch_axis(axis: Axes) -> None:
    """Whole epochs, unless few were drawn."""
    low, high = axis.get_xlim()
    axis.xaxis.set_major_locator(MaxNLocator(integer=high - low > 3, nbins=8, steps=[1, 2, 5, 10], min_n_ticks=1))
    axis.set_xlabel("epoch (0: untrained)")


def percentages(axis: Axes, *, vertical: bool) -> None:
    """Keep an axis of percentages within 0 to 100 and a little more, so that marks at the ends are whole."""
    low, high = axis.get_ylim() if vertical else axis.get_xlim()
    (axis.set_ylim if vertical else axis.set_xlim)(max(low, -1), min(high, 101))
