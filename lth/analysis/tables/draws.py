"""Several draws of a few examples in one seed: a seed's result is their mean, and how far they lie apart is told."""

from collections.abc import Sequence

import pandas as pd

DRAW = "draw"
_MEASURED = ("_percent", "_nats", "_step", "epoch")
"""Endings of columns that differ from draw to draw."""


def run_of(run: Sequence[str], frame: pd.DataFrame) -> list[str]:
    """What names one training in a frame: the run, and its draw where there are several."""
    return [*run, DRAW] if DRAW in frame else [*run]


def mean_over_draws(frame: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """One row for each combination of the keys: means of what was measured, the first of everything else.

    A mean with a missing value is missing. A frame without draws is left as it is.
    """
    if DRAW not in frame:
        return frame
    measured = [name for name in frame.columns if name.endswith(_MEASURED) and name not in keys]
    others = [name for name in frame.columns if name not in (*keys, *measured, DRAW)]
    groups = frame.groupby(list(keys), sort=False)
    found = groups[others].first().join(groups[measured].agg(_mean)).reset_index()
    return found[[name for name in frame.columns if name != DRAW]]


def _mean(values: "pd.Series[float]") -> float:
    return float(values.mean(skipna=False))


def seeds_of_draws(runs: pd.DataFrame, run: Sequence[str]) -> pd.DataFrame:
    """`mean_over_draws` of runs, with how many draws there were, and the standard deviation of their test accuracy."""
    if DRAW not in runs:
        return runs
    accuracy = runs.groupby(list(run), sort=False)["test_accuracy_percent"]
    spread = accuracy.agg(draws="size", draw_sd_points="std").reset_index()
    return mean_over_draws(runs, run).merge(spread, on=list(run))
