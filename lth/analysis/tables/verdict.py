"""The verdict: what the tests do and do not show, in sentences.

A difference is claimed only with a Holm-adjusted p at or below alpha; everything else is "no difference shown", never
"equal". Where the seeds are too few for any p to get there, a sentence says that instead.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from lth.analysis.tables import cells
from lth.analysis.tables.cells import in_points, p_value
from lth.analysis.tables.notes import notes
from lth.analysis.tables.terminal import grid, paragraphs
from lth.checks.power import seeds_needed, smallest_p

_Row = Mapping[Any, Any]
"""One row of a table, by column."""


def verdict(arms: pd.DataFrame, comparisons: pd.DataFrame) -> list[str]:
    """The sentences of one evaluation or comparison; the first is about the first comparison of its family."""
    where = _where(arms)
    if comparisons.empty:
        return [f"No comparison was decided on beforehand, so nothing is tested {where}: the table only describes."]
    first, *others = comparisons.to_dict("records")
    leading, reason = _leading(first, len(comparisons), where), _why_not(first, len(comparisons))
    found = [leading, *_confounded(first, arms)]
    return [*found, reason] if reason else [*found, *(_brief(row) for row in others)]


def text(head: str, arms: pd.DataFrame, comparisons: pd.DataFrame) -> str:
    """The verdict for the terminal: sentences, then the arms and the comparisons, at most 100 columns wide."""
    lines = [head, "", *paragraphs(verdict(arms, comparisons))]
    header, rows, names = cells.arm_table(arms)
    lines += ["", *grid(header, rows, names=names)]
    pairs = [cells.comparison_cells(row) for row in comparisons.to_dict("records")]
    if pairs:
        lines += ["", *grid(cells.COMPARISON_HEADER, pairs, names=2)]
    return "\n".join([*lines, "", *paragraphs(notes(arms, comparisons)), ""])


def _where(arms: pd.DataFrame) -> str:
    sparse = arms[arms["kind"] != "dense"]
    density = f" at {sparse['density_percent'].median():.3g} % density" if len(sparse) else ""
    return f"on {arms['dataset'].iloc[0]}{density}"


def _leading(row: _Row, family: int, where: str) -> str:
    numbers = (
        f"{row['first_mean_percent']:.2f} % against {row['second_mean_percent']:.2f} % test accuracy, a difference of "
        f"{in_points(row['difference_points'])} percentage points ({_evidence(row, family)})"
    )
    return f"{_claim(row)} {where}: {numbers}."


def _confounded(row: _Row, arms: pd.DataFrame) -> list[str]:
    """What else than the masks may make the difference of the leading pair."""
    if "recipe" not in arms:
        return []
    recipes = dict(zip(arms["arm"], arms["recipe"], strict=True))
    first, second = recipes[row["first"]], recipes[row["second"]]
    if first == second:
        return []
    return [f"They were trained by two recipes ({first} and {second}), so the difference is not of the masks alone."]


def _brief(row: _Row) -> str:
    return f"{_claim(row)}: {in_points(row['difference_points'])} points ({_evidence(row)})."


def _claim(row: _Row) -> str:
    if not row["difference_shown"]:
        return f"No difference shown between {row['first']} and {row['second']}"
    side = "better" if row["difference_points"] > 0 else "worse"
    return f"{row['first']} is {side} than {row['second']}"


def _evidence(row: _Row, family: int = 1) -> str:
    if row["n"] == 1:
        return "one seed, so neither an interval nor a test"
    low, high = in_points(row["low_points"]), in_points(row["high_points"])
    interval = f"{row['confidence_percent']:.3g} % interval {low} to {high}"
    adjusted = f"Holm-adjusted p {p_value(row['p_holm'])}" + (f" in a family of {family}" if family > 1 else "")
    return f"{interval}; {adjusted}; n = {row['n']} seeds"


def _why_not(row: _Row, family: int) -> str | None:
    """Why no test of this family could have shown anything, so that the others need no sentence; None if one could.

    With Holm's correction the least adjusted p is the family's size times the least p, for each of its tests: a test
    is only judged more mildly after another one has passed.
    """
    n, alpha = row["n"], row["alpha"]
    if family * smallest_p(n) <= alpha:
        return None
    seeds = "One seed" if n == 1 else f"{n} seeds"
    tests = "one test needs" if family == 1 else f"{family} tests with Holm's correction need"
    nothing = "" if family == 1 else f" None of the {family} comparisons is more than a description."
    return (
        f"{seeds} cannot show any difference, however large: the exact sign-flip test gives at least "
        f"p = {smallest_p(n):.3g}, and {tests} p <= {alpha / family:.2g} for a family-wise {alpha:g}, "
        f"which takes {seeds_needed(alpha, family)} seeds.{nothing}"
    )
