"""Summaries over seeds: of arms, of their curves and classes, of ticket rounds, and the family of comparisons."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import nan
from typing import Any

import numpy as np
import pandas as pd

from lth.analysis import stats
from lth.analysis.tables.cells import within
from lth.errors import UserError


def summarise(arm_runs: pd.DataFrame, alpha: float) -> pd.DataFrame:
    """One row an arm: accuracy and best step with their intervals, and epochs to the accuracy asked for.

    `reach_median_epoch` counts seeds that never got there as later than all others, and is empty where the median is
    one of them; `never_reached` says how many there were. Both are empty where no accuracy was asked for.
    """
    rows = []
    for (evaluation, arm), group in arm_runs.groupby(["evaluation", "arm"], sort=False):
        reach = [float(epoch) for epoch in group["reach_epoch"]]
        asked = not np.isnan(group["reach_percent"].iloc[0])
        rows.append(
            {
                **{"evaluation": evaluation, "arm": arm},
                **{name: group[name].iloc[0] for name in ("ticket", "kind", "dataset", "round")},
                **_densities(group["density_percent"]),
                **_interval("accuracy", group["test_accuracy_percent"], alpha, "percent"),
                **_interval_of_f1(group, alpha),
                **{name: group[name].mean() for name in ("draws", "draw_sd_points") if name in group},
                "last_accuracy_percent": group["last_accuracy_percent"].mean(),
                "best_epoch": group["best_epoch"].mean(),
                **_interval("best", group["best_step"], alpha, "step"),
                "reach_percent": group["reach_percent"].iloc[0],
                "reach_median_epoch": stats.median_with_never(reach),
                "never_reached": int(group["reach_epoch"].isna().sum()) if asked else nan,
            }
        )
    return pd.DataFrame(rows)


def compare(
    arm_runs: pd.DataFrame, pairs: Sequence[tuple[str, str]], alpha: float, margin: float | None = None
) -> pd.DataFrame:
    """One row a pair: the first arm minus the second, paired by seed, with Holm's correction over all the pairs.

    Intervals are of each difference alone (not widened for the family); `difference_shown` follows the adjusted p. With
    a margin (percentage points) there are `EQUIVALENCE_COLUMNS`, too: the tests of equivalence within it are a family
    of their own, with a Holm correction of their own, and `equivalence_shown` follows their adjusted p.

    Raises:
        UserError: an arm is missing, or the two share no seed.
    """
    wide = {str(arm): group.set_index("seed")["test_accuracy_percent"] for arm, group in arm_runs.groupby("arm")}
    results, equivalences = [], []
    for first, second in pairs:
        missing = [name for name in (first, second) if name not in wide]
        if missing:
            raise UserError(
                f"compare [{first}, {second}]: no runs of {missing[0]}; there are {', '.join(sorted(wide))}"
            )
        both = pd.concat({"first": wide[first], "second": wide[second]}, axis=1, join="inner").sort_index()
        if both.empty:
            raise UserError(f"compare [{first}, {second}]: the two arms share no seed")
        means = {"first": first, "second": second, **both.mean().add_suffix("_mean_percent")}
        values = list(both["first"]), list(both["second"])
        results.append((means, stats.paired(*values, alpha)))
        if margin is not None:
            equivalences.append(stats.equivalence(*values, margin, alpha))
    adjusted = stats.holm([result.p for _, result in results])
    rows = [{**means, **_tested(result, p, alpha)} for (means, result), p in zip(results, adjusted, strict=True)]
    if margin is None:
        return pd.DataFrame(rows, columns=COMPARISON_COLUMNS)
    adjusted = stats.holm([result.p for result in equivalences])
    for row, result, p_holm in zip(rows, equivalences, adjusted, strict=True):
        row.update(_tested_within(margin, result, p_holm, alpha))
        row["outcome"] = outcome(row)
    return pd.DataFrame(rows, columns=COMPARISON_COLUMNS + EQUIVALENCE_COLUMNS)


COMPARISON_COLUMNS = [
    *("first", "second", "n", "first_mean_percent", "second_mean_percent"),
    *("difference_points", "low_points", "high_points", "confidence_percent"),
    *("p", "p_holm", "alpha", "difference_shown", "effect_size", "wins", "ties", "losses"),
]


EQUIVALENCE_COLUMNS = [
    *("margin_points", "equivalence_low_points", "equivalence_high_points", "equivalence_confidence_percent"),
    *("p_above_lower_margin", "p_below_upper_margin", "p_equivalence", "p_equivalence_holm"),
    *("equivalence_shown", "outcome"),
]
"""Only where the study names an equivalence margin."""


def _tested_within(margin: float, result: stats.Equivalence, p_holm: float, alpha: float) -> dict[str, Any]:
    return {
        "margin_points": margin,
        "equivalence_low_points": result.interval.low,
        "equivalence_high_points": result.interval.high,
        "equivalence_confidence_percent": 100 * (1 - 2 * alpha),
        "p_above_lower_margin": result.p_above,
        "p_below_upper_margin": result.p_below,
        "p_equivalence": result.p,
        "p_equivalence_holm": p_holm,
        "equivalence_shown": p_holm <= alpha,
    }


def outcome(row: Mapping[str, Any]) -> str:
    """What the two tests of a pair show together; the first word stands for it in narrow tables."""
    if row["n"] == 1:
        return "untested (one seed)"
    if row["difference_shown"]:
        return "both (a difference smaller than the margin)" if row["equivalence_shown"] else "different"
    return f"equivalent within {within(row['margin_points'])} points" if row["equivalence_shown"] else "inconclusive"


def _tested(result: stats.Paired, p_holm: float, alpha: float) -> dict[str, Any]:
    counts = {name: value for name, value in asdict(result).items() if name != "difference"}
    return {
        "n": result.difference.n,
        "difference_points": result.difference.mean,
        "low_points": result.difference.low,
        "high_points": result.difference.high,
        "confidence_percent": 100 * (1 - alpha),
        "p_holm": p_holm,
        "alpha": alpha,
        "difference_shown": p_holm <= alpha,
        **counts,  # p, effect_size, wins, ties, losses
    }


def curves(history: pd.DataFrame, alpha: float) -> pd.DataFrame:
    """One row for each arm, split and scored step: loss and accuracy with their intervals over seeds."""
    keys = ["evaluation", "arm", "ticket", "kind", "dataset", "split", "epoch", "step"]
    return _summaries(history, keys, {"accuracy_percent": "accuracy", "loss_nats": "loss"}, alpha)


def of_all_seeds(curves: pd.DataFrame, run: Sequence[str]) -> pd.DataFrame:
    """Rows of curves as far as all seeds were trained: a mean over those that went on longest would be of chosen ones.

    Args:
        curves: the result of `curves` or `round_curves`.
        run: the columns that name a training: `["arm"]`, or `["ticket", "round"]`.
    """
    found: pd.DataFrame = curves[curves["n"] == curves.groupby([*run, "split"])["n"].transform("max")]
    return found


MOST_POINTS = 100
"""Scored steps of a training that its learning curve keeps."""


def round_curves(history: pd.DataFrame, totals: "pd.Series[float]", alpha: float) -> pd.DataFrame:
    """One row for each ticket's round, split and scored step: loss, accuracy and density, with intervals over seeds.

    Of long trainings every so-many-th scored step, so that at most `MOST_POINTS` and the last remain.

    Args:
        history: of all rounds and seeds.
        totals: prunable weights of each ticket's network, by ticket.
        alpha: intervals cover 1 - alpha.
    """
    run = ["ticket", "round"]
    place = history.groupby(run)["step"].rank(method="dense").astype(int) - 1
    most = place.groupby([history[name] for name in run]).transform("max")
    every = (-(-most // MOST_POINTS)).clip(lower=1)
    kept = history[(place % every == 0) | (place == most)]
    shares = kept.assign(density_percent=100 * kept["kept"] / kept["ticket"].map(totals))
    keys = ["ticket", "dataset", "round", "split", "epoch", "step"]
    table = _summaries(shares, keys, {"accuracy_percent": "accuracy", "loss_nats": "loss"}, alpha)
    densities = shares.groupby(keys, sort=False)["density_percent"].mean().reset_index()
    return table.merge(densities, on=keys)


def round_summary(round_runs: pd.DataFrame, alpha: float) -> pd.DataFrame:
    """One row for each ticket's round: its accuracy on the data set it was trained on and its step of least validation
    loss (the early stop), with their intervals over seeds."""
    keys = ["ticket", "dataset", "round"]
    values = {"test_accuracy_percent": "accuracy", "test_loss_nats": "loss", "best_step": "best"}
    values |= {"validation_loss_nats": "validation_loss"}
    values |= {"test_f1_percent": "f1"} if "test_f1_percent" in round_runs else {}
    table = _summaries(round_runs, keys, values, alpha)
    grouped = round_runs.groupby(keys)
    means = grouped[["last_accuracy_percent", "best_epoch"]].mean().reset_index()
    densities = pd.DataFrame([dict(zip(keys, k, strict=True)) | _densities(g["density_percent"]) for k, g in grouped])
    return table.merge(densities, on=keys).merge(means, on=keys)


def classes(confusion: pd.DataFrame, alpha: float) -> pd.DataFrame:
    """One row for each arm and class: the share of its test data found (recall), with the interval over seeds."""
    shares = _row_shares(confusion)
    right = shares[shares["true"] == shares["predicted"]].rename(columns={"true": "class"})
    return _summaries(right, ["evaluation", "arm", "class"], {"percent": "accuracy"}, alpha)


def mean_confusion(confusion: pd.DataFrame) -> pd.DataFrame:
    """One row for each arm, true and predicted class: percent of the true class's test data, mean over seeds."""
    grouped = _row_shares(confusion).groupby(["evaluation", "arm", "true", "predicted"], sort=False)["percent"]
    return grouped.agg(n="size", percent="mean").reset_index()


def _row_shares(confusion: pd.DataFrame) -> pd.DataFrame:
    """The counts (of all draws) with `percent`: of the images of the true class, for each arm and seed."""
    counted = ["evaluation", "arm", "seed", "true", "predicted"]
    confusion = confusion.groupby(counted, sort=False)["count"].sum().reset_index()
    totals = confusion.groupby(["evaluation", "arm", "seed", "true"], sort=False)["count"].transform("sum")
    return confusion.assign(percent=100 * confusion["count"] / totals)


def _summaries(frame: pd.DataFrame, keys: list[str], values: dict[str, str], alpha: float) -> pd.DataFrame:
    """Means and intervals of value columns (their name's last word is the unit), for each combination of the keys."""
    groups = frame.groupby(keys, sort=False)
    table = groups.size().rename("n").reset_index()
    for column, name in values.items():
        unit = column.rpartition("_")[2]
        deviations = np.asarray(groups[column].std(ddof=1), dtype=np.float64)
        sizes = table["n"].to_numpy(dtype=np.int64)
        whole = groups[column].count().to_numpy() == sizes  # with a missing value nothing is known of the mean
        means = np.where(whole, groups[column].mean().to_numpy(), nan)
        half = stats.half_widths(deviations, sizes, alpha)
        table = table.assign(
            **{f"{name}_{unit}": means, f"{name}_low_{unit}": means - half, f"{name}_high_{unit}": means + half}
        )
        if "confidence_percent" not in table:
            table["confidence_percent"] = 100 * (1 - alpha)
    return table


def _densities(percent: "pd.Series[float]") -> dict[str, float]:
    """Mean and range: of combined tickets, and where a round could not prune, seeds differ."""
    ends = {"density_least_percent": percent.min(), "density_most_percent": percent.max()}
    return {"density_percent": percent.mean(), **ends}


def _interval_of_f1(group: pd.DataFrame, alpha: float) -> dict[str, Any]:
    return _interval("f1", group["test_f1_percent"], alpha, "percent") if "test_f1_percent" in group else {}


def _interval(name: str, values: "pd.Series[float]", alpha: float, unit: str) -> dict[str, Any]:
    interval = stats.t_interval([float(value) for value in values], alpha)
    ends = {f"{name}_{unit}": interval.mean, f"{name}_low_{unit}": interval.low, f"{name}_high_{unit}": interval.high}
    return {"n": interval.n, **ends, "confidence_percent": 100 * (1 - alpha)}
