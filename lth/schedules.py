"""How much to keep, and when: exact densities and counts, in rational arithmetic.

Kept counts are a function of a tensor's original size and the cumulative rate, rounded once. Rounding round by round
drifts, and floating-point products disagree about ties; fractions do neither.
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import groupby
from math import floor

Rounds = tuple[float, ...]
"""The pruning rate of each round."""


def density_after(rates: Sequence[float]) -> Fraction:
    """The share kept after pruning at each of the `rates` in turn; a rate means the decimal that was written."""
    density = Fraction(1)
    for rate, equal in groupby(rates):  # a power at once: multiplying hundreds of long fractions takes seconds
        density *= (1 - Fraction(str(rate))) ** len(list(equal))
    return density


def kept_count(size: int, density: Fraction) -> int:
    """How many of `size` weights a density keeps: the nearest whole number, halves upwards, at least one (of any).

    A tensor that loses its last weight cuts the network in two, so the floor is one weight.
    """
    return max(min(size, 1), floor(size * density + Fraction(1, 2)))
