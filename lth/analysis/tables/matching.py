"""The accuracy that each round loses against its dense network, and the sparsest round that still matches it."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lth.analysis import stats
from lth.analysis.tables.cells import in_points, p_value
from lth.plan.dense import dense_round
from lth.plan.plan import Plan

_COLUMNS = [
    *("ticket", "dataset", "round", "density_percent", "dense_ticket", "dense_round", "n"),
    *("difference_points", "low_points", "high_points", "confidence_percent"),
]
_TESTED = [
    *("margin_points", "alpha", "lower_bound_points", "p_not_worse", "not_worse_shown"),
    *("p_equivalence", "equivalence_shown", "matching"),
]
"""Only where the study names a `matching_margin`."""
MOST_SENTENCES = 12
"""Tickets of which a sentence is written."""
_Row = Mapping[Any, Any]


def matching_table(plan: Plan, round_runs: pd.DataFrame) -> pd.DataFrame:
    """One row for each pruned round of which the study trains the dense network: `against_dense`.

    Args:
        plan: of the study, whose `matching_margin` is the margin.
        round_runs: a row a seed of each ticket's round.
    """
    of_round = {
        (str(ticket), int(str(round_))): group.set_index("seed")
        for (ticket, round_), group in round_runs.groupby(["ticket", "round"], sort=False)
    }
    sequences: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for ticket in plan.study.tickets:
        for round_ in plan.rounds(ticket):
            dense = dense_round(plan, ticket, round_)
            if dense is None or plan.density(ticket, round_) == 1:
                continue
            runs = of_round[ticket, round_]
            dataset = plan.dataset(ticket, round_)
            described: dict[str, Any] = {"ticket": ticket, "dataset": dataset, "round": round_}
            described |= {"density_percent": runs["density_percent"].mean()}
            described |= {"dense_ticket": dense[0], "dense_round": dense[1]}
            both = {"sparse": runs, "dense": of_round[dense]}
            values = pd.concat({name: of["test_accuracy_percent"] for name, of in both.items()}, axis=1, join="inner")
            sequences.setdefault((ticket, dataset), []).append({**described, "values": values})
    margin, alpha = plan.study.matching_margin, plan.study.alpha
    rows = [row for sequence in sequences.values() for row in against_dense(sequence, margin, alpha)]
    return pd.DataFrame(rows, columns=_COLUMNS if margin is None else [*_COLUMNS, *_TESTED])


def against_dense(sequence: Sequence[Mapping[str, Any]], margin: float | None, alpha: float) -> list[dict[str, Any]]:
    """Rounds of falling density minus their dense network, paired by seed; with a margin, tested in this order.

    A round matches dense if it is not worse by the margin or more: one one-sided test (non-inferiority), since a ticket
    that is better than dense is no worse a match. Whether it is also no better by the margin (equivalence, TOST) is
    tested beside it. Rounds are tested from dense to sparse at full alpha each, and claims end with the first round
    that is not significant: in so fixed a sequence no correction is needed for the probability of any false claim to
    stay at alpha (Maurer, Hothorn & Lehmacher 1995; Hsu & Berger 1999, JASA 94; Westfall & Krishen 2001, Journal of
    Statistical Planning and Inference 99). Each kind of claim has a sequence of its own.

    Args:
        sequence: a mapping for each round; `values` are its accuracies (columns `sparse` and `dense`, a row a seed),
            all else is copied.
        margin: in percentage points; None for no test.
        alpha: of each sequence; intervals cover 1 - alpha.
    """
    rows: list[dict[str, Any]] = []
    not_worse = equivalent = True
    for entry in sequence:
        pairs = entry["values"]
        values = list(pairs["sparse"]), list(pairs["dense"])
        interval = stats.paired(*values, alpha).difference
        row = {name: value for name, value in entry.items() if name != "values"}
        row |= {"n": interval.n, "difference_points": interval.mean, "low_points": interval.low}
        row |= {"high_points": interval.high, "confidence_percent": 100 * (1 - alpha)}
        if margin is not None:
            tested = stats.equivalence(*values, margin, alpha)
            not_worse = not_worse and tested.p_above <= alpha
            equivalent = equivalent and tested.p <= alpha
            row |= {"margin_points": margin, "alpha": alpha, "lower_bound_points": tested.interval.low}
            row |= {"p_not_worse": tested.p_above, "not_worse_shown": not_worse}
            row |= {"p_equivalence": tested.p, "equivalence_shown": equivalent, "matching": False}
        rows.append(row)
    shown = [row for row in rows if row.get("not_worse_shown")]
    if shown:
        shown[-1]["matching"] = True
    return rows


def matching_notes(table: pd.DataFrame) -> list[str]:
    """A sentence for each of the first tickets: its matching density, or that none was shown; none without a margin."""
    if "margin_points" not in table:
        return []
    groups = list(table.groupby(["ticket", "dataset"], sort=False))
    more = f"The table `matching` has {len(groups) - MOST_SENTENCES} more tickets."
    return [
        *(_sentence(str(one), str(on), rows.to_dict("records")) for (one, on), rows in groups[:MOST_SENTENCES]),
        *([more] if len(groups) > MOST_SENTENCES else []),
    ]


def _sentence(ticket: str, dataset: str, rows: Sequence[_Row]) -> str:
    first, margin = rows[0], f"{rows[0]['margin_points']:g} points"
    found = [row for row in rows if row["matching"]]
    after = [row for row in rows if not row["not_worse_shown"]][:1]
    if 0.5 ** first["n"] > first["alpha"]:
        seeds = "one seed" if first["n"] == 1 else f"{first['n']} seeds"
        return f"No matching density of {ticket} on {dataset} can be shown with {seeds}: p cannot be below 1/2^n."
    if not found:
        return (
            f"No round of {ticket} was shown to match the dense network on {dataset} within {margin}; the first, at "
            f"{first['density_percent']:.3g} % density: {_evidence(first)}."
        )
    row = found[0]
    words = (
        f"{ticket} matches the dense network on {dataset} down to {row['density_percent']:.3g} % density (round "
        f"{row['round']}), not worse by {margin}: {_evidence(row)}, {_better(row, rows)}"
    )
    if after:
        nxt = after[0]
        words += f"; not shown at {nxt['density_percent']:.3g} %: {_evidence(nxt)}"
    return f"{words}."


def _evidence(row: _Row) -> str:
    bound = in_points(row["lower_bound_points"])
    return (
        f"{_difference(row)}, one-sided {100 * (1 - row['alpha']):g} % bound {bound}, p "
        f"{p_value(row['p_not_worse'], row['alpha'])}, n = {row['n']}"
    )


def _difference(row: _Row) -> str:
    """With its two-sided interval."""
    low, high = in_points(row["low_points"]), in_points(row["high_points"])
    return f"{in_points(row['difference_points'])} points ({row['confidence_percent']:g} % interval {low} to {high})"


def _better(row: _Row, rows: Sequence[_Row]) -> str:
    """Whether the sparsest matching round is equivalent, too; if not, which is the sparsest that is."""
    if row["equivalence_shown"]:
        return "equivalent"
    last = [one for one in rows if one["equivalence_shown"]][-1:]
    if not last:
        return "equivalence not shown at any density"
    within = f"within \N{PLUS-MINUS SIGN}{row['margin_points']:g} points"
    at = f"{last[0]['density_percent']:.3g} % (round {last[0]['round']}): {_difference(last[0])}"
    return f"equivalence not shown; the sparsest round that is equivalent {within} is at {at}"
