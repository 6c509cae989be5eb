"""What a mask leaves: of a network more than a density, and weights of a certain size.

Two masks with equal counts in each layer can leave very different numbers of units (an output without a kept weight is
a constant, an input without one is not read), of weights on a path from the input to the output, and weights that are
larger or smaller at initialisation.
"""

from collections.abc import Iterable
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from lth.plan.plan import Plan

_USED = ["inputs_used", "inputs", "outputs_used", "outputs"]
UNIT_COUNTS = ["arm", "seed", "layer", *_USED, "kept", "on_path", "initial_rms"]
"""Of each layer of each arm's mask: inputs and outputs with at least one kept weight, and all that there are; kept
weights; those of them on a path (`lth.pruning.paths`), which is empty where it cannot be said; root mean square of the
kept weights that the arm starts from, empty where none is kept. Data that were packed before 2026-11-29 do not have the
last three, or the last."""


def starts(
    plan: Plan, assessment: str, arm_tickets: Iterable[Path], as_found: Iterable[Path]
) -> list[tuple[str, int, Path]]:
    """Arm, seed and ticket of each training of an evaluation; of a comparison, of its tickets.

    Args:
        plan: of the study.
        assessment: the name of the evaluation or comparison.
        arm_tickets: of an evaluation, what its arms start from: of each arm, of each seed, in the order of the study.
        as_found: the same of the tickets as found, which a comparison has alone.
    """
    evaluation = assessment in plan.study.evaluations
    arms = plan.arms(assessment) if evaluation else plan.evaluated_tickets(assessment)
    tickets = arm_tickets if evaluation else as_found
    places = product([arm.name for arm in arms], plan.study.seeds)
    return [(arm, seed, path) for (arm, seed), path in zip(places, tickets, strict=True)]


def unit_counts(trained: Iterable[tuple[str, int, Path]]) -> pd.DataFrame:
    """What masks leave in use (`UNIT_COUNTS`), one row for each arm, seed and layer.

    Inputs of a convolution are its channels; those of a grouped one are counted within a group.

    Args:
        trained: arm, seed, and the ticket that it starts from.

    Raises:
        UserError: a file is no ticket, or damaged.
    """
    from lth.artifacts.tickets import Ticket

    rows = []
    for arm, seed, path in trained:
        ticket = Ticket.load(path)
        joined, sizes = ticket.on_path(), ticket.sizes()
        for layer, mask in ticket.masks.items():
            by_unit = mask.reshape(*mask.shape[:2], -1).any(2)
            outputs, inputs = by_unit.shape
            used = [int(by_unit.any(0).sum()), inputs, int(by_unit.any(1).sum()), outputs]
            passing = float("nan") if joined is None else int(joined[layer].count_nonzero())
            rows.append([arm, seed, layer, *used, int(mask.count_nonzero()), passing, sizes[layer]])
    return pd.DataFrame(rows, columns=UNIT_COUNTS)


def with_paths(arms: pd.DataFrame, counts: pd.DataFrame | None) -> pd.DataFrame:
    """Arms with `on_path_percent`: of the kept weights, those on a path from input to output, mean over seeds."""
    if counts is None or "on_path" not in counts:
        return arms
    whole = counts.groupby(["arm", "seed"])[["kept", "on_path"]].sum(min_count=1)  # NaN in all layers or in none
    share = (100 * whole["on_path"] / whole["kept"]).groupby("arm").mean()
    return arms.assign(on_path_percent=arms["arm"].map(share))


def with_sizes(arms: pd.DataFrame, counts: pd.DataFrame | None) -> pd.DataFrame:
    """Arms with `initial_size_ratio`: how large the weights are that an arm starts from, against the smallest arm's.

    Of each layer the geometric mean over seeds of the root mean square of kept weights, divided by that of the arm in
    which these are least; the median over the layers in which every arm has weights.
    """
    if counts is None or "initial_rms" not in counts:
        return arms
    sizes = np.log(counts["initial_rms"].where(counts["initial_rms"] > 0))
    by_layer = sizes.groupby([counts["arm"], counts["layer"]]).mean().unstack().dropna(axis=1)
    if by_layer.empty:
        return arms
    ratios = np.exp((by_layer - by_layer.loc[by_layer.sum(axis=1).idxmin()]).median(axis=1))
    return arms.assign(initial_size_ratio=arms["arm"].map(ratios))


def units(counts: pd.DataFrame) -> pd.DataFrame:
    """One row for each arm and layer, means over seeds: inputs and outputs in use, size of the initial weights."""
    size = {"initial_rms_mean": ("initial_rms", "mean")} if "initial_rms" in counts else {}
    grouped = counts.groupby(["arm", "layer"], sort=False)
    table = grouped.agg(
        n=("seed", "size"),
        inputs_used_mean=("inputs_used", "mean"),
        inputs=("inputs", "first"),
        outputs_used_mean=("outputs_used", "mean"),
        outputs=("outputs", "first"),
        **size,
    )
    return table.reset_index()
