"""GraSP: a weight is worth what the flow of gradient hangs on it."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from lth.pruning.masks import Masks
from lth.pruning.scores.evidence import Evidence
from lth.pruning.scores.passes import Loss, gradient, losses, prunable_weights

TEMPERATURE = 200.0
"""Logits are divided by it, so that no confident output outweighs the others (Wang et al. 2020, section 4)."""


def grasp(evidence: Evidence) -> dict[str, Tensor]:
    """w Hg, with H and g of the loss by the prunable weights (Wang et al. 2020, section 4).

    Removing a weight is a step of -w. To first order a step d changes the squared norm of the gradient, g'g, by
    2 d'Hg, so removing the weight changes it by -2 w Hg. The paper calls -w Hg the weight's score and removes the
    *highest*: the removals that add most to the flow of gradient, or take least from it. Hence w Hg is its worth, and
    may be negative. Over the weights kept so far: pruned ones have no gradient to lose.

    The sample is scored as a whole; the paper's code halves it in order of class, and draws linear layers anew.
    """
    weights = prunable_weights(evidence)
    products = hessian_gradient(losses(evidence, TEMPERATURE), weights, evidence.masks)
    return {
        name: (products[name] * weight).detach().to(evidence.masks[name].device) for name, weight in weights.items()
    }


def hessian_gradient(parts: Sequence[Loss], weights: Mapping[str, Tensor], masks: Masks) -> dict[str, Tensor]:
    """Hg of the sum of the parts, by name: the derivative of g'(g held fixed), the latter zero where pruned."""
    held = gradient(parts, weights)
    held = {name: slope * masks[name].to(slope.device) for name, slope in held.items()}

    def flow(part: Loss) -> Loss:
        def product(at: Mapping[str, Tensor]) -> Tensor:
            slopes = torch.autograd.grad(part(at), [*at.values()], create_graph=True)
            return torch.stack([(g * h).sum() for g, h in zip(slopes, held.values(), strict=True)]).sum()

        return product

    return gradient([flow(part) for part in parts], weights)
