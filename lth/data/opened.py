"""Data sets whose images are read when it is known which ones are needed: from many files, or from part of a large one.

A source of this kind is a function `root -> Opened`. Labels are known at once; pixels come in batches.
`lth.data.assembled` makes a study's data set of it. Nothing here imports torch, since studies are checked with it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Part = Literal["train", "test"]
"""Of a source, which knows of no validation split."""


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A data set as its source has it, the images not read yet."""

    train_labels: NDArray[np.int64]
    """int64 [images], 0 to classes - 1."""
    test_labels: NDArray[np.int64]
    """int64 [images]; of a source without test images [0]."""
    classes: tuple[str, ...]
    """Class names; label i is `classes[i]`."""
    channels: int
    """1 or 3; of three, grey images among the others are made so."""
    size: int
    """Pixels a side; 0 where images differ in size or are not square."""
    read: Callable[[Part, NDArray[np.int64]], Iterator[tuple[str, NDArray[np.uint8]]]]
    """Some images of a part (ascending positions), in order, in batches of any length: where each is from, in words,
    and uint8 [batch, 1 or 3, height, width]."""
    held: int = 0
    """Bytes that reading takes beside what is read."""
