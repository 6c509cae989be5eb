"""Dual lottery tickets (Bai et al. 2022): a randomly chosen subnetwork, made trainable before the rest is removed.

Random sparse network transformation (RST): the whole network is trained while a growing L2 penalty presses on the
masked weights, so that what they know moves into the others; then they are removed. RST-Iter masks in several cycles.
"""

from math import ceil, exp

import torch
from torch import Tensor

from lth.config.ways import Dual, Penalty
from lth.loop import Hook, Loop
from lth.masks import Masks, apply
from lth.methods.round import Method, Round
from lth.networks.build import holding
from lth.scores.chance import draws
from lth.scores.iterate import density_after_step
from lth.tickets import Ticket
from lth.train import train

STEEPNESS = 5.0
"""Of the exponential rise: its last fifth of the way makes two thirds of the height."""


class DualTicket(Method):
    """RST and RST-Iter."""

    def ticket(self, round_: Round) -> Ticket:
        """The masks, over the weights that the transformation left."""
        options = round_.spec.dual
        assert options is not None
        dense = Ticket.dense(round_.spec.network, round_.spec.seed)
        order = _order(round_, options, dense)
        weights, masks = dense.weights, dense.masks
        for cycle in range(1, options.cycles + 1):
            masks = dict(round_.allocate(order, dense.masks, density_after_step(round_.density, cycle, options.cycles)))
            weights = transform(round_, weights, masks, cycle)
            if options.remove_between:
                weights = apply(weights, masks)
        return dense.derive(masks, weights)


def penalty_at(penalty: Penalty, step: int) -> float:
    """Lambda at a step (counted from 0): as many rises as it takes to exceed the limit by even ones, then held."""
    rises = ceil(penalty.limit / penalty.rise)
    done = min(step // penalty.every, rises)
    top = rises * penalty.rise
    if penalty.shape == "linear":
        return done * penalty.rise
    if penalty.shape == "quadratic":
        return top * (done / rises) ** 2
    return top * (exp(STEEPNESS * done / rises) - 1) / (exp(STEEPNESS) - 1)


def transform(round_: Round, weights: dict[str, Tensor], masks: Masks, cycle: int) -> dict[str, Tensor]:
    """Train all weights, the penalty pressing on those outside the masks."""
    spec, options = round_.spec, round_.spec.dual
    assert spec.transform is not None
    assert options is not None
    whole = {name: torch.ones_like(mask) for name, mask in masks.items()}
    trained = train(
        holding(spec.network, weights),
        whole,
        round_.examples,
        spec.transform,
        seed=round_.further("transform", cycle),
        device=round_.device,
        log=lambda line: round_.log(f"transform, cycle {cycle}/{options.cycles}  {line}"),
        hook=Press(options.penalty, masks),
        scratch=round_.scratch,
        more=True,
    )
    round_.before.append((f"transform {cycle}", trained.meter))
    free, pressed = _sizes(trained.weights, masks)
    round_.log(f"transform, cycle {cycle}: root mean square of free weights {free:.3g}, of masked ones {pressed:.3g}")
    return trained.weights


class Press(Hook):
    """Adds lambda times w to the gradient of each masked weight."""

    def __init__(self, penalty: Penalty, masks: Masks) -> None:
        self.penalty, self.masks = penalty, masks
        self._masked: dict[str, Tensor] = {}

    def after_backward(self, loop: Loop, step: int) -> bool:
        """Before each update."""
        if not self._masked:
            self._masked = {name: (~mask).to(loop.feed.device, torch.float32) for name, mask in self.masks.items()}
        strength = penalty_at(self.penalty, step)
        for name, masked in self._masked.items():
            parameter = loop.masking.parameters[name]
            assert parameter.grad is not None
            parameter.grad.addcmul_(parameter.detach(), masked, value=strength)
        return True


def _order(round_: Round, options: Dual, dense: Ticket) -> dict[str, Tensor]:
    """What decides which weights are masked, the least first: one order for all cycles, so that masks are nested."""
    if options.choice == "smallest":
        return {name: dense.weights[name].abs() for name in dense.masks}
    return draws(dense.masks, round_.chance())


def _sizes(weights: dict[str, Tensor], masks: Masks) -> tuple[float, float]:
    """Root mean squares of the weights inside and outside the masks."""
    inside = torch.cat([weights[name][mask] for name, mask in masks.items()])
    outside = torch.cat([weights[name][~mask] for name, mask in masks.items()])
    return float(inside.square().mean().sqrt()), float(outside.square().mean().sqrt())
