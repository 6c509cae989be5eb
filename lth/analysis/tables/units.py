"""What a mask leaves: of a network more than a density, and weights of a certain size.

Two masks with equal counts in each layer can leave very different numbers of units (an output without a kept weight is
a constant, an input without one is not read), of weights on a path from the input to the output, and weights that are
larger or smaller at initialisation. They can also be nearly the same mask.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lth.plan.plan import Plan

if TYPE_CHECKING:
    from lth.artifacts.tickets import Ticket

_USED = ["inputs_used", "inputs", "outputs_used", "outputs"]
UNIT_COUNTS = ["arm", "seed", "layer", *_USED, "kept", "on_path", "initial_rms", "in_ticket"]
"""Of each layer of each arm's mask: inputs and outputs with at least one kept weight, and all that there are; kept
weights; those of them on a path (`lth.pruning.paths`), which is empty where it cannot be said; root mean square of the
kept weights that the arm starts from, empty where none is kept; kept weights that the mask of the arm's ticket keeps as
well, empty for dense arms and new output layers. Data that were packed before 2026-11-29 do not have the last four, or
the last ones of them."""


@dataclass(frozen=True)
class ArmStart:
    """What one training of an assessment starts from."""

    arm: str
    seed: int
    path: Path
    """The ticket that it starts from: one as found, or a control that was made of it."""
    ticket: str | None
    """The ticket that it is, or whose mask or weights were changed; None for a dense arm."""
    as_found: bool = False
    """Whether it starts from the ticket itself."""


def starts(plan: Plan, assessment: str, arm_tickets: Iterable[Path], as_found: Iterable[Path]) -> Iterator[ArmStart]:
    """What each arm starts from, seed by seed; of a comparison, its tickets.

    Args:
        plan: of the study.
        assessment: the name of the evaluation or comparison.
        arm_tickets: of an evaluation, what its arms start from: of each arm, of each seed, in the order of the study.
        as_found: the same of the tickets as found, which a comparison has alone.
    """
    evaluation = assessment in plan.study.evaluations
    arms = plan.arms(assessment) if evaluation else plan.evaluated_tickets(assessment)
    tickets = arm_tickets if evaluation else as_found
    for (arm, seed), path in zip(product(arms, plan.study.seeds), tickets, strict=True):
        ticket = None if arm.kind == "dense" else arm.ticket
        yield ArmStart(arm.name, seed, path, ticket, arm.kind == "own" and arm.new_output is None)


def unit_counts(trained: Iterable[ArmStart], found: Mapping[tuple[int, str], "Ticket"]) -> pd.DataFrame:
    """What masks leave in use (`UNIT_COUNTS`), one row for each arm, seed and layer.

    Inputs of a convolution are its channels; those of a grouped one are counted within a group.

    Args:
        trained: what each training starts from.
        found: the tickets as found, by seed and name.

    Raises:
        UserError: a file is no ticket, or damaged.
    """
    from lth.artifacts.tickets import Ticket
    from lth.networks.new_output import new_output_names

    rows = []
    for start in trained:
        parent = found[start.seed, start.ticket] if start.ticket else None
        ticket = parent if parent and start.as_found else Ticket.load(start.path)
        joined, sizes = ticket.on_path(), ticket.sizes()
        new = "new_output" in ticket.provenance
        replaced = new_output_names(ticket.network, ticket.network.classes) if new else ()
        for layer, mask in ticket.masks.items():
            by_unit = mask.reshape(*mask.shape[:2], -1).any(2)
            outputs, inputs = by_unit.shape
            used = [int(by_unit.any(0).sum()), inputs, int(by_unit.any(1).sum()), outputs]
            passing = float("nan") if joined is None else int(joined[layer].count_nonzero())
            other = parent.masks[layer] if parent else None
            shared = float("nan")
            if other is not None and layer not in replaced and other.shape == mask.shape:
                shared = int((mask & other).count_nonzero())
            kept = int(mask.count_nonzero())
            rows.append([start.arm, start.seed, layer, *used, kept, passing, sizes[layer], shared])
    return pd.DataFrame(rows, columns=UNIT_COUNTS)


def with_shares(arms: pd.DataFrame, counts: pd.DataFrame | None, kinds: Iterable[str]) -> pd.DataFrame:
    """Arms with, of the kept weights, those on a path from input to output, or in the mask of their ticket as well.

    Args:
        arms: a row each.
        counts: `UNIT_COUNTS`, or those of them that older data have.
        kinds: `on_path`, `in_ticket`; the columns are `on_path_percent`, `in_ticket_percent`, means over seeds.
    """
    if counts is None:
        return arms
    found = {f"{kind}_percent": _percent_of_kept(counts, kind, "arm") for kind in kinds if kind in counts}
    return arms.assign(**{name: arms["arm"].map(shares) for name, shares in found.items()})


def _percent_of_kept(counts: pd.DataFrame, kind: str, *of: str) -> "pd.Series[float]":
    """Of the kept weights of the layers that say it, mean over seeds, by the columns `of`."""
    said = counts[counts[kind].notna()]
    whole = said.groupby([*of, "seed"])[["kept", kind]].sum()
    return (100 * whole[kind] / whole["kept"]).groupby([*of]).mean()


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
    """One row for each arm and layer, means over seeds: inputs and outputs in use, size of the initial weights, and the
    share of the kept weights that are in the mask of the arm's ticket as well."""
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
    if "in_ticket" in counts:
        table = table.assign(in_ticket_percent=_percent_of_kept(counts, "in_ticket", "arm", "layer"))
    return table.reset_index()
