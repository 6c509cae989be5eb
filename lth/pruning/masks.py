"""Mask algebra. A mask is a bool tensor of its weight's shape, True where the weight is kept; masks go by layer name.

Nothing here knows where scores come from or how many weights to keep.
"""

from collections.abc import Mapping
from fractions import Fraction
from math import ceil, floor, inf, sqrt

import torch
from torch import Tensor

from lth.config.layers import Groups
from lth.errors import UserError
from lth.pruning.schedules import kept_count

Masks = Mapping[str, Tensor]
SAMPLE = 8192
"""Scores that a threshold is first sought among."""


def keep_largest(score: Tensor, count: int, among: Tensor) -> Tensor:
    """Keep exactly `count` weights: those of largest score among the active ones, ties going to the lower index.

    A threshold alone keeps too many or too few where scores tie, so it only decides what lies above it; what equals it
    is filled up in index order. Weights outside `among` are never kept, whatever their score.

    Args:
        score: any shape; larger is worth more.
        count: from 0 to the number of active weights.
        among: bool, same shape: the active weights.

    Returns:
        bool, same shape, with exactly `count` True.

    Raises:
        UserError: a score is NaN (the training before it went wrong).
        ValueError: fewer than `count` weights are active.
    """
    values, active = score.flatten(), among.flatten()  # [weights], in index order
    size = int(active.count_nonzero())
    if values.sum().isnan() and (values.isnan() & active).any():  # the sum is NaN if any score is, and quick
        raise UserError("a pruning score is NaN: the training before it diverged; lower the learning rate")
    if not 0 <= count <= size:
        raise ValueError(f"cannot keep {count} of {size} active weights")
    if count in {0, size}:
        return among.clone() if count else torch.zeros_like(among)
    threshold = _nth_largest(values, count, active, size)
    kept = (values > threshold).logical_and_(active)
    ties = (values == threshold).logical_and_(active).nonzero().squeeze(1)  # [tied], in index order
    kept[ties[: count - int(kept.count_nonzero())]] = True
    return kept.view_as(among)


def _nth_largest(values: Tensor, count: int, active: Tensor, size: int) -> Tensor:
    """The score that `count` of the `size` active ones reach: a scalar, exact.

    Sorting out millions of values takes a second, so a few thousand of them say between which two scores it lies
    (all but surely: four standard deviations of their ranks), and only what lies there is sorted out.

    Args:
        values: float [weights].
        count: from 1 to size - 1.
        active: bool [weights].
        size: how many are active.
    """
    step = -(-len(values) // SAMPLE)
    sample = values[::step][active[::step]]
    share = count / size
    rank, slack = len(sample) * share, 4 * sqrt(len(sample) * share * (1 - share)) + 2
    low, high = _ranked(sample, ceil(rank + slack)), _ranked(sample, floor(rank - slack))
    inside = (values >= low).logical_and_(values <= high).logical_and_(active)
    between = values.index_select(0, inside.nonzero().squeeze(1))  # several times faster than values[inside]
    left = count - int((values > high).logical_and_(active).count_nonzero())
    if not 0 < left <= len(between):
        between, left = values[active], count
    return torch.topk(between, left, sorted=False).values.min()


def _ranked(values: Tensor, rank: int) -> Tensor:
    """The score of a rank, 1 being the largest; infinite beyond the ends."""
    if not 1 <= rank <= len(values):
        return values.new_tensor(inf if rank < 1 else -inf)
    return torch.topk(values, rank, sorted=False).values.min()


def keep_largest_of_all(scores: Mapping[str, Tensor], count: int, masks: Masks) -> dict[str, Tensor]:
    """`keep_largest` over all layers at once; ties go to the earlier layer."""
    flat = {name: mask.flatten() for name, mask in masks.items()}
    among = torch.cat(list(flat.values()))
    kept = keep_largest(torch.cat([scores[name].flatten() for name in flat]), count, among)
    parts = kept.split([len(mask) for mask in flat.values()])
    return {name: part.view_as(masks[name]) for name, part in zip(flat, parts, strict=True)}


def keep_largest_groups(score: Tensor, density: Fraction, among: Tensor, groups: Groups) -> Tensor:
    """Keep whole groups of weights: those with the largest mean score of their active weights.

    Args:
        score: [outputs, inputs, ...]; larger is worth more.
        density: the share of groups to keep, at least one (`kept_count`); of groups that are gone already none comes
            back.
        among: bool, of the same shape: the active weights. A group is active if one of its weights is.
        groups: `filters` are the rows of the first axis (all weights of an output), `channels` those of the second (all
            that read an input channel; a depthwise convolution has but one).

    Returns:
        bool, of the same shape: the active weights of the groups that are kept.

    Raises:
        UserError: a score is NaN.
    """
    axis = ("filters", "channels").index(groups)
    active = among.movedim(axis, 0).flatten(1)  # [groups, weights]
    scores = torch.where(among, score, 0).movedim(axis, 0).flatten(1)
    means = scores.sum(1) / active.sum(1).clamp(min=1)
    alive = active.any(1)
    count = min(kept_count(len(alive), density), int(alive.count_nonzero()))
    shape = [1] * among.ndim
    shape[axis] = len(alive)
    return among & keep_largest(means, count, alive).view(shape)


def shuffled(masks: Masks, generator: torch.Generator) -> dict[str, Tensor]:
    """Each mask with its entries permuted within the layer: the same count, other places (Frankle et al. 2021)."""
    return {
        name: mask.flatten()[torch.randperm(mask.numel(), generator=generator)].view_as(mask)
        for name, mask in masks.items()
    }


def random_like(masks: Masks, generator: torch.Generator) -> dict[str, Tensor]:
    """Uniformly random masks with the exact per-layer counts of the given ones, and nothing else of theirs."""
    front = {name: torch.arange(m.numel()).view_as(m) < int(m.count_nonzero()) for name, m in masks.items()}
    return shuffled(front, generator)


def union(first: Masks, second: Masks) -> dict[str, Tensor]:
    """Kept by either."""
    return {name: mask | second[name] for name, mask in first.items()}


def intersection(first: Masks, second: Masks) -> dict[str, Tensor]:
    """Kept by both."""
    return {name: mask & second[name] for name, mask in first.items()}


def kept(masks: Masks) -> int:
    """How many weights are kept, over all layers."""
    return sum(int(mask.count_nonzero()) for mask in masks.values())  # sum() takes sixty times as long


def total(masks: Masks) -> int:
    """How many prunable weights there are, over all layers."""
    return sum(mask.numel() for mask in masks.values())


def root_mean_square(weights: Tensor) -> float:
    """Of some weights, computed in double precision; 0 of none."""
    return float(weights.double().square().mean().sqrt()) if weights.numel() else 0.0


def collapsed(masks: Masks) -> list[str]:
    """The layers that keep no weight at all, in network order: nothing passes through them any more.

    Pruning within layers always leaves one weight; over the whole network at once it may take a layer's last.
    """
    return [name for name, mask in masks.items() if not mask.any()]


def nearly_collapsed(masks: Masks) -> list[str]:
    """The layers that keep some weights but fewer than they have outputs, so that some outputs are only a bias."""
    return [name for name, mask in masks.items() if 0 < int(mask.count_nonzero()) < len(mask)]


def apply_masks(weights: Mapping[str, Tensor], masks: Masks) -> dict[str, Tensor]:
    """Copies of the weights with pruned ones exactly zero (never -0.0); tensors without a mask are copied whole."""
    return {
        name: torch.where(masks[name], weight, torch.zeros_like(weight)) if name in masks else weight.clone()
        for name, weight in weights.items()
    }
