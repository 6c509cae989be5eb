"""What an evaluation's arms are trained on and from, where that is not all of the data, all of the network and tickets
that the study has found: columns of the table of arms that only such evaluations have."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from lth.config.study import Evaluation
from lth.plan.elsewhere import given_before, one_for_all_seeds
from lth.plan.plan import Plan


def with_setting(arms: pd.DataFrame, plan: Plan, assessment: str) -> pd.DataFrame:
    """The table of arms with `examples` (of a few-shot data set), `trains` (`head`), and of arms that were made from
    given tickets `given` (their names) and `given_to_all` (those that all seeds have from one file)."""
    spec = plan.assessment(assessment)
    if isinstance(spec, Evaluation) and spec.examples:
        arms = arms.assign(examples=spec.examples)
    if isinstance(spec, Evaluation) and spec.trains == "head":
        arms = arms.assign(trains=spec.trains)
    given = {
        arm.name: given_before(plan, arm.ticket, arm.round) for arm in plan.arms(assessment) if arm.kind != "dense"
    }
    if any(given.values()):
        to_all = {name: one_for_all_seeds(plan, tickets) for name, tickets in given.items()}
        for column, found in (("given", given), ("given_to_all", to_all)):
            arms = arms.assign(**{column: [", ".join(found.get(name, ())) for name in arms["arm"]]})
    return arms


def trained_on(row: Mapping[Any, Any]) -> str:
    """What an arm is trained on, in a sentence: `digits`, or `40 examples of digits (head only)`."""
    few = f"{row['examples']:g} examples of " if row.get("examples") else ""
    return f"{few}{row['dataset']}{' (head only)' if row.get('trains') == 'head' else ''}"
