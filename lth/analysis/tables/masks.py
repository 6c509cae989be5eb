"""What is left of the layers, and how much the tickets' masks have in common."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lth.analysis.stats import chance_jaccard
from lth.analysis.tables.cells import layer_labels
from lth.analysis.tables.files import ordered
from lth.artifacts.repair import advice
from lth.errors import UserError

if TYPE_CHECKING:
    from lth.artifacts.tickets import Ticket

OVERLAP_COUNTS = ["first", "second", "seed", "layer", "kept_first", "kept_second", "kept_both", "total"]
"""Weights that two masks keep of a layer; what `overlap` adds follows from them."""
LAYER_COLUMNS = ["ticket", "seed", "round", "layer", "kept", "total", "outputs"]
"""Those of the rounds' `layers.csv`."""


def read(tickets: Iterable[Path]) -> dict[tuple[int, str], "Ticket"]:
    """Ticket files of one density, by seed and name.

    Raises:
        UserError: a file does not say its seed or ticket.
    """
    from lth.artifacts.tickets import Ticket

    loaded = {}
    for path in tickets:
        ticket = Ticket.load(path)
        try:
            loaded[int(ticket.provenance["seed"]), str(ticket.provenance["ticket"])] = ticket
        except KeyError as error:
            raise UserError(f"{path}: does not say its {error}", advice(path)) from None
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


def layers_of_rounds(table: pd.DataFrame, rounds: Iterable[tuple[str, int]], order: Iterable[str]) -> pd.DataFrame:
    """Of the `layers.csv` of all rounds the rows of some rounds, in the order that `layers` gives them."""
    wanted = set(rounds)
    kept = table[[place in wanted for place in zip(table["ticket"], table["round"], strict=True)]]
    return ordered(kept[LAYER_COLUMNS], "ticket", order, ["seed"])


def layer_densities(layers: pd.DataFrame) -> pd.DataFrame:
    """One row for each ticket, round and layer: weights kept, mean over seeds, and seeds in which it is lost."""
    shares = layers.assign(density_percent=100 * layers["kept"] / layers["total"], **_lost(layers))
    grouped = shares.groupby(["ticket", "round", "layer"], sort=False)
    table = grouped.agg(
        n=("kept", "size"),
        total=("total", "first"),
        outputs=("outputs", "first"),
        kept_mean=("kept", "mean"),
        density_percent=("density_percent", "mean"),
        density_least_percent=("density_percent", "min"),
        density_most_percent=("density_percent", "max"),
        collapsed_seeds=("collapsed", "sum"),
        thin_seeds=("thin", "sum"),
    )
    return table.reset_index()


def prunable(layers: pd.DataFrame) -> "pd.Series[float]":
    """How many prunable weights the network of each ticket has."""
    return layers.drop_duplicates(["ticket", "layer"]).groupby("ticket")["total"].sum()


def collapse_counts(layers: pd.DataFrame) -> pd.DataFrame:
    """One row for each ticket and round: the layers that are collapsed or thin in some seeds, and in how many seeds."""
    states = _lost(layers)
    rows = []
    for (ticket, round_), group in layers.assign(**states).groupby(["ticket", "round"], sort=False):
        names = list(group["layer"].unique())
        rows.append([ticket, round_])
        for state in states:
            lost = group[group[state]]
            labels = zip(layer_labels(names), names, strict=True)
            found = [label for label, name in labels if name in set(lost["layer"])]
            rows[-1] += [", ".join(found), lost["seed"].nunique()]
    columns = [f"{state}_{what}" for state in states for what in ("layers", "seeds")]
    return pd.DataFrame(rows, columns=["ticket", "round", *columns])


def _lost(layers: pd.DataFrame) -> dict[str, pd.Series]:
    """Which rows are of a layer that is lost: a column of truth values for each state.

    Nothing passes a `collapsed` layer, which has no weight left, but its biases (Tanaka et al. 2020 call it layer
    collapse). A `thin` one has fewer weights than outputs, so that some outputs are only a bias.
    """
    kept = layers["kept"]
    return {"collapsed": kept == 0, "thin": (kept > 0) & (kept < layers["outputs"])}


def with_collapses(arms: pd.DataFrame, layers: pd.DataFrame) -> pd.DataFrame:
    """Arms with the collapsed and thin layers of their tickets; controls keep their ticket's counts, dense ones all."""
    found = collapse_counts(layers).drop(columns="round")
    table = arms.merge(found, on="ticket", how="left")
    whole = ~table["ticket"].isin(found["ticket"]) | (table["kind"] == "dense")
    for layers_of, seeds in (("collapsed_layers", "collapsed_seeds"), ("thin_layers", "thin_seeds")):
        table[layers_of] = table[layers_of].mask(whole, "")
        table[seeds] = table[seeds].mask(whole, 0).astype(int)
    return table


def overlap_counts(tickets: Mapping[tuple[int, str], "Ticket"], order: Iterable[str]) -> pd.DataFrame:
    """One row for each seed, pair of tickets and layer: how many weights each mask keeps, and both (`OVERLAP_COUNTS`).

    Tickets of different networks have no layers in common and are not paired, and a dense one has no mask to compare.

    Args:
        tickets: of one density, by seed and name.
        order: ticket names; decides which of a pair is the first.
    """
    rows = []
    for first, second in combinations(order, 2):
        for seed in sorted({seed for seed, _ in tickets}):
            one, other = tickets.get((seed, first)), tickets.get((seed, second))
            if one and other and one.provenance["network"] == other.provenance["network"]:
                rows += [[first, second, seed, *cells] for cells in kept_by_both(one, other)]
    return pd.DataFrame(rows, columns=OVERLAP_COUNTS)


def overlap(counts: pd.DataFrame) -> pd.DataFrame:
    """`overlap_counts` (or at least its counts) with the Jaccard index of the masks, and what chance would give.

    The index is |A and B| / |A or B|; where neither mask keeps any weight of a layer it is not defined: NaN. Chance is
    the expectation for two independent random masks with the same counts in that layer.
    """
    indices = []
    for kept, other, both, total in counts[OVERLAP_COUNTS[4:]].itertuples(index=False, name=None):
        either = kept + other - both
        indices.append([both / either if either else float("nan"), chance_jaccard(kept, other, total)])
    return counts.join(pd.DataFrame(indices, columns=["jaccard", "chance_jaccard"], index=counts.index))


def kept_by_both(first: "Ticket", second: "Ticket") -> Iterator[list[str | int]]:
    """For each layer of two masks of one network: its name, and the last columns of `OVERLAP_COUNTS`."""
    for layer in first.masks:
        mask, other = first.masks[layer].numpy(), second.masks[layer].numpy()
        yield [layer, *(int(np.count_nonzero(of)) for of in (mask, other, mask & other)), mask.size]
