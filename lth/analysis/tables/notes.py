"""Notes below a table: what its columns mean, and which arms differ in more than their masks."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lth.analysis.tables.cells import trained_when_found, within
from lth.analysis.tables.early_stopping import not_run_notes
from lth.analysis.tables.identical import identical_notes
from lth.checks.wording import joined


def notes(arms: pd.DataFrame, comparisons: pd.DataFrame) -> list[str]:
    """Notes on an evaluation or comparison: confounders and collapsed layers first, then its columns."""
    confidence, reach_percent = arms["confidence_percent"].iloc[0], arms["reach_percent"].iloc[0]
    about = [*identical_notes(arms), *unequal_densities(arms), *unequal_recipes(arms), *collapse_notes(arms)]
    about += [*unequal_paths(arms), *unequal_sizes(arms)]
    about += [*new_output_notes(arms), *given_notes(arms)]
    interval = "±: half-width of the" if trained_when_found(arms) else "CI:"
    about += [
        f"Test accuracy: at the early-stopping epoch (lowest validation loss). {interval} {confidence:g} % t "
        f"confidence interval over n seeds."
    ]
    if trained_when_found(arms):
        about.append(
            "Epochs: passes over the training data, including all rounds that the ticket was derived from; TFLOPs: "
            "theoretical 10^12 operations of the kept weights; energy: of the whole machine during these jobs."
        )
    elif not pd.isna(reach_percent):
        about.append(
            f"Reach epoch: median first epoch with {reach_percent:.1f} % test accuracy; seeds that never reach it rank "
            f"above all others."
        )
    about += not_run_notes(arms)
    if "f1_percent" in arms:
        about.append("F1: of the second class (positive, duplicate), 2 TP / (2 TP + FP + FN), at the same epoch.")
    if "published_citation" in arms:
        citations = dict.fromkeys(cited for cited in arms["published_citation"] if isinstance(cited, str) and cited)
        stopped = (arms["published_percent"].notna() & arms["then_percent"].isna()).any()
        about.append(
            f"Published %: {'; '.join(citations)}. Ours then: mean test accuracy after the same epoch"
            f"{', empty where seeds had stopped before it' if stopped else ''}. No test compares the two."
        )
    if "draws" in arms and arms["draws"].max() > 1:
        least, most = arms["draw_sd_points"].min(), arms["draw_sd_points"].max()
        reach = "" if pd.isna(reach_percent) else " (of the reach epoch, the median)"
        about.append(
            f"The result of a seed is the mean over {arms['draws'].max():g} draws of training examples{reach}; the "
            f"standard deviation within a seed is {least:.1f} to {most:.1f} points, depending on the arm (mean over "
            f"seeds)."
        )
    if len(comparisons):
        about.append(
            f"Comparisons are paired by seed. p: exact two-sided sign-flip test; p Holm: Holm-adjusted, family of "
            f"{len(comparisons)}; d_z: mean / standard deviation of the differences (Hedges-corrected); w/t/l: "
            f"seeds won, tied, lost."
        )
        about.append(
            f"Significant: p Holm <= {comparisons['alpha'].iloc[0]:g}. This test alone decides: the CI is uncorrected "
            f"and descriptive, and may exclude 0 where the difference is not significant."
        )
    return [*about, *equivalence_notes(comparisons)]


def equivalence_notes(comparisons: pd.DataFrame) -> list[str]:
    """What the columns of the equivalence tests mean, where there are any."""
    if comparisons.empty or "margin_points" not in comparisons:
        return []
    row = comparisons.iloc[0]
    return [
        f"Equivalence within {within(row['margin_points'])} points, the margin named in the study file: p: the larger "
        f"of two exact one-sided sign-flip tests against its ends (TOST); p Holm: Holm-adjusted, family of "
        f"{len(comparisons)}; equivalent: p Holm <= {row['alpha']:g}, which alone decides; "
        f"{row['equivalence_confidence_percent']:.3g} % CI: uncorrected and descriptive. Outcome: different (a "
        f"significant difference), equivalent, both (a difference smaller than the margin), inconclusive (neither)."
    ]


def new_output_notes(arms: pd.DataFrame) -> list[str]:
    """A sentence on the new output layer, where the arms have one: it is counted in their densities."""
    if "new_output_classes" not in arms:
        return []
    return [
        f"All arms have a new output layer for {arms['new_output_classes'].iloc[0]} classes: drawn anew, the same for "
        f"all arms of a seed, not pruned. Densities count it; the other layers keep what the tickets keep of them."
    ]


def given_notes(arms: pd.DataFrame) -> list[str]:
    """Sentences on arms that are made from given tickets: what is not in their costs, and not in their intervals."""
    if "given" not in arms:
        return []

    def listed(column: str) -> str:
        names = ", ".join(filter(None, arms[column])).split(", ")
        return named(list(dict.fromkeys(names)), "tickets")

    found = [f"Found elsewhere, at a cost that is not known here and in no sum: {listed('given')}."]
    if any(arms["given_to_all"]):
        found.append(
            f"One file for all seeds: {listed('given_to_all')}. Intervals and tests of arms that are made from it "
            f"cover the order of batches and what controls draw; they do not cover how it was found."
        )
    return found


def unequal_densities(arms: pd.DataFrame) -> list[str]:
    """A sentence if the density of some sparse arm differs: density is then a confounder."""
    sparse = arms[arms["kind"] != "dense"]
    usual = sparse["density_percent"].median()
    low, high = (1 - UNEQUAL) * usual, (1 + UNEQUAL) * usual
    far = sparse[(sparse["density_least_percent"] < low) | (sparse["density_most_percent"] > high)]
    if far.empty:
        return []
    found = "; ".join(f"{row['arm']} keeps {_shares(row)} of the weights" for row in far.to_dict("records"))
    return [f"Arms or seeds differ in density, which is a confounder: {found}."]


def densities_apart(sparse: Sequence[Mapping[Any, Any]]) -> str:
    """The density of each of some arms, in brackets, where they differ; else nothing."""
    densities = [row["density_percent"] for row in sparse]
    if not densities or max(densities) <= (1 + UNEQUAL) * min(densities):
        return ""
    return f" (density: {' and '.join(_density(row) for row in sparse)})"


def _density(row: Mapping[Any, Any]) -> str:
    return f"{row['arm']} {row['density_percent']:.3g} %"


def unequal_recipes(arms: pd.DataFrame) -> list[str]:
    """A sentence if the compared tickets were trained with different recipes: the recipe is then a confounder."""
    if "recipe" not in arms or arms["recipe"].nunique() == 1:
        return []
    usual, trained = arms["recipe"].mode().iloc[0], zip(arms["arm"], arms["recipe"], strict=True)
    others = named([f"{name} with {recipe}" for name, recipe in trained if recipe != usual], "arms")
    return [
        f"Arms differ in their training recipe, which is a confounder: {others}, all others with {usual}. Their "
        f"iterations and epochs are not comparable."
    ]


def unequal_paths(arms: pd.DataFrame) -> list[str]:
    """A sentence if much fewer of an arm's weights lie on a path than of another's at the same counts."""
    if "on_path_percent" not in arms:
        return []
    sparse = arms[(arms["kind"] != "dense") & arms["on_path_percent"].notna()].to_dict("records")
    most = max(sparse, key=lambda row: row["on_path_percent"], default={})
    far = [row for row in sparse if row["on_path_percent"] < most["on_path_percent"] - OFF_PATH]
    if not far:
        return []
    shares = [f"{row['arm']} {row['on_path_percent']:.0f} %" for row in far]
    return [
        f"Arms differ in the share of kept weights that lie on a path from input to output, which is a confounder: "
        f"{named(shares, 'arms')}, {most['arm']} {most['on_path_percent']:.0f} %. The others see no input, or reach no "
        f"output."
    ]


def unequal_sizes(arms: pd.DataFrame) -> list[str]:
    """A sentence if the weights that an arm starts from are much larger than those of another one."""
    if "initial_size_ratio" not in arms:
        return []
    sparse = arms[(arms["kind"] != "dense") & arms["initial_size_ratio"].notna()].to_dict("records")
    least = min(sparse, key=lambda row: row["initial_size_ratio"], default={})
    ratios = [(row["arm"], row["initial_size_ratio"] / least["initial_size_ratio"]) for row in sparse]
    larger = [f"{arm} {ratio:.1f} times" for arm, ratio in ratios if ratio > SIZED]
    if not larger:
        return []
    return [
        f"Arms differ in the size of the weights that they start from, which is a confounder: compared with "
        f"{least['arm']} (root mean square of the kept weights, median over layers) {named(larger, 'arms')}."
    ]


def round_notes(rounds: pd.DataFrame) -> list[str]:
    """Notes on the rounds of all tickets: differing densities and collapsed layers."""
    return [*waits(rounds), *round_collapses(rounds), *not_run_notes(rounds)]


def waits(rounds: pd.DataFrame) -> list[str]:
    """A sentence for each ticket whose seeds differ in density."""
    apart = rounds[rounds["density_most_percent"] > (1 + UNEQUAL) * rounds["density_least_percent"]]
    found = [(ticket, group.to_dict("records")) for ticket, group in apart.groupby("ticket", sort=False)]
    return [
        f"Seeds of {ticket} differ in density in {len(rows)} of its {(rounds['ticket'] == ticket).sum()} rounds, first "
        f"in round {rows[0]['round']}, where they keep {_shares(rows[0])} of the weights."
        for ticket, rows in found
    ]


OFF_PATH = 10.0
"""Smallest difference in the share of weights on a path that is reported, in percentage points."""
SIZED = 1.25
"""Largest ratio of the sizes of initial weights that is not reported."""
UNEQUAL = 0.05
"""Smallest relative difference in density that is reported. Unpruned layers cause less at usual densities."""


def _shares(row: Mapping[Any, Any]) -> str:
    ends = dict.fromkeys(f"{row[f'density_{end}_percent']:.3g}" for end in ("least", "most"))
    return f"{' to '.join(ends)} %"


def collapse_notes(arms: pd.DataFrame) -> list[str]:
    """A sentence for the tickets in which the same layers have collapsed or nearly so; controls share their counts."""
    sentences = []
    for state, (title, what, so) in COLLAPSES.items():
        tickets: dict[str, list[str]] = {}
        if f"{state}_seeds" in arms:
            for row in arms[arms[f"{state}_seeds"] > 0].drop_duplicates("ticket").to_dict("records"):
                tickets.setdefault(_lost(row, state), []).append(row["ticket"])
        sentences += [
            f"{title}: the masks of {named(names, 'tickets')} leave {what} in {layers}; {so}."
            for layers, names in tickets.items()
        ]
    return sentences


def round_collapses(rounds: pd.DataFrame) -> list[str]:
    """A sentence for each ticket in which a layer has collapsed, or nearly so, in some round."""
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
    "collapsed": ("Layer collapse", "no weight", "only biases reach the next layer"),
    "thin": ("Near collapse", "fewer weights than outputs", "some of these outputs are constant"),
}
"""Name, remaining weights and consequence of each state that `tables.masks.collapse_counts` counts."""


def _lost(row: Mapping[Any, Any], state: str) -> str:
    return f"{named(row[f'{state}_layers'].split(', '), 'layers')} ({row[f'{state}_seeds']} of {row['n']} seeds)"


def named(names: Sequence[str], noun: str) -> str:
    """`a`, `a and b`, `a, b and c`; of many the first three and how many more."""
    return joined(names, 4, noun)
