"""Commands about single artifacts: what one holds, how two compare, tickets for other programs."""

import argparse
from collections.abc import Iterator

from lth.errors import UserError


def _show(arguments: argparse.Namespace) -> Iterator[str]:
    from lth.verification.show import show

    yield from show(arguments.FILE)


def _compare(arguments: argparse.Namespace) -> Iterator[str]:
    from lth.verification.masks_of_two import compared_masks

    yield from compared_masks(arguments.A, arguments.B)


def _export(arguments: argparse.Namespace) -> Iterator[str]:
    from lth.export.folder import export

    told = {"compact": arguments.compact, "weights": arguments.weights}
    yield from export(arguments.TICKET, arguments.to, arguments.format, **told)


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
    "export": (
        _export,
        "write a ticket for other programs: torch, Hugging Face, ONNX, CSR; optionally compacted",
        ("TICKET",),
    ),
    "speed": (_speed, "time a ticket or an export: latency of dense and compacted networks", ("NETWORK",)),
}
"""Each command: function, help text, operands."""
