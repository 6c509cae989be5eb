"""Masks and kept weights as files hold them: what a mask takes falls with its density, too.

A mask is coded as bits (`np.packbits`: weight 0 is the highest bit of the first byte; the last byte is filled with
zeros), or as gaps where these are shorter (below about 12 % density). A gap is the number of pruned weights before the
next kept one, or before the end: a byte from 0 to 254; 255 stands for 255 pruned weights after which the gap goes on.
"""

from math import prod
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lth.artifacts.tensors import type_name
from lth.errors import UserError
from lth.printable import printable

BITS, GAPS = "mask/", "gaps/"
"""What the names of the two codings begin with."""
_LONGEST = 255
_SHOWN = 120
"""Characters of a file's own words that a sentence repeats."""


def coded(mask: Tensor) -> tuple[str, Tensor]:
    """The shorter coding of a mask; of two equally long ones, bits.

    Args:
        mask: bool, any shape with at least one weight.

    Returns:
        `mask/` and uint8 [weights / 8, rounded up], or `gaps/` and uint8 [kept + longer gaps + 1].
    """
    flat = mask.cpu().contiguous().flatten().numpy()
    bits = np.packbits(flat)
    if np.count_nonzero(flat) + 1 < len(bits):
        gaps = _gaps(flat)
        if len(gaps) < len(bits):
            return GAPS, torch.from_numpy(gaps)
    return BITS, torch.from_numpy(bits)


def decoded(path: Path, layer: str, coding: str, code: Tensor, shape: list[int]) -> Tensor:
    """The mask that a file holds.

    Args:
        path: the file, for the sentence.
        layer: its name, for the sentence.
        coding: `mask/` or `gaps/`.
        code: as `coded` returns it.
        shape: of the layer's weight; all sizes from 1.

    Returns:
        bool, of that shape.

    Raises:
        UserError: another type, or a code that is not of so many weights.
    """
    what = "mask" if coding == BITS else "gaps"
    shown, size = f"{printable(path)}: {what} of {printable(layer, _SHOWN)}", prod(shape)
    if code.dtype != torch.uint8 or code.ndim != 1:
        raise UserError(f"{shown} is {type_name(code)} {list(code.shape)}, where bytes in one row are needed")
    if coding == BITS:
        if len(code) != -(-size // 8):
            raise UserError(f"{shown} has {len(code)} bytes, where its {size} weights take {-(-size // 8)}")
        bits = np.unpackbits(code.numpy())
        if bits[size:].any():
            raise UserError(f"{shown} has bits set beyond its {size} weights")
        return torch.from_numpy(bits[:size].view(np.bool_)).view(shape)
    gaps = code.numpy()
    ends = np.where(gaps == _LONGEST, _LONGEST, gaps.astype(np.int64) + 1).cumsum()
    if not len(gaps) or gaps[-1] == _LONGEST or ends[-1] != size + 1:
        found = int(ends[-1]) - int(gaps[-1] != _LONGEST) if len(gaps) else 0
        raise UserError(f"{shown} end after {found} weights, where it has {size}")
    mask = np.zeros(size, dtype=np.bool_)
    mask[ends[gaps != _LONGEST][:-1] - 1] = True
    return torch.from_numpy(mask).view(shape)


def kept_values(weight: Tensor, mask: Tensor) -> Tensor:
    """The kept weights in index order: [kept], of the weight's type."""
    return weight.cpu().flatten()[mask.cpu().flatten().nonzero().squeeze(1)]


def whole(values: Tensor, mask: Tensor) -> Tensor:
    """A weight of the mask's shape: these values where it is kept, in index order, and zeros elsewhere."""
    return torch.zeros(mask.shape, dtype=values.dtype).masked_scatter_(mask, values)


def _gaps(flat: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    places = np.concatenate([[-1], np.flatnonzero(flat), [len(flat)]])
    long, short = np.divmod(np.diff(places) - 1, _LONGEST)
    gaps = np.full(len(short) + int(long.sum()), _LONGEST, dtype=np.uint8)
    gaps[np.arange(len(short)) + long.cumsum()] = short
    return gaps
