"""How figures look: colours, line styles, sizes, and the settings that make SVG files reproducible.

A ticket has one colour in every figure, a kind of arm one marker and line style, so that they can be read together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from matplotlib.colors import LinearSegmentedColormap
from matplotlib.typing import LineStyleType

from lth.analysis.figures.colours import COLOURS
from lth.catalog.controls import ArmKind

INK = "#1C1C1E"
"""Text, axes and the dense network."""
GREY = "#595959"
"""Text and lines that stand back."""
PAPER = "#FFFFFF"
"""Behind everything, and inside open markers."""
_GRID = "#E6E6E6"
DARK = {INK: "#ECECF0", GREY: "#A5A5AD", _GRID: "#3A3A40", PAPER: "#17171A"}
"""What these become on a page that is dark (`draw.with_dark_scheme`); all other colours can be read on both papers, and
are the same."""
ON_PALE, ON_DEEP = "#010101", "#FEFEFE"
"""Numbers on coloured cells, which are the same on both papers."""
SHADES = LinearSegmentedColormap.from_list("shades", ["#6A3FC4", "#2C7FB8", "#2BA58B", "#C79A00"])
"""From the first round or layer to the last."""
SHARED_COLOURS = {"dense": INK, "random": "#7F7F7F", "magnitude": "#8C6D1F"}
"""Colours of arms that hold nothing of a ticket but counts."""

SETTINGS: Any = {
    **{"svg.hashsalt": "lth", "svg.fonttype": "path"},  # the same bytes and the same look on every machine
    "pdf.fonttype": 42,  # journals refuse the other one
    **{"font.family": "DejaVu Sans", "font.size": 9, "axes.titlesize": 9.5, "axes.labelsize": 9},
    **{"xtick.labelsize": 8, "ytick.labelsize": 8, "legend.fontsize": 8, "legend.frameon": False},
    **{"axes.spines.top": False, "axes.spines.right": False, "axes.titlelocation": "left", "axes.linewidth": 0.8},
    **{"axes.grid": True, "grid.color": _GRID, "grid.linewidth": 0.6, "axes.axisbelow": True},
    **{"lines.linewidth": 1.6, "lines.markersize": 5, "savefig.facecolor": PAPER, "axes.unicode_minus": True},
    **{"axes.facecolor": "none", **{f"{of}.color": INK for of in ("text", "xtick", "ytick")}},
    **{"axes.edgecolor": INK, "axes.labelcolor": INK, "axes.titlecolor": INK},
}
"""Matplotlib settings of all figures; nothing of the user's own is read."""


WIDTH = 7.0
"""Inches: two columns of a paper."""


def verbatim(text: str) -> str:
    """Text of the user's as a label: Matplotlib would read what stands between two dollar signs as mathematics."""
    return text.replace("$", r"\$")


@dataclass(frozen=True)
class Mark:
    """How one kind of arm is drawn."""

    marker: str
    line: LineStyleType
    filled: bool


MARKS: Mapping[ArmKind, Mark] = {
    "own": Mark("o", "-", True),
    "reinitialised": Mark("s", (0, (5, 2)), False),
    "shuffled": Mark("^", (0, (1.5, 1.5)), False),
    "rewired": Mark("8", (0, (2.5, 1, 2.5, 3)), False),
    "rewired_rescaled": Mark("P", (0, (6, 1, 2, 1)), False),
    "permuted": Mark("<", (0, (3, 1, 1, 1)), False),
    "rescaled": Mark("h", (0, (8, 2)), False),
    "redrawn_signs": Mark("d", (0, (3, 1, 1, 1, 1, 1)), False),
    "noisy": Mark("H", (0, (2, 1, 1, 1)), False),
    "own_signs": Mark(">", (0, (5, 1)), False),
    "random": Mark("D", (0, (5, 1.5, 1, 1.5)), False),
    "magnitude": Mark("p", (0, (1, 1)), False),
    "dense": Mark("*", "-", True),
}


MarkAndLine: TypeAlias = tuple[str, LineStyleType]
SHAPES: tuple[MarkAndLine, ...] = (
    *(("o", "-"), ("v", (0, (4, 1.2)))),
    *(("P", (0, (4, 1, 1, 1))), ("X", (0, (1, 1)))),
)
"""Markers and lines of tickets in their own initialisation: others wherever colours recur."""


class Palette:
    """How tickets are drawn, by their place among colours and shapes (`lth.analysis.figures.colours`)."""

    def __init__(self, places: Mapping[str, int]) -> None:
        self._places = places

    def ticket(self, ticket: str) -> str:
        """A ticket's colour."""
        return COLOURS[self._places[ticket] % len(COLOURS)] if ticket in self._places else GREY

    def arm(self, ticket: str, kind: ArmKind) -> str:
        """An arm's colour: its ticket's, unless it is a control that holds no ticket."""
        return SHARED_COLOURS.get(kind) or self.ticket(ticket)

    def points(self, ticket: str, kind: ArmKind = "own") -> dict[str, Any]:
        """Keywords that draw an arm's mark: its colour, its kind's mark, or of tickets as found the ticket's shape."""
        marks = points(self.arm(ticket, kind), kind)
        return {**marks, "marker": self.shape(ticket)[0]} if kind == "own" else marks

    def line(self, ticket: str, kind: ArmKind = "own") -> dict[str, Any]:
        """Keywords that draw an arm's line: likewise."""
        style = self.shape(ticket)[1] if kind == "own" else MARKS[kind].line
        return {"color": self.arm(ticket, kind), "linestyle": style}

    def marked_line(self, ticket: str) -> dict[str, Any]:
        """Keywords that draw a ticket's line with its marks on it."""
        return {**self.line(ticket), "marker": self.shape(ticket)[0]}

    def shape(self, ticket: str) -> MarkAndLine:
        """The marker and the line of a ticket in its own initialisation."""
        return SHAPES[self._places.get(ticket, 0) // len(COLOURS) % len(SHAPES)]


def points(colour: str, kind: ArmKind) -> dict[str, Any]:
    """Keywords that draw the marker of a kind in a colour."""
    mark = MARKS[kind]
    face = colour if mark.filled else PAPER
    size = 8 if mark.marker == "*" else 5
    return {"marker": mark.marker, "color": colour, "mfc": face, "mec": colour, "mew": 1.2, "markersize": size}
