"""How many weights each layer keeps: by hand, and for any shapes and densities."""

from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lth.pruning.allocation import Target, allocate, erk_densities

KINDS = {"a": "first", "b": "convolution", "c": "dense", "d": "output"}
SCORES = {
    "a": torch.tensor([4.0, 3.0, 2.0, 1.0]),
    "b": torch.tensor([0.4, 0.3, 0.2, 0.1]),
    "c": torch.tensor([9.0, 8.0, 7.0, 6.0]),
    "d": torch.tensor([0.9, 0.8, 0.7, 0.6]),
}
WHOLE = {name: torch.ones(4, dtype=torch.bool) for name in KINDS}


def kept(target: Target) -> dict[str, list[bool]]:
    return {name: mask.tolist() for name, mask in allocate(SCORES, WHOLE, target, KINDS).items()}


def test_each_layer_keeps_its_share() -> None:
    found = kept(Target(scope="layerwise", density=Fraction(1, 2)))
    assert all(mask == [True, True, False, False] for mask in found.values())


def test_kinds_with_shares_of_their_own_and_kinds_left_unpruned() -> None:
    shares = {"convolution": Fraction(3, 4), "output": Fraction(1, 4)}
    found = kept(Target(scope="layerwise", density=Fraction(1, 2), of_kind=shares, unpruned=("dense",)))
    assert {name: sum(mask) for name, mask in found.items()} == {"a": 3, "b": 3, "c": 4, "d": 1}


def test_over_the_network_layers_compete_and_may_be_emptied() -> None:
    found = kept(Target(scope="global", density=Fraction(1, 2)))
    assert {name: sum(mask) for name, mask in found.items()} == {"a": 4, "b": 0, "c": 4, "d": 0}
    spared = kept(Target(scope="global", density=Fraction(1, 4), unpruned=("output",)))
    assert {name: sum(mask) for name, mask in spared.items()} == {"a": 0, "b": 0, "c": 3, "d": 4}


def test_erdos_renyi_kernel_by_hand() -> None:
    """Raw densities (10 + 10) / 100 and (10 + 2) / 20: 0.2 and 0.6; scaled by x, 20 x + 12 x = a quarter of 120."""
    found = erk_densities({"a": (10, 10), "b": (10, 2)}, Fraction(1, 4))
    assert found == {"a": Fraction(3, 16), "b": Fraction(9, 16)}
    capped = erk_densities({"a": (10, 10), "b": (10, 2)}, Fraction(1, 2))
    assert capped == {"a": Fraction(2, 5), "b": Fraction(1)}


@given(
    st.lists(st.tuples(st.integers(1, 30), st.integers(1, 30)), min_size=1, max_size=5),
    st.fractions(Fraction(1, 100), 1),
)
def test_erdos_renyi_kernel_meets_the_density_exactly(shapes: list[tuple[int, int]], density: Fraction) -> None:
    named = {str(place): shape for place, shape in enumerate(shapes)}
    found = erk_densities(named, density)
    sizes = {name: shape[0] * shape[1] for name, shape in named.items()}
    assert all(0 <= share <= 1 for share in found.values())
    assert sum(found[name] * size for name, size in sizes.items()) == density * sum(sizes.values())


@given(st.sampled_from(["layerwise", "global", "erk"]), st.integers(0, 10**6))
def test_masks_only_lose_weights(scope: str, seed: int) -> None:
    stream = torch.Generator().manual_seed(seed)
    kinds = {"a": "dense", "b": "output"}
    masks = {"a": torch.ones(7, 5, dtype=torch.bool), "b": torch.ones(3, 7, dtype=torch.bool)}
    for density in (Fraction(4, 5), Fraction(1, 2), Fraction(1, 10)):
        scores = {name: torch.rand(mask.shape, generator=stream) for name, mask in masks.items()}
        pruned = allocate(scores, masks, Target(scope=scope, density=density), kinds)
        assert all((masks[name] | ~mask).all() for name, mask in pruned.items())
        masks = pruned


def test_a_score_of_nan_is_refused() -> None:
    broken = {**SCORES, "a": torch.full((4,), float("nan"))}
    with pytest.raises(Exception, match="NaN"):
        allocate(broken, WHOLE, Target(scope="layerwise", density=Fraction(1, 2)), KINDS)
