"""Verdicts and tables of a finished study in Markdown."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from lth.analysis.tables import cells
from lth.analysis.tables.files import read_table
from lth.analysis.tables.matching import matching_notes
from lth.analysis.tables.notes import notes, round_notes
from lth.analysis.tables.verdict import verdict
from lth.artifacts.origin import assessments_with, left_out_words
from lth.errors import UserError


def pages(results: Path) -> Iterator[str]:
    """The lines of a section for each evaluation and comparison of the study, and one for the rounds of all tickets.

    Raises:
        UserError: the folder holds no tables.
    """
    tables = results / "tables"
    assessments, others = assessments_with(results, "arms.csv")
    if not (tables / "rounds.csv").is_file():
        raise UserError(
            f"{results}: has no tables; expected the results folder of a finished study, such as results/demo"
        )
    for one in assessments:
        yield from (f"## {one}", "")
        arms, comparisons = (read_table(tables / one / f"{name}.csv", sealed=True) for name in ("arms", "comparisons"))
        yield from assessment(arms, comparisons)
    if others:
        yield from (f"*{left_out_words(others)}*", "")
    yield from ("## Rounds", "")
    found = read_table(tables / "rounds.csv", sealed=True)
    matched = read_table(tables / "matching.csv", sealed=True)
    yield from (*table(*round_table(found)), "", *round_items(found), *items(matching_notes(matched)))


def assessment(arms: pd.DataFrame, comparisons: pd.DataFrame) -> Iterator[str]:
    """Verdict, arms, comparisons and notes of an evaluation or comparison."""
    yield from (*items(verdict(arms, comparisons)), "")
    header, rows, names = cells.arm_table(arms)
    yield from (*table(header, rows, names), "")
    if len(comparisons):
        pairs = [cells.comparison_cells(row) for row in comparisons.to_dict("records")]
        yield from (*table(cells.COMPARISON_HEADER, pairs, names=2), "")
    tested, rows = cells.equivalence_table(comparisons)
    if rows:
        yield from (*table(tested, rows, names=2), "")
    yield from (*items(notes(arms, comparisons)), "")


def round_table(found: pd.DataFrame) -> tuple[list[str], list[list[str]], int]:
    """Header, rows and number of text columns for the rounds of all tickets."""
    rows = [_round_cells(row) for row in found.to_dict("records")]
    return [*rows[0]], [[*row.values()] for row in rows], 1


def round_items(found: pd.DataFrame) -> list[str]:
    """What the columns of `round_table` mean, and notes on the rounds."""
    half = f"± half-width of the {found['confidence_percent'].iloc[0]:g} % t confidence interval"
    return items(
        [
            f"Test accuracy at the early-stopping iteration (lowest validation loss), mean over n seeds {half}; "
            f"final: at the end of training.",
            *round_notes(found),
        ]
    )


def table(header: Sequence[str], rows: Sequence[Sequence[str]], names: int) -> Iterator[str]:
    """A Markdown table; the first `names` columns are text, the others right-aligned numbers."""
    yield _line(header)
    yield _line(["---"] * names + ["--:"] * (len(header) - names), space="")
    yield from map(_line, rows)


def _round_cells(row: Mapping[Any, Any]) -> dict[str, str]:
    f1 = {"F1 %": cells.plus_minus(row["f1_percent"], row["f1_high_percent"])} if "f1_percent" in row else {}
    return {
        "ticket": str(row["ticket"]),
        "round": str(row["round"]),
        "density %": f"{row['density_percent']:.3g}",
        "n": str(row["n"]),
        "test acc. %": cells.plus_minus(row["accuracy_percent"], row["accuracy_high_percent"]),
        **f1,
        "final acc. %": f"{row['last_accuracy_percent']:.2f}",
        "early-stopping iteration": f"{row['best_step']:,.0f}",
    }


def _line(row: Sequence[str], space: str = " ") -> str:
    return f"|{space}" + f"{space}|{space}".join(cell.replace("|", "\\|") for cell in row) + f"{space}|"


def items(sentences: Sequence[str]) -> list[str]:
    """Sentences as a list."""
    return [f"- {sentence}" for sentence in sentences]
