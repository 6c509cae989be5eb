"""How figures look: colours, line styles, sizes, and the settings that make SVG files reproducible.

A ticket has one colour in every figure, a kind of arm one marker and line style, so that they can be read together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.typing import LineStyleType

OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""For tickets: told apart with the common colour blindnesses (Okabe & Ito 2008); its yellow is too faint on white."""
TOL = ("#332288", "#117733", "#882255", "#661100")
"""For more tickets: dark ones of Tol's (2021), furthest from the others with and without colour blindness."""
DENSE, RANDOM = "#000000", "#7F7F7F"
"""Arms that hold nothing of a ticket but counts."""
GREY = "#595959"
"""Text and lines that stand back."""

SETTINGS: Any = {
    **{"svg.hashsalt": "lth", "svg.fonttype": "path"},  # the same bytes and the same look on every machine
    **{"font.family": "DejaVu Sans", "font.size": 9, "axes.titlesize": 9.5, "axes.labelsize": 9},
    **{"xtick.labelsize": 8, "ytick.labelsize": 8, "legend.fontsize": 8, "legend.frameon": False},
    **{"axes.spines.top": False, "axes.spines.right": False, "axes.titlelocation": "left", "axes.linewidth": 0.8},
    **{"axes.grid": True, "grid.color": "#E6E6E6", "grid.linewidth": 0.6, "axes.axisbelow": True},
    **{"lines.linewidth": 1.6, "lines.markersize": 5, "savefig.facecolor": "white", "axes.unicode_minus": True},
}
"""Matplotlib settings of all figures; nothing of the user's own is read."""

WIDTH = 7.0
"""Inches: two columns of a paper."""


@dataclass(frozen=True)
class Mark:
    """How one kind of arm is drawn."""

    marker: str
    line: LineStyleType
    filled: bool
    words: str
    """For legends."""


KINDS: Mapping[str, Mark] = {
    "own": Mark("o", "-", True, "own initialisation"),
    "fresh": Mark("s", (0, (5, 2)), False, "fresh initialisation"),
    "shuffled": Mark("^", (0, (1.5, 1.5)), False, "shuffled mask"),
    "random": Mark("D", (0, (5, 1.5, 1, 1.5)), False, "random mask"),
    "dense": Mark("*", "-", True, "dense network"),
}


SHAPES = ("o", "v", "P", "X")
"""Marks of tickets where all are of one kind: each for as many as there are colours."""


class Palette:
    """Colours of tickets, by their place in the study file."""

    def __init__(self, tickets: Sequence[str]) -> None:
        colours = OKABE_ITO + TOL
        self._colours = {ticket: colours[place % len(colours)] for place, ticket in enumerate(tickets)}
        self._shapes = {ticket: SHAPES[place // len(colours) % len(SHAPES)] for place, ticket in enumerate(tickets)}

    def ticket(self, ticket: str) -> str:
        """A ticket's colour."""
        return self._colours.get(ticket, GREY)

    def points(self, ticket: str) -> dict[str, Any]:
        """Keywords that draw a ticket's mark where all are as found: its colour, and a shape once colours recur."""
        return {**points(self.ticket(ticket), "own"), "marker": self._shapes.get(ticket, SHAPES[0])}

    def arm(self, ticket: str, kind: str) -> str:
        """An arm's colour: its ticket's, unless it is a control that holds no ticket."""
        return {"dense": DENSE, "random": RANDOM}.get(kind) or self.ticket(ticket)


def points(colour: str, kind: str) -> dict[str, Any]:
    """Keywords that draw the marker of a kind in a colour."""
    mark = KINDS[kind]
    face = colour if mark.filled else "white"
    size = 8 if mark.marker == "*" else 5
    return {"marker": mark.marker, "color": colour, "mfc": face, "mec": colour, "mew": 1.2, "markersize": size}
