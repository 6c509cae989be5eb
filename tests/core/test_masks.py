"""Masks: hand-written scores with the expected mask beside them, then properties over any sizes, rates and ties."""

from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small import at_density

from lth.errors import UserError
from lth.pruning import masks
from lth.pruning.schedules import density_after, kept_count
from lth.seeds import generator

ALL = torch.ones(6, dtype=torch.bool)


@pytest.mark.parametrize(
    ("score", "count", "expected"),
    [
        ([3, 1, 2, 6, 5, 4], 3, [0, 0, 0, 1, 1, 1]),
        ([3, 1, 2, 6, 5, 4], 0, [0, 0, 0, 0, 0, 0]),
        ([3, 1, 2, 6, 5, 4], 6, [1, 1, 1, 1, 1, 1]),
        ([7, 7, 7, 7, 7, 7], 2, [1, 1, 0, 0, 0, 0]),
        ([0, 0, 0, 0, 0, 0], 5, [1, 1, 1, 1, 1, 0]),
        ([0, 9, 5, 5, 5, 0], 3, [0, 1, 1, 1, 0, 0]),
        ([-1, -2, -3, -1, -2, -3], 2, [1, 0, 0, 1, 0, 0]),
        ([0.0, -0.0, 0.0, -0.0, 0.0, 1.0], 3, [1, 1, 0, 0, 0, 1]),
        ([float("inf"), 1, float("-inf"), 1, 1, 1], 2, [1, 1, 0, 0, 0, 0]),
    ],
)
def test_keeps_the_largest_and_breaks_ties_by_index(score: list[float], count: int, expected: list[int]) -> None:
    kept = masks.keep_largest(torch.tensor(score, dtype=torch.float32), count, ALL)
    assert kept.int().tolist() == expected


def test_pruned_weights_never_return_whatever_their_score() -> None:
    active = torch.tensor([0, 1, 0, 1, 1, 0], dtype=torch.bool)
    kept = masks.keep_largest(torch.tensor([9.0, 1, 9, 2, 3, 9]), 2, active)
    assert kept.int().tolist() == [0, 0, 0, 1, 1, 0]


def test_minus_infinity_among_active_weights_still_counts() -> None:
    scores = torch.full((6,), float("-inf"))
    assert masks.keep_largest(scores, 4, ALL).int().tolist() == [1, 1, 1, 1, 0, 0]


def test_more_than_there_is_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot keep 5 of 4"):
        masks.keep_largest(torch.arange(4.0), 5, torch.ones(4, dtype=torch.bool))


def test_nan_scores_are_refused_in_a_sentence() -> None:
    with pytest.raises(UserError, match="a pruning score is NaN"):
        masks.keep_largest(torch.tensor([1.0, float("nan")]), 1, torch.ones(2, dtype=torch.bool))


def test_fifty_equal_weights_keep_forty() -> None:
    """`score > threshold` keeps none of them."""
    equal = {"w": torch.ones(50)}
    full = {"w": torch.ones(50, dtype=torch.bool)}
    assert int(at_density(equal, full, Fraction(4, 5))["w"].sum()) == 40


def test_ten_weights_at_a_fifth_a_round_keep_8_6_5_4() -> None:
    """Rounding what is left, round by round, keeps 7, 4, 2, 0."""
    current = {"w": torch.ones(10, dtype=torch.bool)}
    counts = []
    for round_ in range(1, 5):
        current = at_density({"w": torch.zeros(10)}, current, density_after([0.2] * round_))
        counts.append(int(current["w"].sum()))
    assert counts == [8, 6, 5, 4]


def test_scope_network_ranks_all_layers_at_once() -> None:
    scores = {"a": torch.tensor([1.0, 2, 3, 4]), "b": torch.tensor([[10.0, 20], [0, 30]])}
    full = {name: torch.ones_like(score, dtype=torch.bool) for name, score in scores.items()}
    pruned = at_density(scores, full, Fraction(1, 2), "global")
    assert pruned["a"].int().tolist() == [0, 0, 0, 1]
    assert pruned["b"].int().tolist() == [[1, 1], [0, 1]]
    per_layer = at_density(scores, full, Fraction(1, 2))
    assert per_layer["a"].int().tolist() == [0, 0, 1, 1]
    assert per_layer["b"].int().tolist() == [[0, 1], [0, 1]]


@given(
    st.lists(st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, 1e-38, 3e38]), min_size=1, max_size=200),
    st.floats(0.01, 0.99),
    st.integers(1, 40),
)
def test_counts_are_exact_and_masks_monotone_for_any_size_rate_and_ties(
    scores: list[float], rate: float, rounds: int
) -> None:
    score = {"w": torch.tensor(scores)}
    current = {"w": torch.ones(len(scores), dtype=torch.bool)}
    for round_ in range(1, rounds + 1):
        density = density_after([rate] * round_)
        following = at_density(score, current, density)
        assert int(following["w"].sum()) == kept_count(len(scores), density)
        assert not (following["w"] & ~current["w"]).any()
        current = following


@given(st.integers(1, 10**7), st.lists(st.floats(0.01, 0.99), max_size=35))
def test_kept_count_is_the_exact_rounding_of_the_cumulative_density(size: int, rates: list[float]) -> None:
    density = density_after(rates)
    count = kept_count(size, density)
    assert 1 <= count <= size
    assert count == 1 or abs(count - size * density) <= Fraction(1, 2)


def test_rates_mean_the_decimals_written() -> None:
    assert density_after([0.1] * 3) == Fraction(729, 1000)
    assert density_after([0.1, 0.5, 0.1]) == Fraction(81, 200)
    assert kept_count(5, Fraction(1, 2)) == 3  # halves go up, also where floats would say 2.4999...
    assert kept_count(0, Fraction(1, 2)) == 0


@given(st.lists(st.booleans(), min_size=1, max_size=300), st.integers(0, 2**31))
def test_shuffled_and_random_keep_exact_counts(bits: list[bool], seed: int) -> None:
    mask = {"w": torch.tensor(bits)}
    for transform in (masks.shuffled, masks.random_like):
        made = transform(mask, generator(seed, "test"))
        assert int(made["w"].sum()) == sum(bits)
        assert made["w"].shape == mask["w"].shape


def test_random_takes_nothing_but_the_counts() -> None:
    front = torch.arange(100) < 30
    back = front.flip(0)
    from_front = masks.random_like({"w": front}, generator(1, "x"))["w"]
    from_back = masks.random_like({"w": back}, generator(1, "x"))["w"]
    assert torch.equal(from_front, from_back)


def test_union_intersection_counts() -> None:
    a, b = torch.tensor([1, 1, 0, 0], dtype=torch.bool), torch.tensor([1, 0, 1, 0], dtype=torch.bool)
    assert masks.union({"w": a}, {"w": b})["w"].int().tolist() == [1, 1, 1, 0]
    assert masks.intersection({"w": a}, {"w": b})["w"].int().tolist() == [1, 0, 0, 0]
    assert (masks.kept({"w": a, "v": b}), masks.total({"w": a, "v": b})) == (4, 8)


def test_layers_without_a_weight_are_named() -> None:
    some, none = torch.tensor([True, False]), torch.zeros(2, 2, dtype=torch.bool)
    assert masks.collapsed({"a": none, "b": some, "c": none}) == ["a", "c"]
    assert masks.collapsed({"b": some}) == []


def test_layers_with_fewer_weights_than_outputs_are_named() -> None:
    kept = {"none": 0, "two": 2, "three": 3, "four": 4}
    layers = {name: (torch.arange(12) < count).view(3, 2, 2) for name, count in kept.items()}
    assert masks.nearly_collapsed(layers) == ["two"]


@pytest.mark.parametrize("pattern", ["normal", "sorted", "rounded", "equal", "mostly zero", "one large", "periodic"])
@pytest.mark.parametrize("share", [1.0, 0.7, 0.01])
def test_the_quick_threshold_keeps_what_sorting_keeps(pattern: str, share: float) -> None:
    """Also where every value that the threshold is first sought among lies to one side of it."""
    size, stream = 3 * masks.SAMPLE + 17, generator(5, pattern)
    score = torch.randn(size, generator=stream)
    score = {
        "sorted": score.sort().values,
        "rounded": score.round(),
        "equal": torch.ones(size),
        "mostly zero": torch.where(score < 2, 0.0, score),
        "one large": torch.where(torch.arange(size) == 5, 1.0, 0.0),
        "periodic": torch.where(torch.arange(size) % 4 == 0, -1.0, score.abs()),
    }.get(pattern, score)
    active = torch.rand(size, generator=stream) < share
    for count in (1, int(active.sum()) // 3, int(active.sum()) - 1):
        order = torch.where(active, score, -torch.inf).sort(descending=True, stable=True).indices
        expected = torch.zeros(size, dtype=torch.bool).index_fill(0, order[:count], True)
        assert torch.equal(masks.keep_largest(score, count, active), expected)


def test_apply_gives_plus_zero() -> None:
    made = masks.apply_masks({"w": torch.tensor([-1.0, -2.0])}, {"w": torch.tensor([False, True])})["w"]
    assert made.tolist() == [0.0, -2.0]
    assert not torch.signbit(made[0])
