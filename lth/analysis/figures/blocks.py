"""Density of attention and feed-forward weights in the blocks of an encoder."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from matplotlib.typing import LineStyleType

from lth.analysis.figures import parts
from lth.analysis.figures.style import GREY, Palette
from lth.analysis.tables.blocks import ATTENTION, FEED_FORWARD, block_of

LINES: dict[str, LineStyleType] = {ATTENTION: "-", FEED_FORWARD: (0, (4, 2))}


def block_density(tables: Mapping[str, pd.DataFrame], palette: Palette) -> Figure:
    """Density of the attention and feed-forward weights of each block, mean over seeds, two lines per ticket."""
    layers = tables["layers"]
    places = layers["layer"].map(block_of)
    inside = layers[places.notna()]
    if inside.empty:
        return parts.nothing("No pruned ticket has a transformer encoder.")
    found = inside.assign(block=places.dropna().str[0].astype(int), part=places.dropna().str[1])
    sums = found.groupby(["ticket", "block", "part"], sort=False)[["kept_mean", "total"]].sum().reset_index()
    shares = sums.assign(percent=100 * sums["kept_mean"] / sums["total"])
    figure, (axis,) = parts.panels(1, columns=1, height=3.2, width=6.4)
    tickets = [str(ticket) for ticket in shares["ticket"].unique()]
    for ticket in tickets:
        look = palette.points(ticket) | {"markersize": 3.5}
        for part, line in LINES.items():
            here = shares[(shares["ticket"] == ticket) & (shares["part"] == part)].sort_values("block")
            axis.plot(here["block"], here["percent"], linestyle=line, **look)
    axis.set_xlabel("encoder block")
    axis.set_ylabel("density (%)")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    handles = [Line2D([], [], **palette.points(name) | {"markersize": 3.5}, label=name) for name in tickets]
    kinds = [Line2D([], [], color=GREY, linestyle=line, label=part) for part, line in LINES.items()]
    parts.below(figure, handles + kinds)
    parts.note(figure, f"means, {parts.seeds(layers['n'])}")
    return figure
