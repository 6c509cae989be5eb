"""Arms that are one network: their results are the same to the last digit in every seed.

Two tickets may keep the same weights (of a union, one may contain the other), and what differs between two masks may
reach no output. Their difference is 0 without any test, and a test of equivalence would call it shown.
"""

from typing import Any

import pandas as pd

from lth.checks.wording import joined

RESULTS = ("best_step", "validation_loss_nats", "test_loss_nats", "test_accuracy_percent", "last_accuracy_percent")
"""Of a run: equal losses to the last digit are those of equal weights, also where both predict one class."""
ONE_NETWORK = "they are one network, or differ in what reaches no output"


def with_identical(arms: pd.DataFrame, arm_runs: pd.DataFrame) -> pd.DataFrame:
    """The table of arms with `identical_to`: the first arm with the same results; only if some arm has one.

    Args:
        arms: one row an arm.
        arm_runs: one row for each arm and seed.
    """
    firsts: dict[tuple[Any, ...], str] = {}
    found = {}
    for arm in arms["arm"]:
        runs = arm_runs[arm_runs["arm"] == arm].sort_values("seed")
        results = tuple(runs[["seed", *RESULTS]].itertuples(index=False, name=None))
        first = firsts.setdefault(results, arm)
        found[arm] = first if first != arm else ""
    return arms.assign(identical_to=arms["arm"].map(found)) if any(found.values()) else arms


def without_claims(comparisons: pd.DataFrame, arms: pd.DataFrame) -> pd.DataFrame:
    """Comparisons in which a pair of one network shows no equivalence; with `identical` if there is such a pair."""
    firsts = _firsts(arms)
    one = comparisons["first"].map(firsts) == comparisons["second"].map(firsts)
    if not one.any():
        return comparisons
    told = comparisons.assign(identical=one)
    if "equivalence_shown" in told:
        told["equivalence_shown"] = told["equivalence_shown"] & ~one
        told["outcome"] = told["outcome"].mask(one, "identical (one network)")
    return told


def identical_notes(arms: pd.DataFrame) -> list[str]:
    """A sentence for each group of arms that are one network."""
    groups: dict[str, list[str]] = {}
    for arm, first in _firsts(arms).items():
        groups.setdefault(first, []).append(arm)
    return [
        f"{joined(names)} have the same results to the last digit in every seed: {ONE_NETWORK}. A comparison of them "
        f"says nothing."
        for names in groups.values()
        if len(names) > 1
    ]


def _firsts(arms: pd.DataFrame) -> dict[str, str]:
    """By arm, the first with its results: itself, if there is no other."""
    if "identical_to" not in arms:
        return {}
    return {arm: first or arm for arm, first in zip(arms["arm"], arms["identical_to"], strict=True)}
