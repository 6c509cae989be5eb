"""What tickets cost: each round by itself, and with all that was needed before it."""

from collections.abc import Iterable

import pandas as pd

from lth.errors import UserError
from lth.plan.plan import Plan

_COUNTED = ["epochs", "forward_images", "backward_images", "flops"]
"""Columns of `cost.csv`; epochs are passes over the training data."""
_MEASURED = ["seconds", "joules"]
"""Columns of `measured.csv`; joules are empty where the machine does not tell."""
OWN = {"epochs": "own_epochs", "flops": "own_flops"}
"""What is also given of the round by itself."""


def sums(plan: Plan, places: Iterable[tuple[str, int]], costs: pd.DataFrame, measured: pd.DataFrame) -> pd.DataFrame:
    """One row for each of the given tickets' rounds: what it cost, mean over seeds.

    `own_` columns are of the round itself, the others of it and all rounds that it was made from, each once and whole.
    What was not measured in one of them is not known of the sum, and empty.

    Raises:
        UserError: a round that is needed has no costs.
    """
    own = _own(costs, measured)
    rows = []
    for ticket, round_ in places:
        needed = plan.lineage(ticket, round_)
        missing = [place for place in needed if place not in own]
        if missing:
            raise UserError(
                f"cost of {ticket}, round {round_}: none is known of {missing[0][0]}, round {missing[0][1]}"
            )
        whole = pd.concat([own[place] for place in needed]).groupby(level="seed").sum(min_count=len(needed))
        itself = own[ticket, round_].rename(columns=OWN)[list(OWN.values())]
        means = {**itself.mean(skipna=False), **whole.mean(skipna=False)}
        rows.append({"ticket": ticket, "round": round_, "n": len(itself), **means})
    return pd.DataFrame(rows, columns=["ticket", "round", "n", *OWN.values(), *_COUNTED, *_MEASURED])


def with_costs(arms: pd.DataFrame, plan: Plan, costs: pd.DataFrame, measured: pd.DataFrame) -> pd.DataFrame:
    """A comparison's arms with the method of each, the recipe of its training, and what it cost."""
    places = [(str(ticket), int(round_)) for ticket, round_ in zip(arms["ticket"], arms["round"], strict=True)]
    spent = sums(plan, places, costs, measured).drop(columns=["ticket", "round", "n"])
    tickets, recipes = plan.study.tickets, [plan.recipe_name(*place) for place in places]
    methods = [
        "dense" if kind == "dense" else tickets[ticket].label()
        for kind, (ticket, _) in zip(arms["kind"], places, strict=True)
    ]
    described = arms.assign(method=methods, recipe=recipes).reset_index(drop=True)
    return pd.concat([described, spent], axis=1)  # by position: `places` are those of the arms


def _own(costs: pd.DataFrame, measured: pd.DataFrame) -> dict[tuple[str, int], pd.DataFrame]:
    """What each ticket's round cost in itself, over all phases; a row a seed."""
    run = ["ticket", "round", "seed"]
    counted = costs.groupby(run)[_COUNTED].sum()
    both = counted.join(measured.set_index(run)[_MEASURED], how="left").astype(float)
    return {
        (str(ticket), int(str(round_))): group.droplevel(["ticket", "round"])
        for (ticket, round_), group in both.groupby(level=["ticket", "round"])
    }
