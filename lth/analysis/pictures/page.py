"""The page of masks: one self-contained HTML file, the same bytes for the same tickets.

It asks no server for anything (its own policy forbids it), so that it works wherever it is copied to.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lth.analysis.pictures.drawn import BINS, DrawnLayer, DrawnTicket, drawn_ticket
from lth.analysis.pictures.grids import DETAILS, Detail, coded_cells, packed
from lth.analysis.pictures.rounds import Chain, fewer
from lth.artifacts.records import seal_markup
from lth.errors import UserError
from lth.files import write_text
from lth.printable import printable

MOST_BYTES = 4_500_000
"""Of the page."""
_MOST_CELLS = 60_000_000
"""Cells of all layers and rounds that are held in memory; with more, layers are drawn more coarsely."""
_TEMPLATE, _SCRIPT = "masks.html.j2", "masks.js"


def write_masks_page(title: str, chains: Sequence[Chain], out: Path, report: str | None = None) -> str:
    """Write the page; returns what it shows, in words.

    Large layers are drawn as blocks, all the more coarsely the more there is to show, so that the page stays below
    `MOST_BYTES`; what is left out, the page says.

    Args:
        title: what the page is of, such as the name of a study.
        chains: the tickets, at least one.
        out: the HTML file.
        report: the address of a page to go back to.

    Raises:
        UserError: a ticket or history is damaged, or there are no tickets.
    """
    if not chains:
        raise UserError("no tickets, of which a page of masks could be made")
    shown, left_out = fewer(chains)
    while (page := _small_page(title, shown, left_out, report)) is None:
        if len(shown) == 1:
            words = f"{len(shown[0].rounds)} rounds of {printable(shown[0].title)} are too much for a page of"
            raise UserError(f"{words} {MOST_BYTES:,} bytes; give fewer of its tickets")
        shown = shown[: -(-len(shown) // 2)]
        left_out = f"{len(shown)} of {len(chains)} tickets"
    write_text(out, page)
    rounds = sum(len(chain.rounds) for chain in shown)
    return f"{len(shown)} ticket{'s' * (len(shown) > 1)}, {rounds} round{'s' * (rounds > 1)}"


def _small_page(title: str, chains: Sequence[Chain], left_out: str, report: str | None) -> str | None:
    """The page in the finest detail that is small enough; None if there is none."""
    for detail in DETAILS:
        drawn = _drawn(chains, detail)
        if drawn:
            page = _page(title, drawn, _notes(drawn, detail, left_out), report)
            if len(page) <= MOST_BYTES:
                return page
    return None


def _drawn(chains: Sequence[Chain], detail: Detail) -> list[DrawnTicket]:
    """The tickets; none if they have too many cells to be held in memory."""
    drawn: list[DrawnTicket] = []
    for chain in chains:
        drawn.append(drawn_ticket(chain, detail))
        if sum(layer.cells.size for ticket in drawn for layer in ticket.layers) > _MOST_CELLS:
            return []
    return drawn


def _notes(drawn: Sequence[DrawnTicket], detail: Detail, left_out: str) -> list[str]:
    """What the page does not show."""
    notes = [f"So that the page stays small, it shows {left_out}."] if left_out else []
    coarse = [layer for ticket in drawn for layer in ticket.layers if layer.cells.dtype != np.bool_]
    if coarse:
        names = list(dict.fromkeys(layer.label for layer in coarse))
        words = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
        blocks = f"at most {detail.side} x {detail.side} blocks, each shaded by the share of its weights that is kept"
        exact = "Their counts, densities and histograms are exact."
        notes.append(f"Layers of more than {detail.exact:,} weights are drawn as {blocks}: {words}. {exact}")
    return notes


def _page(title: str, drawn: Sequence[DrawnTicket], notes: list[str], report: str | None) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    blobs: dict[str, int] = {}
    told = {"tickets": [_ticket(ticket, blobs) for ticket in drawn], "blobs": list(blobs), "bins": BINS}
    data = json.dumps(told, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = Path(__file__).with_name(_SCRIPT).read_text(encoding="utf-8")
    text = environment.get_template(_TEMPLATE).render(
        title=title, tickets=drawn, notes=notes, report=report, data=Markup(data), script=Markup(script)
    )
    return seal_markup(text.rstrip() + "\n")


def _ticket(ticket: DrawnTicket, blobs: dict[str, int]) -> dict[str, Any]:
    return {
        "title": ticket.title,
        "datasets": ticket.datasets,
        "rounds": ticket.rounds,
        "accuracy": [None if value is None else round(value, 2) for value in ticket.accuracy],
        "layers": [_layer(layer, blobs) for layer in ticket.layers],
    }


def _layer(layer: DrawnLayer, blobs: dict[str, int]) -> dict[str, Any]:
    coding, content = coded_cells(layer.cells)
    weights = layer.weights
    return {
        "name": layer.name,
        "label": layer.label,
        "shape": layer.shape,
        "image": layer.image,
        "kept": layer.kept,
        "rows": layer.cells.shape[1],
        "columns": layer.cells.shape[2],
        "coding": coding,
        "cells": _blob(content, blobs),
        "looks": None if layer.looks is None else _blob(layer.looks.astype("<u2").tobytes(), blobs),
        "weights": {
            "limit": float(f"{weights.limit:.4g}"),
            "reach": float(f"{weights.reach:.4g}"),
            "first": weights.first,
            "initial": weights.initial,
            "trained": weights.trained,
        },
    }


def _blob(content: bytes, blobs: dict[str, int]) -> int:
    """The place of packed bytes among those of the page, which holds equal ones once."""
    return blobs.setdefault(packed(content), len(blobs))
