"""A chart of the report: a Vega-Lite specification over rows of the study's own tables, and its legend.

A specification has places for what the reader chooses (`"@x.field"`, `"@y.title"`, `"@scale"`, ...), which the page's
script fills in. Rows hold the numbers of the tables unchanged; the Matplotlib figures draw the same ones.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from lth.analysis.figures.parts import in_turn
from lth.analysis.figures.style import Palette
from lth.analysis.report.looks import Series, series

Spec = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Something that an axis can show."""

    name: str
    title: str
    """Of the axis."""
    field: str
    low: str = ""
    """The column of an interval's lower end, for values."""
    high: str = ""
    log: bool = False
    """Whether a logarithmic axis is shown first; another one can be chosen for any that is above 0."""
    reverse: bool = False
    step: int = 0
    """Least distance of ticks: 1 for whole numbers."""
    split: str = ""
    """Of curves: the data that values are of."""
    scale: str = "linear"
    """Of a vertical axis."""
    domain: tuple[float, float] | None = None
    """Of a vertical axis: the part that is shown; None shows all."""


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One of several panels of a chart, all of the same specification and rows."""

    places: Mapping[str, Any]
    """What its places are filled with, instead of what the reader chose."""
    title: str = ""
    keys: tuple[str, ...] = ()
    """Where the reader has hidden all of these, there is nothing in it."""


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart: what the page needs to draw it, and to say it in words."""

    name: str
    """Its place in links."""
    title: str
    caption: str
    spec: Spec
    rows: pd.DataFrame
    series: list[Series]
    x: list[Choice] = field(default_factory=list)
    """What the reader can choose for the horizontal axis; the first is shown."""
    y: list[Choice] = field(default_factory=list)
    measured: tuple[str, ...] = ()
    """Columns of time, which two runs of a study do not share."""
    drawn: tuple[str, ...] = ()
    """The Matplotlib figures of the same numbers."""
    panels: tuple[Panel, ...] = (Panel(places={}),)
    beside: bool = False
    """Whether panels stand side by side where there is room."""

    def data(self) -> dict[str, Any]:
        """What the page holds, without what was measured."""
        return {
            "spec": self.spec,
            "columns": _columns(self.rows.drop(columns=list(self.measured))),
            "series": [vars(entry) for entry in self.series],
            "x": [vars(choice) for choice in self.x],
            "y": [vars(choice) for choice in self.y],
            "panels": [vars(panel) for panel in self.panels],
        }

    def times(self) -> dict[str, list[Any]]:
        """What was measured, by column."""
        return _columns(self.rows[list(self.measured)])


def _columns(rows: pd.DataFrame) -> dict[str, Any]:
    """The cells of each column; where many are equal, the different ones (`of`) and the place of each (`at`).

    A column that equals an earlier one is that one's name.
    """
    found: dict[str, Any] = {}
    earlier: dict[tuple[Any, ...], str] = {}
    for name in rows:
        cells = [_cell(cell) for cell in rows[name].tolist()]
        same = earlier.setdefault(tuple(cells), str(name))
        different = dict.fromkeys(cells)
        if same != name:
            found[str(name)] = same
        elif 4 * len(different) < len(cells):
            places = {cell: place for place, cell in enumerate(different)}
            found[str(name)] = {"of": [*different], "at": [places[cell] for cell in cells]}
        else:
            found[str(name)] = cells
    return found


def _cell(cell: Any) -> Any:
    """A cell as JSON has it: numbers with seven digits, of which no axis and no word shows more than five."""
    if isinstance(cell, bool | str):
        return cell
    if pd.isna(cell):
        return None
    return int(cell) if cell == int(cell) else float(f"{cell:.7g}")


def shape_of(entries: list[Series]) -> Spec:
    names = [entry.label for entry in entries]

    def scaled(values: Iterable[Any]) -> Spec:
        scale = {"domain": names, "range": list(values)}
        return {"field": "series", "type": "nominal", "scale": scale, "legend": None}

    return {
        "color": scaled(entry.colour for entry in entries),
        "stroke": scaled(entry.colour for entry in entries),
        "fill": scaled(entry.fill for entry in entries),
        "shape": scaled(entry.shape for entry in entries),
        "strokeDash": scaled(entry.dash for entry in entries),
    }


def hover(*fields: tuple[str, str, str]) -> list[Spec]:
    """What hovering shows: column, title and format of each."""
    return [
        {"field": name, "title": title, **({"format": form, "type": "quantitative"} if form else {"type": "nominal"})}
        for name, title, form in fields
    ]


def ends_in_words(frame: pd.DataFrame, low: str, high: str, digits: str = ".2f") -> list[str]:
    return [
        "one seed" if pd.isna(one) else f"{one:{digits}} to {other:{digits}}"
        for one, other in zip(frame[low], frame[high], strict=True)
    ]


def keyed(frame: pd.DataFrame, entries: Mapping[str, Series], column: str) -> pd.DataFrame:
    names = frame[column].tolist()
    return frame.assign(series=names, key=[entries[name].key for name in names])


def arm_series(arms: pd.DataFrame, palette: Palette) -> dict[str, Series]:
    """The look of each arm, by its name."""
    rows = arms.to_dict("records")
    return {row["arm"]: series(palette, row["arm"], row["ticket"], row["kind"]) for row in rows}


HIDDEN = "indexof(hidden, datum.key) < 0"
"""Which rows are shown; the page tells `hidden` the keys that the reader has switched off."""
NEITHER_HIDDEN = f"{HIDDEN} && indexof(hidden, datum.other) < 0"
"""Likewise, where a row belongs to two of them: pairs of arms, a layer of a ticket, a density of a ticket."""
PANEL = "datum.panel == @panel"
"""Which rows a panel shows."""


def fold(names: Sequence[str], entries: Mapping[str, Series]) -> tuple[Panel, ...]:
    """Panels of a few rows each, as in the Matplotlib figures; `entries` are the rows' series."""
    return tuple(
        Panel(places={"@panel": place}, keys=tuple(entries[names[row]].key for row in rows))
        for place, rows in enumerate(in_turn(len(names)))
    )


def in_panels(names: "pd.Series[str]", rows: Sequence[str]) -> list[int]:
    """The panel of each name, where panels have these rows (`fold`)."""
    places = {rows[row]: place for place, here in enumerate(in_turn(len(rows))) for row in here}
    return [places[name] for name in names]


def zero_and_margin(axis: str, margin: float | None) -> list[Spec]:
    """Layers of the line at zero of an axis of differences, and of the margin around it, in percentage points."""
    zero = {
        "data": {"values": [{"zero": 0}]},
        "mark": {"type": "rule", "color": "var(--soft)"},
        "encoding": {axis: {"field": "zero", "type": "quantitative"}},
    }
    if margin is None:
        return [zero]
    band = {
        "data": {"values": [{"from": -margin, "to": margin}]},
        "mark": {"type": "rect", "color": "var(--soft)", "opacity": 0.15},
        "encoding": {axis: {"field": "from", "type": "quantitative"}, f"{axis}2": {"field": "to"}},
    }
    return [band, zero]
