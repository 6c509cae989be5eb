"""Dynamic sparse training: drop some weights of each layer, grow as many others, and go on (SET, RigL).

The two publications differ in more than what grows, and each option follows the one that `grow` names unless it is
given: SET (Mocanu et al. 2018, algorithm 1) updates the masks between two steps, once an epoch until the end; RigL
(Evci et al. 2020, algorithm 1) makes one in place of a step, every 100 steps, of a share that falls along a cosine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
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

Criterion = Literal["magnitude", "each_sign"]
DropSchedule = Literal["constant", "cosine"]


@dataclass(frozen=True, kw_only=True)
class Published:
    """What a publication says of the options that a study leaves out."""

    drop: Criterion
    drop_schedule: DropSchedule
    update_interval: int | None
    """None for an epoch."""
    until: float
    replaces_step: bool


PUBLISHED = {
    "random": Published(
        drop="each_sign", drop_schedule="constant", update_interval=None, until=1.0, replaces_step=False
    ),
    "gradient": Published(
        drop="magnitude", drop_schedule="cosine", update_interval=100, until=0.75, replaces_step=True
    ),
}
"""SET and RigL, by what grows."""


class Dynamic(Options):
    """A sparse mask that is updated while training; each layer keeps its count throughout."""

    grow: Literal["random", "gradient"] = "gradient"
    """Which weights grow: random ones (SET, Mocanu et al. 2018), or those of largest dense gradient (RigL, Evci et al.
    2020)."""
    drop: Criterion | None = None
    """Which weights of a layer are dropped: those of smallest `magnitude` (RigL), or with `each_sign` (SET) a share of
    the smallest positive and the same share of the largest (closest to zero) negative ones. Without it as published."""
    drop_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.3
    """Share of a layer's weights that an update drops (zeta in SET, alpha in RigL)."""
    drop_schedule: DropSchedule | None = None
    """Of `drop_fraction`: `constant` (SET), or along a `cosine` to 0 at `until` (RigL). Without it as published."""
    update_interval: Count | None = None
    """Optimiser steps between mask updates. Without it as published: an epoch (SET), 100 (RigL)."""
    until: Annotated[float, Field(gt=0, le=1)] | None = None
    """Share of training after which the mask stays as it is. Without it as published: 1 (SET), 0.75 (RigL)."""
    replaces_step: bool | None = None
    """Whether a mask update takes the place of an optimiser step (RigL), or comes between two (SET). Without it as
    published."""

    def faults(self) -> Iterator[Fault]:
        """Growing by gradient needs a gradient, which there is only within a step."""
        if self.grow == "gradient" and self.replaces_step is False:
            message = "`grow: gradient` needs the gradient of a step that is not made, found false; take it out"
            yield ("replaces_step",), message

    def check(self, context: Context) -> Iterator[Fault]:
        """The mask is updated at least once, and in single weights."""
        if context.groups is not None:
            message = f"`method: dynamic` drops and grows single weights, found '{context.groups}'; take it out"
            yield ("groups",), message
        if context.recipes[context.recipe].freeze is not None:
            message = "weights that grow begin at zero, where `freeze` zeroes their gradients for good"
            yield ("recipe",), f"{message}, found it in recipe '{context.recipe}'; use a recipe without it"
        full = self.complete
        for dataset in context.trained_on:
            steps, epoch = context.length(context.recipe, dataset)
            end, interval = full.until * steps, full.update_interval or epoch
            if interval >= end:
                message = f"no mask update happens before `until` (step {ceil(end)} of {steps})"
                yield ("update_interval",), f"{message}, found {interval}; must be below that"

    def settled(self, steps: int, epoch_steps: int) -> int:
        """The last update before `until`."""
        interval = self.complete.update_interval or epoch_steps
        return (ceil(self.complete.until * steps) - 1) // interval * interval

    @property
    def complete(self) -> Published:
        """The options, with those of the publication where the study gives none."""
        given = {name: getattr(self, name) for name in Published.__dataclass_fields__}
        return replace(PUBLISHED[self.grow], **{name: value for name, value in given.items() if value is not None})

    def variant(self) -> str:
        """SET or RigL, and how it differs from the publication."""
        name, published = {"random": "SET", "gradient": "RigL"}[self.grow], PUBLISHED[self.grow]
        words = {"magnitude": "by magnitude", "each_sign": "by sign"}
        return f"{name}, dropped {words[self.complete.drop]}" if self.complete.drop != published.drop else name

    def summary(self, rounds: str, scope: str) -> str:
        """How weights are dropped and grown."""
        full, by = self.complete, "gradient" if self.grow == "gradient" else "chance"
        dropped = "by magnitude" if full.drop == "magnitude" else "of each sign"
        return f"mask updated while training: smallest {dropped} dropped, regrown by {by} ({scope}), {rounds}"


def find(round_: Round, options: Dynamic) -> Found:
    """theta_0 under random masks of the round's density, which are then updated."""
    from lth.pruning.scores.chance import draws

    dense = round_.dense
    masks = round_.allocate(draws(dense.masks, round_.random_scores()), dense.masks)
    return Found(ticket=dense.derive(masks, dense.weights), hook=_DropAndGrow(round_, options))


def without_smallest(weight: Tensor, mask: Tensor, count: int) -> Tensor:
    """The mask without the `count` smallest weights; both of any, and the same, shape."""
    from lth.pruning.masks import keep_largest

    return keep_largest(weight.abs(), int(mask.count_nonzero()) - count, mask)


def without_smallest_of_each_sign(weight: Tensor, mask: Tensor, share: float) -> Tensor:
    """The mask without a share of the smallest positive weights and the same share of the largest negative ones.

    Mocanu et al. 2018, methods, "Sparse evolutionary training". Counts are rounded down. Kept weights that are exactly
    zero go as well, as in the paper's code: they lie between the two tails, and have not moved since they grew.

    Args:
        weight: of any shape.
        mask: bool, of the same shape.
        share: from 0 to 1.
    """
    from lth.pruning.masks import keep_largest

    positive, negative = mask & (weight > 0), mask & (weight < 0)
    left = [int(side.count_nonzero()) for side in (positive, negative)]
    left = [count - floor(share * count) for count in left]
    return keep_largest(weight, left[0], positive) | keep_largest(-weight, left[1], negative)


def grown(held: Tensor, growth: Tensor, count: int) -> Tensor:
    """The mask with `count` more weights, of largest growth; those that were dropped just now are among the candidates.

    RigL lets a dropped weight that is grown again go on from its value (Evci et al. 2020, section 3, (3)).
    """
    from lth.pruning.masks import keep_largest

    return held | keep_largest(growth, count, ~held) if count else held


class _DropAndGrow(Hook):
    def __init__(self, round_: Round, options: Dynamic) -> None:
        self.options, self.full = options, options.complete
        self.seed, self.ticket = round_.spec.seed, round_.spec.ticket

    def next_action(self, loop: Loop, step: int) -> int:
        """The next update of the masks."""
        interval = self.full.update_interval or loop.epoch_steps
        update = -(-step // interval) * interval
        return update if update < self.full.until * loop.steps else loop.steps

    def before_step(self, loop: Loop, step: int) -> None:
        """An update between two steps: weights are dropped, then others are grown, which begin at zero."""
        share = 0.0 if self.full.replaces_step else self._share(loop, step)
        if share:
            masks = loop.masking.masks
            held = {name: self._held(loop, name, share) for name in masks}
            loop.change_masks(held)  # first, so that a weight that is dropped and grown again begins at zero as well
            loop.change_masks({name: self._grown(loop, name, step, mask, held[name]) for name, mask in masks.items()})

    def after_backward(self, loop: Loop, step: int) -> bool:
        """An update instead of a step."""
        share = self._share(loop, step) if self.full.replaces_step else 0.0
        if not share:
            return True
        masks = {
            name: self._grown(loop, name, step, mask, self._held(loop, name, share))
            for name, mask in loop.masking.masks.items()
        }
        if self.options.grow == "gradient":
            loop.meter.needed_all_gradients(loop.batch)
        loop.change_masks(masks)
        return False

    def _share(self, loop: Loop, step: int) -> float:
        """The share of each layer's weights that is dropped before or at this step, 0 where nothing is updated."""
        end = self.full.until * loop.steps
        if step == 0 or step % (self.full.update_interval or loop.epoch_steps) or step >= end:
            return 0.0
        if self.full.drop_schedule == "constant":
            return self.options.drop_fraction
        return self.options.drop_fraction / 2 * (1 + cos(pi * step / end))

    def _held(self, loop: Loop, name: str, share: float) -> Tensor:
        """What is left of a layer's mask; a layer that keeps everything loses nothing, since nothing else can grow."""
        mask, parameter = loop.masking.masks[name], loop.masking.parameters[name]
        if not parameter.requires_grad:  # a frozen layer keeps its mask: what grows in it would stay zero
            return mask
        weight = parameter.detach()
        kept, free = int(mask.count_nonzero()), int((~mask).count_nonzero())
        if self.full.drop == "magnitude" or not free:
            return without_smallest(weight, mask, min(floor(share * kept), free))
        return without_smallest_of_each_sign(weight, mask, share)

    def _grown(self, loop: Loop, name: str, step: int, mask: Tensor, held: Tensor) -> Tensor:
        """As many weights more as were dropped."""
        count = int(mask.count_nonzero()) - int(held.count_nonzero())
        if not count:
            return held
        return grown(held, self._growth(loop, name, step), count)

    def _growth(self, loop: Loop, name: str, step: int) -> Tensor:
        import torch

        from lth.seeds import generator

        if self.options.grow == "gradient":
            return loop.masking.gradient(name).abs()
        stream = generator(self.seed, "growth", self.ticket, name, step)
        parameter = loop.masking.parameters[name]
        return torch.rand(parameter.shape, generator=stream).to(parameter.device)
