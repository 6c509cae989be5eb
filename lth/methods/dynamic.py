"""Dynamic sparse training: drop the smallest weights, grow as many others, and go on (SET, RigL)."""

from math import cos, floor, pi

import torch
from torch import Tensor

from lth.loop import Hook, Loop
from lth.masks import keep_largest
from lth.methods.round import Method, Round
from lth.scores import SCORES
from lth.seeds import generator
from lth.tickets import Ticket


class DynamicTraining(Method):
    """A mask that moves; each layer keeps its count throughout."""

    def ticket(self, round_: Round) -> Ticket:
        """theta_0 under random masks of the round's density."""
        dense = Ticket.dense(round_.spec.network, round_.spec.seed)
        scores = SCORES["random"].load()(round_.evidence(dense.weights, dense.masks))
        return dense.derive(round_.allocate(scores, dense.masks), dense.weights)

    def hook(self, round_: Round) -> Hook:
        """Drops and grows."""
        return _DropAndGrow(round_)


def moved(weight: Tensor, growth: Tensor, mask: Tensor, count: int) -> Tensor:
    """A mask of equal count: without the `count` smallest weights, and with as many others, of largest growth.

    A dropped weight may be grown again at once (Evci et al. 2020, section 3, (3)), and then goes on from its value.

    Args:
        weight: of any shape.
        growth: of the same shape; how much a weight outside the mask is worth growing.
        mask: bool, likewise.
        count: how many move; at most as many as are kept, and as are free.
    """
    held = keep_largest(weight.abs(), int(mask.count_nonzero()) - count, mask)
    return held | keep_largest(growth, count, ~held)


class _DropAndGrow(Hook):
    def __init__(self, round_: Round) -> None:
        assert round_.spec.dynamic is not None
        self.options, self.seed, self.ticket = round_.spec.dynamic, round_.spec.seed, round_.spec.ticket

    def after_backward(self, loop: Loop, step: int) -> bool:
        """Every so many steps move a share of each layer's weights instead of updating them."""
        end = self.options.until * loop.steps
        if step == 0 or step % self.options.every or step >= end:
            return True
        share = self.options.fraction / 2 * (1 + cos(pi * step / end))
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
        if self.options.grow == "gradient":
            assert parameter.grad is not None
            return parameter.grad.abs()
        stream = generator(self.seed, "growth", self.ticket, name, step)
        return torch.rand(parameter.shape, generator=stream).to(parameter.device)
