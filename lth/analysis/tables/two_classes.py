"""F1, the measure of tasks with two classes of which the second is looked for (a duplicate, a positive review)."""

from collections.abc import Sequence

import pandas as pd


def with_f1(runs: pd.DataFrame, confusion: pd.DataFrame, run: Sequence[str]) -> pd.DataFrame:
    """Runs with `test_f1_percent` at the best step, if some have two classes; empty for those that have more.

    Args:
        runs: one row a training.
        confusion: counts of true and predicted classes, in the classes' order.
        run: the columns that name a training in both.
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
