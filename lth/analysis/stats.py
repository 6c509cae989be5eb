"""Statistics of a few seeds: intervals, exact paired tests of difference and of equivalence, family-wise correction,
effect sizes, overlap by chance.

Everything works with one seed (no interval: NaN) and says no more than n allows. Values are in the caller's unit;
intervals and differences stay in it, p values and Jaccard indices are shares between 0 and 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, inf, isnan, log, nan, sqrt

import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float64]

EXACT_SEEDS = 40
"""Up to this many pairs every sign pattern is counted; beyond, a fixed sample of patterns estimates the share."""
SAMPLED_PATTERNS = 200_000
RESOLUTION = 1e-6
"""Differences below this are 0. Accuracies that are equal differ in their last digits (81.3 - 80.2 and 1.1; 33.3333333
from a CSV and 100 / 3), and one test image of a million is 1e-4 points."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A mean and the interval around it, in the unit of the values."""

    mean: float
    low: float
    """NaN where n does not allow an interval."""
    high: float
    n: int
    """Values that it was made from."""


@dataclass(frozen=True, kw_only=True)
class Paired:
    """The first of two arms minus the second, seed by seed."""

    difference: Interval
    p: float
    """Two-sided exact sign-flip p, not adjusted."""
    effect_size: float
    """Hedges-corrected d_z; NaN where it is undefined."""
    wins: int
    """Seeds in which the first is higher."""
    ties: int
    losses: int


@dataclass(frozen=True, kw_only=True)
class Equivalence:
    """Whether the first of two arms is within a margin of the second, seed by seed."""

    p_above: float
    """Exact one-sided sign-flip p of the null hypothesis that the mean difference is at most -margin."""
    p_below: float
    """Likewise, that it is at least +margin."""
    interval: Interval
    """Of the mean difference; covers 1 - 2 alpha."""

    @property
    def p(self) -> float:
        """Of the null hypothesis that the mean difference lies outside the margin, not adjusted for a family."""
        return max(self.p_above, self.p_below)


def t_interval(values: Sequence[float], alpha: float = 0.05) -> Interval:
    """Student's interval of a mean, covering 1 - alpha.

    This is the default of every table: seeds are few, and with fewer than about 15 values the bootstrap intervals are
    too narrow, since so small a sample holds too little of the tails (Hesterberg 2015, The American Statistician 69).
    """
    sample = np.asarray(values, dtype=np.float64)
    mean = _mean(sample)
    if sample.size < 2:
        return Interval(mean=mean, low=nan, high=nan, n=sample.size)
    half = float(half_widths(np.array([sample.std(ddof=1)]), np.array([sample.size]), alpha)[0])
    return Interval(mean=mean, low=mean - half, high=mean + half, n=sample.size)


def half_widths(deviations: _Floats, sizes: NDArray[np.int64], alpha: float) -> _Floats:
    """Half the width of `t_interval` for many samples at once: their standard deviations and sizes, one each.

    NaN where a sample has fewer than two values.
    """
    from scipy.special import stdtrit

    several = sizes > 1
    quantiles = np.full(sizes.shape, nan)
    quantiles[several] = stdtrit(sizes[several] - 1, 1 - alpha / 2)
    return quantiles * deviations / np.sqrt(sizes)


def paired(first: Sequence[float], second: Sequence[float], alpha: float = 0.05) -> Paired:
    """All that is said about two arms whose values belong together seed by seed.

    Raises:
        ValueError: the arms differ in length.
    """
    difference = _differences(first, second)
    return Paired(
        difference=t_interval(difference.tolist(), alpha),
        p=sign_flip_p(difference.tolist()),
        effect_size=hedges_dz(difference.tolist()),
        wins=int((difference > 0).sum()),
        ties=int((difference == 0).sum()),
        losses=int((difference < 0).sum()),
    )


def equivalence(first: Sequence[float], second: Sequence[float], margin: float, alpha: float = 0.05) -> Equivalence:
    """Two one-sided tests (TOST) that the mean paired difference lies within (-margin, margin).

    Each of the two null hypotheses, a mean of at most -margin and one of at least +margin, is tested at level alpha;
    equivalence is shown if both are rejected (Schuirmann 1987, Journal of Pharmacokinetics and Biopharmaceutics 15;
    Lakens 2017, Social Psychological and Personality Science 8). Their larger p needs no correction for being one of
    two (Berger 1982, Technometrics 24). The tests are one-sided sign-flip tests of the differences + margin and of the
    margin - differences, exact like `sign_flip_p` and with the same assumption, symmetry around the mean.

    The interval covers 1 - 2 alpha. It lies within the margin exactly if both one-sided t-tests reject at alpha; it is
    there to be looked at, the exact p decides.

    Args:
        first: values of the first arm, one a seed.
        second: those of the second, of the same seeds.
        margin: above 0, in the unit of the values.
        alpha: of each test; below 0.5.

    Raises:
        ValueError: the arms differ in length, or there is no such margin or interval.
    """
    if not (0 < margin < inf and 0 < alpha < 0.5):
        raise ValueError(f"no test within a margin of {margin} at alpha {alpha}")
    difference = _differences(first, second)
    return Equivalence(
        p_above=one_sided_sign_flip_p((difference + margin).tolist()),
        p_below=one_sided_sign_flip_p((margin - difference).tolist()),
        interval=t_interval(difference.tolist(), 2 * alpha),
    )


def _differences(first: Sequence[float], second: Sequence[float]) -> _Floats:
    if len(first) != len(second):
        raise ValueError(f"{len(first)} values cannot be paired with {len(second)}")
    found = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    return np.where(np.abs(found) < RESOLUTION, 0, found)


def sign_flip_p(differences: Sequence[float]) -> float:
    """Two-sided sign-flip (Fisher) test that paired differences are symmetric around 0.

    The share of all 2^n sign patterns whose |sum| is at least the observed one; exact up to 40 pairs, by counting over
    two halves. It can't fall below 2 / 2^n. No pairs: 1.

    Raises:
        ValueError: a difference is not finite.
    """
    values, observed = _sizes_and_sum(differences)
    threshold = abs(observed) - _slack(values)
    if threshold <= 0:
        return 1.0
    if values.size > EXACT_SEEDS:
        return _sampled_p(values, threshold, two_sided=True)
    return min(1.0, 2 * _share_above(values, threshold))  # below is the mirror image of above


def one_sided_sign_flip_p(differences: Sequence[float]) -> float:
    """One-sided sign-flip test of differences that are symmetric around their mean: whether it is above 0.

    The share of all 2^n sign patterns whose sum is at least the observed one; exact up to 40 pairs. It can't fall below
    1 / 2^n, which it is if and only if all differences are above 0. No pairs: 1.

    Raises:
        ValueError: a difference is not finite.
    """
    values, observed = _sizes_and_sum(differences)
    threshold = observed - _slack(values)
    if values.size > EXACT_SEEDS:
        return _sampled_p(values, threshold, two_sided=False)
    return _share_above(values, threshold)


def _sizes_and_sum(differences: Sequence[float]) -> tuple[_Floats, float]:
    """The absolute values, and the sum with signs."""
    values = np.asarray(differences, dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError(f"differences that are not finite cannot be tested: {[*differences]}")
    return np.abs(values), float(values.sum())


def _slack(values: _Floats) -> float:
    """Sums that are equal on paper differ by the rounding of each value. Counted as ties, they make p larger."""
    return RESOLUTION * values.size + 1e-9 * float(values.sum())


def _share_above(values: _Floats, threshold: float) -> float:
    """The share of all sign patterns with a sum of at least the threshold, by counting over two halves."""
    half = values.size // 2
    left, right = _signed_sums(values[:half]), np.sort(_signed_sums(values[half:]))
    above = right.size - np.searchsorted(right, threshold - left, side="left")
    return int(above.sum()) * 0.5**values.size


def _signed_sums(values: _Floats) -> _Floats:
    """[2^n] the sums of the values under every pattern of signs."""
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums - value, sums + value])
    return sums


def _sampled_p(values: _Floats, threshold: float, *, two_sided: bool) -> float:
    """The share among random patterns, the observed one counted with them (Phipson & Smyth 2010), so never 0."""
    random = np.random.default_rng(0)
    hits = 0
    for _ in range(100):
        signs = random.integers(0, 2, size=(SAMPLED_PATTERNS // 100, values.size)) * 2 - 1
        sums = signs @ values
        hits += int(((np.abs(sums) if two_sided else sums) >= threshold).sum())
    return (hits + 1) / (SAMPLED_PATTERNS + 1)


def holm(p_values: Sequence[float]) -> list[float]:
    """P values adjusted for their family (Holm 1979): those up to alpha keep the family-wise error at alpha."""
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    adjusted = [nan] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = highest
    return adjusted


def hedges_dz(differences: Sequence[float]) -> float:
    """Mean over standard deviation of paired differences (Cohen's d_z), corrected for small n (Hedges 1981).

    NaN with fewer than three pairs (with two the correction is exactly 0) and where all differences are equal.
    """
    from scipy.special import gammaln

    sample = np.asarray(differences, dtype=np.float64)
    if sample.size < 3 or np.ptp(sample) < RESOLUTION:
        return nan
    freedom = sample.size - 1
    correction = float(np.exp(gammaln(freedom / 2) - gammaln((freedom - 1) / 2))) / sqrt(freedom / 2)
    return float(sample.mean() / sample.std(ddof=1)) * correction


def chance_jaccard(kept_a: int, kept_b: int, size: int) -> float:
    """Expected Jaccard index of two independent, uniformly random masks with exactly these counts.

    The overlap X is hypergeometric, and the index X / (kept_a + kept_b - X); the expectation is summed over all X
    except those that Hoeffding (1963, theorem 4: exp(-2 t² / n) without replacement) puts below a probability of 1e-20
    altogether. Probabilities come from the ratio of neighbours, since differences of huge log-gammas lose digits.
    NaN where both masks are empty.
    """
    if not (0 <= kept_a <= size and 0 <= kept_b <= size):
        raise ValueError(f"masks of {size} cannot keep {kept_a} and {kept_b}")
    if kept_a + kept_b == 0:
        return nan
    centre = kept_a * kept_b / size
    reach = sqrt(min(kept_a, kept_b) * log(2e20) / 2)
    first = max(0, kept_a + kept_b - size, floor(centre - reach))
    last = min(kept_a, kept_b, ceil(centre + reach))
    overlap = np.arange(first, last + 1, dtype=np.float64)
    x = overlap[:-1]
    ratio = np.log((kept_a - x) * (kept_b - x)) - np.log((x + 1) * (size - kept_a - kept_b + x + 1))
    logs = np.concatenate([[0.0], np.cumsum(ratio)])
    weights = np.exp(logs - logs.max())
    return float((weights * overlap / (kept_a + kept_b - overlap)).sum() / weights.sum())


def median_with_never(values: Sequence[float]) -> float:
    """Median of times of which some are NaN, 'not within the time watched': those count as later than all others.

    NaN when the median itself lies among them. (A mean over those that arrived would favour arms that rarely do.)
    """
    if not values:
        return nan
    middle = float(np.median([inf if isnan(value) else value for value in values]))
    return nan if middle == inf else middle


def _mean(sample: _Floats) -> float:
    return float(sample.mean()) if sample.size else nan
