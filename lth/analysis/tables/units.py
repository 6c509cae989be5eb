"""What a mask leaves in use: what is left of a network is more than a density.

Two masks with equal counts in each layer can leave very different numbers of units (an output without a kept weight is
a constant, an input without one is not read), and of weights on a path from the input to the output.
"""

from collections.abc import Iterable
from itertools import product
from pathlib import Path

import pandas as pd

from lth.plan.plan import Plan

UNIT_COUNTS = ["arm", "seed", "layer", "inputs_used", "inputs", "outputs_used", "outputs", "kept", "on_path"]
"""Of each layer of each arm's mask: inputs and outputs with at least one kept weight, and all that there are; kept
weights, and those of them on a path (`lth.pruning.paths`), which is empty where it cannot be said. Data that were
packed before 2026-11-29 do not have the last two."""


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
        joined = ticket.on_path()
        for layer, mask in ticket.masks.items():
            by_unit = mask.reshape(*mask.shape[:2], -1).any(2)
            outputs, inputs = by_unit.shape
            used = [int(by_unit.any(0).sum()), inputs, int(by_unit.any(1).sum()), outputs]
            passing = float("nan") if joined is None else int(joined[layer].count_nonzero())
            rows.append([arm, seed, layer, *used, int(mask.count_nonzero()), passing])
    return pd.DataFrame(rows, columns=UNIT_COUNTS)


def with_paths(arms: pd.DataFrame, counts: pd.DataFrame | None) -> pd.DataFrame:
    """Arms with `on_path_percent`: of the kept weights, those on a path from input to output, mean over seeds."""
    if counts is None or "on_path" not in counts:
        return arms
    whole = counts.groupby(["arm", "seed"])[["kept", "on_path"]].sum(min_count=1)  # NaN in all layers or in none
    share = (100 * whole["on_path"] / whole["kept"]).groupby("arm").mean()
    return arms.assign(on_path_percent=arms["arm"].map(share))


def units(counts: pd.DataFrame) -> pd.DataFrame:
    """One row for each arm and layer: inputs and outputs in use, mean over seeds."""
    grouped = counts.groupby(["arm", "layer"], sort=False)
    table = grouped.agg(
        n=("seed", "size"),
        inputs_used_mean=("inputs_used", "mean"),
        inputs=("inputs", "first"),
        outputs_used_mean=("outputs_used", "mean"),
        outputs=("outputs", "first"),
    )
    return table.reset_index()
