"""Draw a figure from tables and write it, the same bytes every time."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from lth.analysis.figures import FIGURES
from lth.analysis.figures.style import DARK, SETTINGS, Palette
from lth.artifacts.records import seal_markup
from lth.files import write_bytes, write_text


def create(name: str, tables: Mapping[str, pd.DataFrame], places: Mapping[str, int]) -> Figure:
    """Draw a figure from its tables; `places` are those of tickets among colours (`colours.places`)."""
    shown = {table: cut_intervals(frame) for table, frame in tables.items()}
    with mpl.rc_context({**mpl.rcParamsDefault, **SETTINGS}):
        figure: Figure = FIGURES[name].load()(shown, Palette(places))
    return figure


def cut_intervals(frame: pd.DataFrame) -> pd.DataFrame:
    """Intervals of percentages end at 0 and 100: t intervals of a few seeds know no limits. Tables keep their ends."""
    ends = [name for name in frame.columns if name.endswith(("_low_percent", "_high_percent"))]
    return frame.assign(**{name: frame[name].clip(0, 100) for name in ends})


def save(figure: Figure, path: Path) -> None:
    """Write a figure atomically in the format of the file's name; equal figures give equal bytes.

    An SVG file holds its checksum. PDF embeds its fonts; PNG has 200 dots an inch.
    """
    form, buffer = path.suffix.removeprefix("."), io.BytesIO()
    with mpl.rc_context({**mpl.rcParamsDefault, **SETTINGS}):
        figure.savefig(buffer, format=form, metadata=_NO_DATE[form], dpi=200 if form == "png" else "figure")
    if form == "svg":
        write_text(path, seal_markup(with_dark_scheme(buffer.getvalue().decode())))
    else:
        write_bytes(path, buffer.getvalue())


_NO_DATE: dict[str, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "png": {"Software": None},
}
"""Formats, and what is left out of each so that it is the same at any time and for any version."""


def with_dark_scheme(svg: str, colours: Mapping[str, str] = DARK) -> str:
    """Text, axes, grid and background in other colours where the reader prefers dark pages; others as they are.

    `colours` maps colours of the figure to those on dark pages.

    The style sheet is the figure's own, so that an `<img>` shows it, too; programs that know no such preference
    (editors, printers) show the figure on white.
    """
    rules = "".join(
        f'[style*="{of}: {light.lower()}"]{{{of}:{dark.lower()}!important}}'
        for light, dark in colours.items()
        if light.lower() != dark.lower()
        for of in ("fill", "stroke")
    )
    head, tag, rest = svg.partition("<defs>")
    return f'{head}<style type="text/css">@media (prefers-color-scheme:dark){{{rules}}}</style>\n {tag}{rest}'


def draw_figure(name: str, tables: Mapping[str, pd.DataFrame], places: Mapping[str, int], *outs: Path) -> None:
    """Draw a figure and write it.

    Args:
        name: one of `FIGURES`.
        tables: by name, unchanged afterwards; others than the figure's are ignored.
        places: of the study's tickets among colours (`lth.analysis.figures.colours.colour_places`).
        outs: files, whose names end with their format: `.svg`, `.pdf` or `.png`.
    """
    needed = (*FIGURES[name].tables, *FIGURES[name].of_evaluations)
    figure = create(name, {table: tables[table].copy() for table in needed}, places)
    for out in outs:
        save(figure, out)
