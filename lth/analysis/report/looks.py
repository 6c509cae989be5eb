"""How series look in the charts of the page: the colours, lines and markers of the Matplotlib figures, in both schemes.

Charts name colours as CSS variables, so that they follow the reader's scheme, and print, without being drawn again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lth.analysis.figures.colours import COLOURS
from lth.analysis.figures.style import DARK, GREY, PAPER, SHARED_COLOURS, Palette
from lth.catalog.controls import ArmKind

PAPERS = {"light": PAPER, "dark": DARK[PAPER]}
"""Backgrounds of the page, by scheme: those of the Matplotlib figures."""
_SHAPES = {
    "o": "M-1,0A1,1,0,1,1,1,0A1,1,0,1,1,-1,0Z",
    "s": "M-1,-1L1,-1L1,1L-1,1Z",
    "D": "M0,-1L1,0L0,1L-1,0Z",
    "d": "M0,-1L.6,0L0,1L-.6,0Z",
    "P": "M-.4,-1L.4,-1L.4,-.4L1,-.4L1,.4L.4,.4L.4,1L-.4,1L-.4,.4L-1,.4L-1,-.4L-.4,-.4Z",
    **{"^": "M0,-.87L1,.87L-1,.87Z", "v": "M0,.87L1,-.87L-1,-.87Z"},
    **{"<": "M-.87,0L.87,-1L.87,1Z", ">": "M.87,0L-.87,-1L-.87,1Z"},
    "X": "M-1,-.6L-.6,-1L0,-.4L.6,-1L1,-.6L.4,0L1,.6L.6,1L0,.4L-.6,1L-1,.6L-.4,0Z",
    **dict.fromkeys("hH", "M0,-1L.87,-.5L.87,.5L0,1L-.87,.5L-.87,-.5Z"),
    "8": "M-.41,-1L.41,-1L1,-.41L1,.41L.41,1L-.41,1L-1,.41L-1,-.41Z",
    "p": "M0,-1L.95,-.31L.59,.81L-.59,.81L-.95,-.31Z",
    "*": "M0,-1.2L.29,-.4L1.14,-.37L.47,.15L.71,.97L0,.5L-.71,.97L-.47,.15L-1.14,-.37L-.29,-.4Z",
}
"""Matplotlib's markers as SVG paths within -1 to 1, which Vega takes as shapes, and legends draw."""


@dataclass(frozen=True, kw_only=True)
class Series:
    """One entry of the legends."""

    key: str
    """What it is hidden by, on the whole page: a ticket has one key, as an arm and as a curve of rounds."""
    label: str
    colour: str
    """A CSS colour."""
    fill: str
    dash: list[float]
    shape: str
    group: str = ""
    """What "only" hides: others of the same group."""


def series_key(label: str, ticket: str, kind: ArmKind) -> str:
    """What an arm is hidden by; dense ones have a key that no ticket can have, as a ticket may be called `dense`."""
    if kind == "dense":
        return f"{label}-dense"
    return ticket if kind == "own" else label


def series(palette: Palette, label: str, ticket: str, kind: ArmKind) -> Series:
    """How an arm looks; those of tickets as found have the ticket's key."""
    points, line = palette.points(ticket, kind), palette.line(ticket, kind)
    colour = variable(points["color"])
    return Series(
        key=series_key(label, ticket, kind),
        label=label,
        colour=colour,
        fill=colour if points["mfc"] == points["color"] else "var(--paper)",
        dash=dashes(line["linestyle"]),
        shape=symbol(points["marker"]),
    )


def symbol(marker: str) -> str:
    """A Matplotlib marker as an SVG path."""
    return _SHAPES[marker]


def variable(colour: str) -> str:
    """The CSS variable of one of the figures' colours."""
    return f"var({_name(colour)})"


def _name(colour: str) -> str:
    return f"--c{colour[1:].lower()}"


def schemes() -> Mapping[str, Mapping[str, str]]:
    """The variables and their colours in each scheme: those of the Matplotlib figures."""
    colours = (*COLOURS, *SHARED_COLOURS.values(), GREY)
    return {
        "light": {_name(colour): colour for colour in colours},
        "dark": {_name(colour): DARK.get(colour, colour) for colour in colours},
    }


def dashes(line: Any) -> list[float]:
    """A Matplotlib line style as Vega's lengths of strokes and gaps."""
    return [1.0, 0.0] if line == "-" else [float(length) for length in line[1]]
