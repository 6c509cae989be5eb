"""A comparison's arms are rounds of tickets; their rows say which ticket, and those of evaluations which arm."""

import pandas as pd

from lth.config.plan import Plan


def described(frame: pd.DataFrame, plan: Plan, trial: str) -> pd.DataFrame:
    """Rows of histories or confusions with the columns `evaluation` and `arm` (and `kind`), as an evaluation has them.

    Those of an evaluation are left as they are; those of a comparison name the comparison as their evaluation.
    """
    if trial in plan.study.evaluations:
        return frame
    kinds = {arm.ticket: arm.kind for arm in plan.arms(trial)}
    return frame.assign(evaluation=trial, arm=frame["ticket"], kind=frame["ticket"].map(kinds))
