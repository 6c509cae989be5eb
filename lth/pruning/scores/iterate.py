"""Pruning before any training, in steps: prune some, score what is left, prune more."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import partial

from torch import Tensor

from lth.pruning.masks import Masks
from lth.pruning.scores.evidence import Evidence, Scorer

MaskOf = Callable[[Mapping[str, Tensor], Masks, Callable[[Fraction], Fraction]], Masks]
"""Given scores, the masks so far and the density of this step by the final one, the masks of this step."""


def density_after_step(density: Fraction, step: int, steps: int) -> Fraction:
    """The density after a step of so many: density^(step/steps), and exactly the density after the last.

    Every step removes the same share of what is left, as in Tanaka et al. (2020), algorithm 1.
    """
    if step == steps:
        return density
    return max(density, Fraction(float(density) ** (step / steps)))  # a float may fall short of it by a last bit


def prune_at_init(
    score: Scorer,
    evidence_for: Callable[[Masks], Evidence],
    masks: Masks,
    iterations: int,
    mask_of: MaskOf,
) -> Masks:
    """The masks after pruning in steps, each scored with the weights that the step before left.

    Args:
        score: what a weight is worth.
        evidence_for: what the score looks at once the weights outside these masks are zero.
        masks: bool, by prunable parameter: where to start, usually everything.
        iterations: how many steps; 1 scores once.
        mask_of: keeps the best of the active weights, such as `lth.pruning.allocation.allocate` with a scope.

    Raises:
        ValueError: no step at all, or fewer weights in `masks` than the first step keeps.
        UserError: what the score raises, and a score that is NaN.
    """
    if iterations < 1:
        raise ValueError(f"pruning takes at least one step, not {iterations}")
    for step in range(1, iterations + 1):
        scores = score(evidence_for(masks))
        masks = mask_of(scores, masks, partial(density_after_step, step=step, steps=iterations))
    return masks
