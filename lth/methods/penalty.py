"""The growing L2 penalty of dual lottery tickets on masked weights (Bai et al. 2022)."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import ceil, exp
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from lth.config.base import Count, Fault, Model
from lth.training.hooks import Hook

if TYPE_CHECKING:
    from torch import Tensor

    from lth.pruning.masks import Masks
    from lth.training.loop import Loop

_POWERS = {"quadratic": 2, "cubic": 3}
STEEPNESS = 5.0
"""Of the exponential rise: its last fifth makes two thirds of the height."""


class Penalty(Model):
    """A growing L2 penalty: the gradient of each masked weight w gains lambda times w.

    Lambda is 0 before the first step, which is made with the first rise already (as in the paper's code)."""

    shape: Literal["linear", "quadratic", "cubic", "exponential"] = "linear"
    """How lambda rises from 0 to `limit`: evenly by `rise` each time, or slowly at first, in as many rises."""
    rise: Annotated[float, Field(ge=1e-12, le=1e6)] = 1e-4
    """What lambda gains at each rise."""
    every: Count = 5
    """Optimiser steps from rise to rise."""
    limit: Annotated[float, Field(ge=0, le=1e6)] = 1.0
    """Lambda rises until it is at least this, then it is held; 0 for no penalty (a control that is trained as long)."""

    def faults(self) -> Iterator[Fault]:
        """One rise stays within the limit."""
        if self.rise > self.limit > 0:
            yield (), f"rises by {self.rise:g} each time, beyond its `limit` of {self.limit:g}; lower `rise`"


def rises_of(penalty: Penalty) -> int:
    """How many even rises lambda takes to its limit, of the numbers as the study has them: 0.07 / 0.01 is 7."""
    return ceil(Fraction(str(penalty.limit)) / Fraction(str(penalty.rise)))


def penalty_at(penalty: Penalty, step: int) -> float:
    """Lambda at a step (counted from 0): it rises before step 0 and every `every` steps, up to its limit.

    The paper's code (`reg_pruner.py`) rises where the count of steps from 0 is a multiple of the interval, before the
    penalty is applied. It stops one rise later, when lambda is above the limit.
    """
    rises = rises_of(penalty)
    if not rises:
        return 0.0
    done = min(step // penalty.every + 1, rises)
    top = rises * penalty.rise
    if penalty.shape == "linear":
        return done * penalty.rise
    if penalty.shape in _POWERS:
        return top * (done / rises) ** _POWERS[penalty.shape]
    return top * (exp(STEEPNESS * done / rises) - 1) / (exp(STEEPNESS) - 1)


class PenaltyHook(Hook):
    """Adds lambda times w to the gradient of each masked weight."""

    def __init__(self, penalty: Penalty, masks: Masks) -> None:
        self.penalty, self.masks = penalty, masks
        self._masked: dict[str, Tensor] | None = None

    def after_backward(self, loop: Loop, step: int) -> bool:
        """Before each update."""
        if self._masked is None:
            device, some = loop.feed.device, {name: mask for name, mask in self.masks.items() if not mask.all()}
            self._masked = {name: (~mask).to(device).float() for name, mask in some.items()}
        strength = penalty_at(self.penalty, step)
        if not strength:
            return True
        for name, masked in self._masked.items():
            weight = loop.masking.parameters[name].detach()
            loop.masking.gradient(name).addcmul_(weight, masked, value=strength)
        return True
