"""What is left of the layers, and how much the tickets' masks have in common."""

from collections.abc import Iterable, Mapping
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lth.errors import UserError
from lth.stats import chance_jaccard
from lth.tables.cells import layer_labels

if TYPE_CHECKING:
    from lth.tickets import Ticket

OVERLAP_COLUMNS = [
    *("first", "second", "seed", "layer"),
    *("kept_first", "kept_second", "kept_both", "total", "jaccard", "chance_jaccard"),
]
LAYER_COLUMNS = ["ticket", "seed", "round", "layer", "kept", "total"]
"""Those of the rounds' `layers.csv`."""


def read(tickets: Iterable[Path]) -> dict[tuple[int, str], "Ticket"]:
    """Ticket files of one density, by seed and name.

    Raises:
        UserError: a file does not say its seed or ticket.
    """
    from lth.tickets import Ticket

    loaded = {}
    for path in tickets:
        ticket = Ticket.load(path)
        try:
            loaded[int(ticket.provenance["seed"]), str(ticket.provenance["ticket"])] = ticket
        except KeyError as error:
            raise UserError(f"{path}: does not say its {error}; delete it and rerun to make it again") from None
    return loaded


def layers(tickets: Mapping[tuple[int, str], "Ticket"], order: Iterable[str]) -> pd.DataFrame:
    """What each ticket and seed keeps of each layer: the rows of `layers.csv`."""
    seeds = sorted({seed for seed, _ in tickets})
    rows = [
        [name, seed, ticket.provenance.get("round"), *counts]
        for name in order
        for seed in seeds
        if (ticket := tickets.get((seed, name)))
        for counts in ticket.layers()
    ]
    return pd.DataFrame(rows, columns=LAYER_COLUMNS)


def layer_density(layers: pd.DataFrame) -> pd.DataFrame:
    """One row for each ticket, round and layer: weights kept, mean over seeds, and seeds in which none is."""
    shares = layers.assign(density_percent=100 * layers["kept"] / layers["total"], collapsed=layers["kept"] == 0)
    grouped = shares.groupby(["ticket", "round", "layer"], sort=False)
    table = grouped.agg(
        n=("kept", "size"),
        total=("total", "first"),
        kept_mean=("kept", "mean"),
        density_percent=("density_percent", "mean"),
        density_least_percent=("density_percent", "min"),
        density_most_percent=("density_percent", "max"),
        collapsed_seeds=("collapsed", "sum"),
    )
    return table.reset_index()


def collapses(layers: pd.DataFrame) -> pd.DataFrame:
    """One row for each ticket and round: layers without any weight left (in one seed or more), and in how many seeds.

    Nothing passes such a layer but its biases (Tanaka et al. 2020 call it layer collapse).
    """
    rows = []
    for (ticket, round_), group in layers.groupby(["ticket", "round"], sort=False):
        empty = group[group["kept"] == 0]
        layers_of, lost = list(group["layer"].unique()), set(empty["layer"])
        names = [name for name, layer in zip(layer_labels(layers_of), layers_of, strict=True) if layer in lost]
        rows.append([ticket, round_, ", ".join(names), empty["seed"].nunique()])
    return pd.DataFrame(rows, columns=["ticket", "round", "collapsed_layers", "collapsed_seeds"])


def with_collapses(arms: pd.DataFrame, layers: pd.DataFrame) -> pd.DataFrame:
    """Arms with the collapsed layers of their tickets; controls keep their ticket's counts, the dense arm all."""
    found = collapses(layers).drop(columns="round")
    table = arms.merge(found, on="ticket", how="left")
    whole = table["collapsed_layers"].isna() | (table["kind"] == "dense")
    return table.assign(
        collapsed_layers=table["collapsed_layers"].mask(whole, ""),
        collapsed_seeds=table["collapsed_seeds"].mask(whole, 0).astype(int),
    )


def overlap(tickets: Mapping[tuple[int, str], "Ticket"], order: Iterable[str]) -> pd.DataFrame:
    """One row for each seed, pair of tickets and layer: the Jaccard index of the masks, and what chance would give.

    Chance is the expectation for two independent random masks with the same counts in that layer. Tickets of different
    networks have no layers in common and are not paired, and a dense one has no mask to compare.

    Args:
        tickets: of one density, by seed and name.
        order: ticket names; decides which of a pair is the first.
    """
    rows = []
    for first, second in combinations(order, 2):
        for seed in sorted({seed for seed, _ in tickets}):
            one, other = tickets.get((seed, first)), tickets.get((seed, second))
            if one and other and one.provenance["network"] == other.provenance["network"]:
                rows += [[first, second, seed, *cells] for cells in _layer_overlaps(one, other)]
    return pd.DataFrame(rows, columns=OVERLAP_COLUMNS)


def _layer_overlaps(first: "Ticket", second: "Ticket") -> list[list[str | int | float]]:
    rows: list[list[str | int | float]] = []
    for layer in first.masks:
        mask, other = first.masks[layer].numpy(), second.masks[layer].numpy()
        kept, kept_other, both = (int(np.count_nonzero(of)) for of in (mask, other, mask & other))
        either = kept + kept_other - both
        jaccard = both / either if either else float("nan")
        chance = chance_jaccard(kept, kept_other, mask.size)
        rows.append([layer, kept, kept_other, both, mask.size, jaccard, chance])
    return rows
