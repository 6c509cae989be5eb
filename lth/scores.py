"""What a weight is worth: pure functions from trained weights to scores of one shape; the larger, the more it is worth.

A score knows nothing of masks or schedules; `lth.masks.keep_largest` turns it into a mask. To add one: write it here
and name it in `SCORES`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lth.registry import Entry, Registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

SCORES = Registry({"magnitude": Entry(target="lth.scores:magnitude", about="|w| after training (Han et al. 2015)")})


def magnitude(trained: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """|w| after training (Han et al. 2015; Frankle & Carbin 2019, section 1), for each tensor of any shape."""
    return {name: weight.abs() for name, weight in trained.items()}
