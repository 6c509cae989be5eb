"""The charts of single trainings and layers: learning curves of all rounds, accuracy while weights are pruned, and
accuracy where one layer alone is pruned."""

from dataclasses import replace
from typing import Any

import pandas as pd

from lth.analysis.figures.learning import (
    MOST_TICKETS,
    MOST_TRAININGS,
    density_shade,
    late_range,
    rounds_shown,
    training_shapes,
)
from lth.analysis.figures.learning import trainings as pruned_trainings
from lth.analysis.figures.sensitivity import layer_shades, pruned_alone, whole_networks
from lth.analysis.figures.style import SHAPES, Palette
from lth.analysis.report.chart import NEITHER_HIDDEN, PANEL, Chart, Choice, Panel, hover, shape_of
from lth.analysis.report.curves import (
    CURVE_VALUES,
    EPOCHS,
    VALUE_TIP,
    bands,
    split_values,
    training_axes,
    value,
)
from lth.analysis.report.lines import left_out, lines, thinned
from lth.analysis.report.looks import Series, dashes, series, symbol
from lth.analysis.report.spent import spent_by_epoch, steady
from lth.analysis.tables.notes import named

_TIP = (("ticket", "ticket", ""), ("round", "round", "d"), ("density_percent", "density %", ".3~g"), *VALUE_TIP[1:])


def _shaded(key: str, label: str, colour: str, place: int = 0) -> Series:
    """A series of a colour that no ticket has; `place` among those of one colour."""
    marker, line = SHAPES[place % len(SHAPES)]
    group = key.partition(" ")[0]
    dash, shape = dashes(line), symbol(marker)
    return Series(key=key, label=label, colour=colour, fill=colour, dash=dash, shape=shape, group=group)


def every_training(
    name: str, curves: pd.DataFrame, rounds: pd.DataFrame, costs: pd.DataFrame, most: int
) -> Chart | None:
    """Test accuracy and loss in the training of every round, a panel for each ticket with several; None without one.

    Args:
        name: its place in links.
        curves: the table `round_curves`.
        rounds: the table `rounds`.
        costs: the table `costs` with `own_seconds`.
        most: rows at most.
    """
    test, views = rounds_shown(curves)
    if not views:
        return None
    shown = views[:MOST_TICKETS]
    panels = {view: place for place, view in enumerate(shown)}
    of = pd.Series([panels.get((t, d)) for t, d in zip(test["ticket"], test["dataset"], strict=True)], test.index)
    found = test.assign(panel=of)[of.notna()]
    rows = thinned(found, ["ticket", "round"], most)
    rows = rows.join(spent_by_epoch(rows, costs, steady(curves, rounds)))
    labels = rows["final_percent"].map(lambda percent: f"{percent:.3g} % density")
    least = float(test["final_percent"].min())
    entries = {
        label: _shaded(f"density {label}", label, density_shade(percent, least))
        for label, percent in sorted(dict(zip(labels, rows["final_percent"], strict=True)).items(), key=lambda o: -o[1])
    }
    names = ["ticket", "round", "density_percent", "epoch", "step", "tflops", "minutes", "split", "n", *CURVE_VALUES]
    drawn = rows[[*names, "panel"]].assign(
        series=labels,
        key=[entries[label].key for label in labels],
        other=rows["ticket"],
        order=rows["step"],
        line=[f"{ticket} {round_}" for ticket, round_ in zip(rows["ticket"], rows["round"], strict=True)],
    )
    tickets = [f"{ticket} on {dataset}" for ticket, dataset in views[MOST_TICKETS:]]
    more = f" Not drawn: {named(tickets, 'tickets')}." if tickets else ""
    return Chart(
        name=name,
        title="Accuracy in the training of every round",
        caption=(
            "Means over seeds on the test data; colours are densities. Where sparser lines rise earlier, pruned "
            f"tickets learn faster (Frankle and Carbin 2019, figure 3). The axis leaves out the steep beginning.{more}"
            f"{left_out(found, rows, 'round_curves.csv')}"
        ),
        spec=lines(
            shape_of(list(entries.values())), hover(*_TIP), shown=f"{NEITHER_HIDDEN} && {PANEL}", size=6, bands=False
        ),
        rows=drawn,
        series=list(entries.values()),
        x=training_axes(drawn),
        measured=("minutes",),
        y=[replace(choice, domain=late_range(found, choice.field)) for choice in split_values(drawn, ("test",))],
        drawn=("learning_curves",),
        panels=tuple(
            Panel(places={"@panel": place, "@height": 220}, title=f"{ticket}, on {dataset}", keys=(ticket,))
            for place, (ticket, dataset) in enumerate(shown)
        ),
        beside=True,
    )


def while_pruned(name: str, curves: pd.DataFrame, palette: Palette, most: int) -> Chart | None:
    """Accuracy above density, by epoch, of trainings within which weights are pruned; None without one."""
    found = pruned_trainings(curves)
    if not found:
        return None
    shown, shapes = dict([*found.items()][:MOST_TRAININGS]), training_shapes(found, palette)
    entries: dict[str, Series] = {}
    frames = []
    for (ticket, label), line in shown.items():
        own = series(palette, label, ticket, "own")
        marker, style = shapes[ticket, label]
        looks: dict[str, Any] = {"dash": dashes(style), "shape": symbol(marker)}
        entries[label] = Series(**{**vars(own), **looks, "key": f"training {label}", "group": "training"})
        same = {"series": label, "key": entries[label].key, "other": ticket, "line": label}
        frames.append(line.assign(**same, order=line["step"]))
    whole = pd.concat(frames)
    rows = thinned(whole, ["line"], most)
    names = ["ticket", "round", "epoch", "step", "n", *CURVE_VALUES, "density_percent"]
    rows = rows[[*names, "series", "key", "other", "order", "line"]]
    rows = rows.assign(sparsity_percent=100 - rows["density_percent"])
    left = [label for _, label in [*found][MOST_TRAININGS:]]
    more = f" Not drawn: {named(left, 'trainings')}." if left else ""
    density = {"@y.field": "density_percent", "@y.title": "density (%, log)", "@y.scale": "log", "@y.domain": None}
    below = {**density, "@y.low": "none", "@y.high": "none", "@interpolate": "step-before", "@height": 160}
    values = split_values(rows.assign(split="test"), ("test",))
    return Chart(
        name=name,
        title="Accuracy while weights are pruned",
        caption=(
            "Means over seeds by epoch, above the density of the network; the axis of accuracy leaves out the steep "
            "beginning. A dip after a step of density is what pruning costs before training recovers it. Only epochs "
            "at the final density can be the reported one."
            f"{bands(whole)}{more}{left_out(whole, rows, 'round_curves.csv')}"
        ),
        spec=lines(
            shape_of(list(entries.values())),
            hover(*_TIP[:2], ("sparsity_percent", "sparsity %", ".3~f"), *_TIP[2:]),
            shown=NEITHER_HIDDEN,
        ),
        rows=rows,
        series=list(entries.values()),
        x=list(EPOCHS),
        y=[replace(choice, domain=late_range(whole, choice.field)) for choice in values],
        drawn=("accuracy_while_pruned",),
        panels=(Panel(places={"@height": 240}), Panel(places=below)),
    )


def single_layers(
    layers: pd.DataFrame, rounds: pd.DataFrame, matching: pd.DataFrame, dataset: str, name: str, palette: Palette
) -> Chart | None:
    """Test accuracy against the density of the only layer that is pruned; None if there is none on this data set.

    The dense networks of these tickets (of the table `matching`) are marks at 100 %.
    """
    here = rounds[rounds["dataset"] == dataset]
    found = pruned_alone(layers).merge(here.drop(columns="density_percent"), on=["ticket", "round"])
    if found.empty:
        return None
    labels, shades = layer_shades(layers)
    several = found.groupby("layer")["ticket"].nunique()
    entries: dict[str, Series] = {}
    frames = []
    for (layer, ticket), line in found.astype({"layer": str, "ticket": str}).groupby(["layer", "ticket"], sort=False):
        of = labels[str(layer)]
        label = f"{of} ({ticket})" if several[str(layer)] > 1 else of
        place = sum(other.startswith(f"{of} (") for other in entries)
        entries[label] = _shaded(f"layer {label}", label, shades[str(layer)], place)
        alone = len(line) == 1
        frames.append(line.assign(series=label, key=entries[label].key, other=str(ticket), line=label, alone=alone))
    dense = whole_networks(found, rounds, matching)
    names = [
        row["ticket"] if row["method"] == "dense" else f"dense ({row['ticket']})" if len(dense) > 1 else "dense"
        for row in dense.to_dict("records")
    ]
    whole_entries = {name: series(palette, name, name, "dense") for name in names}
    entries |= whole_entries
    keys = [entries[name].key for name in names]
    whole = dense.assign(density_percent=100.0, series=names, key=keys, other="", line=names, alone=True)
    columns = [
        "ticket",
        "round",
        "layer",
        "density_percent",
        "n",
        *CURVE_VALUES,
        "series",
        "key",
        "other",
        "line",
        "alone",
    ]
    rows = pd.concat([*frames, whole]).reindex(columns=columns)
    rows = rows.assign(order=rows["round"], sparsity_percent=100 - rows["density_percent"])
    order = [entry for layer in labels.values() for label, entry in entries.items() if _of_layer(label, layer)]
    order += whole_entries.values()
    return Chart(
        name=name,
        title=f"Sensitivity of single layers, trained on {dataset}",
        caption=(
            "Test accuracy of tickets in which one layer alone is pruned, against the density of that layer; all other "
            "layers are whole. Colours go from the first layer to the last. Where a line falls early, the network is "
            f"sensitive to that layer. {_at_whole(dense)}{bands(rows)}"
        ),
        spec=lines(
            shape_of(order),
            hover(("series", "layer", ""), *_TIP[:2], *VALUE_TIP[1:]),
            shown=NEITHER_HIDDEN,
            size=45,
        ),
        rows=rows,
        series=order,
        x=_of_layer_densities(),
        y=[
            value("test accuracy", "test accuracy (%)", ("accuracy", "percent")),
            value("test loss", "test loss (nats)", ("loss", "nats")),
        ],
        drawn=("layer_sensitivity",),
    )


def _at_whole(dense: pd.DataFrame) -> str:
    if dense.empty:
        return "The study does not train their dense network."
    return "The mark at 100 % is the dense network." if len(dense) == 1 else "Marks at 100 % are the dense networks."


def _of_layer(label: str, layer: str) -> bool:
    return label == layer or label.startswith(f"{layer} (")


def _of_layer_densities() -> list[Choice]:
    of = "of the one pruned layer"
    density, sparsity = f"density {of} (%)", f"sparsity {of} (%)"
    return [
        Choice(name="density", title=density, field="density_percent", log=True, reverse=True),
        Choice(name="sparsity", title=sparsity, field="sparsity_percent"),
    ]
