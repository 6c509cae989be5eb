"""The sparsest round that matches its dense network, worked out by hand: n seeds, differences, a fixed sequence."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import synthetic
from hypothesis import given
from hypothesis import strategies as st

from lth.analysis.figures.draw import create
from lth.analysis.tables.markdown import pages
from lth.analysis.tables.matching import against_dense, matching_notes, matching_table
from lth.config.study import Study
from lth.config.tickets import Start
from lth.pages.data import StudyData
from lth.pages.markup import Made
from lth.pages.parts import made_part
from lth.plan.dense import dense_round
from lth.plan.plan import Plan

CLOSE = [-0.2, -0.1, 0.0, 0.1, 0.2]
"""Of five seeds: within 0.5 points of dense, p = 1/2^5 for each test."""
WORSE = [-1.0, -0.9, -0.8, -1.1, -0.7]
BETTER = [2.0, 2.1, 1.9, 2.2, 1.8]


def rounds_of(rounds: Sequence[Sequence[float]], margin: float | None = 0.5, alpha: float = 0.05) -> pd.DataFrame:
    """Rounds with these differences to a dense network of 90 %."""
    named = {"ticket": "imp", "dataset": "mnist", "dense_ticket": "imp", "dense_round": 0}
    sequence = [
        {**named, "round": place, "density_percent": 100 * 0.8**place}
        | {"values": pd.DataFrame({"sparse": 90 + np.array(differences), "dense": 90.0})}
        for place, differences in enumerate(rounds, 1)
    ]
    return pd.DataFrame(against_dense(sequence, margin, alpha))


def test_claims_end_with_the_first_round_that_is_not_significant() -> None:
    found = rounds_of([CLOSE, CLOSE, WORSE, CLOSE])
    assert list(found["p_not_worse"]) == [1 / 32, 1 / 32, 1.0, 1 / 32]
    assert list(found["not_worse_shown"]) == [True, True, False, False]
    assert list(found["equivalence_shown"]) == [True, True, False, False]
    assert list(found["matching"]) == [False, True, False, False]
    (sentence,) = matching_notes(found)
    assert sentence.startswith(
        "imp matches the dense network on mnist down to 64 % density (round 2), not worse by 0.5 points: +0.00 points "
        "(95 % interval -0.20 to +0.20), one-sided 95 % bound -0.15, p = 0.031, n = 5, equivalent; not "
        "shown at 51.2 %: -0.90 points"
    )


def test_a_ticket_that_is_better_matches_but_is_not_equivalent() -> None:
    found = rounds_of([BETTER, CLOSE])
    assert list(found["matching"]) == [False, True]
    assert list(found["equivalence_shown"]) == [False, False]  # the sequence of equivalence ended with the first
    assert found["p_equivalence"].iloc[1] == 1 / 32
    assert "equivalence not shown at any density" in matching_notes(found)[0]


def test_the_sparsest_equivalent_round_is_said_where_a_sparser_one_matches() -> None:
    found = rounds_of([CLOSE, BETTER])
    assert list(found["matching"]) == [False, True]
    assert list(found["equivalence_shown"]) == [True, False]
    assert (
        "equivalence not shown; the sparsest round that is equivalent within \N{PLUS-MINUS SIGN}0.5 points is at 80 % "
        "(round 1): +0.00 points (95 % interval -0.20 to +0.20)."
    ) in matching_notes(found)[0]


def test_the_bound_is_the_end_of_a_one_sided_t_interval() -> None:
    row = rounds_of([CLOSE]).iloc[0]
    # mean 0, standard deviation 0.1581, t(4) at 95 % 2.1318
    assert row["lower_bound_points"] == pytest.approx(-2.131847 * 0.158114 / 5**0.5, abs=1e-5)
    assert row["low_points"] == pytest.approx(-2.776445 * 0.158114 / 5**0.5, abs=1e-5)


def test_without_a_margin_nothing_is_claimed() -> None:
    found = rounds_of([CLOSE, WORSE], margin=None)
    assert "matching" not in found
    assert matching_notes(found) == []


def test_what_too_few_seeds_or_no_round_can_show_is_said() -> None:
    few = rounds_of([CLOSE[:4]])
    assert not few["matching"].any()
    assert matching_notes(few) == [
        "No matching density of imp on mnist can be shown with 4 seeds: p cannot be below 1/2^n."
    ]
    none = rounds_of([WORSE, CLOSE])
    assert matching_notes(none)[0].startswith(
        "No round of imp was shown to match the dense network on mnist within 0.5"
    )


@given(
    rounds=st.lists(st.lists(st.floats(-2, 2), min_size=6, max_size=6), min_size=1, max_size=4),
    margin=st.floats(0.1, 1.5),
)
def test_shown_rounds_come_first_and_equivalence_implies_a_match(rounds: list[list[float]], margin: float) -> None:
    found = rounds_of(rounds, margin)
    for column in ("not_worse_shown", "equivalence_shown"):
        shown = list(found[column])
        assert shown == sorted(shown, reverse=True)
    assert (found["not_worse_shown"] | ~found["equivalence_shown"]).all()
    assert found["matching"].sum() == int(found["not_worse_shown"].any())


def test_a_false_claim_is_as_rare_as_alpha_says_without_any_correction() -> None:
    """All ten rounds are worse by exactly the margin, each a test of its own."""
    random = np.random.default_rng(0)
    claims = sum(bool(rounds_of(random.normal(-0.5, 0.3, (10, 5))).matching.any()) for _ in range(200))
    assert claims / 200 < 0.05 + 3 * (0.05 * 0.95 / 200) ** 0.5


def test_each_round_has_its_dense_network() -> None:
    plan = Plan(synthetic.study(1))
    assert dense_round(plan, "mnist", 3) == ("mnist", 0)
    assert dense_round(plan, "cross", 3) == ("fashion", 0)  # trained on fashion, and no round 0 of its own
    methods = Plan(synthetic.methods(1))
    assert dense_round(methods, "imp", 3) == ("imp", 0)
    assert dense_round(methods, "snip", 1) == dense_round(methods, "imp_fresh", 2) == ("dense", 0)
    tickets = methods.study.tickets
    other = methods.study.model_copy(
        update={"tickets": {"dense": tickets["dense"].model_copy(update={"recipe": "moving"}), "snip": tickets["snip"]}}
    )
    assert dense_round(Plan(other), "snip", 1) is None  # trained otherwise: no fair comparison


def test_a_dense_training_that_was_saved_is_the_one_that_is_pruned() -> None:
    told = synthetic.study(1).model_dump(mode="json", exclude_none=True)
    told["recipes"]["fine"] = {**told["recipes"]["find"], "epochs": 1}
    tuned = {**told["tickets"]["mnist"], "retrain": "fine", "rewind": "trained"}
    told["tickets"] |= {"own": tuned, "shared": {**tuned, "dense_of": "mnist"}}
    plan = Plan(Study.model_validate(told))
    assert dense_round(plan, "own", 2) == ("own", 0)
    assert dense_round(plan, "shared", 2) == ("mnist", 0)


def test_a_network_that_was_trained_before_is_no_dense_network_of_others() -> None:
    """Its own chain's it is: the round that is pruned first."""
    methods = Plan(synthetic.methods(1))
    tickets = methods.study.tickets
    start, recipe = Start(ticket="before", round=0), tickets["snip"].recipe
    moved = tickets["imp"].model_copy(update={"rewind": "parent", "start": start, "recipe": recipe})
    before = tickets["dense"].model_copy(update={"recipe": "moving"})
    chosen = {"before": before, "moved": moved, "snip": tickets["snip"]}
    plan = Plan(methods.study.model_copy(update={"tickets": chosen}))
    assert dense_round(plan, "moved", 1) == ("moved", 0)
    assert dense_round(plan, "snip", 1) is None


def test_the_table_pairs_by_seed() -> None:
    plan = Plan(synthetic.study(3))
    runs = pd.DataFrame(
        {"ticket": ticket, "dataset": "d", "round": round_, "seed": seed, "density_percent": 100 * 0.6**round_}
        | {"test_accuracy_percent": 90.0 + 10 * seed - round_}
        for ticket in ("mnist", "fashion", "cross")
        for round_ in plan.rounds(ticket)
        for seed in (2, 0, 1)
    )
    found = matching_table(plan, runs).set_index(["ticket", "round"])
    assert len(found) == 4 + 4 + 3
    row = found.loc[("cross", 3)]
    assert (row["difference_points"], row["low_points"], row["n"]) == (-3.0, -3.0, 3)
    assert (row["dense_ticket"], row["dense_round"]) == ("fashion", 0)


def test_the_figure_has_the_margin_and_a_ring() -> None:
    figure = create("accuracy_drop", {"matching": rounds_of([CLOSE, CLOSE, WORSE])}, {"imp": 0})
    (axis,) = figure.axes
    (band,) = axis.patches
    assert (band.get_y(), band.get_y() + band.get_height()) == (-0.5, 0.5)
    (ring,) = [line for line in axis.lines if line.get_markersize() == 11]
    assert ring.get_xdata()[0] == pytest.approx(64)
    faces = [line.get_markerfacecolor() for line in axis.lines if line.get_markersize() == 4]
    assert [face == "#FFFFFF" for face in faces] == [False, False, True]
    assert "side by side" not in figure.get_suptitle()
    (plain,) = create("accuracy_drop", {"matching": rounds_of([CLOSE], margin=None)}, {"imp": 0}).axes
    assert not plain.patches


def test_marks_that_are_not_at_their_densities_are_said_to_be_side_by_side() -> None:
    """Two tickets of one and the same density, which would cover each other."""
    one = rounds_of([CLOSE])
    both = pd.concat([one, one.assign(ticket="snip")])
    assert "side by side" in create("accuracy_drop", {"matching": both}, {"imp": 0, "snip": 1}).get_suptitle()


def test_notes_on_rounds_in_pages_are_those_of_markdown(tmp_path: Path) -> None:
    """With a margin, both say which rounds match their dense networks."""
    study = synthetic.study(5, compare=[]).model_copy(update={"matching_margin": 0.5})
    synthetic.write_tables(tmp_path, study, synthetic.write_jobs(tmp_path, study))
    data = StudyData(folder=tmp_path / "data", told={}, study=study, made=tmp_path)
    made = made_part(Made(line=1, kind="notes", argument="rounds", options={}), data)
    assert made == [*pages(tmp_path)][-len(made) :]
    assert any("the dense network on mnist" in line for line in made)
