"""Frames of animations: masks forming over the rounds beside accuracy, and a training with its sparsity by epoch."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator
from numpy.typing import NDArray

from lth.analysis.figures.colours import OKABE_ITO
from lth.analysis.figures.style import GREY, SETTINGS
from lth.analysis.pictures.drawn import DrawnLayer, DrawnTicket, drawn_ticket
from lth.analysis.pictures.grids import DETAILS
from lth.analysis.pictures.rounds import Chain
from lth.errors import UserError
from lth.printable import printable

MOST_FRAMES = 60
"""Of an animation; of more rounds or epochs, evenly spaced ones are shown."""
_BLUE, _ORANGE = OKABE_ITO[:2]
_LINES = (_BLUE, *OKABE_ITO[2:])
"""Of data sets, in the order of their first rounds."""
_SHADES = LinearSegmentedColormap.from_list("kept", ["#FFFFFF", _BLUE])
_UNITS = 5
"""Rows and columns of units."""
_GAP = 0.18
"""The shade of gaps between pictures."""


def round_frames(chain: Chain) -> Callable[[float], list[NDArray[np.uint8]]]:
    """A frame for each round: the first layer's masks, and accuracy against the weights kept so far.

    Raises:
        UserError: the chain has one round, or a file is damaged.
    """
    if len(chain.rounds) < 2:
        raise UserError(f"{printable(chain.title)}: has one round; an animation needs at least two")
    ticket = drawn_ticket(chain, DETAILS[0])
    return _all(len(ticket.rounds), 4.0, lambda at, figure: _round(figure, ticket, at))


def training_frames(chain: Chain) -> Callable[[float], list[NDArray[np.uint8]]]:
    """A frame for each scored epoch of the training of the last round: test accuracy, and sparsity below it.

    Raises:
        UserError: there is no history beside the ticket.
    """
    last = chain.rounds[-1]
    if last.history is None:
        raise UserError(
            f"{printable(chain.title)}: there is no history.csv beside its last round, whose training this shows"
        )
    history, total = last.history(), sum(mask.numel() for mask in last.read().masks.values())
    test = history[history["split"] == "test"].sort_values("step")
    epochs, accuracy = test["epoch"].to_numpy(float), test["accuracy_percent"].to_numpy(float)
    sparsity = 100 * (1 - test["kept"].to_numpy(float) / total)
    title = f"{chain.title}, round {last.number}"

    lines = epochs, accuracy, sparsity
    return _all(len(epochs), 4.4, lambda at, figure: _training(figure, title, lines, at))


def _all(count: int, height: float, draw: Callable[[int, Figure], None]) -> Callable[[float], list[NDArray[np.uint8]]]:
    """Draws a frame for each of so many places, in inches as high as is said, at a resolution."""
    return lambda resolution: [_drawn(resolution, height, partial(draw, at)) for at in _places(count)]


def _places(count: int) -> list[int]:
    """Which of so many are shown: all, or evenly spaced ones with the first and the last."""
    return [int(place) for place in np.unique(np.linspace(0, count - 1, min(count, MOST_FRAMES)).round())]


def _drawn(resolution: float, height: float, draw: Callable[[Figure], None]) -> NDArray[np.uint8]:
    """A figure as pixels; nothing of the user's settings is read, and no global state is touched."""
    with mpl.rc_context({**mpl.rcParamsDefault, **SETTINGS}):
        figure = Figure(figsize=(9, height), dpi=resolution, facecolor="white")
        canvas: Any = FigureCanvasAgg(figure)
        draw(figure)
        canvas.draw()
        return np.array(canvas.buffer_rgba())[..., :3]


def _round(figure: Figure, ticket: DrawnTicket, at: int) -> None:
    layer, kept = ticket.layers[0], 100 * ticket.density(at)
    trained = f", trained on {ticket.datasets[at]}" if ticket.several_datasets and ticket.datasets[at] else ""
    words = f"{ticket.title}: round {ticket.rounds[at]}{trained}, {kept:.3g} % of the weights kept"
    accuracy = ticket.accuracy[at]
    figure.suptitle(words + (f", test accuracy {accuracy:.1f} %" if accuracy is not None else ""), x=0.03, ha="left")
    axes = figure.subplots(1, 3, width_ratios=(1, 1, 1.15))
    figure.subplots_adjust(left=0.03, right=0.98, top=0.83, bottom=0.13, wspace=0.22)
    if layer.looks is not None and layer.cells.dtype == np.bool_:
        looks = layer.looks[at]
        units = layer.shape[0] * (layer.image or (1,))[0]
        _image(axes[0], looks / max(1, looks.max()), f"Where {layer.label} looks (darkest: {looks.max()} of {units})")
        _image(
            axes[1], _pictures(layer, at), f"Inputs kept by {min(_UNITS**2, layer.shape[0])} of {layer.shape[0]} units"
        )
    else:
        _image(axes[0], _pictures(layer, at), f"Kept weights of {layer.label}")
        _densities(axes[1], ticket, at)
    draw_curve(axes[2], ticket, at)


def _image(axis: Axes, shades: NDArray[Any], title: str) -> None:
    axis.imshow(shades, cmap=_SHADES, vmin=0, vmax=1, interpolation="nearest")
    axis.set_anchor("N")
    axis.set_title(title)
    axis.set(xticks=[], yticks=[])
    axis.grid(visible=False)
    axis.spines[:].set(visible=True, color="#BBBBBB")


def _pictures(layer: DrawnLayer, at: int) -> NDArray[Any]:
    """Units or kernels side by side, or the matrix of weights or blocks; shades from 0 to 1."""
    cells: NDArray[Any] = layer.cells[at]
    if cells.dtype != np.bool_:
        return cells / 255
    if layer.image:
        tiles = cells.reshape(len(cells), *layer.image).mean(axis=1)[: _UNITS**2]
        return tiled(tiles, _UNITS)
    if len(layer.shape) == 4 and min(layer.shape[2:]) > 1:
        outputs, inputs, *size = layer.shape
        across = int(np.ceil(np.sqrt(outputs))) if inputs == 1 else inputs
        return tiled(cells.reshape(outputs * inputs, *size), across)
    return cells.astype(float)


def tiled(tiles: NDArray[Any], across: int) -> NDArray[Any]:
    """Pictures [n, height, width] in rows of `across`, with gaps of one pixel between them; small ones are enlarged."""
    zoom = max(1, 20 // max(tiles.shape[1:]))
    tiles = tiles.repeat(zoom, axis=1).repeat(zoom, axis=2)
    count, height, width = tiles.shape
    down = -(-count // across)
    whole = np.full((down * (height + 1) - 1, across * (width + 1) - 1), _GAP)
    for place, tile in enumerate(tiles):
        top, left = place // across * (height + 1), place % across * (width + 1)
        whole[top : top + height, left : left + width] = tile
    return whole


def _densities(axis: Axes, ticket: DrawnTicket, at: int) -> None:
    shares = [100 * layer.kept[at] / layer.total for layer in ticket.layers]
    axis.barh(range(len(shares)), shares, color=_BLUE, height=0.65)
    axis.set_yticks(
        range(len(shares)), [layer.label for layer in ticket.layers] if len(shares) <= 20 else [""] * len(shares)
    )
    axis.set(xlim=(0, 100), xlabel="weights kept (%)", title="Density by layer")
    axis.invert_yaxis()
    axis.grid(visible=False, axis="y")


def draw_curve(axis: Axes, ticket: DrawnTicket, at: int) -> None:
    """Accuracy against the weights kept, up to a round; of tickets without histories, the weights kept by round.

    Accuracies on different data sets are not comparable: each data set has a colour and a dashed line of its own, and
    no line leads from one to another.
    """
    kept = [100 * ticket.density(place) for place in range(len(ticket.rounds))]
    axis.tick_params(length=2.5)
    if any(value is None for value in ticket.accuracy):
        axis.plot(ticket.rounds[: at + 1], kept[: at + 1], color=_BLUE, marker="o", markersize=3.5)
        axis.set(xlim=_around(ticket.rounds), ylim=(0, 105), xlabel="round", title="Weights kept (%)")
        return
    accuracy = [value for value in ticket.accuracy if value is not None]
    for colour, places in _stretches(ticket):
        shown = [place for place in places if place <= at]
        line = [kept[place] for place in shown], [accuracy[place] for place in shown]
        axis.plot(*line, color=colour, marker="o", markersize=3.5)
    axis.plot(kept[at], accuracy[at], color=_ORANGE, marker="o", markersize=7)
    for name, colour in _colours(ticket).items():
        shade = colour if ticket.several_datasets else GREY
        first = accuracy[ticket.datasets.index(name)]
        axis.axhline(first, color=shade, linewidth=0.9, linestyle=(0, (3, 2)), label=name or "not known")
    axis.set_xscale("log")
    ends = min(kept) / 1.15, max(kept) * 1.15
    marks = [mark for mark in (100, 50, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1) if ends[0] <= mark <= ends[1]]
    axis.set_xticks(marks)
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    low, high = _around(accuracy)
    if ticket.several_datasets:  # with room for the legend below the curves
        low -= 0.09 * len(_colours(ticket)) * (high - low)
        axis.legend(loc="lower left")
        axis.set_title("Test accuracy (%); dashed: first on each")
    else:
        axis.set_title(f"Test accuracy (%); dashed: round {ticket.rounds[0]}")
    axis.set(xlim=ends[::-1], ylim=(low, high), xlabel="weights kept (%)")


def _colours(ticket: DrawnTicket) -> dict[str, str]:
    """The colour of each data set, in the order of its first round; orange marks the round of the frame."""
    names = [*dict.fromkeys(ticket.datasets)]
    return {name: _LINES[place % len(_LINES)] for place, name in enumerate(names)}


def _stretches(ticket: DrawnTicket) -> Iterator[tuple[str, list[int]]]:
    """The places of successive rounds on one data set, with its colour."""
    colours = _colours(ticket)
    for name, places in groupby(range(len(ticket.rounds)), key=lambda place: ticket.datasets[place]):
        yield colours[name], [*places]


def _training(figure: Figure, title: str, lines: tuple[NDArray[Any], ...], at: int) -> None:
    epochs, accuracy, sparsity = lines
    words = f"epoch {epochs[at]:.3g}, {sparsity[at]:.1f} % of the weights pruned, test accuracy {accuracy[at]:.1f} %"
    figure.suptitle(f"{title}: {words}", x=0.03, ha="left")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(1.5, 1))
    figure.subplots_adjust(left=0.07, right=0.98, top=0.84, bottom=0.12, hspace=0.3)
    for axis, values, colour, words, limits in _parts(accuracy, sparsity):
        axis_ = above if axis == "above" else below
        axis_.plot(epochs[: at + 1], values[: at + 1], color=colour)
        axis_.plot(epochs[at], values[at], color=colour, marker="o", markersize=6)
        axis_.set(xlim=_around(epochs), ylim=limits, title=words)
    below.set_xlabel("epoch")


def _parts(
    accuracy: NDArray[Any], sparsity: NDArray[Any]
) -> Iterator[tuple[str, NDArray[Any], str, str, tuple[float, float]]]:
    yield "above", accuracy, _BLUE, "Test accuracy (%)", _around(accuracy)
    yield "below", sparsity, _ORANGE, "Sparsity: weights pruned (%)", (-3, 103)


def _around(values: Sequence[float] | NDArray[Any]) -> tuple[float, float]:
    """Limits of an axis with a little room on both sides."""
    low, high = float(min(values)), float(max(values))
    room = 0.06 * (high - low) or 0.5
    return low - room, high + room
