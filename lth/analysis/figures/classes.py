"""Figures by class: confusion matrices and per-class recall."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, PowerNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lth.analysis.figures import marks, parts, scales
from lth.analysis.figures.style import ON_DEEP, ON_PALE, Palette, verbatim
from lth.analysis.figures.words_of_assessments import MOST_PAIRS

SHARES = (0, 1, 5, 10, 25, 50, 75, 100)
"""Percentages that the colour bar names."""
MOST_ANNOTATED = 12
"""Classes up to which the cells have room for numbers."""


def confusion_matrices(tables: Mapping[str, pd.DataFrame], palette: Palette) -> Figure:
    """Confusion matrices of tickets with their own initialisation and of the dense network, mean over seeds."""
    del palette  # one sequential colour map for shares
    confusion = tables["confusion"]
    arms = _chosen(tables["arms"], ("own", "dense"))
    labels = list(confusion["true"].unique())
    figure, axes = parts.panels(len(arms), columns=2, height=3.5, width=7.6 if len(arms) > 1 else 4.6)
    # the square root of the share, so that errors of a few percent can be seen beside the diagonal
    scale = PowerNorm(0.5, 0, 100)
    for axis, arm in zip(axes, arms, strict=True):
        shares = _matrix(confusion, arm, labels)
        axis.imshow(shares, cmap="Blues", norm=scale)
        _cells(axis, shares)
        _class_axes(axis, labels, f"{arm}, {parts.seeds(confusion.loc[confusion['arm'] == arm, 'n'])}")
    bar = figure.colorbar(
        ScalarMappable(scale, "Blues"), ax=axes, shrink=parts.bar_share(axes), aspect=30, ticks=SHARES
    )
    bar.set_label("share of the true class (%)")
    return figure


def confusion_differences(tables: Mapping[str, pd.DataFrame], palette: Palette) -> Figure:
    """Confusion matrices of compared pairs, the first arm minus the second, mean over seeds."""
    del palette  # one diverging colour map for differences
    confusion, pairs = tables["confusion"], tables["comparisons"]
    if pairs.empty:
        return parts.nothing("The study file names no pairs to compare.")
    shown = list(pairs[["first", "second"]].itertuples(index=False, name=None))[:MOST_PAIRS]
    labels = list(confusion["true"].unique())
    matrices = {arm: _matrix(confusion, arm, labels) for pair in shown for arm in pair}
    differences = [matrices[first] - matrices[second] for first, second in shown]
    most = max(1.0, *(float(np.abs(difference).max()) for difference in differences))
    figure, axes = parts.panels(len(shown), columns=2, height=3.5, width=7.6 if len(shown) > 1 else 4.6)
    for axis, difference, (first, second) in zip(axes, differences, shown, strict=True):
        gains = difference * np.where(np.eye(len(labels), dtype=bool), 1, -1)  # what is good is blue everywhere
        axis.imshow(gains, cmap="RdBu", norm=Normalize(-most, most))
        if len(labels) <= MOST_ANNOTATED:
            for (row, column), points in np.ndenumerate(difference):
                if round(points):
                    ink = ON_DEEP if abs(points) > 0.6 * most else ON_PALE
                    words = parts.signed(float(points), 0)
                    axis.text(column, row, words, ha="center", va="center", fontsize=6, color=ink)
        _class_axes(axis, labels, f"{first} − {second}")
    bar = figure.colorbar(
        ScalarMappable(Normalize(-most, most), "RdBu"), ax=axes, shrink=parts.bar_share(axes), aspect=30
    )
    bar.set_label("better: more hits, or fewer errors (points)")
    left = len(pairs) - len(shown)
    words = f"percentage points of the true class, means over seeds, {parts.seeds(confusion['n'])}"
    parts.note(figure, words + (f"; {left} more pairs are not drawn" if left else ""))
    return figure


def _matrix(confusion: pd.DataFrame, arm: str, labels: list[str]) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """[classes, classes] percent of the true class (rows) that were taken for each class."""
    here = confusion[confusion["arm"] == arm]
    shares = here.pivot(index="true", columns="predicted", values="percent").reindex(index=labels, columns=labels)
    return shares.to_numpy(dtype=np.float64)


def class_accuracy(tables: Mapping[str, pd.DataFrame], palette: Palette) -> Figure:
    """Per-class recall with intervals: tickets with their own initialisation, random mask and dense network."""
    classes = tables["classes"]
    arms, looks = _chosen(tables["arms"], ("own", "random", "dense")), parts.looks(tables["arms"])
    labels = list(classes["class"].unique())
    row = max(0.16 + 0.085 * len(arms), 2.0 / len(labels))
    views = [*parts.folded([*map(verbatim, labels)], row=row, extra=0.4, width=6.0)]
    offsets = dict(zip(arms, marks.spread(len(arms), 0.62), strict=True))
    for axis, rows in views:
        for arm in arms:
            look = palette.points(*looks[arm])
            here = classes[classes["arm"] == arm].set_index("class").reindex(labels).iloc[[*rows]]
            for place, found in zip(rows, here.to_dict("records"), strict=True):
                ends = found["accuracy_low_percent"], found["accuracy_high_percent"]
                marks.whisker(axis, place + offsets[arm], *ends, look["color"], vertical=False)
            spots = [place + offsets[arm] for place in rows]
            axis.plot(here["accuracy_percent"], spots, linestyle="none", **_small(look), zorder=3)
        axis.set_yticks([place + 0.5 for place in rows[:-1]], minor=True)
        axis.grid(axis="y", which="minor", visible=True)
        axis.tick_params(axis="y", which="minor", length=0)
        axis.set_xlabel("per-class recall (%)")
    scales.percentages(views[0][0], vertical=False)
    figure = parts.noted(views, _words(classes))
    parts.below(figure, [Line2D([], [], linestyle="none", label=arm, **palette.points(*looks[arm])) for arm in arms])
    return figure


def _chosen(arms: pd.DataFrame, kinds: tuple[str, ...]) -> list[str]:
    """The arms of some kinds from the network's own initialisation, in order; all where there are none of them."""
    arms = parts.of_the_network(arms)
    return list(arms.loc[arms["kind"].isin(kinds), "arm"]) or list(arms["arm"])


def _small(keywords: dict[str, Any]) -> dict[str, Any]:
    return {**keywords, "markersize": 0.8 * keywords["markersize"]}


def _cells(axis: Axes, shares: "np.ndarray[Any, np.dtype[np.float64]]") -> None:
    if len(shares) > MOST_ANNOTATED:
        return
    for (row, column), share in np.ndenumerate(shares):
        if share >= 0.5:
            axis.text(column, row, f"{share:.0f}", ha="center", va="center", fontsize=6.5, color=_ink(share))


def _ink(share: float) -> str:
    return ON_DEEP if share > 35 else ON_PALE


def _class_axes(axis: Axes, labels: list[str], title: str) -> None:
    axis.set_title(title)
    axis.grid(visible=False)
    for side in ("left", "bottom"):
        axis.spines[side].set_visible(False)
    if len(labels) <= 30:
        shown = [*map(verbatim, labels)]
        axis.set_xticks(range(len(labels)), shown, rotation=90 if max(map(len, labels)) > 2 else 0, fontsize=7)
        axis.set_yticks(range(len(labels)), shown, fontsize=7)
        axis.tick_params(length=0)
    axis.set_xlabel("predicted")
    axis.set_ylabel("true")


def _words(classes: pd.DataFrame) -> str:
    words = parts.interval_words(classes)
    return words if classes["n"].max() == 1 else f"mean and {words}"
