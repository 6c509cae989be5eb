"""Layers with densities of their own by name, and groups of weights that are kept or pruned as one."""

from fractions import Fraction
from typing import get_args

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lth.config.layers import Groups
from lth.errors import UserError
from lth.pruning.allocation import Target, allocate, first_fitting, shares_by_name
from lth.pruning.masks import keep_largest_groups
from lth.pruning.schedules import kept_count

HALF = Fraction(1, 2)
ALL = torch.ones(2, 3, dtype=torch.bool)


def test_filters_and_channels_by_hand() -> None:
    """Rows have means 3 and 4, columns 1.5, 4 and 5."""
    score = torch.tensor([[1.0, 5.0, 3.0], [2.0, 3.0, 7.0]])
    assert keep_largest_groups(score, HALF, ALL, "filters").tolist() == [[False] * 3, [True] * 3]
    assert keep_largest_groups(score, Fraction(2, 3), ALL, "channels").tolist() == [[False, True, True]] * 2
    assert keep_largest_groups(score, Fraction(1, 100), ALL, "channels").tolist() == [[False, False, True]] * 2


def test_the_mean_is_over_active_weights_and_what_is_gone_stays_gone() -> None:
    """The first row has one active weight of 4 (mean 4, though its sum is less than the second's 9, mean 3)."""
    score = torch.tensor([[4.0, 99.0, 99.0], [3.0, 3.0, 3.0]])
    active = torch.tensor([[True, False, False], [True, True, True]])
    assert keep_largest_groups(score, HALF, active, "filters").tolist() == [[True, False, False], [False] * 3]
    gone = torch.tensor([[False] * 3, [True] * 3])
    assert keep_largest_groups(score, Fraction(1), gone, "filters").equal(gone)


def test_a_depthwise_convolution_has_one_channel_and_as_many_filters_as_outputs() -> None:
    score = torch.arange(4 * 9.0).view(4, 1, 3, 3)
    whole = torch.ones(4, 1, 3, 3, dtype=torch.bool)
    assert keep_largest_groups(score, Fraction(1, 4), whole, "channels").all()
    assert keep_largest_groups(score, Fraction(1, 4), whole, "filters").flatten(1).all(1).tolist() == [False] * 3 + [
        True
    ]


def test_a_score_of_nan_in_a_group_is_refused() -> None:
    with pytest.raises(UserError, match="NaN"):
        keep_largest_groups(torch.full((2, 3), torch.nan), HALF, ALL, "filters")


@given(
    st.lists(st.integers(1, 6), min_size=2, max_size=4),
    st.sampled_from(get_args(Groups)),
    st.lists(st.fractions(Fraction(1, 100), 1), min_size=1, max_size=3),
    st.integers(0, 1000),
)
def test_groups_stay_whole_are_as_many_as_asked_for_and_only_go(
    shape: list[int], groups: Groups, densities: list[Fraction], seed: int
) -> None:
    stream = torch.Generator().manual_seed(seed)
    mask, axis = torch.ones(shape, dtype=torch.bool), ("filters", "channels").index(groups)
    for density in sorted(densities, reverse=True):
        before = mask
        mask = keep_largest_groups(torch.randn(shape, generator=stream), density, before, groups)
        by_group = mask.movedim(axis, 0).flatten(1)
        assert by_group.all(1).equal(by_group.any(1))
        assert int(by_group.any(1).sum()) == kept_count(shape[axis], density)
        assert not (mask & ~before).any()


def test_the_first_pattern_that_fits_decides_and_may_leave_out_the_last_part() -> None:
    patterns = {"stage1.*": HALF, "*.conv2": Fraction(1, 4), "conv": Fraction(1)}
    layers = ["conv.weight", "stage1.0.conv2.weight", "stage2.0.conv2.weight", "stage2.0.conv1.weight", "CONV.weight"]
    assert [first_fitting(patterns, layer) for layer in layers] == ["conv", "stage1.*", "*.conv2", None, None]
    assert shares_by_name(patterns, layers[:3]) == dict(zip(layers, (Fraction(1), HALF, Fraction(1, 4)), strict=False))


def test_layers_by_name_go_before_their_kind_and_after_what_is_not_pruned() -> None:
    kinds = {"a": "first", "b": "convolution", "c": "convolution", "d": "output"}
    masks = {name: torch.ones(4, 2, dtype=torch.bool) for name in kinds}
    scores = {name: torch.arange(8.0).view(4, 2) for name in kinds}
    target = Target(
        scope="layerwise",
        density=HALF,
        of_kind={"convolution": Fraction(3, 4)},
        of_name={"c": Fraction(1, 4), "d": Fraction(1, 4)},
        unpruned=("output",),
    )
    found = allocate(scores, masks, target, kinds)  # type: ignore[arg-type]
    assert {name: int(mask.sum()) for name, mask in found.items()} == {"a": 6, "b": 6, "c": 2, "d": 8}
    grouped = Target(scope="layerwise", density=HALF, of_name={"c": Fraction(1, 4)}, groups="filters")
    found = allocate(scores, masks, grouped, kinds)  # type: ignore[arg-type]
    assert found["c"].tolist() == [[False] * 2] * 3 + [[True] * 2]
    assert found["a"].tolist() == [[False] * 2] * 2 + [[True] * 2] * 2
