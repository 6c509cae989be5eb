"""Pruning before training in steps: exact counts, nested masks, and no emptied layer where SynFlow is the score."""

from fractions import Fraction
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scored import dense, drawn, evidence, scored
from small import at_density
from torch import nn

from lth.catalog.scores import SCORES
from lth.pruning.masks import Masks, collapsed, kept, total
from lth.pruning.schedules import kept_count
from lth.pruning.scores.evidence import Evidence
from lth.pruning.scores.iterate import density_after_step, prune_at_init


def pruned(name: str, network: nn.Module, density: Fraction, steps: int, scope: str = "global") -> list[Masks]:
    """The masks that each step scores, and the last."""
    seen: list[Masks] = []
    weights = evidence(network).weights

    def evidence_for(masks: Masks) -> Evidence:
        seen.append(masks)
        network.load_state_dict(weights, strict=False)
        return evidence(network, masks=masks)

    def mask_of(scores, masks, moment):  # type: ignore[no-untyped-def]
        return at_density(scores, masks, moment(density), scope)  # type: ignore[arg-type]

    first = {name: torch.ones_like(weight, dtype=torch.bool) for name, weight in weights.items()}
    return [*seen, prune_at_init(SCORES[name].load(), evidence_for, first, steps, mask_of)]


@settings(max_examples=30)
@given(
    st.fractions(Fraction(1, 300), Fraction(1)), st.integers(1, 12), st.sampled_from(["magnitude", "synflow", "random"])
)
def test_the_last_count_is_exact_and_masks_are_nested(density: Fraction, steps: int, name: str) -> None:
    rounds = pruned(name, drawn(dense(16, 12, 10, 3)), density, steps)
    assert kept(rounds[-1]) == kept_count(total(rounds[-1]), density)
    for before, after in pairwise(rounds):
        assert all(not (after[layer] & ~before[layer]).any() for layer in after)


@given(st.fractions(Fraction(1, 10**9), Fraction(1)), st.integers(1, 400))
def test_densities_fall_to_exactly_the_last(density: Fraction, steps: int) -> None:
    falling = [density_after_step(density, step, steps) for step in range(1, steps + 1)]
    assert falling[-1] == density
    assert sorted(falling, reverse=True) == falling
    assert falling[0] <= 1


def test_each_step_removes_the_same_share() -> None:
    assert [float(density_after_step(Fraction(1, 100), step, 4)) for step in (1, 2, 3, 4)] == pytest.approx(
        [0.01**0.25, 0.1, 0.01**0.75, 0.01]
    )


def test_no_step_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one step"):
        pruned("magnitude", dense(16, 3), Fraction(1, 2), 0)


def test_scoring_anew_differs_from_scoring_once() -> None:
    network = drawn(dense(16, 30, 30, 3))
    once, often = (pruned("synflow", network, Fraction(1, 10), steps)[-1] for steps in (1, 20))
    assert any(not torch.equal(once[layer], often[layer]) for layer in once)


def bottleneck() -> nn.Module:
    """Ten layers, one of which has far more weights than the others: what is ranked by size alone empties it."""
    network = dense(16, 20, 20, 200, 200, 20, 20, 20, 20, 20, 3)
    for number, layer in enumerate(layer for layer in network if isinstance(layer, nn.Linear)):
        nn.init.kaiming_normal_(layer.weight, generator=torch.Generator().manual_seed(number))
        nn.init.zeros_(layer.bias)
    return network


@pytest.mark.parametrize("name", ["magnitude", "snip", "grasp", "synflow"])
def test_ranked_globally_once_a_layer_collapses(name: str) -> None:
    masks = pruned(name, bottleneck(), Fraction(1, 1000), 1)[-1]
    assert collapsed(masks) != []


def test_synflow_keeps_every_layer_at_the_same_density() -> None:
    """And a path through all of them: something still flows (Tanaka et al. 2020, theorem 3)."""
    network = bottleneck()
    masks = pruned("synflow", network, Fraction(1, 1000), 50)[-1]
    assert kept(masks) == kept_count(total(masks), Fraction(1, 1000))
    assert collapsed(masks) == []
    for score in scored("synflow", evidence(network, masks=masks)).values():
        assert float(score.sum()) > 0


def test_within_layers_no_score_can_empty_one() -> None:
    assert collapsed(pruned("snip", bottleneck(), Fraction(1, 2000), 1, "layerwise")[-1]) == []
