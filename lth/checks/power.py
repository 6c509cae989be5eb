"""What n pairs can show at all; imports nothing, so that a study is warned before anything runs."""

from math import floor, log2


def smallest_p(n: int) -> float:
    """The least two-sided p that a sign-flip test of n pairs can give, 2 / 2^n: all signs +, or all -."""
    return min(1.0, 2 * 0.5**n)


def smallest_equivalence_p(n: int) -> float:
    """The least p of two one-sided sign-flip tests of n pairs, 1 / 2^n: all differences lie within the margin."""
    return 0.5**n


def seeds_needed(alpha: float, tests: int) -> int:
    """The least n with which one of `tests` Holm-adjusted comparisons can fall to alpha: m · 2 / 2^n <= alpha."""
    n = max(1, floor(log2(2 * tests / alpha)) - 1)
    while tests * smallest_p(n) > alpha:
        n += 1
    return n


def equivalence_seeds_needed(alpha: float, tests: int) -> int:
    """The least n with which one of `tests` Holm-adjusted equivalence tests can fall to alpha: m · 1 / 2^n <= alpha."""
    return seeds_needed(2 * alpha, tests)  # of a two-sided test at twice the level
