"""Statistics against values worked out by hand, brute force and properties."""

from itertools import product
from math import comb, isnan, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as reference

from lth.analysis import stats
from lth.checks import power

numbers = st.floats(-50, 50, allow_nan=False).map(lambda x: round(x, 3))


def test_t_interval_of_1_2_3() -> None:
    # mean 2, s = 1, t(0.975, 2) = 4.302653
    interval = stats.t_interval([1, 2, 3])
    assert interval.mean == 2
    assert interval.low == pytest.approx(2 - 4.302653 / sqrt(3), abs=1e-6)
    assert interval.high == pytest.approx(2 + 4.302653 / sqrt(3), abs=1e-6)
    assert interval.n == 3


def test_one_value_has_no_interval() -> None:
    interval = stats.t_interval([71.5])
    assert interval.mean == 71.5
    assert isnan(interval.low)
    assert isnan(interval.high)
    assert interval.n == 1


def test_equal_values_have_an_interval_of_no_width() -> None:
    assert stats.t_interval([4.0, 4.0, 4.0]) == stats.Interval(mean=4.0, low=4.0, high=4.0, n=3)


def test_t_interval_covers_as_often_as_it_says() -> None:
    random = np.random.default_rng(1)
    samples = random.normal(3, 2, size=(2000, 5))
    covered = [i.low <= 3 <= i.high for i in (stats.t_interval(list(sample), alpha=0.1) for sample in samples)]
    assert 0.88 < np.mean(covered) < 0.92


@pytest.mark.parametrize(
    ("differences", "p"),
    [
        ([1.0], 1.0),
        ([0.0, 0.0, 0.0], 1.0),
        ([], 1.0),
        ([1.0, 2.0, 3.0], 0.25),  # +++ and --- of 8
        ([1.0, 2.0, -3.0], 1.0),  # the sum is 0
        ([3.0, 2.0, -1.0], 0.5),  # |sum| >= 4: +++ (6), ++- (4), and their mirrors
        ([1.0] * 5, 0.0625),
        ([-1.0] * 6, 0.03125),
        ([0.1, 0.2, -0.3], 1.0),  # 0 on paper, 5.6e-17 in floats
    ],
)
def test_sign_flip_by_hand(differences: list[float], p: float) -> None:
    assert stats.sign_flip_p(differences) == p


def as_in_a_history(right: int, images: int) -> float:
    """Percent of the images, with the nine digits that history.csv has."""
    return float(f"{100 * right / images:.9g}")


def test_differences_that_tie_in_images_tie_in_rounded_accuracies() -> None:
    first, second = [219, 218, 212, 212, 214, 221, 210, 218], [219, 217, 213, 209, 211, 220, 208, 217]
    whole = stats.paired(first, second)  # differences 0 1 -1 3 3 1 2 1
    percent = stats.paired([as_in_a_history(n, 300) for n in first], [as_in_a_history(n, 300) for n in second])
    assert whole.p == percent.p == 20 / 256
    assert (percent.wins, percent.ties, percent.losses) == (6, 1, 1)


def test_a_written_accuracy_ties_with_the_same_one_in_memory() -> None:
    result = stats.paired([as_in_a_history(100, 300)] * 8, [100 / 3] * 8)
    assert (result.p, result.ties) == (1, 8)
    assert isnan(result.effect_size)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=8), st.integers(40, 30_000))
@settings(max_examples=60, deadline=None)
def test_p_is_that_of_the_counted_images(counts: list[tuple[int, int]], images: int) -> None:
    accuracies = [[as_in_a_history(n, images) for n in arm] for arm in zip(*counts, strict=True)]
    exact = [*zip(*counts, strict=True)]
    assert stats.paired(*accuracies).p == stats.paired(*exact).p
    assert stats.paired(*accuracies).ties == stats.paired(*exact).ties
    assert stats.equivalence(*accuracies, 200 / images).p == stats.equivalence(*exact, 2).p


@pytest.mark.parametrize("lost", [float("nan"), float("inf")])
def test_what_is_not_finite_has_no_p(lost: float) -> None:
    for test in (stats.sign_flip_p, stats.one_sided_sign_flip_p):
        with pytest.raises(ValueError, match="not finite"):
            test([lost, 1.0, 2.0, 3.0])


@given(st.lists(numbers, min_size=1, max_size=9))
@settings(max_examples=60, deadline=None)
def test_sign_flip_against_every_pattern(differences: list[float]) -> None:
    observed = abs(sum(differences))
    patterns = np.array(list(product((-1, 1), repeat=len(differences)))) @ np.array(differences)
    expected = np.mean(np.abs(patterns) >= observed - 1e-7)
    assert stats.sign_flip_p(differences) == pytest.approx(expected)
    assert stats.sign_flip_p(differences) >= power.smallest_p(len(differences))


def test_sign_flip_against_scipy() -> None:
    differences = np.random.default_rng(2).normal(0.5, 1, 12)
    result = reference.permutation_test(
        (differences,), np.sum, permutation_type="samples", n_resamples=np.inf, alternative="two-sided"
    )
    assert stats.sign_flip_p(list(differences)) == pytest.approx(result.pvalue)


def test_sign_flip_of_many_seeds() -> None:
    assert stats.sign_flip_p([1.0] * 20) == 2 / 2**20
    assert stats.sign_flip_p([1.0] * 32) == 2 / 2**32
    random = np.random.default_rng(3)
    values = list(random.normal(0.3, 1, 41))
    normal = 2 * reference.norm.sf(abs(sum(values)) / sqrt(sum(v * v for v in values)))
    assert stats.sign_flip_p(values) == pytest.approx(normal, rel=0.1)  # sampled; the normal limit is near at 41
    assert stats.sign_flip_p([1.0] * 41) > 0


@pytest.mark.parametrize(("n", "p"), [(1, 1.0), (2, 0.5), (3, 0.25), (5, 0.0625), (6, 0.03125)])
def test_smallest_p(n: int, p: float) -> None:
    assert power.smallest_p(n) == p
    assert stats.sign_flip_p([1.0] * n) == p


@pytest.mark.parametrize(("alpha", "tests", "n"), [(0.05, 1, 6), (0.05, 6, 8), (0.05, 2, 7), (0.25, 1, 3), (0.5, 1, 2)])
def test_seeds_needed(alpha: float, tests: int, n: int) -> None:
    assert power.seeds_needed(alpha, tests) == n
    assert tests * power.smallest_p(n) <= alpha < tests * power.smallest_p(n - 1)


def test_holm_by_hand() -> None:
    # 0.005 * 4, 0.01 * 3, then 0.03 * 2 = 0.06, and 0.04 * 1 is raised to it
    assert stats.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert stats.holm([]) == []
    assert stats.holm([0.4]) == [0.4]
    assert stats.holm([0.6, 0.9]) == [1.0, 1.0]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_lies_between_raw_and_bonferroni(p_values: list[float]) -> None:
    adjusted = stats.holm(p_values)
    for raw, value in zip(p_values, adjusted, strict=True):
        assert raw <= value <= min(1.0, raw * len(p_values)) + 1e-12
    ranked = sorted(range(len(p_values)), key=p_values.__getitem__)
    assert [adjusted[i] for i in ranked] == sorted(adjusted)


@pytest.mark.parametrize(
    ("differences", "p"),
    [
        ([], 1.0),
        ([1.0], 0.5),
        ([0.0, 0.0], 1.0),
        ([1.0, 2.0, 3.0], 1 / 8),  # +++ alone
        ([-1.0, -2.0, -3.0], 1.0),
        ([3.0, 2.0, -1.0], 2 / 8),  # a sum of 4 or more: +++ (6) and ++- (4)
        ([0.1, 0.2, -0.3], 5 / 8),  # 0 on paper: +++ (0.6), ++- (0), +-+ (0.2), -++ (0.4), --+ (0)
    ],
)
def test_one_sided_sign_flip_by_hand(differences: list[float], p: float) -> None:
    assert stats.one_sided_sign_flip_p(differences) == p


def test_one_sided_sign_flip_of_many_seeds() -> None:
    assert stats.one_sided_sign_flip_p([1.0] * 32) == 1 / 2**32
    values = list(np.random.default_rng(3).normal(0.3, 1, 41))
    normal = reference.norm.sf(sum(values) / sqrt(sum(v * v for v in values)))
    assert stats.one_sided_sign_flip_p(values) == pytest.approx(normal, rel=0.1)  # sampled
    assert stats.one_sided_sign_flip_p([-value for value in values]) == pytest.approx(1 - normal, rel=0.1)


@pytest.mark.parametrize(
    ("differences", "above", "below"),
    [
        ([0.5, 0.2, -0.1], 1 / 8, 1 / 8),
        ([1.5, 0.2, 0.2], 1 / 8, 2 / 8),  # margin - differences: -0.5 0.8 0.8, sum 1.1: +++ (2.1) and -++ (1.1)
        ([1.0, 0.0, 0.0], 1 / 8, 2 / 8),  # on the margin is not within: 0 1 1, whose first sign changes nothing
        ([3.0, 3.0, 3.0], 1 / 8, 1.0),
        ([-3.0, -3.0, -3.0], 1.0, 1 / 8),
        ([0.0], 1 / 2, 1 / 2),
    ],
)
def test_equivalence_within_1_by_hand(differences: list[float], above: float, below: float) -> None:
    result = stats.equivalence([80 + value for value in differences], [80.0] * len(differences), 1.0)
    assert (result.p_above, result.p_below, result.p) == (above, below, max(above, below))


def test_a_difference_on_the_margin_in_floats_is_not_within_it() -> None:
    assert 81.3 - 80.2 < 1.1  # on paper they are equal
    assert stats.equivalence([81.3] * 4, [80.2] * 4, 1.1).p_below == 1.0


pairs = st.lists(st.tuples(numbers, numbers), min_size=1, max_size=8)
margins = st.floats(0.001, 60).map(lambda x: round(x, 3))


@given(pairs, margins)
@settings(max_examples=60, deadline=None)
def test_equivalence_against_every_pattern(values: list[tuple[float, float]], margin: float) -> None:
    """A pattern is as extreme as the observed one if what it flips sums to 0 or less."""
    result = stats.equivalence(*zip(*values, strict=True), margin)
    differences = np.array([first - second for first, second in values])
    flipped = np.array(list(product((0, 1), repeat=len(values))))
    assert result.p_above == np.mean(flipped @ (differences + margin) <= 1e-6)
    assert result.p_below == np.mean(flipped @ (margin - differences) <= 1e-6)
    assert result.p >= power.smallest_equivalence_p(len(values))
    if (np.abs(differences) < margin - 1e-6).all():
        assert result.p == power.smallest_equivalence_p(len(values))


@given(pairs, margins, margins)
@settings(max_examples=60, deadline=None)
def test_equivalence_is_symmetric_and_easier_within_more(
    values: list[tuple[float, float]], one: float, other: float
) -> None:
    first, second = zip(*values, strict=True)
    result, mirrored = stats.equivalence(first, second, one), stats.equivalence(second, first, one)
    assert (result.p_above, result.p_below) == (mirrored.p_below, mirrored.p_above)
    assert result.interval.low == pytest.approx(-mirrored.interval.high, nan_ok=True)
    assert stats.equivalence(first, second, max(one, other)).p <= stats.equivalence(first, second, min(one, other)).p


def test_equivalence_against_scipy() -> None:
    random = np.random.default_rng(5)
    for margin in (0.3, 0.6, 1.5):
        first, second = random.normal(80.2, 1, 11), random.normal(80, 1, 11)
        difference = first - second
        result = stats.equivalence(list(first), list(second), margin)
        for shifted, p in ((difference + margin, result.p_above), (margin - difference, result.p_below)):
            found = reference.permutation_test(
                (shifted,), np.sum, permutation_type="samples", n_resamples=np.inf, alternative="greater"
            )
            assert p == pytest.approx(found.pvalue)


@given(st.lists(st.tuples(numbers, numbers), min_size=3, max_size=8), margins, st.sampled_from([0.01, 0.05, 0.2]))
@settings(max_examples=60, deadline=None)
def test_the_interval_lies_within_the_margin_where_both_t_tests_reject(
    values: list[tuple[float, float]], margin: float, alpha: float
) -> None:
    differences = [round(first - second, 9) for first, second in values]
    if np.ptp(differences) < 1e-6:
        return
    interval = stats.equivalence(*zip(*values, strict=True), margin, alpha).interval
    above = reference.ttest_1samp(differences, -margin, alternative="greater").pvalue
    below = reference.ttest_1samp(differences, margin, alternative="less").pvalue
    if min(abs(above - alpha), abs(below - alpha)) > 1e-6:
        assert (-margin < interval.low and interval.high < margin) == (max(above, below) < alpha)


def test_arms_that_differ_by_the_margin_are_rarely_called_equivalent() -> None:
    """At most alpha of the studies; with 8 seeds 12 of 256 patterns."""
    samples = np.random.default_rng(6).normal(1.0, 0.3, size=(1000, 8))
    shown = [stats.equivalence(list(sample), [0.0] * 8, 1.0).p <= 0.05 for sample in samples]
    assert np.mean(shown) == pytest.approx(12 / 256, abs=0.02)


def test_no_test_without_a_margin_and_an_interval() -> None:
    for margin, alpha in ((0.0, 0.05), (-1.0, 0.05), (float("nan"), 0.05), (1.0, 0.5)):
        with pytest.raises(ValueError, match="no test within a margin"):
            stats.equivalence([1.0, 2.0], [1.0, 2.0], margin, alpha)
    with pytest.raises(ValueError, match="cannot be paired"):
        stats.equivalence([1.0], [1.0, 2.0], 1.0)


@pytest.mark.parametrize(("alpha", "tests", "n"), [(0.05, 1, 5), (0.05, 6, 7), (0.05, 2, 6), (0.25, 1, 2), (0.4, 1, 2)])
def test_seeds_needed_for_equivalence(alpha: float, tests: int, n: int) -> None:
    assert power.equivalence_seeds_needed(alpha, tests) == n
    assert tests * power.smallest_equivalence_p(n) <= alpha < tests * power.smallest_equivalence_p(n - 1)
    assert stats.equivalence([1.0] * n, [1.5] * n, 1.0).p == power.smallest_equivalence_p(n)


def test_effect_size_by_hand() -> None:
    # mean 2, s 1, correction for 2 degrees of freedom: gamma(1) / (sqrt(1) gamma(1/2)) = 1 / sqrt(pi)
    assert stats.hedges_dz([1, 2, 3]) == pytest.approx(2 / sqrt(np.pi))
    # the usual approximation of the correction, 1 - 3 / (4 df - 1), is near
    values = [0.5, 1.0, -0.2, 0.8, 0.3, 0.9, 0.1]
    assert stats.hedges_dz(values) == pytest.approx(np.mean(values) / np.std(values, ddof=1) * (1 - 3 / 23), rel=0.01)


@pytest.mark.parametrize("differences", [[], [1.0], [1.0, 2.0], [2.0, 2.0, 2.0]])
def test_effect_size_is_undefined_rather_than_wrong(differences: list[float]) -> None:
    assert isnan(stats.hedges_dz(differences))


def test_paired_by_hand() -> None:
    result = stats.paired([3.0, 5.0, 4.0, 1.0], [1.0, 5.0, 3.0, 2.0])
    assert result.difference.mean == 0.5
    assert (result.wins, result.ties, result.losses) == (2, 1, 1)
    # differences 2 0 1 -1, sum 2: of the 8 patterns of (2, 1, 1), +++ +-+ ++- reach 2; with mirrors 6
    assert result.p == 6 / 8
    with pytest.raises(ValueError, match="cannot be paired"):
        stats.paired([1.0], [1.0, 2.0])


def test_paired_counts_equal_accuracies_as_ties() -> None:
    assert stats.paired([0.1 + 0.2], [0.3]).ties == 1


def brute_force_jaccard(kept_a: int, kept_b: int, size: int) -> float:
    total = 0.0
    for overlap in range(max(0, kept_a + kept_b - size), min(kept_a, kept_b) + 1):
        ways = comb(kept_a, overlap) * comb(size - kept_a, kept_b - overlap)
        total += ways / comb(size, kept_b) * overlap / (kept_a + kept_b - overlap)
    return total


@given(st.integers(1, 60), st.data())
def test_chance_jaccard_against_exact_counting(size: int, data: st.DataObject) -> None:
    kept_a = data.draw(st.integers(0, size))
    kept_b = data.draw(st.integers(0 if kept_a else 1, size))
    assert stats.chance_jaccard(kept_a, kept_b, size) == pytest.approx(
        brute_force_jaccard(kept_a, kept_b, size), rel=1e-9
    )


def test_chance_jaccard_by_hand_and_at_the_edges() -> None:
    assert stats.chance_jaccard(1, 1, 2) == 0.5
    assert stats.chance_jaccard(7, 7, 7) == 1.0
    assert stats.chance_jaccard(0, 3, 7) == 0.0
    assert isnan(stats.chance_jaccard(0, 0, 7))
    with pytest.raises(ValueError, match="cannot keep"):
        stats.chance_jaccard(8, 1, 7)


def test_chance_jaccard_of_a_large_layer() -> None:
    # so large that the index hardly varies: the expectation is near d² / (2d - d²)
    density = 0.1
    assert stats.chance_jaccard(300_000, 300_000, 3_000_000) == pytest.approx(density / (2 - density), rel=1e-5)
    assert stats.chance_jaccard(3000, 40, 3_000_000) == pytest.approx(
        brute_force_jaccard(3000, 40, 3_000_000), rel=1e-9
    )


def test_chance_jaccard_against_random_masks() -> None:
    random = np.random.default_rng(4)
    found = []
    for _ in range(4000):
        a, b = (set(random.choice(50, size=k, replace=False)) for k in (12, 20))
        found.append(len(a & b) / len(a | b))
    assert stats.chance_jaccard(12, 20, 50) == pytest.approx(np.mean(found), abs=4 * np.std(found) / sqrt(4000))


def test_median_counts_never_as_late() -> None:
    never = float("nan")
    assert stats.median_with_never([3, 1, 2]) == 2
    assert stats.median_with_never([3, never, 2]) == 3
    assert isnan(stats.median_with_never([3, never, never]))
    assert isnan(stats.median_with_never([never, never]))
    assert isnan(stats.median_with_never([3, never]))
    assert isnan(stats.median_with_never([]))
