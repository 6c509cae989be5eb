"""Runs: one row for each training, at the step that the validation split chose (the early stop).

A history may be scored after each epoch or every so many steps; steps are whole numbers, so rows are matched by step.
Columns say their unit; `test_` columns report, and no decision in this module reads them.
"""

from collections.abc import Sequence
from math import nan

import pandas as pd

from lth.analysis.tables.draws import run_of
from lth.errors import UserError

ROUND_RUN = ["ticket", "seed", "round"]
"""What names one training of a ticket's round."""
ARM_RUN = ["evaluation", "arm", "seed"]
"""What names one training of an arm."""
VALUES = ["loss_nats", "accuracy_percent"]
"""What a history measures."""


def best_steps(history: pd.DataFrame, run: Sequence[str]) -> pd.DataFrame:
    """Each run's step of least validation loss, and that loss; of equal ones the earliest. Step 0 (untrained) may be
    it.

    Where a method prunes while it trains, only steps at which as few weights were left as ever count: what the network
    could do before is no result of the pruned one.
    """
    validation = history[history["split"] == "validation"].sort_values([*run, "step"], kind="stable")
    least = _pruned(validation, run).groupby(list(run), sort=True)["loss_nats"].idxmin()  # the first of equals
    best = validation.loc[least, [*run, "step", "loss_nats"]].reset_index(drop=True)
    return best.rename(columns={"loss_nats": "validation_loss_nats"})


def _pruned(scored: pd.DataFrame, run: Sequence[str]) -> pd.DataFrame:
    """The rows in which a run has as few weights as ever."""
    return scored[scored["kept"] == scored.groupby(list(run))["kept"].transform("min")]


def runs(history: pd.DataFrame, run: Sequence[str]) -> pd.DataFrame:
    """One row a run: what it is, and its test accuracy at the best step and at the last.

    Raises:
        UserError: a run has no test row at its best step.
    """
    described = [name for name in history.columns if name not in ("epoch", "step", "kept", "split", *VALUES)]
    test = history[history["split"] == "test"].sort_values([*run, "step"], kind="stable")
    best = best_steps(history, run).merge(test, on=[*run, "step"], how="left")
    if best["loss_nats"].isna().any():
        where = best[best["loss_nats"].isna()].iloc[0]
        raise UserError(f"history of {', '.join(f'{key} {where[key]}' for key in run)}: no test row at its best step")
    last = test.groupby(list(run), as_index=False).last()[[*run, "epoch", "accuracy_percent"]]
    last = last.rename(columns={"epoch": "last_epoch", "accuracy_percent": "last_accuracy_percent"})
    best = best.rename(columns={"epoch": "best_epoch", "step": "best_step", **{v: f"test_{v}" for v in VALUES}})
    columns = [*described, "best_epoch", "best_step", "validation_loss_nats", *(f"test_{v}" for v in VALUES)]
    return best[columns].merge(last, on=list(run))


def reach_epochs(history: pd.DataFrame, run: Sequence[str], percent: float) -> pd.DataFrame:
    """Each run's first epoch (parts count) with at least this test accuracy, as `reach_epoch`; NaN if it never came.

    As for `best_steps`, only where as few weights are left as ever.
    """
    test = _pruned(history[history["split"] == "test"], run)
    there = test[test["accuracy_percent"] >= percent]
    first = there.groupby(list(run))["epoch"].min().rename("reach_epoch").reset_index()
    return test[list(run)].drop_duplicates().merge(first, on=list(run), how="left")


def reach_percent(arm_runs: pd.DataFrame, asked: float | None) -> float:
    """The accuracy to reach: as asked, else 95 % of the dense arm's mean; NaN (nothing to reach) with neither."""
    dense = arm_runs[arm_runs["kind"] == "dense"]
    if asked is not None or dense.empty:
        return nan if asked is None else asked
    from_the_network = dense["arm"] == dense["arm"].min()  # `dense`, before `dense-kaiming_normal`
    return 0.95 * float(dense.loc[from_the_network, "test_accuracy_percent"].mean())


def arm_runs(history: pd.DataFrame, asked: float | None) -> pd.DataFrame:
    """One row for each arm and seed (and draw): `runs`, with the first epoch that reached the accuracy asked for."""
    run = run_of(ARM_RUN, history)
    trained = runs(history, run)
    percent = reach_percent(trained, asked)
    reached = reach_epochs(history, run, percent)
    return trained.merge(reached, on=run).assign(reach_percent=percent)
