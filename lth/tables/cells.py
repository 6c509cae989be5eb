"""Rows of tables as people read them: cells of text, for the terminal and for the report."""

import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lth.tables.blocks import block_label

WIDTH = 100
"""Columns of the terminal that text is made for."""

ARM_HEADER = ("arm", "density %", "n", "test acc. %", "interval", "last epoch %", "best epoch", "reach epoch")
HOME_HEADER = ("arm", "method", "density %", "n", "test acc. %", "best epoch", "epochs", "TFLOPs", "energy kJ")
"""For tickets compared as they were trained when they were found; the last three are what they cost in all."""
COMPARISON_HEADER = ("first", "minus second", "points", "interval", "p", "p Holm", "d_z", "w/t/l", "shown")

NOTHING = "-"
"""An interval of one seed, an effect size that is undefined."""


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


def home_cells(row: Mapping[Any, Any]) -> list[str]:
    """The cells of an arm under `HOME_HEADER`."""
    return [
        str(row["arm"]),
        str(row["method"]),
        f"{row['density_percent']:.3g}",
        str(row["n"]),
        plus_minus(row["accuracy_percent"], row["accuracy_high_percent"]),
        f"{row['best_epoch']:.1f}",
        amount(row["epochs"]),
        amount(row["flops"] / 1e12),
        "not measured" if pd.isna(row["joules"]) else amount(row["joules"] / 1e3),
    ]


def arm_table(arms: pd.DataFrame) -> tuple[tuple[str, ...], list[list[str]], int]:
    """Header, rows, and how many of the columns are names: of an evaluation's arms, or of a comparison's."""
    records = arms.to_dict("records")
    if at_home(arms):
        return *_with_f1(HOME_HEADER, [home_cells(row) for row in records], records), 2
    return *_with_f1(ARM_HEADER, [arm_cells(row) for row in records], records), 1


def _with_f1(
    header: tuple[str, ...], rows: list[list[str]], records: Sequence[Mapping[Any, Any]]
) -> tuple[tuple[str, ...], list[list[str]]]:
    """F1 beside the accuracy, of data sets of two classes."""
    if not records or "f1_percent" not in records[0]:
        return header, rows
    place = header.index("interval" if "interval" in header else "test acc. %") + 1
    found = [NOTHING if pd.isna(f1 := record["f1_percent"]) else f"{f1:.2f}" for record in records]
    return (*header[:place], "F1 %", *header[place:]), [
        [*row[:place], cell, *row[place:]] for row, cell in zip(rows, found, strict=True)
    ]


def at_home(arms: pd.DataFrame) -> bool:
    """Whether the arms are tickets as they were trained when they were found: only then is their cost known."""
    return "epochs" in arms.columns


def plus_minus(mean: float, high: float) -> str:
    """A mean with half its interval, which one seed has not: `98.16 ± 0.31`, `98.16`."""
    return f"{mean:.2f}" + ("" if pd.isna(high) else f" ± {high - mean:.2f}")


def amount(value: float) -> str:
    """Three digits of a quantity that may be large or small: `0.0882`, `12.5`, `33,200`."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def comparison_cells(row: Mapping[Any, Any]) -> list[str]:
    """The cells of a comparison under `COMPARISON_HEADER`."""
    return [
        str(row["first"]),
        str(row["second"]),
        points(row["difference_points"]),
        _range(row["low_points"], row["high_points"], "+.2f"),
        p_value(row["p"]).removeprefix("= "),
        p_value(row["p_holm"]).removeprefix("= "),
        NOTHING if pd.isna(row["effect_size"]) else f"{row['effect_size']:+.1f}",
        f"{row['wins']}/{row['ties']}/{row['losses']}",
        "yes" if row["difference_shown"] else "no",
    ]


def reach(row: Mapping[Any, Any]) -> str:
    """Median epoch of reaching the accuracy asked for, and how many seeds never did."""
    if pd.isna(row["reach_percent"]):
        return NOTHING
    if pd.isna(row["reach_median_epoch"]):
        return f"never ({row['never_reached']}/{row['n']})"
    never = f" ({row['never_reached']} never)" if row["never_reached"] else ""
    return f"{row['reach_median_epoch']:.3g}{never}"


def points(value: float) -> str:
    """A signed difference in percentage points."""
    return f"{value:+.2f}"


def p_value(value: float) -> str:
    """`= 0.031`, `< 0.0001`."""
    return "< 0.0001" if value < 1e-4 else f"= {value:.2g}"


def notes(arms: pd.DataFrame, comparisons: pd.DataFrame) -> list[str]:
    """What the columns mean, for the numbers at hand."""
    confidence, reach_percent = arms["confidence_percent"].iloc[0], arms["reach_percent"].iloc[0]
    about = [*unequal_densities(arms), *collapses(arms)]
    about += [f"Test accuracy at the epoch of least validation loss; {confidence:g} % t intervals over n seeds."]
    if at_home(arms):
        about.append(
            "Epochs: passes over the training data, in this training and all rounds that the ticket was made from; "
            "TFLOPs: 10^12 operations that their kept weights take in theory; energy: of the machine meanwhile."
        )
    elif not pd.isna(reach_percent):
        about.append(
            f"Reach epoch: median first epoch with {reach_percent:.1f} % test accuracy; seeds that never got there "
            f"count as later than all others."
        )
    if "f1_percent" in arms:
        about.append("F1 is of the second class (positive, duplicate): 2 TP / (2 TP + FP + FN), at the same epoch.")
    if "draws" in arms and arms["draws"].max() > 1:
        least, most = arms["draw_sd_points"].min(), arms["draw_sd_points"].max()
        about.append(
            f"A seed's result is the mean over {arms['draws'].max():g} draws of examples; draws of one seed differ by "
            f"{least:.1f} to {most:.1f} points (standard deviation, mean over seeds)."
        )
    if len(comparisons):
        about.append(
            f"Pairs are paired by seed; p: exact two-sided sign-flip test; p Holm: over these {len(comparisons)}; d_z: "
            f"mean over standard deviation of the differences (Hedges-corrected); w/t/l: seeds won, tied, lost."
        )
    return about


def unequal_densities(arms: pd.DataFrame) -> list[str]:
    """A sentence where sparse arms do not all keep the same share: then they differ in more than in which weights."""
    sparse = arms[arms["kind"] != "dense"]
    usual = sparse["density_percent"].median()
    low, high = (1 - UNEQUAL) * usual, (1 + UNEQUAL) * usual
    far = sparse[(sparse["density_least_percent"] < low) | (sparse["density_most_percent"] > high)]
    if far.empty:
        return []
    found = "; ".join(f"{row['arm']} keeps {_shares(row)} of the weights" for row in far.to_dict("records"))
    return [f"Not the same density in all arms and seeds, which itself makes a difference: {found}."]


def round_notes(rounds: pd.DataFrame) -> list[str]:
    """What is to be known of the rounds of all tickets."""
    return [*waits(rounds), *round_collapses(rounds)]


def waits(rounds: pd.DataFrame) -> list[str]:
    """A sentence for each ticket whose seeds have come to different densities."""
    apart = rounds[rounds["density_most_percent"] > (1 + UNEQUAL) * rounds["density_least_percent"]]
    found = [(ticket, group.to_dict("records")) for ticket, group in apart.groupby("ticket", sort=False)]
    return [
        f"Seeds of {ticket} differ in density in {len(rows)} of its {(rounds['ticket'] == ticket).sum()} rounds, first "
        f"in round {rows[0]['round']}, where they keep {_shares(rows[0])} of the weights."
        for ticket, rows in found
    ]


UNEQUAL = 0.05
"""The least relative difference of densities that is told of. Layers that stay whole make less, at usual densities."""


def _shares(row: Mapping[Any, Any]) -> str:
    ends = dict.fromkeys(f"{row[f'density_{end}_percent']:.3g}" for end in ("least", "most"))
    return f"{' to '.join(ends)} %"


def collapses(arms: pd.DataFrame) -> list[str]:
    """A sentence for the tickets whose masks have lost the same layers, or nearly; their controls have their counts."""
    sentences = []
    for state, (title, what, so) in COLLAPSES.items():
        tickets: dict[str, list[str]] = {}
        if f"{state}_seeds" in arms:
            for row in arms[arms[f"{state}_seeds"] > 0].drop_duplicates("ticket").to_dict("records"):
                tickets.setdefault(_lost(row, state), []).append(row["ticket"])
        sentences += [
            f"{title}: the masks of {listed(names, 'tickets')} leave {what} in {layers}; {so}."
            for layers, names in tickets.items()
        ]
    return sentences


def round_collapses(rounds: pd.DataFrame) -> list[str]:
    """A sentence for each ticket of which some rounds have lost a layer, or nearly."""
    sentences = []
    for ticket, group in rounds.groupby("ticket", sort=False):
        for state, (title, what, _) in COLLAPSES.items():
            found = group[group[f"{state}_seeds"] > 0].to_dict("records")
            if found:
                first = f"first in round {found[0]['round']}, at {found[0]['density_percent']:.3g} % of all weights"
                sentences.append(
                    f"{title} in {len(found)} of the {len(group)} rounds of {ticket}, {first}: "
                    f"the masks leave {what} in {_lost(found[0], state)}."
                )
    return sentences


COLLAPSES = {
    "collapsed": ("Layer collapse", "no weight", "only biases get past that"),
    "thin": ("Near collapse", "fewer weights than outputs", "some of these outputs are only a bias"),
}
"""What is said of layers in the states that `lth.tables.masks.collapses` counts: a name, what is left, what follows."""


def _lost(row: Mapping[Any, Any], state: str) -> str:
    return f"{listed(row[f'{state}_layers'].split(', '), 'layers')} ({row[f'{state}_seeds']} of {row['n']} seeds)"


def listed(names: Sequence[str], noun: str) -> str:
    """`a`, `a and b`, `a, b and c`; of many the first three and how many more."""
    if len(names) > 4:
        return f"{', '.join(names[:3])} and {len(names) - 3} more {noun}"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def layer_labels(layers: Sequence[str]) -> list[str]:
    """Layers by name, or by place where the network only numbers them (`7.weight` says nothing to a reader)."""
    names = [block_label(layer) or layer.removesuffix(".weight") for layer in layers]
    return [f"layer {place}" if name.isdigit() else name for place, name in enumerate(names, 1)]


def grid(header: Sequence[str], rows: Sequence[Sequence[str]], names: int) -> list[str]:
    """Aligned columns; the first `names` of them are names, which are shortened where the lines would get too long."""
    columns = list(zip(header, *rows, strict=True))
    numbers = sum(max(map(len, column)) + 2 for column in columns[names:])
    limit = (WIDTH - numbers + 2) // names - 2
    table = [[*(_short(name, limit) for name in row[:names]), *row[names:]] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) if place < names else cell.rjust(width) for place, (cell, width) in cells).rstrip()
        for cells in (enumerate(zip(row, widths, strict=True)) for row in table)
    ]
    return [lines[0], "-" * (sum(widths) + 2 * len(widths) - 2), *lines[1:]]


def paragraphs(sentences: Sequence[str]) -> list[str]:
    """Sentences as a list of wrapped items; numbers stay beside their signs, units and names."""
    wrapper = textwrap.TextWrapper(WIDTH, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)
    lines = [line for sentence in sentences for line in wrapper.wrap(re.sub(r" (?=[=<%])|(?<=[=<]) ", TIE, sentence))]
    return [line.replace(TIE, " ") for line in lines]


TIE = "\N{NO-BREAK SPACE}"
"""Where a line must not end."""


def _range(low: float, high: float, form: str) -> str:
    return NOTHING if pd.isna(low) else f"{low:{form}} to {high:{form}}"


def _short(name: str, limit: int) -> str:
    """The name, or its beginning and its end: tickets differ in front, kinds at the end."""
    if len(name) <= limit:
        return name
    end = (limit - 1) // 2
    return f"{name[: limit - 1 - end]}…{name[len(name) - end :]}"
