"""Dynamic sparse training: drop the smallest weights, grow as many others, and go on (SET, RigL)."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, cos, floor, pi
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from lth.config.base import Count, Fault
from lth.config.options import Context, Options
from lth.methods.found import Found
from lth.training.hooks import Hook

if TYPE_CHECKING:
    from torch import Tensor

    from lth.methods.round import Round
    from lth.training.loop import Loop


class Dynamic(Options):
    """A sparse mask that is updated while training; each layer keeps its count throughout."""

    grow: Literal["random", "gradient"] = "gradient"
    """Which weights grow: random ones (SET, Mocanu et al. 2018), or those of largest dense gradient (RigL, Evci et al.
    2020)."""
    update_interval: Count = 100
    """Optimiser steps between mask updates."""
    drop_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.3
    """Share of a layer's weights that the first update drops; decays to 0 along a cosine."""
    until: Annotated[float, Field(gt=0, le=1)] = 0.75
    """The share of training after which the mask is no longer updated."""

    def check(self, context: Context) -> Iterator[Fault]:
        """The mask is updated at least once."""
        for dataset in context.trained_on:
            steps, _ = context.length(context.recipe, dataset)
            end = self.until * steps
            if self.update_interval >= end:
                message = f"no mask update happens before `until` (step {ceil(end)} of {steps})"
                yield ("update_interval",), f"{message}, found {self.update_interval}; must be below that"

    def variant(self) -> str:
        """SET or RigL."""
        return {"random": "SET", "gradient": "RigL"}[self.grow]

    def summary(self, rounds: str, scope: str) -> str:
        """How weights grow."""
        by = "gradient" if self.grow == "gradient" else "chance"
        return f"mask updated while training, regrown by {by} ({scope}), {rounds}"


def find(round_: Round, options: Dynamic) -> Found:
    """theta_0 under random masks of the round's density, which are then updated."""
    from lth.pruning.scores.chance import draws

    dense = round_.dense
    masks = round_.allocate(draws(dense.masks, round_.random_scores()), dense.masks)
    return Found(ticket=dense.derive(masks, dense.weights), hook=_DropAndGrow(round_, options))


def moved(weight: Tensor, growth: Tensor, mask: Tensor, count: int) -> Tensor:
    """A mask of equal count: without the `count` smallest weights, and with as many others, of largest growth.

    A dropped weight may be grown again at once (Evci et al. 2020, section 3, (3)), and then goes on from its value.

    Args:
        weight: of any shape.
        growth: of the same shape; the score by which weights outside the mask are grown.
        mask: bool, likewise.
        count: how many move; at most as many as are kept, and as are free.
    """
    from lth.pruning.masks import keep_largest

    held = keep_largest(weight.abs(), int(mask.count_nonzero()) - count, mask)
    return held | keep_largest(growth, count, ~held)


class _DropAndGrow(Hook):
    def __init__(self, round_: Round, options: Dynamic) -> None:
        self.options, self.seed, self.ticket = options, round_.spec.seed, round_.spec.ticket

    def after_backward(self, loop: Loop, step: int) -> bool:
        """At each update, move a share of each layer's weights instead of changing their values."""
        end = self.options.until * loop.steps
        if step == 0 or step % self.options.update_interval or step >= end:
            return True
        share = self.options.drop_fraction / 2 * (1 + cos(pi * step / end))
        masks = {}
        for name, mask in loop.masking.masks.items():
            kept = int(mask.count_nonzero())
            count = min(floor(share * kept), mask.numel() - kept)
            parameter = loop.masking.parameters[name]
            masks[name] = moved(parameter.detach(), self._growth(parameter, name, step), mask, count) if count else mask
        if self.options.grow == "gradient":
            loop.meter.needed_all_gradients(loop.batch)
        loop.change_masks(masks)
        return False

    def _growth(self, parameter: Tensor, name: str, step: int) -> Tensor:
        import torch

        from lth.seeds import generator

        if self.options.grow == "gradient":
            assert parameter.grad is not None
            return parameter.grad.abs()
        stream = generator(self.seed, "growth", self.ticket, name, step)
        return torch.rand(parameter.shape, generator=stream).to(parameter.device)
