"""Figures of masks: overlap between tickets, and density of each layer."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from lth.analysis.figures import marks, parts, scales
from lth.analysis.figures.style import GREY, INK, SHADES, Palette
from lth.analysis.figures.words_of_assessments import MOST_PANELS
from lth.analysis.tables.cells import layer_labels

EVEN = 0.03
"""Relative difference of densities up to which layers are pruned alike, unless it is less than a weight."""


def mask_overlap(tables: Mapping[str, pd.DataFrame], palette: Palette) -> Figure:
    """Jaccard index of each pair of tickets by layer: one point per seed, the mean, and the expectation by chance."""
    del palette  # a pair has no colour of its own
    overlap = tables["overlap"]
    pairs = list(overlap[["first", "second"]].drop_duplicates().itertuples(index=False, name=None))
    if not pairs:
        return parts.nothing("No two tickets share a network, so there is no overlap to show.")
    if len(pairs) > MOST_PANELS:
        return _overlap_rows(overlap, pairs)
    figure, axes = parts.panels(len(pairs), columns=3, height=2.6, sharey=True)
    for axis, (first, second) in zip(axes, pairs, strict=True):
        here = overlap[(overlap["first"] == first) & (overlap["second"] == second)]
        _overlap_panel(axis, here, f"{first} and {second}")
    axes[0].set_ylabel("mask overlap (Jaccard index)")
    axes[0].set_ylim(bottom=0)
    handles = [
        Line2D([], [], color=INK, marker="o", linestyle="none", alpha=0.4, markersize=3.5, mew=0, label="seed"),
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
        spots = [place + offset for offset in marks.spread(len(rows), 0.3)]
        axis.plot(spots, rows["jaccard"], "o", color=INK, alpha=0.4, markersize=3.5, mew=0)
        ends = place - 0.32, place + 0.32
        axis.hlines(rows["jaccard"].mean(), *ends, color=INK, linewidth=2)
        axis.hlines(rows["chance_jaccard"].mean(), *ends, color=GREY, linewidth=1.4, linestyle=(0, (2, 1)))
    scales.layer_axis(axis, layers)
    axis.set_title(title)


def _overlap_rows(overlap: pd.DataFrame, pairs: list[tuple[str, str]]) -> Figure:
    """Many pairs: one row each, one point per layer (mean over seeds, deeper layers lighter), a tick for chance."""
    layers = list(overlap["layer"].unique())
    shades = SHADES.resampled(len(layers) + 1)
    labels = [f"{first} and {second}" for first, second in pairs]
    views = [*parts.folded(labels, row=0.24, extra=0.8, width=6.4)]
    of_row = {row: axis for axis, rows in views for row in rows}
    grouped = overlap.groupby(["first", "second", "layer"], sort=False)
    found = grouped.agg(
        mean=("jaccard", "mean"), least=("jaccard", "min"), most=("jaccard", "max"), chance=("chance_jaccard", "mean")
    )
    means = {
        tuple(str(mean[key]) for key in ("first", "second", "layer")): mean
        for mean in found.reset_index().to_dict("records")
    }
    for row, pair in enumerate(pairs):
        axis = of_row[row]
        for place, offset in enumerate(marks.spread(len(layers), 0.5)):
            if here := means.get((*pair, layers[place])):
                axis.plot(here["chance"], row + offset, "|", color=GREY, markersize=5)
                axis.hlines(row + offset, here["least"], here["most"], color=shades(place), linewidth=0.9)
                axis.plot(here["mean"], row + offset, "o", color=shades(place), markersize=3)
    values = [float(value) for column in ("least", "most", "chance") for value in found[column]]
    for axis, _ in views:
        if scales.many_times(values):  # layers of very different densities
            scales.log_axis(axis, values)
        else:
            axis.set_xlim(left=0)
        axis.set_xlabel("mask overlap (Jaccard index)")
    figure = parts.noted(views, f"means of layers, {parts.seeds(grouped.size())}")
    parts.below(figure, _layer_handles(layers, shades))
    return figure


def _layer_handles(layers: list[str], shades: Colormap) -> list[Line2D]:
    """Layers by shade, at most nine of them, and the tick."""
    shown = list(enumerate(layer_labels(layers)))[:: -(-len(layers) // 9)]
    dots = [Line2D([], [], color=shades(at), marker="o", ms=3, linestyle="none", label=name) for at, name in shown]
    return [*dots, Line2D([], [], color=GREY, marker="|", ms=5, linestyle="none", label="expected by chance")]


def layer_density(tables: Mapping[str, pd.DataFrame], palette: Palette) -> Figure:
    """Density of each layer: one panel per ticket with rounds, one line per round; the other tickets share a panel.

    Tickets that are dense, or keep the same share of all layers in every round, are left out.
    """
    layers = tables["layers"]
    least = layers.groupby("ticket", sort=False)["density_percent"].min()
    pruned = layers[layers["ticket"].isin(least[least < 100].index)]
    if pruned.empty:
        return parts.nothing("No ticket is pruned: all layers are dense.")
    uneven = pruned.loc[_uneven(pruned), "ticket"]
    if uneven.empty:
        return parts.nothing("In every round, each ticket keeps the same share of all its layers.")
    pruned = pruned[pruned["ticket"].isin(uneven)]
    views = _density_views(pruned)
    figure, axes = parts.panels(len(views), columns=3, height=2.6, sharey=True)
    empty = scales.layer_axes(axes[0], list(layers["density_percent"]))
    scale, shades = Normalize(0, max(1, int(layers["round"].max()))), SHADES
    alone = [ticket for title, tickets in views.items() for ticket in tickets if ticket != title]
    looks = {ticket: palette.marked_line(ticket) for ticket in alone}
    for axis, (title, tickets) in zip(axes, views.items(), strict=True):
        here = pruned[pruned["ticket"].isin(tickets)]
        for (ticket, round_), line in here.groupby(["ticket", "round"], sort=False):
            look = looks.get(str(ticket)) or {"color": shades(scale(float(str(round_)))), "marker": "o"}
            marks.layer_line(axis, list(line["density_percent"]), empty, look)
        scales.layer_axis(axis, list(here["layer"].unique()))
        axis.set_title(title, color=INK if tickets[0] in looks else palette.ticket(title))
    if len(looks) < pruned["ticket"].nunique():
        bar = figure.colorbar(ScalarMappable(scale, shades), ax=axes, shrink=parts.bar_share(axes), aspect=30, pad=0.02)
        bar.locator = MaxNLocator(integer=True, nbins=7)
        bar.set_label("round")
    parts.below(figure, [Line2D([], [], **look, ms=3, label=ticket) for ticket, look in looks.items()])
    parts.note(figure, f"means, {parts.seeds(layers['n'])}")
    return figure


def _uneven(layers: pd.DataFrame) -> "pd.Series[bool]":
    """Which layers keep another share than all layers of the ticket's round together, or not the same in all seeds, by
    more than rounding."""
    of = [layers[name] for name in ("ticket", "round") if name in layers]
    kept, total = (layers[name].groupby(of).transform("sum") for name in ("kept_mean", "total"))
    expected = layers["total"] * kept / total
    rounding = (EVEN * expected).clip(lower=1)
    spread = layers["total"] * (layers["density_most_percent"] - layers["density_least_percent"]) / 100
    return ((layers["kept_mean"] - expected).abs() > rounding) | (spread > rounding)


def _density_views(layers: pd.DataFrame) -> dict[str, list[str]]:
    """Tickets by panel title: one per ticket with rounds; those with a single density and equal layers share one."""
    views: dict[str, list[str]] = {}
    titles: dict[tuple[str, ...], str] = {}
    for ticket, rows in layers.groupby("ticket", sort=False):
        title = str(ticket)
        if rows["round"].nunique() == 1:
            network = tuple(rows["layer"])
            titles.setdefault(network, "single density" + (f" ({len(titles) + 1})" if titles else ""))
            title = titles[network]
        views.setdefault(title, []).append(str(ticket))
    return views


def layer_density_by_arm(tables: Mapping[str, pd.DataFrame], palette: Palette) -> Figure:
    """Density of each layer for tickets of one total density: one line per ticket, with the range over seeds."""
    layers = tables["layers"]
    if layers.empty:
        return parts.nothing("No ticket is pruned: all layers are dense.")
    ends = layers["density_least_percent"].min(), layers["density_most_percent"].max()
    if not _uneven(layers).any():
        shares = " to ".join(dict.fromkeys(f"{end:.3g}" for end in ends))
        return parts.nothing(f"Each ticket keeps the same share of all its layers: {shares} %.")
    figure, (axis,) = parts.panels(1, columns=1, height=3.4)
    empty = scales.layer_axes(axis, [*layers["density_least_percent"], *layers["density_most_percent"]])
    names = [str(ticket) for ticket in layers["ticket"].unique()]
    offsets = dict(zip(names, marks.spread(len(names), 0.3), strict=True))  # several may keep the same shares
    looks = {name: palette.marked_line(name) for name in names}
    for ticket, line in layers.groupby("ticket", sort=False):
        look, offset = looks[str(ticket)], offsets[str(ticket)]
        marks.layer_line(axis, list(line["density_percent"]), empty, look, offset)
        low, high = (line[f"density_{end}_percent"].clip(lower=empty) for end in ("least", "most"))
        axis.vlines([place + offset for place in range(len(line))], low, high, color=look["color"], linewidth=1.6)
    scales.layer_axis(axis, list(layers["layer"].unique()))
    parts.below(figure, [Line2D([], [], **looks[name], ms=3, label=name) for name in names])
    words = parts.seeds(layers["n"])
    parts.note(figure, words if layers["n"].max() == 1 else f"points: means; bars: range; {words}")
    return figure
