"""`lth.matching` on results whose accuracies are given."""

from dataclasses import dataclass
from typing import Any, cast

import pytest

import lth


@dataclass
class Given:
    """What `matching` reads of a result."""

    seed: int
    density: float
    accuracy_percent: float
    dataset: str = "digits"


def rounds(*drops: float, seeds: int = 5, **others: Any) -> Any:
    """A chain of each seed: dense at 90 % and more with the seed, then rounds of half the weights, so much worse."""
    accuracies = [0.0, *drops]
    return [
        [Given(seed, 0.5**place, 90 + seed - drop, **others) for place, drop in enumerate(accuracies)]
        for seed in range(seeds)
    ]


def test_the_sparsest_match_is_before_the_first_failure() -> None:
    found = lth.matching(rounds(0.0, 0.3, 2.0, 0.1), margin=0.5)
    assert found.density == 0.25
    assert found.equivalent_density == 0.25
    assert list(found.table["not_worse_shown"]) == [True, True, False, False]
    assert list(found.table["difference_points"]) == pytest.approx([0, -0.3, -2, -0.1])
    assert "the ticket matches the dense network on digits down to 25 % density (round 2)" in str(found).replace(
        "\n  ", " "
    )
    better = lth.matching(rounds(0.0, -2.0), margin=0.5)  # by two points at 25 %
    assert (better.density, better.equivalent_density) == (0.25, 0.5)
    assert lth.matching(rounds(2.0, 0.0), margin=0.5).density is None
    assert lth.matching(rounds(2.0, 0.0), margin=0.5).equivalent_density is None
    assert lth.matching(rounds(0.0, seeds=4), margin=0.5).density is None  # p cannot be below 1/16


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([], "at least one seed with a dense and a pruned round"),
        ([*rounds(0.1), rounds(0.1)[0]], "each seed counts once, found seeds 0, 1, 2, 3, 4, 0"),
        ([rounds(0.1)[0], rounds(0.1, 0.2)[1]], "seed 1 has rounds of densities 1, 0.5, 0.25, where seed 0 has 1, 0.5"),
        ([rounds(0.1, 0.1)[0][1:]], "must begin dense and get sparser, found densities 0.5, 0.25"),
        ([rounds(0.1)[0], rounds(0.1, dataset="letters")[1]], "different data sets, digits and letters"),
    ],
)
def test_what_does_not_belong_together_is_one_sentence(given: Any, words: str) -> None:
    with pytest.raises(lth.UserError, match=words):
        lth.matching(cast(Any, given), margin=0.5)


@pytest.mark.parametrize(("key", "value"), [("margin", 0.0), ("margin", 11.0), ("alpha", 0.5)])
def test_margin_and_alpha_have_limits(key: str, value: float) -> None:
    with pytest.raises(lth.UserError, match=key):
        lth.matching(rounds(0.1), **{"margin": 0.5, key: value})
