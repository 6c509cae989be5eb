"""Masks of a layer over rounds as grids of cells, and how a page holds them.

A layer is a matrix of outputs by inputs (of a convolution: output channels by input channels and places of the kernel).
Up to a number of weights a cell is one weight. Larger layers are cut into blocks, and a cell is the share of a block's
weights that is kept.
"""

import base64
import zlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Coding = Literal["last", "bits", "shares"]


@dataclass(frozen=True)
class Detail:
    """How finely layers are drawn."""

    exact: int
    """Layers of at most so many weights are drawn weight by weight."""
    side: int
    """Others in at most so many rows and columns of blocks."""


DETAILS = (
    Detail(300_000, 64),
    Detail(100_000, 48),
    Detail(40_000, 32),
    Detail(10_000, 24),
    Detail(2_000, 16),
    Detail(0, 8),
)
"""From fine to coarse: a page takes the first at which it is small enough."""


def cells(mask: NDArray[np.bool_], detail: Detail) -> NDArray[np.bool_] | NDArray[np.uint8]:
    """A mask [outputs, inputs] as cells: itself, or the share kept of each block in 255ths."""
    if mask.size <= detail.exact:
        return mask
    rows, columns = (_starts(size, detail.side) for size in mask.shape)
    kept = np.add.reduceat(np.add.reduceat(mask.astype(np.int64), rows, axis=0), columns, axis=1)
    heights, widths = (np.diff([*starts, size]) for starts, size in zip((rows, columns), mask.shape, strict=True))
    shares: NDArray[np.uint8] = np.rint(255 * kept / np.outer(heights, widths)).astype(np.uint8)
    return shares


def _starts(size: int, most: int) -> NDArray[np.int64]:
    """Where blocks begin, of as equal sizes as can be."""
    blocks = min(size, most)
    return np.arange(blocks, dtype=np.int64) * size // blocks


def coded_cells(rounds: NDArray[np.bool_] | NDArray[np.uint8]) -> tuple[Coding, bytes]:
    """Cells [rounds, rows, columns] as bytes, and what they mean.

    `shares`: a byte a cell, round after round. Of masks `last`, if no weight comes back (and there are at most 255
    rounds): a byte a weight, in how many rounds it is kept, from the first on. Otherwise `bits`: eight weights a byte,
    the first in the highest bit, each round from a new byte on.
    """
    if rounds.dtype != np.bool_:
        return "shares", rounds.tobytes()
    flat = rounds.reshape(len(rounds), -1).astype(np.bool_)
    if len(flat) <= 255 and not (flat[1:] & ~flat[:-1]).any():
        return "last", flat.sum(axis=0, dtype=np.uint8).tobytes()
    return "bits", np.packbits(flat, axis=1).tobytes()


def packed(content: bytes) -> str:
    """Bytes as a page holds them: deflated (zlib), in base 64."""
    return base64.b64encode(zlib.compress(content, 9)).decode()
