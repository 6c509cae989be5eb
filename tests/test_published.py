"""Published accuracies beside the study's own: in the tables by hand, in the figure as dotted lines."""

import pandas as pd
import pytest

from lth.analysis.figures.draw import create
from lth.analysis.tables import cells
from lth.analysis.tables.notes import notes
from lth.analysis.tables.published import with_published
from lth.analysis.tables.runs import reach_percent
from lth.config.study import PublishedCurve

TOLD = {
    "imp-random": PublishedCurve(citation="a script, one seed", accuracy_percent=(29.74, 36.83)),
    "dense": PublishedCurve(citation="a script, one seed", accuracy_percent=(62.0,), epochs=(2,)),
}
ARMS = ("imp-own", "imp-random", "dense", "imp-random-kaiming_normal")
KINDS = ("own", "random", "dense", "random")
SCHEMES = ("glorot_normal", "glorot_normal", "glorot_normal", "kaiming_normal")


def curves(epochs: int = 3) -> pd.DataFrame:
    """Test accuracies of 10, 20, 30 % for the first arm, one point more for each further arm."""
    rows = [
        {
            **{"evaluation": "e", "arm": arm, "ticket": "imp", "kind": kind, "dataset": "d", "split": split},
            **{"epoch": float(epoch), "step": 5 * epoch, "initialisation": scheme, "n": 2, "confidence_percent": 95.0},
            **{f"accuracy{end}_percent": 10.0 * epoch + place for end in ("", "_low", "_high")},
            **{f"loss{end}_nats": 1.0 for end in ("", "_low", "_high")},
        }
        for place, (arm, kind, scheme) in enumerate(zip(ARMS, KINDS, SCHEMES, strict=True))
        for epoch in range(epochs)
        for split in ("validation", "test")
    ]
    return pd.DataFrame(rows)


def arms() -> pd.DataFrame:
    rows = [
        {
            **{"arm": arm, "ticket": "imp", "kind": kind, "n": 2, "density_percent": 10.0, "accuracy_percent": 50.0},
            **{"density_least_percent": 10.0, "density_most_percent": 10.0, "confidence_percent": 95.0},
            **{"accuracy_low_percent": 49.0, "accuracy_high_percent": 51.0, "last_accuracy_percent": 50.0},
            **{"best_epoch": 1.0, "reach_percent": float("nan"), "reach_median_epoch": 1.0, "never_reached": 0},
        }
        for arm, kind in zip(ARMS, KINDS, strict=True)
    ]
    return pd.DataFrame(rows)


def test_without_any_the_tables_are_as_they_were() -> None:
    before = arms(), curves()
    after = with_published(*before, {})
    assert all(one is other for one, other in zip(before, after, strict=True))


def test_published_accuracies_stand_at_their_epochs_in_test_rows_of_their_arm() -> None:
    table, by_epoch = with_published(arms(), curves(), TOLD)
    found = by_epoch[by_epoch["published_percent"].notna()]
    told = [(row["arm"], row["split"], row["epoch"], row["published_percent"]) for row in found.to_dict("records")]
    assert told == [
        ("imp-random", "test", 1.0, 29.74),
        ("imp-random", "test", 2.0, 36.83),
        ("dense", "test", 2.0, 62.0),
    ]
    rows = table.set_index("arm")
    assert rows.loc["imp-random", ["published_epoch", "published_percent", "then_percent"]].tolist() == [2, 36.83, 21.0]
    assert rows.loc["dense", ["published_epoch", "published_percent", "then_percent"]].tolist() == [2, 62.0, 22.0]
    assert rows.loc["imp-own", ["published_epoch", "published_percent", "then_percent"]].isna().all()


def test_what_was_scored_near_the_last_published_epoch_is_not_what_was_published() -> None:
    late = curves()
    late["epoch"] += 0.25 * (late["epoch"] == late["epoch"].max())
    table, _ = with_published(arms(), late, TOLD)
    assert table.set_index("arm").loc["dense", ["published_percent", "then_percent"]].isna().tolist() == [False, True]


def test_what_was_published_stays_where_every_seed_had_stopped_before() -> None:
    table, _ = with_published(arms(), curves(2), TOLD)
    _, rows, _ = cells.arm_table(table)
    assert [row[-2:] for row in rows][1:3] == [["36.83 (epoch 2)", "-"], ["62.00 (epoch 2)", "-"]]
    (said,) = [note for note in notes(table, pd.DataFrame()) if note.startswith("Published %")]
    assert "empty where" in said


def test_the_table_of_arms_and_its_notes_say_so() -> None:
    table, _ = with_published(arms(), curves(), TOLD)
    header, rows, _ = cells.arm_table(table)
    assert header[-2:] == ("published %", "ours then")
    assert [row[-2:] for row in rows] == [
        ["-", "-"],
        ["36.83 (epoch 2)", "21.00"],
        ["62.00 (epoch 2)", "22.00"],
        ["-", "-"],
    ]
    said = [note for note in notes(table, pd.DataFrame()) if note.startswith("Published %: a script, one seed.")]
    assert len(said) == 1
    assert cells.published_rows(table) == [["imp-random", *rows[1][-2:]], ["dense", *rows[2][-2:]]]
    assert cells.published_rows(arms()) == []
    plain, *_ = cells.arm_table(arms())
    assert "published %" not in plain


def test_published_curves_are_dotted_in_the_panel_of_their_initialisation() -> None:
    _, by_epoch = with_published(arms(), curves(), {**TOLD, ARMS[3]: TOLD["dense"]})
    figure = create("accuracy_by_epoch", {"curves": by_epoch}, {"imp": 0})
    panels = {axis.get_title(loc="left"): axis for axis in figure.axes}
    assert list(panels) == ["own initialisation\nGlorot normal", "Kaiming normal"]
    dotted = {
        title: [
            list(map(float, line.get_ydata()))
            for line in axis.lines
            if line.get_linestyle() == ":" and len(line.get_ydata())
        ]
        for title, axis in panels.items()
    }
    assert dotted["own initialisation\nGlorot normal"] == [[29.74, 36.83], [62.0]]
    assert dotted["Kaiming normal"] == [[62.0]]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["imp", "random mask", "dense network", "published"]
    loss = create("loss_by_epoch", {"curves": by_epoch}, {"imp": 0})
    assert "published" not in [text.get_text() for text in loss.legends[0].get_texts()]


def test_the_accuracy_to_reach_is_that_of_the_network_s_own_dense_arm() -> None:
    rows = [("dense", "dense", 60.0), ("dense", "dense", 62.0), ("dense-kaiming_normal", "dense", 10.0)]
    found = pd.DataFrame(rows, columns=["arm", "kind", "test_accuracy_percent"])
    assert reach_percent(found, None) == pytest.approx(0.95 * 61)


def test_seeds_that_went_on_longest_are_not_compared_with_what_was_published() -> None:
    """One seed of two stopped before the last published epoch: the mean there is of the other alone."""
    by_epoch = curves()
    by_epoch.loc[by_epoch["epoch"] == 2, "n"] = 1
    table, beside = with_published(arms(), by_epoch, TOLD)
    rows = table.set_index("arm")
    assert rows.loc["imp-random", "published_percent"] == 36.83
    assert rows["then_percent"].isna().all()
    assert cells.published_rows(table) == [["imp-random", "36.83 (epoch 2)", "-"], ["dense", "62.00 (epoch 2)", "-"]]
    assert any("empty where seeds had stopped before it" in note for note in notes(table, pd.DataFrame()))
    figure = create("accuracy_by_epoch", {"curves": beside}, {"imp": 0})
    lines = [[*map(float, line.get_ydata())] for line in figure.axes[0].lines if line.get_linestyle() != ":"]
    assert [1.0, 11.0] in lines  # imp-random, as far as both seeds go
    dotted = [[*map(float, line.get_ydata())] for line in figure.axes[0].lines if line.get_linestyle() == ":"]
    assert [29.74, 36.83] in dotted
