"""The verdict: the result of every significance test, in sentences.

A difference is significant if its Holm-adjusted p is at most alpha; any other is "not significant", never "equal".
Intervals decide nothing. "Equivalent" needs a margin, named in the study file, and a significant equivalence test. If
the number of seeds rules out p <= alpha, one sentence says so, and the comparisons are descriptive only.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from lth.analysis.tables import cells
from lth.analysis.tables.cells import in_points, p_value, within
from lth.analysis.tables.energy import ARM_ENERGY_HEADER, arm_energy_cells, energy_note
from lth.analysis.tables.notes import notes
from lth.analysis.tables.terminal import grid, paragraphs
from lth.checks.power import equivalence_seeds_needed, seeds_needed, smallest_equivalence_p, smallest_p
from lth.config.energy import Electricity

_Row = Mapping[Any, Any]
"""One row of a table, by column."""


def verdict(arms: pd.DataFrame, comparisons: pd.DataFrame) -> list[str]:
    """The sentences of one evaluation or comparison; the first is about the first pair of its family."""
    where = _where(arms)
    if comparisons.empty:
        return [
            f"The study file names no pairs to compare, so no test was run {where}: these results are descriptive only."
        ]
    first, *others = comparisons.to_dict("records")
    leading, reason = _leading(first, len(comparisons), where), _why_not(first, len(comparisons))
    found = [leading, *_confounded(first, arms)]
    if reason is None or _equivalence_possible(first, len(comparisons)):
        found += [_brief(row) for row in others]
    return [*found, reason] if reason else found


def text(
    head: str,
    arms: pd.DataFrame,
    comparisons: pd.DataFrame,
    energy: tuple[pd.DataFrame, Electricity] | None = None,
) -> str:
    """The verdict for a terminal of 100 columns: sentences, then the tables of arms and comparisons.

    Args:
        head: its first line.
        arms: the table of arms.
        comparisons: the table of compared pairs.
        energy: the table of the arms' energy and what a kWh emits, where the study says it.
    """
    lines = [head, "", *paragraphs(verdict(arms, comparisons))]
    header, rows, names = cells.arm_table(arms.drop(columns="published_percent", errors="ignore"))
    lines += ["", *grid(header, rows, names=names)]
    if published := cells.published_rows(arms):  # by itself: all in one row would leave no room for the arms' names
        lines += ["", *grid(("arm", *cells.PUBLISHED_HEADER), published, names=1)]
    pairs = [cells.comparison_cells(row) for row in comparisons.to_dict("records")]
    if pairs:
        lines += ["", *grid(cells.COMPARISON_HEADER, pairs, names=2)]
    tested, within_margin = cells.equivalence_table(comparisons)
    if within_margin:
        lines += ["", *grid(tested, within_margin, names=2)]
    about = notes(arms, comparisons)
    if energy:
        lines += ["", *grid(ARM_ENERGY_HEADER, arm_energy_cells(energy[0]), names=1)]
        about.append(energy_note(energy[1], trained_before=cells.trained_when_found(arms)))
    return "\n".join([*lines, "", *paragraphs(about), ""])


def family(comparisons: pd.DataFrame) -> list[str]:
    """A sentence for each pair of a family of tests, without words about where it was tested."""
    first, *_ = rows = comparisons.to_dict("records")
    reason = _why_not(first, len(rows))
    brief = [_brief(row) for row in rows] if reason is None or _equivalence_possible(first, len(rows)) else []
    return [*brief, reason] if reason else brief


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
    """A sentence if the leading pair also differs in its training recipe."""
    if "recipe" not in arms:
        return []
    recipes = dict(zip(arms["arm"], arms["recipe"], strict=True))
    first, second = recipes[row["first"]], recipes[row["second"]]
    if first == second:
        return []
    return [
        f"They were trained with different recipes ({first} and {second}), so the masks alone do not explain a "
        f"difference."
    ]


def _brief(row: _Row) -> str:
    return f"{_claim(row)}: {in_points(row['difference_points'])} points ({_evidence(row)})."


def _claim(row: _Row) -> str:
    if row["n"] == 1:
        return f"No test of the difference between {row['first']} and {row['second']}"
    first, second = row["first"], row["second"]
    margin = f"within {within(row['margin_points'])} points" if "margin_points" in row else ""
    equivalent = bool(margin) and row["equivalence_shown"]
    if row["difference_shown"]:
        side = "better" if row["difference_points"] > 0 else "worse"
        smaller = f", but equivalent to it {margin}" if equivalent else ""
        return f"{first} is significantly {side} than {second}{smaller}"
    if equivalent:
        return f"{first} and {second} are equivalent {margin}"
    if margin:
        return (
            f"Inconclusive: neither a difference between {first} and {second} nor equivalence {margin} is significant"
        )
    return f"No significant difference between {first} and {second}"


def _evidence(row: _Row, family: int = 1) -> str:
    if row["n"] == 1:
        return "one seed: no confidence interval and no test"
    low, high = in_points(row["low_points"]), in_points(row["high_points"])
    interval = f"{row['confidence_percent']:.3g} % confidence interval {low} to {high}"
    tested = f"exact sign-flip test, Holm-adjusted p {p_value(row['p_holm'])}"
    size = f", {family} comparisons" if family > 1 else ""
    return f"{interval}; {tested}{size}{_evidence_within(row)}; n = {row['n']} seeds"


def _evidence_within(row: _Row) -> str:
    """The test of equivalence, where there is one."""
    if "margin_points" not in row:
        return ""
    low, high = in_points(row["equivalence_low_points"]), in_points(row["equivalence_high_points"])
    interval = f"{row['equivalence_confidence_percent']:.3g} % interval {low} to {high}"
    tested = f"Holm-adjusted p {p_value(row['p_equivalence_holm'])}"
    return f"; equivalence within {within(row['margin_points'])} points: {interval}, {tested}"


def _equivalence_possible(row: _Row, family: int) -> bool:
    """Whether so many seeds can show the equivalence of one pair of the family."""
    return "margin_points" in row and family * smallest_equivalence_p(row["n"]) <= row["alpha"]


def _why_not(row: _Row, family: int) -> str | None:
    """Why no difference of this family can be significant, which replaces the sentences of the others unless an
    equivalence can; None if one can.

    Under Holm's correction, no adjusted p is below the family's size times the smallest p: the threshold relaxes only
    after another test has been significant.
    """
    n, alpha = row["n"], row["alpha"]
    if family * smallest_p(n) <= alpha:
        return None
    seeds = "one seed" if n == 1 else f"{n} seeds"
    these, tests = "this comparison is", "one test needs"
    if family > 1:
        these, tests = f"these {family} comparisons are", f"{family} tests with Holm's correction need"
    descriptive, takes = f"{these} descriptive only", f"{seeds_needed(alpha, family)} seeds"
    if _equivalence_possible(row, family):
        descriptive = "no difference can be significant"
    elif "margin_points" in row:
        takes += f"; equivalence takes {equivalence_seeds_needed(alpha, family)} seeds"
    return (
        f"With {seeds} {descriptive}: the exact sign-flip test cannot give p < {smallest_p(n):.3g}, and {tests} "
        f"p <= {alpha / family:.2g} for a family-wise error rate of {alpha:g}, which takes {takes}."
    )
