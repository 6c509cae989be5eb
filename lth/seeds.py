"""Named random streams: one seed and a purpose give a generator that nothing else shares.

Initialisation, batch order, random masks and controls each draw from a stream of their own, so that two arms with the
same seed differ only in what is compared, and adding an arm changes no other. Global random state is never read.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def derive(seed: int, *purpose: str | int) -> int:
    """A 63-bit seed for a purpose: the first bytes of SHA-256 over the seed and the purpose's words."""
    words = "\x1f".join(str(word) for word in (seed, *purpose))
    return int.from_bytes(hashlib.sha256(words.encode()).digest()[:8], "big") >> 1


def generator(seed: int, *purpose: str | int) -> torch.Generator:
    """A CPU generator for a purpose; draws are made on the CPU and moved, so that every device sees the same ones."""
    import torch

    return torch.Generator().manual_seed(derive(seed, *purpose))
