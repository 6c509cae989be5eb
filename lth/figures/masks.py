"""Figures of masks: what they share, and what is left of each layer."""

from collections.abc import Mapping

import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from lth.figures import parts
from lth.figures.style import GREY, Palette

INK = "#222222"


def mask_overlap(tables: Mapping[str, pd.DataFrame], palette: Palette) -> Figure:
    """Jaccard index of each pair of tickets, layer by layer: a point a seed, the mean, and what chance gives."""
    del palette  # a pair has no colour of its own
    overlap = tables["overlap"]
    pairs = list(overlap[["first", "second"]].drop_duplicates().itertuples(index=False, name=None))
    if not pairs:
        return parts.nothing("Fewer than two tickets of one network: there is no overlap to show.")
    figure, axes = parts.panels(len(pairs), columns=3, height=2.6, sharey=True)
    for axis, (first, second) in zip(axes, pairs, strict=True):
        here = overlap[(overlap["first"] == first) & (overlap["second"] == second)]
        _overlap_panel(axis, here, f"{first} and {second}")
    axes[0].set_ylabel("Jaccard index of the masks")
    axes[0].set_ylim(bottom=0)
    handles = [
        Line2D([], [], color=INK, marker="o", linestyle="none", alpha=0.4, markersize=3.5, mew=0, label="a seed"),
        Line2D([], [], color=INK, linewidth=2, label="mean"),
        Line2D([], [], color=GREY, linewidth=1.4, linestyle=(0, (2, 1)), label="expected by chance"),
    ]
    parts.below(figure, handles)
    parts.note(figure, parts.seeds(overlap.groupby(["first", "second", "layer"]).size()))
    return figure


def _overlap_panel(axis: Axes, overlap: pd.DataFrame, title: str) -> None:
    layers = list(overlap["layer"].unique())
    for place, layer in enumerate(layers):
        rows = overlap[overlap["layer"] == layer]
        spots = [place + offset for offset in parts.spread(len(rows), 0.3)]
        axis.plot(spots, rows["jaccard"], "o", color=INK, alpha=0.4, markersize=3.5, mew=0)
        ends = place - 0.32, place + 0.32
        axis.hlines(rows["jaccard"].mean(), *ends, color=INK, linewidth=2)
        axis.hlines(rows["chance_jaccard"].mean(), *ends, color=GREY, linewidth=1.4, linestyle=(0, (2, 1)))
    _layer_axis(axis, layers)
    axis.set_title(title)


def layer_density(tables: Mapping[str, pd.DataFrame], palette: Palette) -> Figure:
    """Share of each layer that is kept, a line a round, a panel a ticket."""
    layers = tables["layers"]
    tickets = list(layers["ticket"].unique())
    scale, shades = Normalize(0, max(1, int(layers["round"].max()))), colormaps["viridis"]
    figure, axes = parts.panels(len(tickets), columns=3, height=2.6, sharey=True)
    for axis, ticket in zip(axes, tickets, strict=True):
        here = layers[layers["ticket"] == ticket]
        for round_, line in here.groupby("round"):
            shade = shades(scale(float(str(round_))))
            axis.plot(range(len(line)), line["density_percent"], "o-", color=shade, markersize=3, linewidth=1.2)
        _layer_axis(axis, list(here["layer"].unique()))
        axis.set_title(f"{ticket} ({parts.seeds(here['n'])})", color=palette.ticket(ticket))
    _density_axis(axes[0], float(layers["density_percent"].min()))
    bar = figure.colorbar(ScalarMappable(scale, shades), ax=axes, aspect=30, pad=0.02)
    bar.locator = MaxNLocator(integer=True, nbins=7)
    bar.set_label("round")
    return figure


def _density_axis(axis: Axes, least: float) -> None:
    axis.set_yscale("log")
    axis.set_yticks([tick for tick in parts.PERCENT_TICKS if tick >= least / 1.5])
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.yaxis.set_minor_locator(NullLocator())
    axis.set_ylabel("weights kept (%, log scale)")


def _layer_axis(axis: Axes, layers: list[str]) -> None:
    labels = parts.layer_labels(layers)
    axis.set_xticks(range(len(layers)), labels, rotation=45, ha="right", rotation_mode="anchor")
    axis.set_xlim(-0.6, len(layers) - 0.4)
    axis.grid(axis="x", visible=False)
