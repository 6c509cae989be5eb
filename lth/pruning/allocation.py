"""How many weights each layer keeps: by layer, over the network, by kind of layer, or by Erdos-Renyi-Kernel."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod

from torch import Tensor

from lth.config.tickets import LayerKind, Scope
from lth.errors import UserError
from lth.pruning.masks import Masks, keep_largest, keep_largest_of_all, total
from lth.pruning.schedules import kept_count


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is to be kept."""

    scope: Scope
    density: Fraction
    """Of the layers that are pruned at all."""
    of_kind: Mapping[LayerKind, Fraction] = field(default_factory=dict)
    """For layerwise scope: shares of kinds of layers that differ from it."""
    unpruned: tuple[LayerKind, ...] = ()
    """Kinds of layers that keep everything."""


def allocate(
    scores: Mapping[str, Tensor], masks: Masks, target: Target, kinds: Mapping[str, LayerKind] | None = None
) -> dict[str, Tensor]:
    """The masks that keep the weights of largest score, so many as the target says, among those of the masks.

    Counts follow from the layers' whole sizes (`kept_count`), never from what pruning before has left.

    Args:
        scores: by layer, of the weights' shapes; larger is worth more.
        masks: bool, by layer; what is pruned already stays pruned.
        target: where weights compete, and how many are kept.
        kinds: by layer; without them all are `dense`.
    """
    of = kinds or dict.fromkeys(masks, "dense")
    pruned = {name: mask for name, mask in masks.items() if of[name] not in target.unpruned}
    if not pruned:
        layers = ", ".join(sorted(set(of.values())))
        raise UserError(f"unpruned: leaves nothing to prune, since the network's layers are {layers} only")
    if target.scope == "global":
        kept = keep_largest_of_all(scores, kept_count(total(pruned), target.density), pruned)
    else:
        shares = _shares(pruned, target, of)
        counts = {name: kept_count(mask.numel(), shares[name]) for name, mask in pruned.items()}
        active = {name: int(mask.count_nonzero()) for name, mask in pruned.items()}
        kept = {name: keep_largest(scores[name], min(counts[name], active[name]), m) for name, m in pruned.items()}
    return {name: kept.get(name, mask) for name, mask in masks.items()}


def _shares(masks: Masks, target: Target, kinds: Mapping[str, LayerKind]) -> dict[str, Fraction]:
    """The density of each layer, where layers have densities of their own."""
    if target.scope == "erk":
        return erk_densities({name: tuple(mask.shape) for name, mask in masks.items()}, target.density)
    convolution, dense = (target.of_kind.get(kind, target.density) for kind in ("convolution", "dense"))
    of_kind = {"first": convolution, "pooler": dense, **target.of_kind}  # which they are as well
    return {name: of_kind.get(kinds[name], target.density) for name in masks}


def erk_densities(shapes: Mapping[str, tuple[int, ...]], density: Fraction) -> dict[str, Fraction]:
    """Each layer's density in proportion to (sum of its sides) / (product of its sides), capped at 1.

    Evci et al. (2020), section 3, (1); layers at the cap stay whole, and the rest make up for them, so that the overall
    density is met exactly before counts are rounded.

    Args:
        shapes: [out, in, ...] by layer.
        density: of all of them together, from 0 to 1.
    """
    sizes = {name: prod(shape) for name, shape in shapes.items()}
    raw = {name: Fraction(sum(shape), sizes[name]) for name, shape in shapes.items()}
    full: set[str] = set()
    while True:
        free = [name for name in shapes if name not in full]
        budget = density * sum(sizes.values()) - sum(sizes[name] for name in full)
        scale = budget / sum(raw[name] * sizes[name] for name in free) if free else Fraction(0)
        over = {name for name in free if scale * raw[name] > 1}
        if not over:
            return {name: Fraction(1) if name in full else scale * raw[name] for name in shapes}
        full |= over
