"""How much to keep, and when: exact densities and counts, in rational arithmetic.

Kept counts are a function of a tensor's original size and the cumulative rate, rounded once. Rounding round by round
drifts, and floating-point products disagree about ties; fractions do neither.
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import groupby
from math import floor

PRUNING_SCHEDULES = {
    "rounds": "each prunes the share `rate` of what is left (Frankle & Carbin 2019)",
    "densities": "each round keeps the share that is listed for it",
    "one_shot: true": "each round prunes the trained dense network at once",
    "shape: linear": "within one training, the sparsity rises evenly from epoch to epoch",
    "shape: cubic": "within one training, it rises fast at first (Zhu & Gupta 2017)",
}
"""What a ticket's keys say of when its weights are pruned, a line each."""
PRUNING_SCOPES = {
    "layerwise": "each layer keeps the same share, or what `layer_rates` says of its kind",
    "global": "all weights are ranked together",
    "erk": "each layer keeps its share by Erdos-Renyi-Kernel (Evci et al. 2020)",
}
"""Among which weights those to keep are chosen, a line each."""
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
