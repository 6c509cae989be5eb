"""F1 of the second class (duplicate, positive review), for tasks with two classes."""

from collections.abc import Sequence

import pandas as pd


def with_f1(runs: pd.DataFrame, confusion: pd.DataFrame, run: Sequence[str]) -> pd.DataFrame:
    """Add `test_f1_percent` at the best step if any run has two classes; runs with more classes get NaN.

    Args:
        runs: one row per training.
        confusion: counts by true and predicted class, in class order.
        run: columns that identify a training in both tables.
    """
    found = [
        [*(key if isinstance(key, tuple) else (key,)), _f1_percent(group)]
        for key, group in confusion.groupby(list(run))
    ]
    scored = pd.DataFrame(found, columns=[*run, "test_f1_percent"])
    return runs if scored["test_f1_percent"].isna().all() else runs.merge(scored, on=list(run), how="left")


def _f1_percent(counts: pd.DataFrame) -> float:
    classes = list(counts["true"].unique())
    if len(classes) != 2:
        return float("nan")
    true, predicted = counts["true"] == classes[1], counts["predicted"] == classes[1]
    right = int(counts.loc[true & predicted, "count"].sum())
    either = int(counts.loc[true, "count"].sum()) + int(counts.loc[predicted, "count"].sum())
    return 200 * right / either if either else float("nan")
