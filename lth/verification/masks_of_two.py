"""`lth compare`: the masks of two tickets, layer by layer."""

from collections.abc import Iterator
from pathlib import Path

from lth.errors import UserError
from lth.printable import aligned, printable


def compared_masks(one: Path, other: Path) -> Iterator[str]:
    """Overlap of two masks by layer, as in the table `overlap`: Jaccard index, and its expectation by chance."""
    import pandas as pd

    from lth.analysis.tables.masks import OVERLAP_COUNTS, kept_by_both, overlap
    from lth.artifacts.tickets import Ticket

    first, second = Ticket.load(one), Ticket.load(other)
    shapes = [{name: list(mask.shape) for name, mask in ticket.masks.items()} for ticket in (first, second)]
    if shapes[0] != shapes[1]:
        raise UserError(f"{one} and {other} belong to different networks; their masks cannot be compared")
    table = overlap(pd.DataFrame(kept_by_both(first, second), columns=OVERLAP_COUNTS[3:]))
    rows: list[tuple[str, ...]] = [("layer", "total", "kept in A", "kept in B", "kept in both", "Jaccard", "by chance")]
    for layer, kept, kept_other, both, total, jaccard, chance in table.itertuples(index=False, name=None):
        counts = (str(count) for count in (total, kept, kept_other, both))
        rows.append((printable(layer), *counts, f"{jaccard:.4f}", f"{chance:.4f}"))
    yield from aligned(rows)
