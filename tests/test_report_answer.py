"""The first screen of the report, and how its charts look."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import synthetic

from lth.analysis.figures.colours import colour_places
from lth.analysis.figures.style import Palette
from lth.analysis.report import curves, looks
from lth.analysis.report.answer import answer, certainty, spent
from lth.analysis.report.chart import Choice
from lth.analysis.report.citation import AUTHORS, TITLE
from lth.analysis.report.spent import own_seconds, spent_by_epoch, steady
from lth.analysis.tables.files import read_table
from lth.config.energy import Electricity
from lth.config.study import Study
from lth.plan.plan import Plan

ARMS = pd.DataFrame(
    [
        {"arm": "a-own", "ticket": "a", "kind": "own", "accuracy_percent": 80.0},
        {"arm": "b-own", "ticket": "b", "kind": "own", "accuracy_percent": 82.0},
        {"arm": "a-random", "ticket": "a", "kind": "random", "accuracy_percent": 70.0},
        {"arm": "b-shuffled", "ticket": "b", "kind": "shuffled", "accuracy_percent": 71.0},
        {"arm": "dense", "ticket": "a", "kind": "dense", "accuracy_percent": 90.0},
    ]
).assign(dataset="photos", density_percent=20.0, n=8, round=3, accuracy_low_percent=60.0, accuracy_high_percent=95.0)


def pair(**other: Any) -> pd.DataFrame:
    """A family of one pair, significant unless `other` says otherwise."""
    row = {
        **{"first": "b-own", "second": "a-random", "n": 8, "first_mean_percent": 82.0, "second_mean_percent": 70.0},
        **{"difference_points": 12.0, "low_points": 10.5, "high_points": 13.5, "confidence_percent": 95, "alpha": 0.05},
        **{"p_holm": 0.0078, "difference_shown": True, "wins": 8, "ties": 0, "losses": 0},
    }
    return pd.DataFrame([{**row, **other}])


def test_a_shown_difference_is_one_sentence_with_number_interval_and_n() -> None:
    found = answer(ARMS, pair())
    assert found.decided
    assert found.sentences == [
        "The ticket b gets 82.0 % of the test data right on photos, 12.00 percentage points more than a random mask "
        "with as many weights in each layer as a with 70.0 % (95 % interval +10.50 to +13.50, n = 8 seeds)."
    ]


def test_what_is_not_shown_says_how_large_a_difference_could_have_been_missed() -> None:
    found = answer(ARMS, pair(difference_shown=False, difference_points=-1.0, low_points=-7.25, high_points=5.0))
    assert not found.decided
    assert found.sentences[0].startswith("Not shown: a difference on photos between the ticket b (82.0 %) and a random")
    assert found.sentences[0].endswith("(95 % interval -7.25 to +5.00, n = 8 seeds); one as large as 7.25 points could "
                                       "have been missed.")  # fmt: skip
    few = answer(ARMS, pair(difference_shown=False, n=3))
    assert ", and so few seeds cannot show any; one as large as" in few.sentences[0]
    one = answer(ARMS, pair(difference_shown=False, n=1, low_points=None, high_points=None))
    assert one.sentences[0].startswith("Not shown, with one seed: the ticket b gets 82.0 %")


def test_equivalence_is_an_answer_too() -> None:
    found = answer(ARMS, pair(difference_shown=False, margin_points=2.0, equivalence_shown=True))
    assert found.decided
    assert "are equally good on photos to within ±2 percentage points: 82.0 % and 70.0 %" in found.sentences[0]


def test_the_three_numbers_are_the_ticket_asked_about_its_control_and_the_dense_network() -> None:
    numbers = answer(ARMS, pair(first="a-own", second="a-random")).numbers
    assert [(number.role, number.arm, number.value) for number in numbers] == [
        ("Ticket", "a-own", "80.0 %"),
        ("Its control", "a-random", "70.0 %"),
        ("Dense network", "dense", "90.0 %"),
    ]
    assert {number.interval for number in numbers} == {"60.0 to 95.0"}
    two = answer(ARMS, pd.concat([pair(second="a-own"), pair(second="b-shuffled")])).numbers
    assert [(number.role, number.arm) for number in two[:2]] == [("Ticket", "b-own"), ("Compared with", "a-own")]
    beside_dense = answer(ARMS, pair(first="a-own", second="dense")).numbers
    assert [number.arm for number in beside_dense] == ["a-own", "a-random", "dense"]
    unplanned = answer(ARMS, pair().iloc[:0])
    assert [number.arm for number in unplanned.numbers] == ["b-own", "b-shuffled", "dense"]
    assert unplanned.numbers[0].role == "Best of 2 tickets, by its mean"
    assert unplanned.sentences[0].startswith("The study names no pairs to compare, so nothing was tested. The ticket b")


def test_how_sure_counts_the_seeds_on_the_side_of_the_difference() -> None:
    (words,) = certainty(pair(wins=1, losses=7))
    assert words == ("b-own was worse than a-random in 7 of 8 seeds: a difference is shown (Holm-adjusted p = 0.0078).")


def test_costs_are_sums_over_rounds_and_seeds() -> None:
    plan, arms = Plan(synthetic.methods(1)), ARMS.replace("b", "imp")
    costs = pd.DataFrame(
        [
            {"ticket": "imp", "round": 0, "own_epochs": 4.0, "own_flops": 1e12, "epochs": 4.0, "flops": 1e12},
            {"ticket": "imp", "round": 3, "own_epochs": 4.0, "own_flops": 5e11, "epochs": 8.0, "flops": 1.5e12},
            {"ticket": "snip", "round": 1, "own_epochs": 0.0, "own_flops": 0.0, "epochs": 6.0, "flops": 1e11},
            {"ticket": "dense", "round": 0, "own_epochs": 0.0, "own_flops": 0.0, "epochs": 2.0, "flops": 1e11},
        ]
    ).assign(n=8, seconds=90.0, joules=float("nan"))
    shared, measured = spent(plan, arms, costs)
    assert shared[0].startswith("Finding all tickets took 64 passes over training data and 12 TFLOPs")
    assert "imp after round 3, took 8 passes and 1.5 TFLOPs a seed, 2 times a dense training" in shared[1]
    assert measured == ["On this machine that was 1.5 minutes a seed; energy not measured."]
    best = arms[arms["arm"] == "b-own"].assign(ticket="snip", round=1)
    assert "snip after round 1, took 6 passes and 0.1 TFLOPs a seed, 3 times a dense" in spent(plan, best, costs)[0][1]
    assert spent(plan, arms, costs, Electricity(grams_per_kwh=380))[1] == measured
    known = costs.assign(joules=1.8e6)
    assert spent(plan, arms, known)[1] == ["On this machine that was 1.5 minutes a seed; 0.5 kWh."]
    assert spent(plan, arms, known, Electricity(grams_per_kwh=380, citation="the agency, 2024"))[1] == [
        "On this machine that was 1.5 minutes a seed; 0.5 kWh, 190 g CO2 at 380 g CO2 per kWh (the agency, 2024)."
    ]


def test_the_citation_is_that_of_the_project() -> None:
    told = (Path(__file__).parents[1] / "CITATION.cff").read_text(encoding="utf-8")
    assert f"title: {TITLE}\n" in told
    assert f"name: {AUTHORS}\n" in told


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A study's tables, by name, and its palette."""
    folder = tmp_path_factory.mktemp("drawn")
    example = synthetic.study(4)
    paths = synthetic.write_tables(folder, example, synthetic.write_jobs(folder, example))
    places = colour_places(Plan(example))
    tables = {name: read_table(path) for name, path in paths.items() if path.suffix == ".csv"}
    return {"tables": tables, "places": places, "palette": Palette(places)}


def test_a_ticket_looks_the_same_in_charts_and_figures(drawn: dict[str, Any]) -> None:
    palette = drawn["palette"]
    own, shuffled = (looks.series(palette, f"mnist-{kind}", "mnist", kind) for kind in ("own", "shuffled"))
    assert looks.schemes()["light"][own.colour[4:-1]] == palette.ticket("mnist")
    disc, triangle = "M-1,0A1,1,0,1,1,1,0A1,1,0,1,1,-1,0Z", "M0,-.87L1,.87L-1,.87Z"
    assert (own.key, own.shape, own.dash, own.fill) == ("mnist", disc, [1.0, 0.0], own.colour)
    assert (shuffled.key, shuffled.shape, shuffled.fill) == ("mnist-shuffled", triangle, "var(--paper)")


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_every_choice_of_every_chart_is_valid_vega_lite(drawn: dict[str, Any], scale: str) -> None:
    """Compiled by the library's own compiler."""
    from vl_convert import vegalite_to_vega

    tables, palette = drawn["tables"], drawn["palette"]
    chart = curves.pruning(tables["rounds"], tables["costs"], "mnist", "pruning", palette)
    assert [choice.name for choice in chart.x] == ["density", "sparsity", "epochs", "FLOPs", "minutes"]
    for choice in chart.x[:2]:
        spec = filled(chart.spec, choice, chart.y[0], scale)
        compiled = vegalite_to_vega({**spec, "data": {"values": []}, "params": [{"name": "hidden", "value": []}]})
        assert {one["type"] for one in compiled["scales"] if one["name"] == "x"} == {scale}


def filled(part: Any, x: Choice, y: Choice, scale: str) -> Any:
    """A specification with its places filled, as the page's script fills them."""
    values = {
        "@scale": scale,
        "@nice": True,
        "@band": 0.1,
        "@clip": False,
        "@interpolate": "linear",
        "@height": 320,
        "@zero": scale == "linear",
    }
    values |= {f"@{axis}.{key}": value for axis, one in (("x", x), ("y", y)) for key, value in vars(one).items()}
    values |= {"@y.domain": [0, 100]}
    if isinstance(part, str):
        if part in values:
            return values[part]
        for place in sorted(values, key=len, reverse=True):
            part = part.replace(place, str(values[place]))
        return part
    if isinstance(part, list):
        return [filled(one, x, y, scale) for one in part]
    return {key: filled(one, x, y, scale) for key, one in part.items()} if isinstance(part, dict) else part


def test_what_was_spent_by_epoch_is_known_where_every_step_costs_the_same_and_nothing_else_was_counted() -> None:
    """Of a round of 4 epochs, 8 TFLOPs and 2 minutes after one of 5 and 1; not of those that score, prune or regrow."""
    names = ["chain", "scored", "progressive", "rigl"]
    curves_ = pd.DataFrame(
        {"ticket": name, "round": 1, "epoch": epoch, "density_percent": 50.0 - (epoch if name == "progressive" else 0)}
        for name in names
        for epoch in (0.0, 1.0, 4.0)
    )
    costs = pd.DataFrame({"ticket": names, "round": 1, "own_epochs": 4.0, "own_flops": 8e12, "flops": 13e12})
    costs = costs.assign(own_seconds=120.0, seconds=180.0)
    costs.loc[costs["ticket"] == "scored", "own_epochs"] = 4.1
    rounds = pd.DataFrame({"ticket": names, "method": ["imp", "at_init", "progressive", "dynamic"]})
    found = spent_by_epoch(curves_, costs, steady(curves_, rounds))
    assert found["tflops"][:3].tolist() == [5, 7, 13]
    assert found["minutes"][:3].tolist() == [1, 1.5, 3]
    assert found[3:].isna().all(axis=None)


def test_the_time_of_a_round_alone_is_what_its_parent_did_not_take() -> None:
    plain = synthetic.methods(1).model_dump(mode="json", exclude_unset=True)
    imp = plain["tickets"]["imp"]
    both = {"method": "combined", "of": ["a", "b"], **{key: imp[key] for key in ("network", "recipe", "dataset")}}
    plain["tickets"] = {"a": imp, "b": imp, "both": both}
    plain["comparisons"] = {}
    rows = [("a", 0, 10.0), ("a", 1, 25.0), ("b", 0, 10.0), ("b", 1, 31.0), ("both", 1, 70.0)]
    costs = pd.DataFrame(rows, columns=["ticket", "round", "seconds"])
    found = own_seconds(Plan(Study.model_validate(plain)), costs)["own_seconds"]
    assert found[:4].tolist() == [10, 15, 10, 21]
    assert found[4:].isna().all()  # of several parents, whose rounds may share what was spent
