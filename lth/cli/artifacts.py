"""Commands about single artifacts: what one holds, how two compare, tickets for other programs."""

import argparse
from collections.abc import Iterator

from lth.errors import UserError
from lth.printable import aligned, printable


def _show(arguments: argparse.Namespace) -> Iterator[str]:
    from lth.verification.show import show

    yield from show(arguments.FILE)


def _compare(arguments: argparse.Namespace) -> Iterator[str]:
    from lth.verification.masks_of_two import compared_masks

    yield from compared_masks(arguments.A, arguments.B)


def _masks(arguments: argparse.Namespace) -> Iterator[str]:
    from lth.analysis.pictures.rounds import chains_of_files, tickets_below
    from lth.analysis.pictures.write import draw_chains, title_of

    files = [
        file
        for given in arguments.TICKETS
        for file in (tickets_below(given, arguments.seeds) if given.is_dir() else [given])
    ]
    to, chains = arguments.to, chains_of_files(files)
    if to.exists():
        raise UserError(f"{printable(to)}: exists already; delete it, or name another file with --to")
    yield f"{printable(to)}: {draw_chains(title_of(arguments.TICKETS), chains, to, training=arguments.training)}"


def _export(arguments: argparse.Namespace) -> Iterator[str]:
    from lth.export.folder import export

    told = {"compact": arguments.compact, "weights": arguments.weights}
    yield from export(arguments.TICKET, arguments.to, arguments.format, **told)


def _import(arguments: argparse.Namespace) -> Iterator[str]:
    from lth.library.load import load

    to, (channels, size) = arguments.to, arguments.shape
    if to.exists():
        raise UserError(f"{printable(to)}: exists already; delete it, or name another file with --to")
    told = {"masks": arguments.masks, "weights": arguments.weights, "shape": (channels, size, size)}
    ticket = load(arguments.CHECKPOINT, arguments.network, **told)
    to.parent.mkdir(parents=True, exist_ok=True)
    ticket.save(to)
    layers = [(layer, f"{kept} of {total}", f"{100 * kept / total:.2f} %") for layer, kept, total, _ in ticket.layers()]
    yield f"{printable(to)}: a ticket at density {100 * ticket.density:.2f} %; its weights are its initial weights"
    yield from aligned([(f"  {layer}", *cells) for layer, *cells in layers])


def _speed(arguments: argparse.Namespace) -> Iterator[str]:
    from lth.export.speed import speed

    if not 2 <= arguments.rounds <= 100_000:
        raise UserError(f"--rounds: found {arguments.rounds}; 2 to 100000 are allowed")
    yield from speed(arguments.NETWORK, arguments.rounds)


ARTIFACT_COMMANDS = {
    "show": (_show, "show the content and provenance of an artifact", ("FILE",)),
    "compare": (
        _compare,
        "compare the masks of two tickets by layer: Jaccard index, and its expectation by chance",
        ("A", "B"),
    ),
    "masks": (
        _masks,
        "look at the masks of tickets, round by round: a page for a browser, or an animation",
        ("TICKETS",),
    ),
    "export": (
        _export,
        "write a ticket for other programs: torch, Hugging Face, ONNX, CSR; optionally compacted",
        ("TICKET",),
    ),
    "import": (_import, "make a ticket of a checkpoint of another program", ("CHECKPOINT",)),
    "speed": (_speed, "time a ticket or an export: latency of dense and compacted networks", ("NETWORK",)),
}
"""Each command: function, help text, operands."""
