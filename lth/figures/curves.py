"""Figures along rounds and along epochs."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lth.figures import parts
from lth.figures.style import KINDS, Palette, points


def pruning_curves(tables: Mapping[str, pd.DataFrame], palette: Palette) -> Figure:
    """Test accuracy against density, a panel for each data set that rounds were trained on, a line for each ticket."""
    rounds = tables["rounds"]
    datasets = list(rounds["dataset"].unique())
    figure, axes = parts.panels(len(datasets), columns=2, height=3.0, width=7.0 if len(datasets) > 1 else 5.0)
    for axis, dataset in zip(axes, datasets, strict=True):
        here = rounds[rounds["dataset"] == dataset]
        for ticket, line in here.groupby("ticket", sort=False):
            _round_line(axis, line.sort_values("round"), palette.ticket(str(ticket)))
        parts.density_axis(axis, list(rounds["density_percent"]))
        axis.set_title(f"trained on {dataset}")
        axis.set_ylabel("test accuracy (%)")
    tickets = rounds.groupby("ticket", sort=False)["n"].max()
    handles = [
        Line2D([], [], label=f"{t} (n = {n})", **points(palette.ticket(str(t)), "own")) for t, n in tickets.items()
    ]
    parts.below(figure, handles)
    parts.note(figure, _band_words(rounds))
    return figure


def _round_line(axis: Axes, line: pd.DataFrame, colour: str) -> None:
    every = max(1, len(line) // 12)  # the markers of long chains would touch
    axis.plot(line["density_percent"], line["accuracy_percent"], **points(colour, "own"), markevery=every)
    ends = line["accuracy_low_percent"], line["accuracy_high_percent"]
    parts.band(axis, line["density_percent"], *ends, colour)


def accuracy_by_epoch(tables: Mapping[str, pd.DataFrame], palette: Palette) -> Figure:
    """Test accuracy after each epoch, a panel for each kind of arm."""
    return _by_epoch(tables["curves"], palette, {"test": "test accuracy (%)"}, "accuracy", "percent")


def loss_by_epoch(tables: Mapping[str, pd.DataFrame], palette: Palette) -> Figure:
    """Training and validation loss of each epoch, a panel for each kind of arm."""
    labels = {"train": "training loss (nats)", "validation": "validation loss (nats)"}
    return _by_epoch(tables["curves"], palette, labels, "loss", "nats")


def _by_epoch(curves: pd.DataFrame, palette: Palette, splits: Mapping[str, str], value: str, unit: str) -> Figure:
    """A row for each split and a column for each kind; random and dense arms stand in every panel."""
    kinds = [kind for kind in ("own", "fresh", "shuffled") if kind in set(curves["kind"])] or ["own"]
    figure, axes = parts.panels(len(splits) * len(kinds), columns=len(kinds), height=2.6, sharey="row", sharex=True)
    places = [(split, kind) for split in splits for kind in kinds]
    for axis, (split, kind) in zip(axes, places, strict=True):
        shown = curves[(curves["split"] == split) & curves["kind"].isin([kind, "random", "dense"])]
        for _, line in shown.groupby("arm", sort=False):
            _epoch_line(axis, line, palette, value, unit)
        if split == next(iter(splits)):
            axis.set_title(KINDS[kind].words)
        if split == list(splits)[-1]:
            parts.epoch_axis(axis)
        if kind == kinds[0]:
            axis.set_ylabel(splits[split])
    parts.below(figure, _arm_handles(curves, palette))
    parts.note(figure, _band_words(curves))
    return figure


def _epoch_line(axis: Axes, line: pd.DataFrame, palette: Palette, value: str, unit: str) -> None:
    line = line.sort_values("epoch")
    ticket, kind = line[["ticket", "kind"]].iloc[0]
    colour = palette.arm(ticket, kind)
    axis.plot(line["epoch"], line[f"{value}_{unit}"], color=colour, linestyle=KINDS[kind].line)
    parts.band(axis, line["epoch"], line[f"{value}_low_{unit}"], line[f"{value}_high_{unit}"], colour)


def _arm_handles(curves: pd.DataFrame, palette: Palette) -> list[Line2D]:
    """Tickets by colour, then the controls that are in every panel."""
    arms = curves[["ticket", "kind"]].drop_duplicates()
    tickets = arms.loc[~arms["kind"].isin(["random", "dense"]), "ticket"].unique()
    controls = [(ticket, kind) for ticket, kind in arms.itertuples(index=False) if kind in ("random", "dense")]
    handles = [Line2D([], [], color=palette.ticket(ticket), label=ticket) for ticket in tickets]
    return handles + [
        Line2D([], [], color=palette.arm(ticket, kind), linestyle=KINDS[kind].line, label=KINDS[kind].words)
        for ticket, kind in controls
    ]


def _band_words(frame: pd.DataFrame) -> str:
    words = parts.interval_words(frame)
    return words if frame["n"].max() == 1 else f"lines: means; bands: {words}"
