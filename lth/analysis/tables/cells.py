"""Table rows as text cells, for the terminal, the report and Markdown."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lth.analysis.tables.blocks import block_label

ARM_HEADER = ("arm", "density %", "n", "test acc. %", "CI", "final acc. %", "best epoch", "reach epoch")
PUBLISHED_HEADER = ("published %", "ours then")
"""Where the study names published accuracies: the last one, and the study's own mean after the same epoch."""
TRAINED_HEADER = ("arm", "method", "density %", "n", "test acc. %", "best epoch", "epochs", "TFLOPs", "energy kWh")
"""For comparisons of existing trainings; the last three columns are total costs."""
COMPARISON_HEADER = ("first", "minus second", "points", "CI", "p", "p Holm", "d_z", "w/t/l", "significant")

NOTHING = "-"
"""The interval of a single seed, or an undefined effect size."""
NOT_MEASURED = "not measured"
"""An energy that the machine did not tell."""
JOULES_PER_KWH = 3.6e6


def arm_cells(row: Mapping[Any, Any]) -> list[str]:
    """The cells of an arm under `ARM_HEADER`."""
    return [
        str(row["arm"]),
        f"{row['density_percent']:.3g}",
        str(row["n"]),
        f"{row['accuracy_percent']:.2f}",
        _range(row["accuracy_low_percent"], row["accuracy_high_percent"], ".2f"),
        f"{row['last_accuracy_percent']:.2f}",
        f"{row['best_epoch']:.1f}",
        reach(row),
    ]


def trained_cells(row: Mapping[Any, Any]) -> list[str]:
    """The cells of an arm under `TRAINED_HEADER`."""
    return [
        str(row["arm"]),
        str(row["method"]),
        f"{row['density_percent']:.3g}",
        str(row["n"]),
        plus_minus(row["accuracy_percent"], row["accuracy_high_percent"]),
        f"{row['best_epoch']:.1f}",
        amount(row["epochs"]),
        amount(row["flops"] / 1e12),
        NOT_MEASURED if pd.isna(row["joules"]) else amount(row["joules"] / JOULES_PER_KWH),
    ]


def arm_table(arms: pd.DataFrame) -> tuple[tuple[str, ...], list[list[str]], int]:
    """Header, rows and number of text columns for the arms of an evaluation or comparison."""
    records = arms.to_dict("records")
    if trained_when_found(arms):
        return *_with_f1(TRAINED_HEADER, [trained_cells(row) for row in records], records), 2
    return *_with_published(*_with_f1(ARM_HEADER, [arm_cells(row) for row in records], records), records), 1


def _with_published(
    header: tuple[str, ...], rows: list[list[str]], records: Sequence[Mapping[Any, Any]]
) -> tuple[tuple[str, ...], list[list[str]]]:
    """Add published accuracies and the study's own after the same epoch, where the study names any."""
    if not records or "published_percent" not in records[0]:
        return header, rows
    return (*header, *PUBLISHED_HEADER), [
        [*row, *_published_cells(record)] for row, record in zip(rows, records, strict=True)
    ]


def published_rows(arms: pd.DataFrame) -> list[list[str]]:
    """The arms with published accuracies, each with `PUBLISHED_HEADER`; no rows where the study names none."""
    if "published_percent" not in arms:
        return []
    told = arms[arms["published_percent"].notna()]
    return [[str(row["arm"]), *_published_cells(row)] for row in told.to_dict("records")]


def _published_cells(row: Mapping[Any, Any]) -> list[str]:
    if pd.isna(row["published_percent"]):
        return [NOTHING, NOTHING]
    told = f"{row['published_percent']:.2f} (epoch {row['published_epoch']:.0f})"
    return [told, NOTHING if pd.isna(row["then_percent"]) else f"{row['then_percent']:.2f}"]


def _with_f1(
    header: tuple[str, ...], rows: list[list[str]], records: Sequence[Mapping[Any, Any]]
) -> tuple[tuple[str, ...], list[list[str]]]:
    """Add F1 next to the accuracy, for data sets with two classes."""
    if not records or "f1_percent" not in records[0]:
        return header, rows
    place = header.index("CI" if "CI" in header else "test acc. %") + 1
    found = [NOTHING if pd.isna(f1 := record["f1_percent"]) else f"{f1:.2f}" for record in records]
    return (*header[:place], "F1 %", *header[place:]), [
        [*row[:place], cell, *row[place:]] for row, cell in zip(rows, found, strict=True)
    ]


def trained_when_found(arms: pd.DataFrame) -> bool:
    """Whether the arms belong to a comparison of existing trainings, whose costs are known."""
    return "epochs" in arms.columns


def plus_minus(mean: float, high: float) -> str:
    """Mean with the half-width of its interval: `98.16 ± 0.31`; a single seed has none: `98.16`; `-` for no mean."""
    return NOTHING if pd.isna(mean) else f"{mean:.2f}" + ("" if pd.isna(high) else f" ± {high - mean:.2f}")


def amount(value: float) -> str:
    """A quantity with three significant digits or as an integer: `0.0882`, `12.5`, `33,200`."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def comparison_cells(row: Mapping[Any, Any]) -> list[str]:
    """The cells of a comparison under `COMPARISON_HEADER`."""
    return [
        *_pair_cells(row, row["low_points"], row["high_points"]),
        bare_p_value(row["p"], row["alpha"]),
        bare_p_value(row["p_holm"], row["alpha"]),
        NOTHING if pd.isna(row["effect_size"]) else f"{row['effect_size']:+.1f}",
        f"{row['wins']}/{row['ties']}/{row['losses']}",
        "yes" if row["difference_shown"] else "no",
    ]


def equivalence_table(comparisons: pd.DataFrame) -> tuple[tuple[str, ...], list[list[str]]]:
    """Header and rows of the equivalence tests; no rows where the study names no margin."""
    if comparisons.empty or "margin_points" not in comparisons:
        return (), []
    confidence = f"{comparisons['equivalence_confidence_percent'].iloc[0]:.3g} % CI"
    header = ("first", "minus second", "points", confidence, "margin", "p", "p Holm", "outcome")
    return header, [equivalence_cells(row) for row in comparisons.to_dict("records")]


def equivalence_cells(row: Mapping[Any, Any]) -> list[str]:
    """The cells of a pair in `equivalence_table`."""
    return [
        *_pair_cells(row, row["equivalence_low_points"], row["equivalence_high_points"]),
        within(row["margin_points"]),
        bare_p_value(row["p_equivalence"], row["alpha"]),
        bare_p_value(row["p_equivalence_holm"], row["alpha"]),
        outcome_word(row),
    ]


def _pair_cells(row: Mapping[Any, Any], low: float, high: float) -> list[str]:
    """Both arms of a pair, and their difference with an interval."""
    points = in_points(row["difference_points"])
    return [str(row["first"]), str(row["second"]), points, _range(low, high, "+.2f")]


def outcome_word(row: Mapping[Any, Any]) -> str:
    """What two tests of a pair show: `different`, `equivalent`, `both`, `inconclusive`, `untested` or `identical`."""
    return str(row["outcome"]).split(" ", maxsplit=1)[0]


def within(margin: float) -> str:
    """An equivalence margin in percentage points: `±1`, `±0.25`."""
    return f"±{margin:g}"


def reach(row: Mapping[Any, Any]) -> str:
    """Median first epoch at the target accuracy, and how many seeds never reached it."""
    if pd.isna(row["reach_percent"]):
        return NOTHING
    if pd.isna(row["reach_median_epoch"]):
        return f"never ({row['never_reached']}/{row['n']})"
    never = f" ({row['never_reached']} never)" if row["never_reached"] else ""
    return f"{row['reach_median_epoch']:.3g}{never}"


def in_points(value: float, digits: int = 2) -> str:
    """A signed difference in percentage points; what rounds to 0 is +0.00."""
    return f"{round(value, digits) + 0.0:+.{digits}f}"


def p_value(value: float, alpha: float) -> str:
    """`= 0.031`, `< 0.0001`; with as many digits as it takes to stand on the same side of alpha as the exact one."""
    if value < 1e-4:
        return "< 0.0001"
    shown = (f"{value:.{digits}g}" for digits in range(2, 17))
    return f"= {next(text for text in shown if (float(text) <= alpha) == (value <= alpha))}"


def bare_p_value(value: float, alpha: float) -> str:
    """For tables: `0.031`, `< 0.0001`."""
    return p_value(value, alpha).removeprefix("= ")


def layer_labels(layers: Sequence[str]) -> list[str]:
    """Layer names for readers; layers that the network only numbers (`7.weight`) are counted from 1."""
    names = [block_label(layer) or layer.removesuffix(".weight") for layer in layers]
    return [f"layer {place}" if name.isdigit() else name for place, name in enumerate(names, 1)]


def _range(low: float, high: float, form: str) -> str:
    return NOTHING if pd.isna(low) else f"{low:{form}} to {high:{form}}"
