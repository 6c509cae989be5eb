"""A chart of the report: a Vega-Lite specification over rows of the study's own tables, and its legend.

A specification has places for what the reader chooses (`"@x.field"`, `"@y.title"`, `"@scale"`, ...), which the page's
script fills in. Rows hold the numbers of the tables unchanged; the Matplotlib figures draw the same ones.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

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

    def data(self) -> dict[str, Any]:
        """What the page holds, without what was measured."""
        return {
            "spec": self.spec,
            "columns": _columns(self.rows.drop(columns=list(self.measured))),
            "series": [vars(entry) for entry in self.series],
            "x": [vars(choice) for choice in self.x],
            "y": [vars(choice) for choice in self.y],
        }

    def times(self) -> dict[str, list[Any]]:
        """What was measured, by column."""
        return _columns(self.rows[list(self.measured)])


def _columns(rows: pd.DataFrame) -> dict[str, list[Any]]:
    return {str(name): [None if pd.isna(cell) else cell for cell in rows[name].tolist()] for name in rows}


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


def interval_words(frame: pd.DataFrame, low: str, high: str, digits: str = ".2f") -> list[str]:
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
