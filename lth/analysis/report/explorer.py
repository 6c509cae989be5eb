"""The explorer of the study: which ticket came from which, on what, with its numbers and links to its files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lth.analysis.figures.parts import PANEL_ROWS
from lth.analysis.figures.style import Palette
from lth.analysis.report.chart import HIDDEN, PANEL, Chart, Panel, hover, keyed, shape_of
from lth.analysis.report.curves import of_tickets
from lth.analysis.tables.cells import plus_minus
from lth.analysis.tables.provenance import ticket_origin
from lth.plan.paths import Paths
from lth.plan.plan import Plan


@dataclass(frozen=True, kw_only=True)
class RoundLine:
    """A round of a ticket in its table."""

    number: int
    density: str
    dataset: str
    accuracy: str
    stop: str
    files: list[tuple[str, str]]
    """The seed and its folder, from the page."""


@dataclass(frozen=True, kw_only=True)
class TicketNode:
    """A ticket of the study."""

    name: str
    origin: str
    parents: list[tuple[str, int]]
    """Other tickets that it came from, with their rounds."""
    children: list[str]
    trained: list[str]
    """What its arms reached in evaluations and comparisons."""
    rounds: list[RoundLine]


def nodes(plan: Plan, rounds: pd.DataFrame, arms: dict[str, pd.DataFrame], base: str) -> list[TicketNode]:
    """All tickets, in the order of the study file; `base` leads from the page to the results folder."""
    rows = {(row["ticket"], row["round"]): row for row in rounds.to_dict("records")}
    parents = {name: _parents(plan, name) for name in plan.study.tickets}
    return [
        TicketNode(
            name=name,
            origin=ticket_origin(plan, name),
            parents=parents[name],
            children=[other for other, found in parents.items() if name in {parent for parent, _ in found}],
            trained=[line for assessment, table in arms.items() for line in _trained(name, assessment, table)],
            rounds=[_line(plan, name, round_, rows.get((name, round_)), base) for round_ in plan.rounds(name)],
        )
        for name in plan.study.tickets
    ]


def _parents(plan: Plan, ticket: str) -> list[tuple[str, int]]:
    """The other tickets that a ticket's first round was made of."""
    found = plan.parents(ticket, plan.first_round(ticket))
    return [(parent, round_) for parent, round_ in found if parent != ticket]


def _trained(ticket: str, assessment: str, arms: pd.DataFrame) -> list[str]:
    here = arms[(arms["ticket"] == ticket) & (arms["kind"] != "dense")]
    return [
        f"{row['arm']} in {assessment}, on {row['dataset']}: "
        f"{plus_minus(row['accuracy_percent'], row['accuracy_high_percent'])} %"
        for row in here.to_dict("records")
    ]


def _line(plan: Plan, ticket: str, round_: int, row: dict[Any, Any] | None, base: str) -> RoundLine:
    paths = Paths(plan)
    folders = [
        (str(seed), base + paths.round_file("", ticket, seed, round_).removeprefix(f"{plan.results}/"))
        for seed in plan.study.seeds
    ]
    return RoundLine(
        number=round_,
        density=f"{row['density_percent'] if row else 100 * float(plan.density(ticket, round_)):.3g}",
        dataset=plan.dataset(ticket, round_),
        accuracy=plus_minus(row["accuracy_percent"], row["accuracy_high_percent"]) if row else "",
        stop=f"{row['best_step']:,.0f}" if row else "",
        files=folders,
    )


def family_tree(plan: Plan, rounds: pd.DataFrame, name: str, palette: Palette) -> Chart:
    """A line for each ticket with a mark for each round, and lines to the rounds that they came from."""
    entries = of_tickets(rounds, palette)
    marks = keyed(rounds.assign(what="round"), entries, "ticket")
    links = []
    for ticket in plan.study.tickets:
        first = plan.first_round(ticket)
        for place, (parent, round_) in enumerate(_parents(plan, ticket)):
            same = {"what": "link", "series": ticket, "key": entries[ticket].key, "link": f"{ticket} {place}"}
            links += [
                {**same, "ticket": parent, "round": round_, "place": 0},
                {**same, "ticket": ticket, "round": first, "place": 1},
            ]
    columns = ["what", "ticket", "round", "series", "key", "link", "place", "dataset", "density_percent"]
    columns += ["accuracy_percent", "accuracy_low_percent", "accuracy_high_percent", "n"]
    frame = pd.concat([marks, pd.DataFrame(links)]).reindex(columns=columns)
    groups = families({ticket: [parent for parent, _ in _parents(plan, ticket)] for ticket in plan.study.tickets})
    of = {ticket: place for place, group in enumerate(groups) for ticket in group}
    frame = frame.assign(panel=frame["ticket"].map(of))
    colour = shape_of(list(entries.values()))["color"]
    axes: dict[str, Any] = {
        "x": {"field": "round", "type": "quantitative", "title": "round", "axis": {"tickMinStep": 1, "grid": False}},
        "y": {"field": "ticket", "type": "nominal", "sort": None, "title": None, "scale": {"domain": "@rows"}},
    }
    words = hover(
        *(("ticket", "ticket", ""), ("round", "round", "d"), ("dataset", "trained on", "")),
        *(("density_percent", "density %", ".3~g"), ("accuracy_percent", "test accuracy %", ".2f")),
        *(("accuracy_low_percent", "interval from", ".2f"), ("accuracy_high_percent", "to", ".2f")),
        ("n", "n (seeds)", "d"),
    )
    layers = [
        {
            "transform": [{"filter": "datum.what == 'link'"}],
            "mark": {"type": "line", "strokeWidth": 1.5, "strokeDash": [3, 3]},
            "encoding": {
                **axes,
                "color": colour,
                "detail": {"field": "link"},
                "order": {"field": "place", "type": "quantitative"},
            },
        },
        {
            "transform": [{"filter": "datum.what == 'round'"}],
            "mark": {"type": "line", "strokeWidth": 2},
            "encoding": {**axes, "color": colour},
        },
        {
            "transform": [{"filter": "datum.what == 'round'"}],
            "mark": {"type": "circle", "size": 70, "opacity": 1},
            "encoding": {**axes, "color": colour, "tooltip": words},
        },
    ]
    return Chart(
        name=name,
        title="Which ticket came from which",
        caption=(
            "A line for each ticket and a mark for each of its rounds, of equal density at equal rates."
            + (" Dotted lines lead from the round of another ticket that it was made from." if links else "")
            + " Hover over a round for its numbers."
        ),
        spec={"height": {"step": 34}, "transform": [{"filter": f"{HIDDEN} && {PANEL}"}], "layer": layers},
        rows=frame,
        series=list(entries.values()),
        panels=tuple(
            Panel(places={"@panel": place, "@rows": group}, keys=tuple(entries[ticket].key for ticket in group))
            for place, group in enumerate(groups)
        ),
    )


def families(parents: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Tickets in groups of at most `PANEL_ROWS`, unless more came from each other: those are one group.

    Args:
        parents: the tickets that each ticket came from, in the order in which they shall stand.
    """
    family = {ticket: {ticket} for ticket in parents}
    for ticket, found in parents.items():
        for parent in found:
            both = family[ticket] | family[parent]
            family |= dict.fromkeys(both, both)
    groups: list[list[str]] = []
    for relatives in {id(one): one for one in family.values()}.values():
        if not groups or len(groups[-1]) + len(relatives) > PANEL_ROWS:
            groups.append([])
        groups[-1] += relatives
    places = {ticket: place for place, ticket in enumerate(parents)}
    return [sorted(group, key=places.__getitem__) for group in groups]
