"""The freeze rules of published code: gradients set to zero by a weight's value instead of by a mask."""

from collections.abc import Iterable

from torch import nn

from lth.config.training import Freeze


def zero_gradients(weights: Iterable[nn.Parameter], freeze: Freeze) -> None:
    """Zero the gradient of each weight that the rule is for, in place; weights without a gradient are left.

    Widely copied code for lottery tickets does this in place of a mask, so that pruned weights (zeros) stay; with the
    rule `below` all negative weights lose their gradients, too. What the optimiser adds afterwards (weight decay,
    moments) it still adds.

    Args:
        weights: prunable parameters of any shape.
        freeze: the rule and its threshold.
    """
    for weight in weights:
        if weight.grad is not None:
            value = weight.detach()
            value = value.abs() if freeze.rule == "magnitude" else value
            weight.grad.masked_fill_(value < freeze.threshold, 0.0)
