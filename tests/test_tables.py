"""Tables against small histories whose summaries can be worked out by hand, and the sentences of the verdict."""

import re
from collections.abc import Sequence
from math import isnan
from pathlib import Path

import pandas as pd
import pytest
import synthetic

from lth.analysis.tables import arms as by_arm
from lth.analysis.tables import masks, runs
from lth.analysis.tables.files import collect, read_table, write_table
from lth.analysis.tables.markdown import assessment
from lth.analysis.tables.notes import notes
from lth.analysis.tables.verdict import family, text, verdict
from lth.errors import UserError


def rows(
    arm: str,
    seed: int,
    validation_loss: list[float],
    test_accuracy: list[float],
    kind: str = "own",
    kept: Sequence[int] = (),
) -> list[dict]:
    """A history of one run, given the validation loss, the test accuracy and the weights kept of each epoch."""
    run = {"evaluation": "e", "arm": arm, "ticket": "t", "kind": kind, "dataset": "d", "seed": seed, "round": 3}
    found = []
    for epoch, (loss, accuracy) in enumerate(zip(validation_loss, test_accuracy, strict=True)):
        common = {**run, "density_percent": 12.5, "epoch": epoch, "step": 10 * epoch}
        common["kept"] = kept[epoch] if kept else 7
        found.append({**common, "split": "validation", "loss_nats": loss, "accuracy_percent": 1.0})
        found.append({**common, "split": "test", "loss_nats": 9.0, "accuracy_percent": accuracy})
    return found


def arm_runs(results: dict[str, list[float]]) -> pd.DataFrame:
    """Runs of arms whose test accuracies are given, a seed each."""
    found = [
        {
            **{"evaluation": "transfer", "arm": arm, "ticket": arm.split("-")[0], "kind": arm.rpartition("-")[2]},
            **{
                "dataset": "cifar",
                "round": 4,
                "density_percent": 12.96,
                "seed": seed,
                "best_epoch": 3,
                "best_step": 30,
                "last_epoch": 5,
            },
            **{
                "test_accuracy_percent": value,
                "last_accuracy_percent": value,
                "reach_epoch": 2.0,
                "reach_percent": 50.0,
            },
        }
        for arm, values in results.items()
        for seed, value in enumerate(values)
    ]
    return pd.DataFrame(found)


def sentences(results: dict[str, list[float]], pairs: list[tuple[str, str]], alpha: float = 0.05) -> list[str]:
    trained = arm_runs(results)
    return verdict(by_arm.summarise(trained, alpha), by_arm.compare(trained, pairs, alpha))


def test_best_epoch_is_that_of_least_validation_loss_and_of_equals_the_first() -> None:
    history = pd.DataFrame(rows("a", 0, [3, 1, 0.5, 0.5, 0.7], [1, 2, 3, 4, 99]))
    found = runs.runs(history, runs.ARM_RUN).iloc[0]
    assert found["best_epoch"] == 2
    assert found["best_step"] == 20
    assert found["test_accuracy_percent"] == 3  # not the 99 of the last epoch: the test set only reports
    assert (found["last_epoch"], found["last_accuracy_percent"]) == (4, 99)


def test_the_best_epoch_is_one_at_which_everything_is_pruned_that_ever_is() -> None:
    dense = rows("a", 0, [3, 0.1, 0.2, 0.6, 0.5, 0.7], [1, 99, 98, 3, 4, 5], kept=[8, 8, 4, 2, 2, 2])
    sparse = rows("b", 0, [3, 0.1, 0.2, 0.6, 0.5, 0.7], [1, 99, 98, 3, 4, 5])  # pruned from the start, like most
    found = runs.runs(pd.DataFrame(dense + sparse), runs.ARM_RUN).set_index("arm")
    assert found["best_epoch"].to_dict() == {"a": 4, "b": 1}
    assert found["test_accuracy_percent"].to_dict() == {"a": 4, "b": 99}


def test_order_of_rows_does_not_matter() -> None:
    history = pd.DataFrame(rows("a", 0, [3, 1, 0.5, 0.5], [1, 2, 3, 4]) + rows("a", 1, [1, 2, 3, 4], [9, 8, 7, 6]))
    shuffled = history.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(runs.runs(history, runs.ARM_RUN), runs.runs(shuffled, runs.ARM_RUN))


def test_a_run_without_its_test_row_is_one_sentence() -> None:
    history = pd.DataFrame(rows("a", 0, [3, 1], [1, 2]))
    with pytest.raises(UserError, match="evaluation e, arm a, seed 0: no test row"):
        runs.runs(history[(history["split"] != "test") | (history["epoch"] == 0)], runs.ARM_RUN)


def test_epochs_to_reach_and_never() -> None:
    accuracies = [10, 50, 60], [10, 20, 50], [1, 2, 3]
    history = pd.DataFrame([row for seed, test in enumerate(accuracies) for row in rows("a", seed, [3, 2, 1], test)])
    reached = runs.reach_epochs(history, runs.ARM_RUN, 50)
    assert list(reached["reach_epoch"])[:2] == [1, 2]
    assert isnan(reached["reach_epoch"].iloc[2])
    trained = runs.runs(history, runs.ARM_RUN).merge(reached, on=runs.ARM_RUN).assign(reach_percent=50)
    arm = by_arm.summarise(trained, 0.05).iloc[0]
    assert (arm["reach_median_epoch"], arm["never_reached"], arm["n"]) == (2, 1, 3)
    without = trained.assign(reach_percent=float("nan"), reach_epoch=float("nan"))
    assert by_arm.summarise(without, 0.05)[["reach_median_epoch", "never_reached"]].isna().all(axis=None)


def test_what_is_reached_before_the_last_pruning_is_not_reached_by_the_pruned_network() -> None:
    history = pd.DataFrame(rows("a", 0, [3, 2, 1, 1, 1], [10, 90, 40, 60, 90], kept=[9, 9, 5, 2, 2]))
    assert runs.reach_epochs(history, runs.ARM_RUN, 50)["reach_epoch"].to_list() == [3]
    assert runs.reach_epochs(history, runs.ARM_RUN, 80)["reach_epoch"].to_list() == [4]
    assert runs.reach_epochs(history, runs.ARM_RUN, 95)["reach_epoch"].isna().all()


def test_accuracy_to_reach_is_the_one_asked_for_or_follows_the_dense_arm() -> None:
    trained = arm_runs({"dense": [80.0, 60.0], "a-own": [10.0, 20.0]})
    assert runs.reach_percent(trained, 33.0) == 33.0
    assert runs.reach_percent(trained, None) == pytest.approx(0.95 * 70)
    assert isnan(runs.reach_percent(trained[trained["arm"] == "a-own"], None))


def test_comparisons_are_paired_by_seed_and_corrected_for_the_family() -> None:
    trained = arm_runs({"a-own": [3, 5, 7], "b-own": [1, 4, 4], "c-own": [4, 4, 9]})
    shuffled = trained.sample(frac=1, random_state=1)
    table = by_arm.compare(shuffled, [("a-own", "b-own"), ("a-own", "c-own")], 0.05)
    first, second = table.to_dict("records")
    assert first["difference_points"] == 2
    assert (first["wins"], first["ties"], first["losses"]) == (3, 0, 0)
    assert (first["p"], first["p_holm"]) == (0.25, 0.5)
    assert second["difference_points"] == pytest.approx(-2 / 3)
    # differences -1, 1, -2: of 8 patterns those with |sum| >= 2 are all but (+1 +1 -2) and (-1 -1 +2)
    assert second["p"] == second["p_holm"] == 0.75


def test_comparing_with_an_arm_that_does_not_exist_is_one_sentence() -> None:
    with pytest.raises(UserError, match="no runs of zebra; there are a-own"):
        by_arm.compare(arm_runs({"a-own": [1.0]}), [("a-own", "zebra")], 0.05)


def test_best_step_is_found_between_epochs() -> None:
    history = pd.DataFrame(rows("a", 0, [3, 1, 0.5, 0.4, 0.4, 0.9], [10, 20, 30, 40, 50, 60]))
    history["epoch"] = history["step"] / 40  # four scorings an epoch
    found = runs.arm_runs(history, 30.0).iloc[0]
    assert (found["best_step"], found["best_epoch"], found["test_accuracy_percent"]) == (30, 0.75, 40)
    assert (found["reach_epoch"], found["last_epoch"]) == (0.5, 1.25)
    curves = by_arm.curves(history, 0.05)
    assert list(curves.loc[curves["split"] == "test", "epoch"]) == [0, 0.25, 0.5, 0.75, 1, 1.25]
    summary = by_arm.summarise(runs.arm_runs(history, 30.0), 0.05).iloc[0]
    assert summary["best_step"] == 30
    assert isnan(summary["best_low_step"])


def test_only_common_seeds_are_paired() -> None:
    trained = arm_runs({"a-own": [3.0, 5.0, 7.0], "b-own": [1.0, 4.0, 4.0]})
    part = trained[~((trained["arm"] == "b-own") & (trained["seed"] == 1))]
    assert by_arm.compare(part, [("a-own", "b-own")], 0.05).iloc[0]["difference_points"] == 2.5


EIGHT = {"a-own": [60.1, 61.2, 62.0, 60.5, 61.1, 60.9, 61.4, 62.2], "b-own": [59, 60, 61, 59.1, 60.4, 59.2, 60.5, 61]}


def test_verdict_when_a_difference_is_shown() -> None:
    (sentence,) = sentences(EIGHT, [("a-own", "b-own")])
    assert sentence.startswith(
        "a-own is significantly better than b-own on cifar at 13 % density: 61.17 % against 60.02 %"
    )
    assert "a difference of +1.15 percentage points (95 % confidence interval +0.89 to +1.41; " in sentence
    assert sentence.endswith("; exact sign-flip test, Holm-adjusted p = 0.0078; n = 8 seeds).")


def test_verdict_says_worse_when_the_first_is_worse() -> None:
    assert sentences(EIGHT, [("b-own", "a-own")])[0].startswith("b-own is significantly worse than a-own on cifar")


def test_verdict_when_no_difference_is_shown() -> None:
    (sentence,) = sentences({"a-own": EIGHT["a-own"], "b-own": EIGHT["a-own"][::-1]}, [("a-own", "b-own")])
    assert sentence.startswith("No significant difference between a-own and b-own")
    assert "equal" not in sentence
    assert "p = 1" in sentence


def test_verdict_follows_the_adjusted_p() -> None:
    pairs = [("a-own", "b-own"), *[("b-own", "b-own")] * 6]  # 7 * 2 / 2^8 = 0.055
    found = sentences(EIGHT, pairs)
    assert found[0].startswith("No significant difference")
    assert "Holm-adjusted p = 0.055, 7 comparisons; n = 8" in found[0]
    assert "With 8 seeds these 7 comparisons are descriptive only" in found[1]
    assert "takes 9 seeds" in found[1]


def test_verdict_when_seeds_are_too_few() -> None:
    five = {arm: values[:5] for arm, values in EIGHT.items()}
    found = sentences(five, [("a-own", "b-own")])
    assert len(found) == 2
    assert found[0].startswith("No significant difference between a-own and b-own")
    assert found[1] == (
        "With 5 seeds this comparison is descriptive only: the exact sign-flip test cannot give p < 0.0625, and one "
        "test needs p <= 0.05 for a family-wise error rate of 0.05, which takes 6 seeds."
    )


def test_verdict_of_one_seed() -> None:
    found = sentences({"a-own": [61.0], "b-own": [50.0]}, [("a-own", "b-own")])
    assert found[0].startswith("No test of the difference between a-own and b-own on cifar")
    assert "(one seed: no confidence interval and no test)" in found[0]
    assert found[1].startswith("With one seed this comparison is descriptive only")
    assert "nan" not in " ".join(found)


def test_verdict_without_comparisons_only_describes() -> None:
    (sentence,) = sentences(EIGHT, [])
    assert "no test was run on cifar" in sentence
    assert sentence.endswith("these results are descriptive only.")


def test_verdict_has_a_sentence_for_each_comparison_of_the_family() -> None:
    third = {"c-own": [value + 0.001 * place for place, value in enumerate(EIGHT["b-own"])]}
    found = sentences({**EIGHT, **third}, [("a-own", "b-own"), ("a-own", "c-own")])
    assert len(found) == 2
    assert found[1].startswith("a-own is significantly better than c-own: ")


def test_few_seeds_of_one_pair_say_nothing_of_the_others() -> None:
    third = {"c-own": [value - 3 + 0.01 * place for place, value in enumerate(EIGHT["a-own"])]}
    few = {**EIGHT, "b-own": EIGHT["b-own"][:2], **third}
    pairs = [("a-own", "b-own"), ("a-own", "c-own")]
    for told in (sentences(few, pairs), sentences(few, pairs[::-1])):
        assert sum(sentence.startswith("a-own is significantly better than c-own") for sentence in told) == 1
        assert told[-1] == (
            "With 2 seeds the comparison of a-own and b-own is descriptive only: the exact sign-flip test cannot give "
            "p < 0.5, and Holm's correction over 2 tests needs at best p <= 0.05 for a family-wise error rate of 0.05, "
            "which takes 6 seeds."
        )
    table = by_arm.compare(arm_runs(few), pairs, 0.05)
    assert [sentence[:32] for sentence in family(table)] == [
        "a-own is significantly better th",
        "With 2 seeds the comparison of a",
    ]
    all_few = {**few, "c-own": few["c-own"][:3]}
    assert [sentence.partition(" is descriptive only")[0] for sentence in sentences(all_few, pairs)][1:] == [
        "With 2 seeds the comparison of a-own and b-own",
        "With 3 seeds the comparison of a-own and c-own",
    ]
    pairs += [("c-own", "b-own")]
    assert sentences(few, pairs)[-1].startswith(
        "With 2 seeds the comparisons of a-own and b-own and of c-own and b-own are descriptive only: "
    )
    assert family(table[:0]) == []


def test_few_seeds_of_one_pair_can_still_show_that_it_is_equivalent() -> None:
    six = {**NEAR, "c-own": NEAR["c-own"][:6], "b-own": NEAR["b-own"][:2]}
    told, _ = within(six, [("a-own", "e-own"), ("a-own", "c-own"), ("a-own", "b-own")], 0.5)
    assert [sentence.partition(":")[0].partition(" on cifar")[0] for sentence in told] == [
        "a-own is significantly better than e-own, but equivalent to it within ±0.5 points",
        "a-own and c-own are equivalent within ±0.5 points",
        "With 6 seeds no difference between a-own and c-own can be significant",
        "With 2 seeds the comparison of a-own and b-own is descriptive only",
    ]
    assert told[-1].endswith("takes 7 seeds; equivalence takes 5 seeds.")


def within(
    results: dict[str, list[float]], pairs: list[tuple[str, str]], margin: float | None, alpha: float = 0.05
) -> tuple[list[str], pd.DataFrame]:
    """The verdict and the comparisons of a study that names an equivalence margin."""
    trained = arm_runs(results)
    table = by_arm.compare(trained, pairs, alpha, margin)
    return verdict(by_arm.summarise(trained, alpha), table), table


NEAR = {
    **EIGHT,
    "c-own": [value + shift for value, shift in zip(EIGHT["a-own"], [0.2, -0.2, 0.3, -0.3] * 2, strict=True)],
    "d-own": [value + shift for value, shift in zip(EIGHT["a-own"], [2, -2, 3, -3] * 2, strict=True)],
    "e-own": [value - 0.1 for value in EIGHT["a-own"]],
}
"""Beside a: b differs, c is within half a point, d lies anywhere, e is a little worse in every seed."""


def test_equivalence_is_a_family_of_its_own() -> None:
    pairs = [("a-own", "c-own"), ("a-own", "b-own"), ("a-own", "e-own")]
    _, table = within(NEAR, pairs, 0.5)
    assert list(table["p_equivalence"]) == [1 / 256, 1.0, 1 / 256]
    assert list(table["p_equivalence_holm"]) == [3 / 256, 1.0, 3 / 256]
    assert list(table["p_above_lower_margin"]) == [1 / 256] * 3
    assert list(table["margin_points"]) == [0.5] * 3
    assert list(table["equivalence_confidence_percent"]) == [90.0] * 3
    plain = by_arm.compare(arm_runs(NEAR), pairs, 0.05)
    pd.testing.assert_frame_equal(table[list(plain)], plain)  # the margin changes no other test
    assert "outcome" not in plain
    wide, narrow = table.iloc[0][["low_points", "high_points"]], table.iloc[0]
    assert wide["low_points"] < narrow["equivalence_low_points"] < 0 < narrow["equivalence_high_points"]


@pytest.mark.parametrize(
    ("arm", "outcome", "claim"),
    [
        ("b-own", "different", "a-own is significantly better than b-own on cifar"),
        ("c-own", "equivalent within ±0.5 points", "a-own and c-own are equivalent within ±0.5 points on cifar"),
        (
            "e-own",
            "both (a difference smaller than the margin)",
            "a-own is significantly better than e-own, but equivalent to it within ±0.5 points on cifar",
        ),
        (
            "d-own",
            "inconclusive",
            "Inconclusive: neither a difference between a-own and d-own nor equivalence within ±0.5 points is "
            "significant on cifar",
        ),
    ],
)
def test_the_outcome_of_both_tests(arm: str, outcome: str, claim: str) -> None:
    (sentence,), table = within(NEAR, [("a-own", arm)], 0.5)
    assert table.iloc[0]["outcome"] == outcome
    assert sentence.startswith(f"{claim} at 13 % density: ")
    assert re.search(
        r"exact sign-flip test, Holm-adjusted p = \S+; equivalence within ±0.5 points: 90 % interval \S+ to \S+, "
        r"Holm-adjusted p = \S+; n = 8 seeds\)\.$",
        sentence,
    )


def test_an_interval_without_0_and_within_the_margin_shows_nothing_by_itself() -> None:
    """Five seeds: the t intervals would say both, the exact tests of three pairs can say neither."""
    five = {arm: values[:5] for arm, values in NEAR.items()}
    five["e-own"] = [value - shift for value, shift in zip(five["a-own"], [0.1, 0.12, 0.1, 0.11, 0.1], strict=True)]
    found, table = within(five, [("a-own", "e-own"), ("a-own", "b-own"), ("a-own", "c-own")], 0.5)
    row = table.iloc[0]
    assert 0 < row["low_points"] < row["equivalence_low_points"] < row["equivalence_high_points"] < 0.5
    assert (row["difference_shown"], row["equivalence_shown"], row["outcome"]) == (False, False, "inconclusive")
    assert len(found) == 2
    assert found[0].startswith("Inconclusive: neither")
    assert found[1].startswith("With 5 seeds these 3 comparisons are descriptive only")
    assert found[1].endswith("which takes 7 seeds; equivalence takes 6 seeds.")
    (note,) = [line for line in notes(by_arm.summarise(arm_runs(five), 0.05), table) if "This test alone" in line]
    assert note.startswith("Significant: p Holm <= 0.05.")
    assert "may exclude 0 where the difference is not significant" in note


def test_five_seeds_can_show_equivalence_but_no_difference() -> None:
    five = {arm: values[:5] for arm, values in NEAR.items()}
    found, _ = within(five, [("a-own", "c-own")], 0.5)
    assert found[0].startswith("a-own and c-own are equivalent within ±0.5 points on cifar")
    assert found[1:] == [
        "With 5 seeds no difference can be significant: the exact sign-flip test cannot give p < 0.0625, and one test "
        "needs p <= 0.05 for a family-wise error rate of 0.05, which takes 6 seeds."
    ]
    six = {arm: values[:6] for arm, values in NEAR.items()}
    found, _ = within(six, [("a-own", "c-own"), ("a-own", "d-own")], 0.5)
    assert [sentence.partition(":")[0] for sentence in found] == [
        "a-own and c-own are equivalent within ±0.5 points on cifar at 13 % density",
        "Inconclusive",
        "With 6 seeds no difference can be significant",
    ]


def test_one_seed_shows_no_equivalence() -> None:
    found, table = within({"a-own": [61.0], "b-own": [61.0]}, [("a-own", "b-own")], 0.5)
    assert table.iloc[0]["outcome"] == "untested (one seed)"
    assert found[0].startswith("No test of the difference between a-own and b-own on cifar")
    assert found[1].startswith("With one seed this comparison is descriptive only")
    assert "nan" not in " ".join(found)


def test_the_text_has_the_table_of_equivalence(tmp_path: Path) -> None:
    trained = arm_runs(NEAR)
    written = by_arm.compare(trained, [("a-own", "c-own"), ("a-own", "e-own")], 0.05, 0.5)
    write_table(written, tmp_path / "comparisons.csv")
    table = read_table(tmp_path / "comparisons.csv", sealed=True)
    assert list(table["outcome"]) == list(written["outcome"])
    arms = by_arm.summarise(trained, 0.05)
    lines = text("e", arms, table).splitlines()
    header = next(place for place, line in enumerate(lines) if "90 % CI" in line)
    assert " ".join(lines[header].split()) == "first minus second points 90 % CI margin p p Holm outcome"
    assert lines[header + 2].split()[-4:] == ["±0.5", "0.0039", "0.0078", "equivalent"]
    assert lines[header + 3].split()[-1] == "both"
    assert max(map(len, lines)) <= 100
    assert "| a-own | c-own |" in "".join(assessment(arms, table))
    assert len([line for line in assessment(arms, table) if "±0.5 | 0.0039 | 0.0078 | equivalent |" in line]) == 1


def test_confusion_shares_and_class_accuracy() -> None:
    counts = [("x", "x", 8), ("x", "y", 2), ("y", "x", 1), ("y", "y", 3)]
    other = [("x", "x", 6), ("x", "y", 4), ("y", "x", 0), ("y", "y", 4)]
    confusion = pd.DataFrame(
        [
            {"evaluation": "e", "arm": "a", "seed": seed, "true": true, "predicted": predicted, "count": count}
            for seed, cells in enumerate((counts, other))
            for true, predicted, count in cells
        ]
    )
    assert list(by_arm.mean_confusion(confusion)["percent"]) == [70, 30, 12.5, 87.5]
    classes = by_arm.classes(confusion, 0.05)
    assert list(classes["class"]) == ["x", "y"]
    assert list(classes["accuracy_percent"]) == [70, 87.5]
    assert list(classes["n"]) == [2, 2]


def test_layer_density() -> None:
    layers = pd.DataFrame(
        [
            {"ticket": "t", "seed": seed, "round": 1, "layer": layer, "kept": kept, "total": total, "outputs": 3}
            for seed, layer, kept, total in [(0, "b", 2, 10), (0, "a", 5, 5), (1, "b", 4, 10), (1, "a", 4, 5)]
        ]
    )
    table = masks.layer_densities(layers)
    assert list(table["layer"]) == ["b", "a"]  # network order, not the alphabet's
    assert list(table["density_percent"]) == pytest.approx([30, 90])
    assert list(table["density_least_percent"]) == pytest.approx([20, 80])
    assert list(table["thin_seeds"]) == [1, 0]  # two weights for three outputs


def test_overlap_of_tickets_against_counting(tmp_path: Path) -> None:
    from lth.analysis.stats import chance_jaccard
    from lth.artifacts.tickets import Ticket

    files = synthetic.write_jobs(tmp_path, synthetic.study(1))
    table = masks.overlap(masks.overlap_counts(masks.read(files.tickets), ["mnist", "fashion", "cross"]))
    assert list(table[["first", "second"]].drop_duplicates().itertuples(index=False, name=None)) == [
        ("mnist", "fashion"),
        ("mnist", "cross"),
        ("fashion", "cross"),
    ]
    one, other = (Ticket.load(path).masks for path in files.tickets[:2])
    for layer, mask in one.items():
        row = table[(table["second"] == "fashion") & (table["layer"] == layer)].iloc[0]
        first, second = ({*mask.flatten().nonzero().flatten().tolist()} for mask in (mask, other[layer]))
        assert row["jaccard"] == len(first & second) / len(first | second)
        assert row["chance_jaccard"] == chance_jaccard(len(first), len(second), mask.numel())
    assert list(table["layer"].unique()) == list(one)


def test_a_single_ticket_has_no_overlap(tmp_path: Path) -> None:
    files = synthetic.write_jobs(tmp_path, synthetic.one_arm(1))
    assert masks.overlap(masks.overlap_counts(masks.read(files.tickets), ["cross"])).empty


@pytest.mark.parametrize("seeds", [1, 2])
def test_tables_of_a_study_are_the_same_bytes_twice(tmp_path: Path, seeds: int) -> None:
    example = synthetic.study(seeds)
    files = synthetic.write_jobs(tmp_path, example)
    written = synthetic.write_tables(tmp_path / "one", example, files)
    for listed in (*files.of_rounds().values(), *files.of_arms().values()):
        if listed is not files.arm_tickets:  # which arm's and seed's each is, its place says
            listed.reverse()
    again = synthetic.write_tables(tmp_path / "two", example, files)
    for name, path in written.items():
        assert path.read_bytes() == again[name].read_bytes(), name
    found = written["transfer/verdict"].read_text()
    assert all(len(line) <= 100 for line in found.splitlines())
    assert "descriptive only" in " ".join(found.split())
    assert "nan" not in found


def test_arms_are_in_the_order_of_the_study(tmp_path: Path) -> None:
    from lth.plan.plan import Plan

    example = synthetic.study(2)
    written = synthetic.write_tables(tmp_path, example, synthetic.write_jobs(tmp_path, example))
    arms = read_table(written["transfer/arms"])
    assert list(arms["arm"]) == [arm.name for arm in Plan(example).arms("transfer")]
    assert set(arms["n"]) == {2}
    rounds = read_table(written["rounds"])
    assert list(rounds["ticket"].unique()) == ["mnist", "fashion", "cross"]
    assert list(rounds.loc[rounds["ticket"] == "cross", "round"]) == [2, 3, 4]


def test_a_long_name_does_not_widen_the_text_table() -> None:
    name = "a" * 40 + "-shuffled"
    trained = arm_runs({name: EIGHT["a-own"], "b" * 40 + "-own": EIGHT["b-own"]})
    found = text("e", by_arm.summarise(trained, 0.05), by_arm.compare(trained, [(name, "b" * 40 + "-own")], 0.05))
    assert max(map(len, found.splitlines())) <= 100
    assert "…" in found


def test_a_class_called_0_stays_text_and_a_missing_value_a_number(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("true,dataset,reach_epoch\n0,nan,\n1,null,2\n")
    table = read_table(path)
    assert list(table["true"]) == ["0", "1"]
    assert list(table["dataset"]) == ["nan", "null"]
    assert isnan(table["reach_epoch"].iloc[0])


def test_collect_says_which_file_is_wrong(tmp_path: Path) -> None:
    good, other, empty = (tmp_path / name for name in ("good.csv", "other.csv", "empty.csv"))
    write_table(pd.DataFrame({"a": [1.0]}), good)
    write_table(pd.DataFrame({"b": [1.0]}), other)
    empty.touch()
    assert good.read_text().startswith("a,checksum\n1,")
    with pytest.raises(UserError, match=r"other\.csv: has the columns b, where a are needed"):
        collect([good, other])
    with pytest.raises(UserError, match=r"empty.csv: not a readable table"):
        collect([empty])
    with pytest.raises(UserError, match=r"missing.csv: no such file"):
        collect([tmp_path / "missing.csv"])
    with pytest.raises(UserError, match="no files"):
        collect([])


def test_curves_of_rounds_have_means_densities_and_at_most_a_hundred_points() -> None:
    scored = [
        {"ticket": "t", "dataset": "d", "round": round_, "seed": seed, "split": split, "epoch": step / 4, "step": step}
        | {"kept": 50 if step < 4 else 20, "accuracy_percent": 60.0 + 2 * seed, "loss_nats": 1.0}
        for round_, steps in ((0, range(5)), (1, range(0, 251)))
        for seed in (0, 1, 2)
        for step in steps
        for split in ("validation", "test", *(["train"] if step else []))
    ]
    found = by_arm.round_curves(pd.DataFrame(scored), pd.Series({"t": 200}), 0.05)
    short = found[(found["round"] == 0) & (found["split"] == "test")]
    assert list(short["step"]) == [0, 1, 2, 3, 4]
    assert list(short["density_percent"]) == [25, 25, 25, 25, 10]
    row = short.iloc[0]
    assert (row["n"], row["accuracy_percent"]) == (3, 62)
    # standard deviation 2, t(2) at 97.5 % 4.302653
    assert row["accuracy_low_percent"] == pytest.approx(62 - 4.302653 * 2 / 3**0.5, abs=1e-5)
    assert (row["loss_low_nats"], row["loss_high_nats"]) == (1, 1)
    long = found[found["round"] == 1]
    steps = {split: list(group["step"]) for split, group in long.groupby("split")}
    assert steps["test"] == steps["validation"] == [*range(0, 250, 3), 250]
    assert steps["train"] == steps["test"][1:]


def test_the_least_validation_loss_is_kept() -> None:
    history = pd.DataFrame(rows("a", 0, [3, 1, 0.5, 0.7], [1, 2, 3, 4]))
    assert runs.runs(history, runs.ARM_RUN)["validation_loss_nats"].iloc[0] == 0.5
