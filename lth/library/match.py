"""Down to which density rounds match their dense network: differences paired by seed, tested from dense to sparse."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pandas as pd

from lth.analysis.tables.matching import against_dense, matching_notes
from lth.analysis.tables.terminal import paragraphs
from lth.errors import UserError
from lth.library.result import Result


@dataclass(frozen=True)
class Matched:
    """The rounds of a ticket against its dense network; printing it gives a sentence."""

    table: pd.DataFrame
    """A row for each pruned round: density, the paired difference with its interval, p and what was shown."""
    density: float | None
    """Share of weights that the sparsest matching round keeps; None where none was shown to match."""
    equivalent_density: float | None
    """The same of the sparsest round that is equivalent: also no better by the margin or more."""

    def __str__(self) -> str:
        return "\n".join(paragraphs(matching_notes(self.table)))


def matching(rounds: Sequence[Sequence[Result]], *, margin: float, alpha: float = 0.05) -> Matched:
    """The sparsest round that is not worse than the dense network by a margin or more.

    Each pruned round is compared with the first, dense one, seed by seed, with an exact one-sided sign-flip test
    (non-inferiority). Rounds are tested from dense to sparse, each at full `alpha`, and claims end with the first that
    is not significant; in such a fixed sequence no correction is needed (Maurer, Hothorn & Lehmacher 1995; Westfall &
    Krishen 2001). With n seeds p cannot be below 1 / 2^n: five seeds are needed at 5 %.

    Args:
        rounds: for each seed what `find_rounds` returned: the dense network first, then ever fewer weights.
        margin: percentage points of test accuracy that would not matter, decided beforehand.
        alpha: probability of any false claim; intervals cover 1 - alpha.

    Raises:
        UserError: no list of each seed's rounds, seeds differ in their rounds, one occurs twice, or the first round is
            not dense.
    """
    if not isinstance(rounds, Collection) or not all(isinstance(of_seed, Collection) for of_seed in rounds):
        words = "`[lth.find_rounds(..., seed=seed) for seed in range(5)]`"
        raise UserError(f"matching: a list of results for each seed is needed, as {words} gives them")
    if not rounds or len(rounds[0]) < 2:
        raise UserError("matching: at least one seed with a dense and a pruned round is needed, as find_rounds returns")
    seeds, first = [of_seed[0].seed for of_seed in rounds if of_seed], rounds[0]
    if len(set(seeds)) < len(rounds):
        raise UserError(f"matching: each seed counts once, found seeds {', '.join(map(str, seeds))}")
    densities = [f"{result.density:.4g}" for result in first]
    for of_seed in rounds:
        found = [f"{result.density:.4g}" for result in of_seed]
        if found != densities:
            words = f"densities {', '.join(found)}, where seed {first[0].seed} has {', '.join(densities)}"
            raise UserError(f"matching: seed {of_seed[0].seed} has rounds of {words}")
    shares = [result.density for result in first]
    if shares[0] != 1 or any(later >= earlier for earlier, later in pairwise(shares)):
        raise UserError(f"matching: rounds must begin dense and get sparser, found densities {', '.join(densities)}")
    if len(sets := sorted({result.dataset for of_seed in rounds for result in of_seed})) > 1:
        raise UserError(f"matching: rounds on different data sets, {' and '.join(sets)}; accuracies do not compare")
    if not 0 < margin <= 10:
        raise UserError(f"margin: must be above 0 and at most 10 percentage points, found {margin}")
    if not 0 < alpha < 0.5:
        raise UserError(f"alpha: must be above 0 and below 0.5, found {alpha}")
    table = pd.DataFrame(against_dense([*_sequence(rounds)], margin, alpha))
    return Matched(table, _sparsest(table, "matching"), _sparsest(table, "equivalence_shown"))


def _sparsest(table: pd.DataFrame, claim: str) -> float | None:
    shown = table.loc[table[claim], "density_percent"]
    return float(shown.iloc[-1]) / 100 if len(shown) else None


def _sequence(rounds: Sequence[Sequence[Result]]) -> list[dict[str, Any]]:
    dense = [of_seed[0].accuracy_percent for of_seed in rounds]
    return [
        {
            **{"ticket": "the ticket", "dataset": rounds[0][0].dataset, "round": place},
            "density_percent": 100 * rounds[0][place].density,
            "values": pd.DataFrame({"sparse": [of_seed[place].accuracy_percent for of_seed in rounds], "dense": dense}),
        }
        for place in range(1, len(rounds[0]))
    ]
