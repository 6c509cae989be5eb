"""Draw a figure from tables and write it as SVG, the same bytes every time."""

import io
from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from lth.analysis.figures import FIGURES
from lth.analysis.figures.style import SETTINGS, Palette
from lth.artifacts.records import seal_markup
from lth.files import write_text


def create(name: str, tables: Mapping[str, pd.DataFrame], places: Mapping[str, int]) -> Figure:
    """Draw a figure from its tables; `places` are those of tickets among colours (`colours.places`)."""
    with mpl.rc_context({**mpl.rcParamsDefault, **SETTINGS}):
        figure: Figure = FIGURES[name].load()(tables, Palette(places))
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write a figure as SVG with its checksum, atomically; equal figures give equal bytes."""
    buffer = io.BytesIO()
    with mpl.rc_context({**mpl.rcParamsDefault, **SETTINGS}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    write_text(path, seal_markup(buffer.getvalue().decode()))


def draw_figure(name: str, tables: Mapping[str, pd.DataFrame], places: Mapping[str, int], out: Path) -> None:
    """Draw a figure and write it.

    Args:
        name: one of `FIGURES`.
        tables: by name, unchanged afterwards; others than the figure's are ignored.
        places: of the study's tickets among colours (`lth.analysis.figures.colours.places`).
        out: the SVG file.
    """
    needed = {table: tables[table].copy() for table in FIGURES[name].tables}
    save(create(name, needed, places), out)
