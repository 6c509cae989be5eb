"""Tickets from files that are pruned further while some layers stay whole."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from file_study import study

import lth
from lth.checks.problems import StudyError
from lth.checks.read import read_study
from lth.data.images import Images
from lth.plan.plan import Plan

REST = 784 * 300 + 300 * 100
"""Weights of LeNet-300-100 before its last layer, which has 1,000."""


def kept(ticket: lth.Ticket) -> list[int]:
    return [count for _, count, *_ in ticket.layers()]


@pytest.fixture(scope="module")
def dense(digits: Images) -> lth.Ticket:
    return lth.find("lenet_300_100", digits, method="dense", recipe=lth.recipe(epochs=1))


def first(dense: lth.Ticket, *shares: float) -> lth.Ticket:
    """A ticket that keeps the first part of each layer."""
    masks = {
        name: (mask.new_ones(mask.numel()).cumsum(0) <= share * mask.numel()).reshape(mask.shape)
        for (name, mask), share in zip(dense.masks.items(), shares, strict=True)
    }
    return dense.derive(masks, dense.weights)


@pytest.mark.parametrize("scope", ["global", "layerwise"])
def test_two_rounds_are_a_round_and_another_of_its_ticket(digits: Images, quick: lth.Recipe, scope: str) -> None:
    options: dict[str, Any] = {"rate": 0.5, "scope": scope, "unpruned": ["output"], "recipe": quick}
    twice = lth.find("lenet_300_100", digits, rounds=2, **options)
    further = lth.find(lth.find("lenet_300_100", digits, rounds=1, **options), digits, rounds=1, **options)
    assert kept(further) == kept(twice)
    assert sum(kept(twice)) == REST // 4 + 1000


def test_layers_that_stay_whole_do_not_count(digits: Images, quick: lth.Recipe, dense: lth.Ticket) -> None:
    options: dict[str, Any] = {"rounds": 1, "scope": "global", "unpruned": ["output"], "recipe": quick}
    tenth = first(dense, 0.1, 0.1, 1)
    further = lth.find(tenth, digits, rate=0.5, **options)
    assert (sum(kept(further)[:2]), kept(further)[2]) == (REST // 20, 1000)
    assert sum(kept(lth.find(tenth, digits, rate=0.01, **options))[:2]) == round(REST * 0.099)


def test_seeds_must_keep_equal_shares_of_what_is_pruned(tmp_path: Path, dense: lth.Ticket) -> None:
    shares = [(0.1, 0.1, 1), (0.1, 0.12, 0.4)]
    for seed, parts in enumerate(shares):
        first(dense, *parts).save(tmp_path / f"s{seed}.safetensors")
    assert len({sum(kept(first(dense, *parts))) for parts in shares}) == 1
    common = {"network": "net", "recipe": "r", "dataset": "digits"}
    start: dict[str, Any] = {"rounds": 1, "scope": "global", "start": {"ticket": "given", "round": 1}}
    told = study(str(tmp_path / "s{seed}.safetensors"), further={**common, **start})
    assert read_study(told, [])[0]
    told["tickets"]["further"]["unpruned"] = ["output"]
    with pytest.raises(StudyError, match=r"'given' .* different shares of the layers that this ticket prunes"):
        read_study(told, [])
    first(dense, *shares[0]).save(tmp_path / "s1.safetensors")
    plan = Plan(read_study(told, [])[0])
    assert plan.density("further", 2) == Fraction(REST // 10, REST) * Fraction(4, 5)
