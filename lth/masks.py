"""Mask algebra. A mask is a bool tensor of its weight's shape, True where the weight is kept; masks go by layer name.

Nothing here knows where scores come from or how many weights to keep.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Literal

import torch
from torch import Tensor

from lth.errors import UserError
from lth.schedules import kept_count

Masks = Mapping[str, Tensor]
Scope = Literal["layer", "network"]


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
    values = score[among]  # [active], in index order
    if values.isnan().any():
        raise UserError("a pruning score is NaN: the training before it diverged; lower the learning rate")
    if not 0 <= count <= len(values):
        raise ValueError(f"cannot keep {count} of {len(values)} active weights")
    kept = torch.zeros_like(values, dtype=torch.bool)
    if count > 0:
        threshold = torch.topk(values, count, sorted=False).values.min()
        kept = values > threshold
        ties = (values == threshold).nonzero().squeeze(1)  # [tied], in index order
        kept[ties[: count - int(kept.sum())]] = True
    mask = torch.zeros_like(among)
    mask[among] = kept
    return mask


def prune(scores: Mapping[str, Tensor], masks: Masks, density: Fraction, scope: Scope) -> dict[str, Tensor]:
    """The masks after pruning to a cumulative density, within each layer or over the whole network at once.

    Counts follow from the original sizes (`kept_count`), never from what the previous round left.
    """
    if scope == "layer":
        return {
            name: keep_largest(scores[name], kept_count(mask.numel(), density), mask) for name, mask in masks.items()
        }
    flat = {name: mask.flatten() for name, mask in masks.items()}
    among = torch.cat(list(flat.values()))
    score = torch.cat([scores[name].flatten() for name in flat])
    kept = keep_largest(score, kept_count(len(among), density), among)
    parts = kept.split([len(mask) for mask in flat.values()])
    return {name: part.view_as(masks[name]) for name, part in zip(flat, parts, strict=True)}


def shuffled(masks: Masks, generator: torch.Generator) -> dict[str, Tensor]:
    """Each mask with its entries permuted within the layer: the same count, other places (Frankle et al. 2021)."""
    return {
        name: mask.flatten()[torch.randperm(mask.numel(), generator=generator)].view_as(mask)
        for name, mask in masks.items()
    }


def random_like(masks: Masks, generator: torch.Generator) -> dict[str, Tensor]:
    """Uniformly random masks with the exact per-layer counts of the given ones, and nothing else of theirs."""
    front = {name: torch.arange(m.numel()).view_as(m) < int(m.sum()) for name, m in masks.items()}
    return shuffled(front, generator)


def union(first: Masks, second: Masks) -> dict[str, Tensor]:
    """Kept by either."""
    return {name: mask | second[name] for name, mask in first.items()}


def intersection(first: Masks, second: Masks) -> dict[str, Tensor]:
    """Kept by both."""
    return {name: mask & second[name] for name, mask in first.items()}


def kept(masks: Masks) -> int:
    """How many weights are kept, over all layers."""
    return sum(int(mask.sum()) for mask in masks.values())


def total(masks: Masks) -> int:
    """How many prunable weights there are, over all layers."""
    return sum(mask.numel() for mask in masks.values())


def apply(weights: Mapping[str, Tensor], masks: Masks) -> dict[str, Tensor]:
    """Copies of the weights with pruned ones exactly zero (never -0.0); tensors without a mask are copied whole."""
    return {
        name: torch.where(masks[name], weight, torch.zeros_like(weight)) if name in masks else weight.clone()
        for name, weight in weights.items()
    }
