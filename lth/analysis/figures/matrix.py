"""Tickets against the data sets that they were trained on again: a matrix of sources and targets."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from lth.analysis.figures import parts
from lth.analysis.figures.style import ON_DEEP, ON_PALE, Palette
from lth.analysis.tables.cells import NOTHING

MOST_SOURCES = 24
"""Tickets that are drawn; the others are counted."""
_STRAIGHT = 42
"""Characters of all columns' names up to which they have room side by side."""


def transfer_matrix(tables: Mapping[str, pd.DataFrame], palette: Palette) -> Figure:
    """Mean test accuracy of each ticket in its own initialisation (rows) in each evaluation (columns)."""
    del palette  # one sequential colour map
    arms = tables["arms"]
    own = arms[arms["kind"] == "own"]
    own = own.drop_duplicates(["ticket", "evaluation"])
    targets = list(own["evaluation"].unique())
    sources = list(own["ticket"].unique())
    means = own.pivot(index="ticket", columns="evaluation", values="accuracy_percent")
    every = means.reindex(index=sources, columns=targets).to_numpy(dtype=np.float64)
    values = every[:MOST_SOURCES]
    behind = values - np.nanmax(every, axis=0, keepdims=True)  # of a best ticket that is not drawn, too
    least = min(-0.01, float(np.nanmin(behind)))
    rows, columns = values.shape
    width = max(4.6, min(9.0, 2.2 + 0.95 * columns))
    figure, (axis,) = parts.panels(1, columns=1, height=1.6 + 0.34 * rows, width=width)
    axis.imshow(behind, cmap="Blues", norm=Normalize(least, 0), aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        missing = bool(np.isnan(value))
        ink = ON_DEEP if not missing and behind[row, column] > 0.4 * least else ON_PALE
        words = NOTHING if missing else f"{value:.1f}"
        axis.text(column, row, words, ha="center", va="center", fontsize=7.5, color=ink)
    datasets = own.drop_duplicates("evaluation").set_index("evaluation")["dataset"]
    titles = [target if target == datasets[target] else f"{target}\n({datasets[target]})" for target in targets]
    longest = max(len(line) for title in titles for line in title.splitlines())
    turned: Any = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"} if longest > _STRAIGHT / columns else {}
    axis.set_xticks(range(columns), titles, fontsize=7.5, **turned)
    axis.set_yticks(range(rows), sources[:MOST_SOURCES])
    axis.grid(visible=False)
    axis.tick_params(length=0)
    for side in ("left", "bottom"):
        axis.spines[side].set_visible(False)
    axis.set_xlabel("evaluation (target data set)")
    axis.set_ylabel("ticket")
    bar = figure.colorbar(ScalarMappable(Normalize(least, 0), "Blues"), ax=axis, location="bottom", aspect=45, pad=0.05)
    bar.set_label("difference to the best of the column (points)")
    left = len(sources) - rows
    words = f"test accuracy (%), means, {parts.seeds(own['n'])}"
    parts.note(figure, words + (f"; {left} more tickets are not drawn" if left else ""))
    return figure
