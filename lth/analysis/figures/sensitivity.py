"""Accuracy where one layer alone is pruned."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lth.analysis.figures import marks, parts, scales
from lth.analysis.figures.style import SHADES, SHAPES, Palette
from lth.analysis.tables.cells import layer_labels

_NAMED = 12
"""Layers that the legend names."""


def layer_sensitivity(tables: Mapping[str, pd.DataFrame], palette: Palette) -> Figure:
    """Test accuracy against the density of the only layer that is pruned, one line a ticket, one panel a data set.

    The dense networks of these tickets are horizontal lines.
    """
    layers, rounds = tables["layers"], tables["rounds"]
    alone = pruned_alone(layers)
    if alone.empty:
        return parts.nothing("No ticket prunes one layer only.")
    found = alone.merge(rounds.drop(columns="density_percent"), on=["ticket", "round"])
    labels, shades = layer_shades(layers)
    names = [*labels]
    datasets = list(found["dataset"].unique())
    figure, axes = parts.panels(len(datasets), columns=2, height=3.2, width=7.0 if len(datasets) > 1 else 6.0)
    handles: dict[str, Line2D] = {}
    for axis, dataset in zip(axes, datasets, strict=True):
        here = found[found["dataset"] == dataset]
        several = here.groupby("layer")["ticket"].nunique()
        for layer in names:
            of_layer = here[here["layer"] == layer]
            for place, (ticket, line) in enumerate(of_layer.groupby("ticket", sort=False)):
                line = line.sort_values("round")  # noqa: PLW2901
                marker, style = SHAPES[place % len(SHAPES)]
                look: dict[str, Any] = {"color": shades[layer], "linestyle": style, "marker": marker, "markersize": 4}
                axis.plot(line["density_percent"], line["accuracy_percent"], **look)
                ends = line["accuracy_low_percent"], line["accuracy_high_percent"]
                marks.band(axis, line["density_percent"], *ends, shades[layer], faint=True)
                label = f"{labels[layer]} ({ticket})" if several[layer] > 1 else labels[layer]
                handles.setdefault(label, Line2D([], [], **look, label=label))
        dense = whole_networks(here, rounds, tables["matching"])
        for place, row in enumerate(dense.to_dict("records")):
            look = {**palette.line(row["ticket"], "dense"), "linestyle": SHAPES[place % len(SHAPES)][1]}
            label = f"dense ({row['ticket']})" if len(dense) > 1 else "dense"
            axis.axhline(row["accuracy_percent"], **look, linewidth=1.1, zorder=1)
            handles[label] = Line2D([], [], **look, linewidth=1.1, label=label)
        scales.density_axis(axis, list(found["density_percent"]))
        scales.percentages(axis, vertical=True)
        axis.set_xlabel("density of the one pruned layer (%, log scale)")
        axis.set_ylabel("test accuracy (%)")
        axis.set_title(f"trained on {dataset}")
    every = -(-len(handles) // _NAMED)
    parts.below(figure, list(handles.values())[::every])
    parts.note(figure, parts.band_words(found) + ("; every other layer is named" if every > 1 else ""))
    return figure


def whole_networks(found: pd.DataFrame, rounds: pd.DataFrame, matching: pd.DataFrame) -> pd.DataFrame:
    """The rows of `rounds` of the dense networks that some rounds are held against: of their network and recipe.

    Args:
        found: the rounds, by `ticket` and `round`.
        rounds: the table `rounds`.
        matching: the table `matching`, which names the dense network of every round that has one.
    """
    shown = {*zip(found["ticket"], found["round"], strict=True)}
    dense = {
        (row["dense_ticket"], row["dense_round"])
        for row in matching.to_dict("records")
        if (row["ticket"], row["round"]) in shown
    }
    return rounds[[place in dense for place in zip(rounds["ticket"], rounds["round"], strict=True)]]


def layer_shades(layers: pd.DataFrame) -> tuple[dict[str, str], dict[str, str]]:
    """What each layer is called, and its colour, in network order."""
    names = list(layers["layer"].drop_duplicates())
    shades = {name: to_hex(SHADES(place / max(1, len(names) - 1))) for place, name in enumerate(names)}
    return dict(zip(names, layer_labels(names), strict=True)), shades


def pruned_alone(layers: pd.DataFrame) -> pd.DataFrame:
    """The rows of `layers` whose layer is the only pruned one of its ticket's round."""
    pruned = layers[layers["density_percent"] < 100]
    count = pruned.groupby(["ticket", "round"])["layer"].transform("size")
    return pruned.loc[count == 1, ["ticket", "round", "layer", "density_percent"]]
