"""What had been spent at each point of a training: FLOPs and minutes."""

from math import nan

import pandas as pd

from lth.plan.plan import Plan


def own_seconds(plan: Plan, costs: pd.DataFrame) -> pd.DataFrame:
    """The table `costs` with the seconds of each round alone; unknown of rounds that were made from several."""
    seconds = {(row["ticket"], row["round"]): row["seconds"] for row in costs.to_dict("records")}
    parents = {place: plan.parents(*place) for place in seconds}
    own = [
        seconds[place] - sum(seconds[parent] for parent in found) if len(found) < 2 else nan
        for place, found in parents.items()
    ]
    return costs.assign(own_seconds=own)


def spent_by_epoch(rows: pd.DataFrame, costs: pd.DataFrame, stay: set[tuple[str, int]]) -> pd.DataFrame:
    """`tflops` and `minutes` spent at each row of trainings (`ticket`, `round`, `epoch`), with all rounds before.

    Empty unless each step costs the same (`steady`), and what is known of the round is its steps alone: as many passes
    over the data as its training has epochs, in all seeds. A round's time was measured as a whole: minutes are in
    proportion to its epochs.
    """
    run, whole = ["ticket", "round"], {"flops": 1e12, "seconds": 60}
    told = costs[[*run, "own_epochs", *(f"{of}{what}" for what in whole for of in ("own_", ""))]]
    wide = rows[[*run, "epoch"]].merge(told, on=run, how="left")
    last = wide.groupby(run)["epoch"].transform("max")
    known = (wide["own_epochs"] - last).abs() <= 1e-4 * last
    known &= pd.Series([place in stay for place in zip(wide["ticket"], wide["round"], strict=True)])
    left = 1 - wide["epoch"] / wide["own_epochs"]
    spent = {
        name: ((wide[what] - left * wide[f"own_{what}"]) / unit).where(known).to_numpy()
        for name, (what, unit) in zip(("tflops", "minutes"), whole.items(), strict=True)
    }
    return pd.DataFrame(spent, rows.index)


def steady(curves: pd.DataFrame, rounds: pd.DataFrame) -> set[tuple[str, int]]:
    """The tickets' rounds whose masks stay while they are trained, so that each step costs the same."""
    varied = curves.groupby(["ticket", "round"])["density_percent"].nunique()
    moving = set(rounds.loc[rounds["method"] == "dynamic", "ticket"])
    found = varied[varied == 1].reset_index()
    return {place for place in zip(found["ticket"], found["round"], strict=True) if place[0] not in moving}
