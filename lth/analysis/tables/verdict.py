"""The verdict: the result of every significance test, in sentences.

A difference is significant if its Holm-adjusted p is at most alpha; any other is "not significant", never "equal".
Intervals decide nothing. "Equivalent" needs a margin, named in the study file, and a significant equivalence test. If
the number of seeds rules out p <= alpha, a sentence says so, and those comparisons are descriptive only.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import or_
from typing import Any

import pandas as pd

from lth.analysis.stats import holm
from lth.analysis.tables import cells
from lth.analysis.tables.cells import in_points, p_value, within
from lth.analysis.tables.energy import ARM_ENERGY_HEADER, arm_energy_cells, energy_note
from lth.analysis.tables.identical import identical_notes
from lth.analysis.tables.notes import densities_apart, notes
from lth.analysis.tables.setting import trained_on
from lth.analysis.tables.terminal import grid, paragraphs
from lth.checks.power import equivalence_seeds_needed, seeds_needed, smallest_equivalence_p, smallest_p
from lth.config.energy import Electricity

_Row = Mapping[Any, Any]
"""One row of a table, by column."""


def verdict(arms: pd.DataFrame, comparisons: pd.DataFrame) -> list[str]:
    """The sentences of one evaluation or comparison; the first is about the first pair of its family."""
    if comparisons.empty:
        where = _where(arms)
        return [
            f"The study file names no pairs to compare, so no test was run {where}: these results are descriptive only."
        ]
    rows = comparisons.to_dict("records")
    first, *others = rows
    told, reasons = _told(rows)
    others = [row for row, is_told in zip(others, told[1:], strict=True) if is_told]
    return [
        _leading(first, len(rows), _where(arms, first)),
        *_confounded([first], arms, "They were trained with different recipes"),
        *map(_brief, others),
        *_confounded(others, arms, "These pairs were trained with different recipes"),
        *reasons,
        *identical_notes(arms),
    ]


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
    rows = comparisons.to_dict("records")
    told, reasons = _told(rows)
    return [*(_brief(row) for row, is_told in zip(rows, told, strict=True) if is_told), *reasons]


def _where(arms: pd.DataFrame, pair: _Row | None = None) -> str:
    """On what, and at which density: the usual one, or where the arms of a pair differ in it, that of each."""
    sparse = arms[arms["kind"] != "dense"]
    usual = f" at {sparse['density_percent'].median():.3g} % density" if len(sparse) else ""
    compared = [] if pair is None else sparse[sparse["arm"].isin([pair["first"], pair["second"]])].to_dict("records")
    apart = densities_apart(compared)
    return f"on {trained_on(arms.iloc[0].to_dict())}{apart or usual}"


def _leading(row: _Row, family: int, where: str) -> str:
    numbers = (
        f"{row['first_mean_percent']:.2f} % against {row['second_mean_percent']:.2f} % test accuracy, a difference of "
        f"{in_points(row['difference_points'])} percentage points ({_evidence(row, family)})"
    )
    return f"{_claim(row)} {where}: {numbers}."


def _confounded(rows: Sequence[_Row], arms: pd.DataFrame, words: str) -> list[str]:
    """A sentence, which begins with the words, if pairs also differ in their training recipe."""
    if "recipe" not in arms:
        return []
    recipes = dict(zip(arms["arm"], arms["recipe"], strict=True))
    pairs = [(row["first"], row["second"]) for row in rows if recipes[row["first"]] != recipes[row["second"]]]
    if not pairs:
        return []
    found = "; ".join(f"{first} with {recipes[first]} and {second} with {recipes[second]}" for first, second in pairs)
    return [f"{words} ({found}), so the masks alone do not explain a difference."]


def _brief(row: _Row) -> str:
    return f"{_claim(row)}: {in_points(row['difference_points'])} points ({_evidence(row)})."


def _claim(row: _Row) -> str:
    if row.get("identical"):
        return f"{row['first']} and {row['second']} have the same results"
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
    tested = f"exact sign-flip test, Holm-adjusted p {p_value(row['p_holm'], row['alpha'])}"
    size = f", {family} comparisons" if family > 1 else ""
    return f"{interval}; {tested}{size}{_evidence_within(row)}; n = {row['n']} seeds"


def _evidence_within(row: _Row) -> str:
    """The test of equivalence, where there is one."""
    if "margin_points" not in row:
        return ""
    low, high = in_points(row["equivalence_low_points"]), in_points(row["equivalence_high_points"])
    interval = f"{row['equivalence_confidence_percent']:.3g} % interval {low} to {high}"
    tested = f"Holm-adjusted p {p_value(row['p_equivalence_holm'], row['alpha'])}"
    return f"; equivalence within {within(row['margin_points'])} points: {interval}, {tested}"


def _told(rows: Sequence[_Row]) -> tuple[list[bool], list[str]]:
    """Whether each row of a family has seeds enough for a sentence of its own, and sentences about those that have not.

    A row has them if its difference can be significant, or else its equivalence. Of rows whose difference cannot,
    those of as many seeds share a sentence.
    """
    differs = _possible(rows, smallest_p)
    equals = _possible(rows, smallest_equivalence_p) if rows and "margin_points" in rows[0] else [False] * len(rows)
    reasons = []
    for n in dict.fromkeys(row["n"] for row, can in zip(rows, differs, strict=True) if not can):
        places = [place for place, row in enumerate(rows) if row["n"] == n and not differs[place]]
        few = [rows[place] for place in places]
        reasons.append(_why_not(few, len(rows), differs.count(False), equals[places[0]], equals.count(False)))
    return [*map(or_, differs, equals)], reasons


def _possible(rows: Sequence[_Row], smallest: Callable[[int], float]) -> list[bool]:
    """Whether the adjusted p of each row can fall to alpha, by its seeds and those of its family (Holm)."""
    return [p <= row["alpha"] for p, row in zip(holm([smallest(row["n"]) for row in rows]), rows, strict=True)]


def _why_not(few: Sequence[_Row], family: int, lost: int, equals: bool, unequal: int) -> str:
    """Why none of these differences can be significant.

    Holm's threshold relaxes only after another test has been significant: at best alpha over the number of those that
    cannot be.

    Args:
        few: rows of equally many seeds.
        family: how many tests there are.
        lost: how many of them cannot show a difference.
        equals: whether so many seeds can show the equivalence of one pair.
        unequal: how many tests cannot show equivalence.
    """
    n, alpha = few[0]["n"], few[0]["alpha"]
    seeds = "one seed" if n == 1 else f"{n} seeds"
    pairs = [f"{row['first']} and {row['second']}" for row in few]
    these = f"the comparison{'s' * (len(few) > 1)} of {' and of '.join(pairs)}"
    between = f" between {' or between '.join(pairs)}"
    if len(few) == family:
        these, between = "this comparison" if family == 1 else f"these {family} comparisons", ""
    tests = "one test needs" if family == 1 else f"{family} tests with Holm's correction need"
    if lost < family:
        tests = f"Holm's correction over {family} tests needs at best"
    descriptive = f"{these} {'is' if len(few) == 1 else 'are'} descriptive only"
    takes = f"{seeds_needed(alpha, lost)} seeds"
    if equals:
        descriptive = f"no difference{between} can be significant"
    elif "margin_points" in few[0]:
        takes += f"; equivalence takes {equivalence_seeds_needed(alpha, unequal)} seeds"
    return (
        f"With {seeds} {descriptive}: the exact sign-flip test cannot give p < {smallest_p(n):.3g}, and {tests} "
        f"p <= {alpha / lost:.2g} for a family-wise error rate of {alpha:g}, which takes {takes}."
    )
