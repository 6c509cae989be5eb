"""What is left of the layers, and how much the tickets' masks have in common."""

from collections.abc import Iterable
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lth.errors import UserError
from lth.stats import chance_jaccard

if TYPE_CHECKING:
    from lth.tickets import Ticket

OVERLAP_COLUMNS = [
    *(
        "first",
        "second",
        "seed",
        "layer",
        "kept_first",
        "kept_second",
        "kept_both",
        "total",
        "jaccard",
        "chance_jaccard",
    )
]


def layer_density(layers: pd.DataFrame) -> pd.DataFrame:
    """One row for each ticket, round and layer: weights kept, mean over seeds."""
    shares = layers.assign(density_percent=100 * layers["kept"] / layers["total"])
    grouped = shares.groupby(["ticket", "round", "layer"], sort=False)
    table = grouped.agg(
        n=("kept", "size"),
        total=("total", "first"),
        kept_mean=("kept", "mean"),
        density_percent=("density_percent", "mean"),
        density_least_percent=("density_percent", "min"),
        density_most_percent=("density_percent", "max"),
    )
    return table.reset_index()


def overlap(tickets: Iterable[Path], order: Iterable[str]) -> pd.DataFrame:
    """One row for each seed, pair of tickets and layer: the Jaccard index of the masks, and what chance would give.

    Chance is the expectation for two independent random masks with the same counts in that layer. Tickets of different
    networks have no layers in common and are not paired.

    Args:
        tickets: ticket files of one density, of any seeds.
        order: ticket names; decides which of a pair is the first.
    """
    from lth.tickets import Ticket

    loaded = {}
    for path in tickets:
        ticket = Ticket.load(path)
        try:
            loaded[(int(ticket.provenance["seed"]), str(ticket.provenance["ticket"]))] = ticket
        except KeyError as error:
            raise UserError(f"{path}: does not say its {error}; delete it and rerun to make it again") from None
    rows = []
    for first, second in combinations(order, 2):
        for seed in sorted({seed for seed, _ in loaded}):
            one, other = loaded.get((seed, first)), loaded.get((seed, second))
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
