"""How many weights each layer keeps: by layer, over the network, by kind or name of layer, or by Erdos-Renyi-Kernel."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from fractions import Fraction
from math import prod

from torch import Tensor

from lth.config.layers import Groups, LayerKind, Scope
from lth.errors import UserError
from lth.pruning.masks import Masks, keep_largest, keep_largest_groups, keep_largest_of_all, total
from lth.pruning.schedules import kept_count


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is to be kept."""

    scope: Scope
    density: Fraction
    """Of the layers that are pruned at all."""
    of_kind: Mapping[LayerKind, Fraction] = field(default_factory=dict)
    """For layerwise scope: shares of kinds of layers that differ from it."""
    of_name: Mapping[str, Fraction] = field(default_factory=dict)
    """Likewise of layers, by patterns of their names; the first that fits counts, and goes before the kind."""
    unpruned: tuple[LayerKind, ...] = ()
    """Kinds of layers that keep everything."""
    groups: Groups | None = None
    """For layerwise scope and `erk`: keep or prune so many weights as one."""


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

    Raises:
        UserError: nothing is left to prune, or a pattern of the target is the first that fits of no layer.
    """
    _check_patterns(target.of_name, masks)
    of = kinds or dict.fromkeys(masks, "dense")
    pruned = {name: mask for name, mask in masks.items() if of[name] not in target.unpruned}
    if not pruned:
        layers = ", ".join(sorted(set(of.values())))
        raise UserError(f"unpruned: leaves nothing to prune, since the network's layers are {layers} only")
    if target.groups is not None:
        shares = _shares(pruned, target, of)
        kept = {name: keep_largest_groups(scores[name], shares[name], m, target.groups) for name, m in pruned.items()}
    elif target.scope == "global":
        active = sum(int(mask.count_nonzero()) for mask in pruned.values())
        kept = keep_largest_of_all(scores, min(kept_count(total(pruned), target.density), active), pruned)
    else:
        shares = _shares(pruned, target, of)
        counts = {name: kept_count(mask.numel(), shares[name]) for name, mask in pruned.items()}
        left = {name: int(mask.count_nonzero()) for name, mask in pruned.items()}
        kept = {name: keep_largest(scores[name], min(counts[name], left[name]), m) for name, m in pruned.items()}
    return {name: kept.get(name, mask) for name, mask in masks.items()}


def _check_patterns(patterns: Mapping[str, Fraction], masks: Masks) -> None:
    used = {first_fitting(patterns, name) for name in masks}
    if other := next((pattern for pattern in patterns if pattern not in used), None):
        some = f"{', '.join([*masks][:4])}{', ...' if len(masks) > 4 else ''}"
        raise UserError(f"layer_densities: no layer has '{other}' as its first pattern; the layers are {some}")


def _shares(masks: Masks, target: Target, kinds: Mapping[str, LayerKind]) -> dict[str, Fraction]:
    """The density of each layer, where layers have densities of their own."""
    if target.scope == "erk":
        return erk_densities({name: tuple(mask.shape) for name, mask in masks.items()}, target.density)
    convolution, dense = (target.of_kind.get(kind, target.density) for kind in ("convolution", "dense"))
    of_kind = {"first": convolution, "pooler": dense, **target.of_kind}  # which they are as well
    own = shares_by_name(target.of_name, masks)
    return {name: own.get(name, of_kind.get(kinds[name], target.density)) for name in masks}


def shares_by_name(patterns: Mapping[str, Fraction], layers: Iterable[str]) -> dict[str, Fraction]:
    """The shares of those layers that a pattern fits, the first one that does.

    Args:
        patterns: as `fnmatch` has them (`stage1.*`, `*.conv2`), case and all.
        layers: names of parameters (`stage1.0.conv1.weight`); a pattern may leave out the last part.
    """
    fitting = {name: first_fitting(patterns, name) for name in layers}
    return {name: patterns[pattern] for name, pattern in fitting.items() if pattern is not None}


def first_fitting(patterns: Iterable[str], layer: str) -> str | None:
    """The first pattern that fits a layer's name, with or without its last part."""
    names = (layer, layer.rpartition(".")[0])
    return next((pattern for pattern in patterns if any(fnmatchcase(name, pattern) for name in names)), None)


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
