"""Saliency scores of the user's: given to the library as functions, named in a study by their import path."""

import random
from pathlib import Path

import numpy as np
import own_scores
import pytest
import torch

import lth
from lth.catalog.scores import SCORES
from lth.checks.problems import StudyError
from lth.checks.read import read_study
from lth.data.images import Images
from lth.methods.at_init import AtInit
from lth.methods.imp import Imp

AT_INIT = {"method": "at_init", "densities": [0.2]}


def study(score: str, **ticket: object) -> dict[str, object]:
    return {
        "study": "own",
        "seeds": [0],
        "datasets": {"digits": {"source": "digits", "validation": 100}},
        "networks": {"net": {"architecture": "own_scores:Normed", "initialisation": "constructor"}},
        "recipes": {"r": {"optimiser": {"learning_rate": 1e-3}, "batch_size": 60, "epochs": 1}},
        "tickets": {"t": {"network": "net", "recipe": "r", "dataset": "digits", "score": score, **ticket}},
    }


def test_the_weights_of_largest_score_are_kept(digits: Images, quick: lth.Recipe) -> None:
    ticket = lth.find("lenet_300_100", digits, score=own_scores.last, recipe=quick, **AT_INIT)
    for mask in ticket.masks.values():
        kept = mask.flatten().nonzero().squeeze(1)
        assert kept.tolist() == list(range(mask.numel() - len(kept), mask.numel()))


@pytest.mark.parametrize("options", [AT_INIT, {"rounds": 2, "rate": 0.5}])
def test_magnitude_as_a_function_by_its_name_or_in_memory_gives_the_tickets_of_the_table(
    options: dict[str, object], digits: Images, quick: lth.Recipe
) -> None:
    scores = ("magnitude", "own_scores:magnitude", own_scores.magnitude, lambda told: own_scores.magnitude(told))  # noqa: PLW0108
    first, *others = (lth.find("lenet_300_100", digits, score=score, recipe=quick, **options) for score in scores)
    for other in others:
        assert all(other.masks[name].equal(mask) for name, mask in first.masks.items())


def test_the_gradient_makes_snip_of_one_line(digits: Images, quick: lth.Recipe, tmp_path: Path) -> None:
    common = {"recipe": quick, "scope": "global", **AT_INIT}
    ours = lth.find("lenet_300_100", digits, score="snip", folder=tmp_path / "ours", **common)
    own = {"score": own_scores.sensitivity, "per_class": 13, "folder": tmp_path / "own"}
    mine = lth.find("lenet_300_100", digits, **own, **common)
    assert all(mine.masks[name].equal(mask) for name, mask in ours.masks.items())
    costs = [next((tmp_path / name).rglob("round01/cost.csv")).read_text() for name in ("ours", "own")]
    assert ",score," in costs[0]
    assert costs[0] == costs[1]  # images that it sees are counted


def test_without_images_no_pass_is_counted(digits: Images, quick: lth.Recipe, tmp_path: Path) -> None:
    lth.find(
        "lenet_300_100", digits, score=own_scores.magnitude, recipe=quick, rounds=1, rate=0.5, folder=tmp_path / "kept"
    )
    assert ",score," not in next((tmp_path / "kept").rglob("round01/cost.csv")).read_text()


def test_what_a_score_leaves_behind_changes_no_training(digits: Images, quick: lth.Recipe) -> None:
    """Gradients, modes and running statistics are as they were: rounds are those of a score that leaves nothing."""
    options = {"recipe": quick, "rounds": 2, "rate": 0.5, "per_class": 4}
    once, again = (
        lth.find_rounds(own_scores.Normed, digits, score=own_scores.by_hand, **options)[-1] for _ in range(2)
    )
    assert all(once.weights[name].equal(weight) for name, weight in again.weights.items())
    tidy = lth.find_rounds(own_scores.Normed, digits, score=own_scores.sensitivity, **options)[-1]
    assert all(tidy.ticket.masks[name].equal(mask) for name, mask in once.ticket.masks.items())
    assert all(tidy.weights[name].equal(weight) for name, weight in once.weights.items())


def test_global_random_numbers_repeat_and_disturb_nothing(digits: Images, quick: lth.Recipe) -> None:
    before = torch.get_rng_state()
    one, two, other = (
        lth.find("lenet_300_100", digits, score=own_scores.drawn, recipe=quick, seed=seed, **AT_INIT)
        for seed in (3, 3, 4)
    )
    assert torch.get_rng_state().equal(before)
    assert all(one.masks[name].equal(mask) for name, mask in two.masks.items())
    assert not all(one.masks[name].equal(mask) for name, mask in other.masks.items())


def test_a_score_may_change_the_tensors_that_it_is_given(digits: Images, quick: lth.Recipe) -> None:
    clean, scribbled = (
        lth.find("lenet_300_100", digits, score=score, recipe=quick, rounds=2, rate=0.5)
        for score in (own_scores.magnitude, own_scores.scribbling)
    )
    assert all(clean.masks[name].equal(mask) for name, mask in scribbled.masks.items())
    assert all(clean.weights[name].equal(weight) for name, weight in scribbled.weights.items())


REFUSED = {
    "failing": r"fails with KeyError: 'nothing here'",
    "listing": r"returns list, where a dict of one tensor for each prunable weight is needed",
    "partial": r"has no scores for 'out\.weight'; each name in `evidence\.masks` needs them",
    "wordy": r"of 'first\.weight' it returns str, where a tensor of real numbers is needed",
    "flat": r"of 'first\.weight' it returns the shape \[4704\], the weight has \[6, 784\]",
    "nameless": r"has scores for 'first\.bias', which is no prunable weight; go through the names in `evidence\.masks`",
    "undefined": r"of 'first\.weight' a score is NaN; every kept weight needs a number",
    "changing": r"changes the network's 'first\.weight'; compute with a copy",
    "curious": r"asks for images: say how many of each class it sees \(`per_class`\)",
    "sensitivity": r"needs images: say how many of each class \(`per_class`\)",
    "equal": r"all scores of the initial weights are equal, so that the place of a weight alone would decide",
    "pruning": r"changes the network's modules \('first\.weight",
    "absent": r"module own_scores .* has no 'absent'",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_score_is_refused_before_anything_is_trained(
    name: str, digits: Images, quick: lth.Recipe, tmp_path: Path
) -> None:
    with pytest.raises(StudyError, match=REFUSED[name]) as refused:
        read_study(study(f"own_scores:{name}", rounds=1, rate=0.5), [])
    assert "tickets.t.score" in str(refused.value)
    with pytest.raises(lth.UserError, match=REFUSED[name]):
        lth.find(
            own_scores.Normed,
            digits,
            score=f"own_scores:{name}",
            recipe=quick,
            rounds=1,
            rate=0.5,
            folder=tmp_path / "kept",
        )
    assert not (tmp_path / "kept").exists()


def test_all_random_numbers_repeat(digits: Images, quick: lth.Recipe) -> None:
    states = np.random.get_state()[1].copy(), random.getstate()
    first, again = (
        lth.find("lenet_300_100", digits, score=own_scores.by_numpy, recipe=quick, **AT_INIT) for _ in range(2)
    )
    assert all(first.masks[name].equal(mask) for name, mask in again.masks.items())
    assert (np.random.get_state()[1] == states[0]).all()
    assert random.getstate() == states[1]


def test_images_on_trial_are_as_many_of_each_class_as_asked_for(digits: Images, quick: lth.Recipe) -> None:
    ticket = lth.find("lenet_300_100", digits, score=own_scores.varying, per_class=3, recipe=quick, **AT_INIT)
    assert ticket.density == pytest.approx(0.2, abs=1e-4)


def test_a_function_is_called_by_its_name_in_messages(digits: Images, quick: lth.Recipe) -> None:
    def mine(_: lth.Evidence) -> None: ...

    with pytest.raises(lth.UserError, match=r"^score 'test_a_function.*mine': returns NoneType"):
        lth.find("lenet_300_100", digits, score=mine, recipe=quick, rounds=1, rate=0.5)


def test_a_study_with_a_score_of_ones_own_is_sound_and_warns_that_code_will_run() -> None:
    _, warnings = read_study(study("own_scores:magnitude", rounds=1, rate=0.5), [])
    assert any("own_scores:magnitude' is Python code" in str(one) and "own_scores.py" in str(one) for one in warnings)
    at_init = study("own_scores:sensitivity", method="at_init", densities=[0.3], per_class=2)
    read_study(at_init, [])
    assert SCORES["own_scores:magnitude"].target == "own_scores:magnitude"  # part of the fingerprint of a round


def test_labels_have_the_module_and_the_function() -> None:
    """The function alone could be called as a score of the table, or as that of another module."""
    assert Imp(score="my_package.scores:mine").variant() == "IMP, scores.mine"
    assert AtInit(score="my_package.scores:mine").variant() == "scores.mine at init"
