"""What early stopping saved: epochs that the recipe plans and that were not run. Only where a recipe has a patience."""

from collections.abc import Iterable

import pandas as pd

from lth.config.training import Recipe
from lth.plan.plan import Plan

NOT_RUN = "epochs_not_run"
"""The column: planned epochs minus those that were run, mean over seeds (and draws)."""


def of_rounds(table: pd.DataFrame, runs: pd.DataFrame, history: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """The table of rounds with `NOT_RUN`; as it is if no recipe of theirs has a patience."""
    return _of_places(table, runs, history, plan, ["ticket", "round"])


def of_arms(
    table: pd.DataFrame, runs: pd.DataFrame, history: pd.DataFrame, plan: Plan, assessment: str
) -> pd.DataFrame:
    """The table of an assessment's arms with `NOT_RUN`; as it is if no recipe of theirs has a patience."""
    if assessment in plan.study.comparisons:
        return _of_places(table, runs, history, plan, ["arm"])
    spec = plan.study.evaluations[assessment]
    recipe = plan.study.recipes[spec.recipe]
    if not recipe.patience:
        return table
    planned = _epochs(recipe, history)
    return _with_means(table, runs, [planned] * len(runs), ["arm"])


def not_run_notes(table: pd.DataFrame) -> list[str]:
    """A sentence on what early stopping saved in the rounds or arms of a table; nothing where none of them can stop."""
    if NOT_RUN not in table:
        return []
    least, most = table[NOT_RUN].min(), table[NOT_RUN].max()
    return [
        f"Early stopping (`patience`) left out {least:.1f} to {most:.1f} of a training's planned epochs (means over "
        f"seeds; column `{NOT_RUN}`)."
    ]


def _of_places(
    table: pd.DataFrame, runs: pd.DataFrame, history: pd.DataFrame, plan: Plan, keys: list[str]
) -> pd.DataFrame:
    """Of trainings in which tickets were found."""
    places = [(str(ticket), int(round_)) for ticket, round_ in zip(runs["ticket"], runs["round"], strict=True)]
    if not any(plan.recipe(*place).patience for place in places):
        return table
    rows = dict(list(history.groupby(["ticket", "round"])))
    planned = [_epochs(plan.recipe(*place), rows[place]) for place in places]
    return _with_means(table, runs, planned, keys)


def _epochs(recipe: Recipe, history: pd.DataFrame) -> float:
    """The epochs that a recipe plans, of trainings that it has made: how long one is, they tell, since the data may be
    gone."""
    if recipe.iterations is None:
        return float(recipe.epochs or 0)
    last = history.sort_values("step")[["step", "epoch"]].to_numpy()[-1]
    return float(recipe.iterations * last[1] / last[0])


def _with_means(table: pd.DataFrame, runs: pd.DataFrame, planned: Iterable[float], keys: list[str]) -> pd.DataFrame:
    left = runs.assign(**{NOT_RUN: pd.Series([*planned], index=runs.index) - runs["last_epoch"]})
    means = left.groupby(keys, sort=False)[NOT_RUN].mean().reset_index()
    return table.merge(means, on=keys, how="left")
