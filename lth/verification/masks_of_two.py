"""`python -m lth compare`: the masks of two tickets, layer by layer."""

from collections.abc import Iterator
from pathlib import Path

from lth.analysis.stats import chance_jaccard
from lth.errors import UserError
from lth.printable import aligned, printable


def compared_masks(one: Path, other: Path) -> Iterator[str]:
    """Overlap of two masks by layer: Jaccard index (kept in both / in either), and its expectation by chance."""
    from lth.artifacts.tickets import Ticket

    first, second = Ticket.load(one).masks, Ticket.load(other).masks
    shapes = [{name: list(mask.shape) for name, mask in masks.items()} for masks in (first, second)]
    if shapes[0] != shapes[1]:
        raise UserError(f"{one} and {other} belong to different networks; their masks cannot be compared")
    rows = [("layer", "total", "kept in A", "kept in B", "kept in both", "Jaccard", "by chance")]
    for name, mask in first.items():
        kept, kept_other, both = int(mask.count_nonzero()), int(second[name].sum()), int((mask & second[name]).sum())
        overlap, chance = both / max(kept + kept_other - both, 1), chance_jaccard(kept, kept_other, mask.numel())
        rows.append(
            (
                printable(name),
                str(mask.numel()),
                str(kept),
                str(kept_other),
                str(both),
                f"{overlap:.4f}",
                f"{chance:.4f}",
            )
        )
    yield from aligned(rows)
