"""Few-shot studies draw training examples several times per seed: mean and standard deviation over these draws."""

from collections.abc import Sequence

import pandas as pd

from lth.analysis.stats import median_with_never

DRAW = "draw"
_MEASURED = ("_percent", "_nats", "_step", "epoch")
"""Suffixes of the columns that differ between draws."""


def run_of(run: Sequence[str], frame: pd.DataFrame) -> list[str]:
    """Columns that identify one training: those of the run, and the draw if there is one."""
    return [*run, DRAW] if DRAW in frame else [*run]


def mean_over_draws(frame: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """One row per combination of the keys: means of measured columns, first values of all others.

    A mean over a missing value is missing; the epoch that reached an accuracy is a median, in which draws that never
    did are last. A frame without draws is returned unchanged.
    """
    if DRAW not in frame:
        return frame
    measured = [name for name in frame.columns if name.endswith(_MEASURED) and name not in keys]
    others = [name for name in frame.columns if name not in (*keys, *measured, DRAW)]
    groups = frame.groupby(list(keys), sort=False)
    how = {name: _median if name in _WITH_NEVER else _mean for name in measured}
    found = groups[others].first().join(groups[measured].agg(how)).reset_index()
    return found[[name for name in frame.columns if name != DRAW]]


_WITH_NEVER = ("reach_epoch",)
"""Columns in which a missing value is a draw that never got there: of these the median over draws."""


def _mean(values: "pd.Series[float]") -> float:
    return float(values.mean(skipna=False))


def _median(values: "pd.Series[float]") -> float:
    return median_with_never([float(value) for value in values])


def of_all_draws(history: pd.DataFrame, run: Sequence[str]) -> pd.DataFrame:
    """Rows of steps at which all draws of a seed were still trained; a history without draws is returned unchanged."""
    if DRAW not in history:
        return history
    there = history.groupby([*run, "split", "step"])[DRAW].transform("nunique")
    found: pd.DataFrame = history[there == there.groupby([history[name] for name in (*run, "split")]).transform("max")]
    return found


def seeds_of_draws(runs: pd.DataFrame, run: Sequence[str]) -> pd.DataFrame:
    """`mean_over_draws` of runs, with the number of draws and the standard deviation of their test accuracy."""
    if DRAW not in runs:
        return runs
    accuracy = runs.groupby(list(run), sort=False)["test_accuracy_percent"]
    spread = accuracy.agg(draws="size", draw_sd_points="std").reset_index()
    return mean_over_draws(runs, run).merge(spread, on=list(run))
