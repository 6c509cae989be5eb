"""Learning curves: accuracy and loss by epoch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lth.analysis.figures import marks, parts, scales
from lth.analysis.figures.style import GREY, Palette
from lth.analysis.tables.arms import of_all_seeds
from lth.catalog.controls import ARM_KINDS, OF_EACH, SHARED, ArmKind

_SCHEMES = {
    "glorot_normal": "Glorot normal",
    "glorot_uniform": "Glorot uniform",
    "kaiming_normal": "Kaiming normal",
    "kaiming_normal_fan_out": "Kaiming normal, fan-out",
    "lecun_normal": "LeCun normal",
    "glorot_normal_normal_biases": "Glorot, N(0, 1) biases",
    "constructor": "the network's own",
}
"""For titles of panels."""
DOTTED: Any = {"linestyle": ":", "linewidth": 1.3, "marker": ".", "markersize": 3}
"""Published curves."""
MANY = 5
"""Number of arms in a panel above which bands are fainter."""
ACROSS = 4
"""Panels side by side; more go below."""
WIDE_ACROSS = 3
"""Likewise, of panels that name an initialisation."""


def accuracy_by_epoch(tables: Mapping[str, pd.DataFrame], palette: Palette) -> Figure:
    """Test accuracy during training, one panel per kind of arm."""
    return _by_epoch(tables["curves"], palette, {"test": "test accuracy (%)"}, "accuracy", "percent")


def training_accuracy(tables: Mapping[str, pd.DataFrame], palette: Palette) -> Figure:
    """Training and validation accuracy during training, one panel per kind of arm."""
    labels = {"train": "training accuracy (%)", "validation": "validation accuracy (%)"}
    curves = tables["curves"].drop(columns="published_percent", errors="ignore")  # published are test accuracies
    return _by_epoch(curves, palette, labels, "accuracy", "percent")


def loss_by_epoch(tables: Mapping[str, pd.DataFrame], palette: Palette) -> Figure:
    """Training and validation loss during training, one panel per kind of arm."""
    labels = {"train": "training loss (nats)", "validation": "validation loss (nats)"}
    return _by_epoch(tables["curves"], palette, labels, "loss", "nats")


@dataclass(frozen=True)
class _View:
    """A column of panels: a kind of arm, and whether the axis is zoomed to late training."""

    title: str
    kind: ArmKind
    close: bool = False
    initialisation: str | None = None
    """That of the arms in it, where there are several."""

    def shows(self, curves: pd.DataFrame) -> "pd.Series[bool]":
        """Which rows are its own, those of arms that all tickets share among them."""
        rows = curves["kind"].isin([self.kind, *SHARED])
        return rows if self.initialisation is None else rows & (curves["initialisation"] == self.initialisation)


def _views(curves: pd.DataFrame) -> list[_View]:
    """One column per kind of arm; the arms of a comparison are of one kind, and a second column zooms in on them."""
    if parts.of_comparison(curves):
        return [_View("whole training", "own"), _View("zoomed to late training", "own", close=True)]
    if "initialisation" in curves:
        return [view for scheme in curves["initialisation"].unique() for view in _views_of(curves, str(scheme))]
    kinds = [kind for kind in OF_EACH if kind in set(curves["kind"])] or ["own"]
    return [_View(ARM_KINDS[kind].words, kind) for kind in kinds]


def _views_of(curves: pd.DataFrame, scheme: str) -> list[_View]:
    """One column per kind of arm of an initialisation; where none is a ticket's own, one for those that all share."""
    here = set(curves.loc[curves["initialisation"] == scheme, "kind"])
    kinds: list[ArmKind] = [kind for kind in OF_EACH if kind in here]
    words = _SCHEMES[scheme]
    if not kinds:
        return [_View(words, "own", initialisation=scheme)]
    return [_View(f"{ARM_KINDS[kind].words}\n{words}", kind, initialisation=scheme) for kind in kinds]


def _by_epoch(curves: pd.DataFrame, palette: Palette, splits: Mapping[str, str], value: str, unit: str) -> Figure:
    """Panels by split, then by view; arms that all tickets share stand in every panel."""
    views = _views(curves)
    shared = "none" if any(view.close for view in views) else "row"
    columns = min(len(views), ACROSS if views[0].initialisation is None else WIDE_ACROSS)
    rows = [views[first : first + columns] for first in range(0, len(views), columns)]
    count = len(splits) * len(rows) * columns
    figure, axes = parts.panels(count, columns=columns, height=2.6, sharex=True, sharey=shared)
    drawn: list[pd.DataFrame] = []
    places = [(split, row, column) for split in splits for row in range(len(rows)) for column in range(columns)]
    for axis, (split, row, column) in zip(axes, places, strict=True):
        if column >= len(rows[row]):
            axis.set_visible(False)
            continue
        view = rows[row][column]
        here = curves[(curves["split"] == split) & view.shows(curves)]
        drawn.append(shown := of_all_seeds(here, ["arm"]))
        for arm, line in shown.groupby("arm", sort=False):
            _epoch_line(axis, line, palette, (value, unit), faint=shown["arm"].nunique() > MANY)
            if value == "accuracy" and "published_percent" in line:
                _published_line(axis, here[here["arm"] == arm], palette)
        if value == "loss":
            _leave_out_the_untrained(axis, shown)
        if view.close:
            axis.set_ylim(*_late_heights(shown, f"{value}_{unit}"))
        if split == next(iter(splits)) or len(rows) > 1:
            axis.set_title(view.title)
        below = rows[row + 1] if row + 1 < len(rows) else ()
        if column >= len(below) and (split == list(splits)[-1] or row + 1 < len(rows)):
            scales.epoch_axis(axis)
            axis.tick_params(labelbottom=True)
        if column == 0:
            axis.set_ylabel(splits[split])
    handles = _arm_handles(curves, palette)
    if value == "accuracy" and "published_percent" in curves:
        handles.append(Line2D([], [], **DOTTED, color=GREY, label="published"))
    parts.below(figure, handles)
    parts.note(figure, parts.band_words(pd.concat(drawn)))
    return figure


def _leave_out_the_untrained(axis: Axes, shown: pd.DataFrame) -> None:
    """Cut off the loss of the untrained network where it is much larger than all others."""
    trained = shown[shown["epoch"] > 0]
    top = 1.05 * max(float(trained[column].max()) for column in ("loss_nats", "loss_high_nats"))
    low, high = axis.get_ylim()
    axis.set_ylim(max(low, 0.0), min(high, top) if top > 0 else high)


def _late_heights(shown: pd.DataFrame, column: str) -> tuple[float, float]:
    """Where the means lie in the second half of each arm's own training, with some room around."""
    late = shown.loc[shown["epoch"] >= shown.groupby("arm")["epoch"].transform("max") / 2, column]
    room = 0.08 * (late.max() - late.min()) or 0.01
    return late.min() - room, late.max() + room


def _epoch_line(axis: Axes, line: pd.DataFrame, palette: Palette, value: tuple[str, str], *, faint: bool) -> None:
    line, (name, unit) = line.sort_values("step"), value
    ticket, kind = line[["ticket", "kind"]].iloc[0]
    look, ends = palette.line(ticket, kind), (line[f"{name}_low_{unit}"], line[f"{name}_high_{unit}"])
    axis.plot(line["epoch"], line[f"{name}_{unit}"], **look)
    marks.band(axis, line["epoch"], *ends, look["color"], faint=faint)


def _published_line(axis: Axes, line: pd.DataFrame, palette: Palette) -> None:
    """The published accuracies of an arm, dotted in its colour; nothing where there are none."""
    told = line[line["published_percent"].notna()].sort_values("step")
    ticket, kind = line[["ticket", "kind"]].iloc[0]
    axis.plot(told["epoch"], told["published_percent"], **DOTTED, color=palette.arm(ticket, kind), zorder=3)


def _arm_handles(curves: pd.DataFrame, palette: Palette) -> list[Line2D]:
    """Tickets by colour, then the controls that are in every panel; a comparison's arms in its own order."""
    arms = list(curves[["arm", "ticket", "kind"]].drop_duplicates().itertuples(index=False, name=None))
    if parts.of_comparison(curves):
        return [Line2D([], [], **palette.line(ticket, kind), label=arm) for arm, ticket, kind in arms]
    controls = dict.fromkeys((ticket, kind) for _, ticket, kind in arms if kind in SHARED)
    tickets = dict.fromkeys(ticket for _, ticket, kind in arms if kind not in SHARED)
    handles = [Line2D([], [], **palette.line(ticket), label=ticket) for ticket in tickets]
    return handles + [
        Line2D([], [], **palette.line(*control), label=ARM_KINDS[control[1]].words) for control in controls
    ]
