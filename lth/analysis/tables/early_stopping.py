"""What early stopping saved: epochs that the recipe plans and that were not run. Only where a recipe has a patience."""

from collections.abc import Iterable

import pandas as pd

from lth.config.data import Dataset
from lth.config.training import Recipe
from lth.plan.plan import Plan

NOT_RUN = "epochs_not_run"
"""The column: planned epochs minus those that were run, mean over seeds (and draws)."""


def of_rounds(table: pd.DataFrame, runs: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """The table of rounds with `NOT_RUN`; as it is if no recipe of theirs has a patience."""
    return _of_places(table, runs, plan, ["ticket", "round"])


def of_arms(table: pd.DataFrame, runs: pd.DataFrame, plan: Plan, assessment: str) -> pd.DataFrame:
    """The table of an assessment's arms with `NOT_RUN`; as it is if no recipe of theirs has a patience."""
    if assessment in plan.study.comparisons:
        return _of_places(table, runs, plan, ["arm"])
    spec = plan.study.evaluations[assessment]
    recipe = plan.study.recipes[spec.recipe]
    if not recipe.patience:
        return table
    planned = _epochs(recipe, plan.study.datasets[spec.dataset], spec.examples)
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


def _of_places(table: pd.DataFrame, runs: pd.DataFrame, plan: Plan, keys: list[str]) -> pd.DataFrame:
    """Of trainings in which tickets were found."""
    places = [(str(ticket), int(round_)) for ticket, round_ in zip(runs["ticket"], runs["round"], strict=True)]
    if not any(plan.recipe(*place).patience for place in places):
        return table
    planned = [_epochs(plan.recipe(*place), plan.study.datasets[plan.dataset(*place)]) for place in places]
    return _with_means(table, runs, planned, keys)


def _epochs(recipe: Recipe, dataset: Dataset, examples: int | None = None) -> float:
    if recipe.epochs is not None:  # then the data are not asked, which may be gone
        return float(recipe.epochs)
    steps, epoch = recipe.steps(examples or dataset.sizes[0])
    return steps / epoch


def _with_means(table: pd.DataFrame, runs: pd.DataFrame, planned: Iterable[float], keys: list[str]) -> pd.DataFrame:
    left = runs.assign(**{NOT_RUN: pd.Series([*planned], index=runs.index) - runs["last_epoch"]})
    means = left.groupby(keys, sort=False)[NOT_RUN].mean().reset_index()
    return table.merge(means, on=keys, how="left")
