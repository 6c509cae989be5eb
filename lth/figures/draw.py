"""Draw a figure from tables and write it as SVG, the same bytes every time."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from lth.figures import FIGURES
from lth.figures.style import SETTINGS, Palette
from lth.files import write_bytes


def create(name: str, tables: Mapping[str, pd.DataFrame], tickets: Sequence[str]) -> Figure:
    """Draw a figure from its tables; `tickets` are all names of the study, in its order, and decide the colours."""
    with mpl.rc_context({**mpl.rcParamsDefault, **SETTINGS}):
        figure: Figure = FIGURES[name].load()(tables, Palette(tickets))
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write a figure as SVG, atomically; equal figures give equal bytes."""
    buffer = io.BytesIO()
    with mpl.rc_context({**mpl.rcParamsDefault, **SETTINGS}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    write_bytes(path, buffer.getvalue())


def draw(name: str, tables: Mapping[str, pd.DataFrame], tickets: Sequence[str], out: Path) -> None:
    """Draw a figure and write it.

    Args:
        name: one of `FIGURES`.
        tables: by name, unchanged afterwards; others than the figure's are ignored.
        tickets: all tickets of the study, in its order.
        out: the SVG file.
    """
    needed = {table: tables[table].copy() for table in FIGURES[name].tables}
    save(create(name, needed, tickets), out)
