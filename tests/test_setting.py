"""What arms are trained on and made from, as tables, verdicts and answers say it where that is not the usual."""

from typing import Any

import pandas as pd
import pytest
import synthetic

from lth.analysis.figures.facts import Facts
from lth.analysis.report.answer import answer, spent
from lth.analysis.tables import early_stopping
from lth.analysis.tables.notes import notes
from lth.analysis.tables.provenance import provenance
from lth.analysis.tables.setting import with_setting
from lth.analysis.tables.verdict import verdict
from lth.config.study import Study
from lth.plan.elsewhere import given_before, one_for_all_seeds
from lth.plan.plan import Plan

PAIR = {
    **{"first": "a", "second": "b", "n": 8, "first_mean_percent": 82.0, "second_mean_percent": 70.0},
    **{"difference_points": 12.0, "low_points": 10.5, "high_points": 13.5, "confidence_percent": 95, "alpha": 0.05},
    **{"p_holm": 0.0078, "difference_shown": True, "wins": 8, "ties": 0, "losses": 0},
}


def arms(*rows: dict[str, Any]) -> pd.DataFrame:
    """The table of arms, of which only what differs is given."""
    usual = {
        **{"kind": "own", "round": 3, "dataset": "letters", "accuracy_percent": 80.0, "n": 8, "reach_percent": 90.0},
        **{f"density_{end}": 25.0 for end in ("percent", "least_percent", "most_percent")},
        **{"accuracy_low_percent": 75.0, "accuracy_high_percent": 85.0, "confidence_percent": 95.0},
    }
    return pd.DataFrame([{**usual, "ticket": row["arm"], **row} for row in rows])


def of_density(arm: str, percent: float) -> dict[str, Any]:
    return {"arm": arm, **{f"density_{end}": percent for end in ("percent", "least_percent", "most_percent")}}


def pairs(**other: Any) -> pd.DataFrame:
    return pd.DataFrame([{**PAIR, **other}])


def given(**more: Any) -> Study:
    """Of a ticket from a file, what is derived and combined from it, and one that the study finds."""
    found = {"network": "lenet", "recipe": "find", "dataset": "mnist"}
    of_file = {**found, "method": "given", "file": "elsewhere/ticket.safetensors"}
    return Study.model_validate(
        {
            **synthetic.study(3).model_dump(mode="json", exclude_none=True),
            "tickets": {
                "elsewhere": of_file,
                "seeded": {**of_file, "file": "elsewhere/seed{seed}.safetensors"},
                "imp": {**found, "rounds": 4, "rate": 0.4},
                "shuffled": {**found, "method": "derived", "of": "elsewhere", "kind": "shuffled"},
            },
            "evaluations": {},
            "comparisons": {"found": {"tickets": ["elsewhere", "imp", "shuffled"], "density": 0.1296, **more}},
        }
    )


def test_what_was_found_elsewhere_is_told_of_it_and_of_all_that_is_made_of_it() -> None:
    plan = Plan(given())
    assert [given_before(plan, name, plan.last_round(name)) for name in plan.study.tickets] == [
        ["elsewhere"], ["seeded"], [], ["elsewhere"]
    ]  # fmt: skip
    assert one_for_all_seeds(plan, ["elsewhere", "seeded"]) == ["elsewhere"]
    table = with_setting(arms({"arm": "elsewhere"}, {"arm": "imp"}, {"arm": "shuffled"}), plan, "found")
    assert list(table["given"]) == ["elsewhere", "", "elsewhere"]
    assert notes(table, pd.DataFrame())[:2] == [
        "Found elsewhere, at a cost that is not known here and in no sum: elsewhere.",
        "One file for all seeds: elsewhere. Intervals and tests of arms that are made from it cover the order of "
        "batches and what controls draw; they do not cover how it was found.",
    ]
    assert Facts(plan, "found").found_elsewhere == (
        "What it took to find elsewhere elsewhere is not known, and not included."
    )


def test_costs_of_what_was_found_elsewhere_are_not_held_against_a_dense_training() -> None:
    plan = Plan(given())
    places = [("elsewhere", 1, 1.0), ("imp", 0, 1.0), ("imp", 4, 5.0)]
    costs = pd.DataFrame(
        {"ticket": name, "round": number, "own_epochs": 1.0, "own_flops": 1e12, "epochs": epochs, "flops": 1e12}
        for name, number, epochs in places
    ).assign(n=3, seconds=float("nan"), joules=float("nan"))
    best = {"arm": "elsewhere", "round": 1, "accuracy_percent": 90.0}
    shared, _ = spent(plan, arms(best, {"arm": "imp", "round": 4}), costs)
    assert shared[1] == "What it took to find elsewhere and seeded elsewhere is not known, and not in these figures."
    assert "elsewhere after round 1, took 1 passes and 1 TFLOPs a seed." in shared[2]
    shared, _ = spent(plan, arms({**best, "accuracy_percent": 10.0}, {"arm": "imp", "round": 4}), costs)
    assert "imp after round 4, took 5 passes and 1 TFLOPs a seed, 5 times a dense training." in shared[2]


def test_arms_of_other_densities_are_told_with_them() -> None:
    """The median of 37 and 25 % is a density that neither arm has."""
    apart = arms(of_density("a", 37.2), of_density("b", 25.0), of_density("c", 25.0))
    where = " on letters (density: a 37.2 % and b 25 %)"
    assert verdict(apart, pairs())[0].startswith(f"a is significantly better than b{where}: 82.00 %")
    assert f"of the test data right{where}, 12.00" in answer(apart, pairs()).sentences[0]
    alike = arms(of_density("a", 37.2), of_density("b", 25.0), of_density("c", 25.4))
    assert verdict(alike, pairs(first="c"))[0].startswith(
        "c is significantly better than b on letters at 25.4 % density"
    )
    assert "density" not in answer(alike, pairs(first="c")).sentences[0]


def test_few_examples_and_heads_are_told() -> None:
    few = arms({"arm": "a"}, {"arm": "b"}).assign(examples=40, trains="head")
    assert "better than b on 40 examples of letters (head only) at 25 % density" in verdict(few, pairs())[0]
    assert "right on 40 examples of letters (head only), 12.00" in answer(few, pairs()).sentences[0]
    example = synthetic.study(3, examples=40, draws=3, trains="head")
    table = with_setting(arms({"arm": "cross-own", "ticket": "cross"}), Plan(example), "transfer")
    assert table.iloc[0][["examples", "trains"]].to_list() == [40, "head"]
    told = dict(provenance(Plan(example)))["evaluation transfer"]
    assert told.endswith("; recipe find, on 40 training examples (3 draws a seed), head only")
    assert dict(provenance(Plan(synthetic.study(3))))["evaluation transfer"].endswith("; recipe find")


def test_a_mask_with_the_counts_of_another_ticket_is_called_so() -> None:
    found = arms({"arm": "a-own", "ticket": "a"}, {"arm": "b-random", "ticket": "b", "kind": "random"})
    (sentence,) = answer(found, pairs(first="a-own", second="b-random")).sentences
    assert "more than a random mask with as many weights in each layer as b with 70.0 %" in sentence
    own = found.replace("b-random", "a-random").assign(ticket="a")
    assert "than a random mask with 70.0 %" in answer(own, pairs(first="a-own", second="a-random")).sentences[0]


def test_the_dense_network_beside_the_answer_is_the_one_that_it_is_about() -> None:
    table = arms(
        {"arm": "a-own", "ticket": "a"}, *({"arm": name, "kind": "dense"} for name in ("dense", "dense-other"))
    )
    numbers = answer(table, pairs(first="a-own", second="dense-other")).numbers
    assert [number.arm for number in numbers] == ["a-own", "dense-other"]
    assert [number.arm for number in answer(table, pairs(first="a-own", second="dense")).numbers] == ["a-own", "dense"]


def test_captions_do_not_give_combined_tickets_the_density_of_the_others() -> None:
    example = synthetic.methods(3, tickets=["snip", "both"], compare=[["both", "snip"]])
    assert Facts(Plan(example), "at_tenth").at == (
        "Tickets keep 10 % of their weights; those that are combined (both) keep what their rule leaves; n = 3 seeds."
    )
    assert Facts(Plan(synthetic.methods(3)), "at_tenth").at == "Tickets keep 10 % of their weights; n = 3 seeds."
    assert "10 % of weights kept, combined ones excepted" in dict(provenance(Plan(example)))["comparison at_tenth"]


@pytest.mark.parametrize("of_rounds", [True, False])
def test_planned_epochs_follow_from_the_histories_where_the_data_are_gone(of_rounds: bool) -> None:
    """1,100 iterations at 440 an epoch are 2.5; the training ended after 880."""
    told = synthetic.methods(2).model_dump(mode="json", exclude_none=True)
    told["datasets"] = {"mnist": {"source": "folder:gone", "size": 28}}
    told["recipes"]["find"]["patience"] = 2
    plan = Plan(Study.model_validate(told))
    rows = [
        {"ticket": "imp", "round": 12, "arm": "imp", "seed": seed, "step": step, "epoch": step / 440}
        for seed in (0, 1)
        for step in (0, 440, 880)
    ]
    runs = pd.DataFrame(
        {"ticket": "imp", "round": 12, "arm": "imp", "seed": seed, "last_epoch": 2.0} for seed in (0, 1)
    )
    table = pd.DataFrame([{"ticket": "imp", "round": 12, "arm": "imp"}])
    history = pd.DataFrame(rows)
    if of_rounds:
        found = early_stopping.of_rounds(table, runs, history, plan)
    else:
        found = early_stopping.of_arms(table, runs, history, plan, "at_tenth")
    assert found["epochs_not_run"].to_list() == [pytest.approx(0.5)]
