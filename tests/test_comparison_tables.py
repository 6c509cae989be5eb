"""Tables of tickets compared as they were found: what they cost, which layers they lost, and how that is said."""

import shutil
from itertools import groupby
from math import nan
from pathlib import Path

import pandas as pd
import pytest
import synthetic

from lth.analysis.tables import arms as by_arm
from lth.analysis.tables import cells, notes
from lth.analysis.tables.costs import sums, with_costs
from lth.analysis.tables.files import read_table
from lth.analysis.tables.markdown import pages
from lth.analysis.tables.recipes import recipe_summary
from lth.analysis.tables.terminal import grid
from lth.analysis.tables.verdict import verdict
from lth.artifacts.records import json_text, seal
from lth.config.training import Recipe
from lth.errors import UserError
from lth.plan.plan import Plan


def spent(joules: dict[tuple[str, int], float | str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Costs of two seeds' rounds: of seed 1 twice those of seed 0; round k of any ticket takes 10 + k epochs."""
    costs, measured = [], []
    for (ticket, round_), energy in joules.items():
        for seed in (0, 1):
            run = {"ticket": ticket, "seed": seed, "round": round_}
            for phase, epochs in (("score", 1), ("train", 9 + round_)):
                images = 100 * epochs * (1 + seed)
                passes = {"forward_images": images, "backward_images": images, "flops": 7 * images}
                costs.append({**run, "phase": phase, "epochs": epochs * (1 + seed), **passes})
            measured.append({**run, "seconds": 2.0, "joules": energy, "device": "cpu"})
    return pd.DataFrame(costs), pd.DataFrame(measured)


def test_cost_is_summed_over_all_that_a_round_was_made_from() -> None:
    plan = Plan(synthetic.study(2))
    places = [("mnist", 0), ("mnist", 1), ("mnist", 2), ("cross", 2), ("cross", 3)]
    table = sums(plan, places, *spent(dict.fromkeys(places, 5.0))).set_index(["ticket", "round"])
    assert table.loc[("mnist", 0), "epochs"] == 1.5 * 10
    assert table.loc[("cross", 3), "own_epochs"] == 1.5 * 13
    # cross, round 3, comes from its round 2, which took over round 2 of mnist, which was pruned twice
    assert table.loc[("cross", 3), "epochs"] == 1.5 * (13 + 12 + 12 + 11 + 10)
    assert table.loc[("cross", 3), "flops"] == 700 * table.loc[("cross", 3), "epochs"]
    assert table.loc[("cross", 3), ["seconds", "joules", "n"]].tolist() == [10, 25, 2]


def test_an_ancestor_that_two_parents_share_counts_once() -> None:
    plan = Plan(synthetic.methods(1))
    assert plan.lineage("imp_fresh", 1) == [("imp_fresh", 1), ("imp", 1), ("imp", 0)]
    assert plan.lineage("both", 2) == [("both", 2), ("snip", 2), ("synflow", 2)]
    assert plan.lineage("dense", 0) == [("dense", 0)]


def test_energy_that_one_round_lacks_is_unknown_of_the_sum() -> None:
    places: dict[tuple[str, int], float | str] = {("mnist", 0): nan, ("mnist", 1): 5.0}
    table = sums(Plan(synthetic.study(2)), places, *spent(places))
    assert table["joules"].isna().all()
    assert list(table["seconds"]) == [2, 4]
    with pytest.raises(UserError, match="cost of mnist, round 2: none is known of mnist, round 2"):
        sums(Plan(synthetic.study(2)), [("mnist", 2)], *spent(places))


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The tables of a comparison of tickets at 2 %, where one has lost a layer."""
    folder = tmp_path_factory.mktemp("compared")
    example = synthetic.methods(2, density=0.02, tickets=["snip", "progressive", "dense"], compare=[["snip", "dense"]])
    return synthetic.write_tables(folder, example, synthetic.write_jobs(folder, example))


def test_a_comparison_has_the_tables_of_an_evaluation_and_costs(compared: dict[str, Path]) -> None:
    arms = read_table(compared["at_tenth/arms"])
    assert list(arms["arm"]) == list(arms["ticket"]) == ["snip", "progressive", "dense"]
    assert list(arms["kind"]) == ["own", "own", "dense"]
    assert list(arms["method"]) == ["SNIP", "progressive", "dense"]
    assert list(arms["epochs"]) == pytest.approx([2.5 + 1 / 55, 2.5, 2.5], rel=1e-5)
    assert arms["joules"].isna().all()
    assert set(read_table(compared["at_tenth/confusion"])["arm"]) == set(arms["arm"])
    assert set(read_table(compared["at_tenth/runs"])["evaluation"]) == {"at_tenth"}
    steps = read_table(compared["at_tenth/curves"])["step"].unique()
    assert sorted(steps) == [*range(0, synthetic.STEPS, 100), synthetic.STEPS]


def test_the_dense_arm_may_be_where_a_compared_chain_began(tmp_path: Path) -> None:
    example = synthetic.methods(2, tickets=["imp", "imp_fresh"], compare=[["imp", "imp_fresh"], ["imp", "dense"]])
    tables = synthetic.write_tables(tmp_path, example, synthetic.write_jobs(tmp_path, example))
    arms = read_table(tables["at_tenth/arms"]).set_index("arm")
    assert list(arms.index) == ["imp", "imp_fresh", "dense"]
    assert list(arms["kind"]) == ["own", "own", "dense"]
    assert arms.loc["dense", ["ticket", "round", "density_percent"]].tolist() == ["imp", 0, 100]
    assert list(read_table(tables["at_tenth/comparisons"])["n"]) == [2, 2]


def test_layer_collapse_is_in_the_tables_and_in_a_sentence(compared: dict[str, Path]) -> None:
    arms = read_table(compared["at_tenth/arms"]).set_index("arm")
    assert list(arms["collapsed_layers"]) == ["layer 4", "", ""]  # this network only numbers its layers
    assert list(arms["collapsed_seeds"]) == [2, 0, 0]
    rounds = read_table(compared["rounds"])
    assert list(rounds.loc[rounds["collapsed_seeds"] > 0, "ticket"]) == ["snip"]
    found = [sentence for sentence in notes.round_collapses(rounds) if " of snip, " in sentence]
    assert found == [
        "Layer collapse in 1 of the 3 rounds of snip, first in round 3, at 2 % of all weights: the masks leave no "
        "weight in fc2 (2 of 2 seeds).",
        "Near collapse in 1 of the 3 rounds of snip, first in round 3, at 2 % of all weights: the masks leave fewer "
        "weights than outputs in conv1 and fc3 (2 of 2 seeds).",
    ]
    layers = read_table(compared["at_tenth/layers"])
    assert layers.loc[layers["ticket"] == "snip", "collapsed_seeds"].tolist() == [0, 0, 0, 2, 0]
    assert layers.loc[layers["ticket"] == "snip", "thin_seeds"].tolist() == [2, 0, 0, 0, 2]
    text = compared["at_tenth/verdict"].read_text()
    assert text.startswith("Comparison at_tenth\n")
    assert "Layer collapse: the masks of snip leave no weight in layer 4 (2 of 2 seeds)" in text
    assert "not measured" in text
    assert "nan" not in text
    assert max(map(len, text.splitlines())) <= 100


def test_masks_whose_weights_lead_nowhere_are_noted() -> None:
    arms = pd.DataFrame({"arm": ["own", "magnitude", "shuffled", "close", "odd", "dense"]})
    arms["kind"] = ["own", "magnitude", "shuffled", "own", "own", "dense"]
    arms["on_path_percent"] = [95.8, 52.5, 53.47, 86, float("nan"), 100]
    assert notes.unequal_paths(arms) == [
        "Arms differ in the share of kept weights that lie on a path from input to output, which is a confounder: "
        "magnitude 52 % and shuffled 53 %, own 96 %. The others see no input, or reach no output."
    ]
    assert notes.unequal_paths(arms.drop([1, 2])) == []  # nine points apart, and a dense network ten
    assert notes.unequal_paths(arms.drop(columns="on_path_percent")) == []


def test_arms_that_start_from_weights_of_another_size_are_noted() -> None:
    arms = pd.DataFrame({"arm": ["own", "magnitude", "reinitialised", "close", "odd", "dense"]})
    arms["kind"] = ["own", "magnitude", "reinitialised", "own", "own", "dense"]
    arms["initial_size_ratio"] = [1.87, 2.2, 1.1, 1.37, float("nan"), 1.0]
    assert notes.unequal_sizes(arms) == [
        "Arms differ in the size of the weights that they start from, which is a confounder: compared with "
        "reinitialised (root mean square of the kept weights, median over layers) own 1.7 times and magnitude 2.0 "
        "times."
    ]
    assert notes.unequal_sizes(arms.drop([0, 1])) == []
    assert notes.unequal_sizes(arms.drop(columns="initial_size_ratio")) == []


def test_tickets_that_have_lost_the_same_layers_share_a_sentence(compared: dict[str, Path]) -> None:
    arms = read_table(compared["at_tenth/arms"]).assign(
        ticket=["a", "b", "c"],
        collapsed_seeds=0,
        thin_layers=["x, y", "x, y", "y"],
        thin_seeds=[2, 2, 1],
    )
    start, end = "Near collapse: the masks of", "some of these outputs are constant."
    assert notes.collapse_notes(arms) == [
        f"{start} a and b leave fewer weights than outputs in x and y (2 of 2 seeds); {end}",
        f"{start} c leave fewer weights than outputs in y (1 of 2 seeds); {end}",
    ]


def test_densities_that_differ_are_told_of(compared: dict[str, Path]) -> None:
    arms = read_table(compared["at_tenth/arms"])
    assert notes.unequal_densities(arms) == []
    late = arms.assign(density_most_percent=[2.0, 47.3, 100.0])
    assert notes.unequal_densities(late) == [
        "Arms or seeds differ in density, which is a confounder: progressive keeps 2 to 47.3 % of the weights."
    ]
    rounds = read_table(compared["rounds"])
    assert notes.waits(rounds) == []
    place = rounds.index[(rounds["ticket"] == "imp") & (rounds["round"] == 3)]
    rounds.loc[place, "density_most_percent"] = 64.0
    assert notes.waits(rounds) == [
        "Seeds of imp differ in density in 1 of its 13 rounds, first in round 3, where they keep 42.2 to 64 % of the "
        "weights."
    ]


def test_an_arm_s_density_is_that_of_all_its_seeds() -> None:
    runs = pd.DataFrame(
        {
            **{"evaluation": "e", "arm": "a", "ticket": "t", "kind": "own", "dataset": "d", "round": 1, "seed": [0, 1]},
            **{"density_percent": [40.0, 100.0], "test_accuracy_percent": [50.0, 60.0], "last_accuracy_percent": 50.0},
            **{"best_epoch": 1.0, "best_step": 10, "reach_percent": nan, "reach_epoch": nan},
        }
    )
    arm = by_arm.summarise(runs, 0.05).iloc[0]
    densities = [arm[f"density_{which}percent"] for which in ("", "least_", "most_")]
    assert densities == [70, 40, 100]


def test_energy_is_said_where_it_was_measured(compared: dict[str, Path]) -> None:
    arms = read_table(compared["at_tenth/arms"]).assign(joules=[1234.0, nan, 5.4e6])
    assert [row[-1] for row in cells.arm_table(arms)[1]] == ["0.000343", "not measured", "1.5"]


def test_f1_and_draws_are_shown_where_there_are_any(compared: dict[str, Path]) -> None:
    arms = read_table(compared["at_tenth/arms"])
    plain_header, plain_rows, _ = cells.arm_table(arms)
    texts = arms.assign(f1_percent=[50.0, 62.504, nan], draws=2, draw_sd_points=[0.5, 1.25, 0.75])
    header, rows, names = cells.arm_table(texts)
    place = header.index("F1 %")
    assert names == 2
    assert header[place - 1] == "test acc. %"  # with its interval
    assert [row[place] for row in rows] == ["50.00", "62.50", "-"]
    assert (*header[:place], *header[place + 1 :]) == plain_header
    assert [[*row[:place], *row[place + 1 :]] for row in rows] == plain_rows
    told = notes.notes(texts, texts[:0])
    assert any("mean over 2 draws" in note and "0.5 to 1.2 points" in note for note in told)
    assert not any("draws" in note or "F1" in note for note in notes.notes(arms, arms[:0]))


def test_markdown_has_every_table_with_cells_for_every_column(compared: dict[str, Path]) -> None:
    lines = [*pages(compared["rounds"].parents[1])]
    assert [line for line in lines if line.startswith("##")] == ["## at_tenth", "## Rounds"]
    assert lines[2].startswith("- No significant difference between snip and dense on mnist")
    tables = [[*group] for is_row, group in groupby(lines, lambda line: line.startswith("|")) if is_row]
    rows = [len(read_table(compared[name])) for name in ("at_tenth/arms", "at_tenth/comparisons", "rounds")]
    assert [len(table) - 2 for table in tables] == rows
    for header, rule, *body in tables:
        assert set(rule) <= set("|-:")
        assert {line.count("|") for line in (header, rule, *body)} == {header.count("|")}
    assert tables[0][2].startswith("| snip | SNIP | 2 | 2 | ")
    assert lines[-1].startswith("- Near collapse in 1 of the ")


def test_markdown_has_no_table_of_what_was_taken_out_of_the_study(compared: dict[str, Path], tmp_path: Path) -> None:
    results = tmp_path / "results"
    shutil.copytree(compared["rounds"].parent, results / "tables")
    shutil.copytree(results / "tables/at_tenth", results / "tables/old")
    titles = ["## at_tenth", "## old", "## Rounds"]
    assert [line for line in pages(results) if line.startswith("##")] == titles
    told = {"study": {"evaluations": {}, "comparisons": {"at_tenth": {}}}}
    (results / "manifest.json").write_text(json_text(seal(told)))
    lines = [*pages(results)]
    assert [line for line in lines if line.startswith("##")] == ["## at_tenth", "## Rounds"]
    assert "*not shown: old, not in the study whose manifest.json this folder has*" in lines


def test_markdown_of_no_study_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has no tables; expected the results folder of a finished study"):
        next(pages(tmp_path))


def test_methods_have_the_names_of_the_field() -> None:
    tickets = synthetic.methods(1).tickets
    words = {name: spec.label() for name, spec in tickets.items()}
    assert words == {
        **{"dense": "dense", "imp": "IMP", "progressive": "progressive", "snip": "SNIP", "synflow": "SynFlow"},
        **{"random_erk": "random", "rigl": "RigL", "dual": "RST Iter-3", "imp_fresh": "reinitialised, of imp"},
        "both": "union",
    }
    late = {"rewind": "step", "rewind_step": 500, "one_shot": True, "score": "random"}
    assert tickets["imp"].model_copy(update=late).label() == "IMP, one shot, random, k = 500"
    assert tickets["rigl"].model_copy(update={"grow": "random"}).label() == "SET"


def test_a_recipe_in_one_line() -> None:
    recipe = Recipe.model_validate(
        {
            "optimiser": {"name": "sgd", "learning_rate": 0.1, "momentum": 0.9, "weight_decay": 5e-4},
            **{"schedule": {"name": "step", "milestones": [10, 15]}, "batch_size": 128, "epochs": 20},
            "augment": {"crop_padding": 4, "flip": True, "colour": {"hue": 0.1}},
        }
    )
    assert recipe_summary(recipe) == (
        "SGD 0.1, momentum 0.9, weight decay 0.0005, step at 10, 15, batch size 128, 20 epochs, "
        "augmentation: crop padding 4, flip, colour"
    )
    plain = Recipe.model_validate({"optimiser": {"learning_rate": 1.2e-3}, "batch_size": 60, "iterations": 50000})
    assert recipe_summary(plain) == "Adam 0.0012, constant, batch size 60, 50,000 iterations, no augmentation"


def test_arms_of_different_recipes_are_told_of(compared: dict[str, Path]) -> None:
    """Or a difference that the recipe makes passes for one of the method."""
    arms, pairs = (read_table(compared[f"at_tenth/{name}"]) for name in ("arms", "comparisons"))
    assert not any("recipe" in sentence for sentence in (*notes.notes(arms, pairs), *verdict(arms, pairs)))
    arms.loc[arms["arm"] == "snip", "recipe"] = "other"
    (told,) = [
        note
        for note in notes.notes(arms, pairs)
        if note.startswith("Arms differ in their training recipe, which is a confounder")
    ]
    assert "snip with other, all others with find" in told
    assert verdict(arms, pairs)[1] == (
        "They were trained with different recipes (snip with other and dense with find), so the masks alone do not "
        "explain a difference."
    )


def test_every_pair_of_different_recipes_is_told_of() -> None:
    arms = pd.DataFrame({"arm": ["a", "b", "c"], "recipe": ["long", "long", "short"], "kind": "own", "dataset": "d"})
    arms["density_percent"] = 10.0
    runs = pd.DataFrame(
        [
            {"evaluation": "e", "arm": arm, "seed": seed, "test_accuracy_percent": 80.0 + place + 0.1 * seed}
            for place, arm in enumerate("abc")
            for seed in range(7)
        ]
    )
    told = verdict(arms, by_arm.compare(runs, [("b", "a"), ("b", "c"), ("a", "c")], 0.05))
    assert [sentence for sentence in told if "recipes" in sentence] == [
        "These pairs were trained with different recipes (b with long and c with short; a with long and c with "
        "short), so the masks alone do not explain a difference."
    ]


def test_arms_of_one_round_keep_one_row_each() -> None:
    """At density 1 a chain's round is the dense network's."""
    study = synthetic.methods(2)
    plan = Plan(study)
    arms = pd.DataFrame({"arm": ["imp", "dense"], "ticket": "imp", "kind": ["own", "dense"], "round": 0}, index=[4, 7])
    costs = pd.DataFrame(
        {"ticket": "imp", "round": 0, "seed": seed, "phase": "train", "epochs": 2.0, "forward_images": 5}
        | {"backward_images": 5, "flops": 1e9}
        for seed in (0, 1)
    )
    measured = costs[["ticket", "round", "seed"]].assign(seconds=1.0, joules=nan)
    found = with_costs(arms, plan, costs, measured)
    assert found[["arm", "epochs", "method"]].to_numpy().tolist() == [
        ["imp", 2.0, "IMP"],
        ["dense", 2.0, "dense"],
    ]


def test_a_rounded_p_is_on_the_side_of_alpha_that_the_exact_one_is_on() -> None:
    shown = [cells.p_value(value, 0.05) for value in (103 / 2048, 0.05, 0.0501, 0.04999, 0.031, 0.5, 1e-5)]
    assert shown == ["= 0.0503", "= 0.05", "= 0.0501", "= 0.05", "= 0.031", "= 0.5", "< 0.0001"]
    assert cells.p_value(0.1016, 0.05) == "= 0.1"
    assert cells.p_value(0.1016, 0.1) == "= 0.102"


def test_names_that_are_shortened_stay_different() -> None:
    long = [f"fashion_{scope}_quick-reinitialised" for scope in ("layerwise", "globally")]
    header, numbers = ("first", "minus second", *"abcdefghi"), ["+12.34 to +56.78"] * 3 + ["0.05"] * 6
    lines = grid(header, [[*long, *numbers], [*reversed(long), *numbers]], 2)
    first, second = (line.split()[:2] for line in lines[2:])
    assert len({*first}) == 2
    assert first == [*reversed(second)]
    short = grid(header, [["a" * 60, "b" * 60, *numbers]], 2)
    assert max(map(len, short)) <= 100  # which are shortened all the same


def test_of_rounds_with_more_than_two_classes_there_is_no_f1() -> None:
    assert cells.plus_minus(nan, nan) == "-"
