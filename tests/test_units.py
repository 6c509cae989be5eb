"""Inputs and outputs of layers that masks leave in use."""

from pathlib import Path

import pandas as pd
import pytest
import synthetic
import torch

from lth.analysis.tables.units import UNIT_COUNTS, ArmStart, starts, unit_counts, units, with_shares, with_sizes
from lth.artifacts.tickets import Ticket
from lth.config.data import Network
from lth.methods.new_output import with_new_output
from lth.plan.plan import Plan


def saved(path: Path, kept: dict[str, list[tuple[int, ...]]]) -> Path:
    """A ticket of classic LeNet-5 that keeps these weights; of the layers that are not named, all."""
    dense = Ticket.dense(Network(architecture="lenet5_classic"), 0)
    masks = {name: mask.clone() for name, mask in dense.masks.items()}
    for name, places in kept.items():
        masks[name] = torch.zeros_like(masks[name])
        for place in places:
            masks[name][place] = True
    dense.derive(masks, dense.weights, ticket="t", round=1, seed=0).save(path)
    return path


def test_inputs_and_outputs_with_a_weight_are_counted(tmp_path: Path) -> None:
    kept = {
        "3.weight": [(0, 1, 0, 0), (0, 1, 4, 4), (3, 1, 2, 2), (3, 5, 0, 0)],  # outputs 0 and 3, inputs 1 and 5
        "11.weight": [(9, 0), (9, 83), (2, 0)],
        "9.weight": [],
    }
    counts = unit_counts([ArmStart("mine", 7, saved(tmp_path / "t.safetensors", kept), None)], {}).set_index("layer")
    assert list(counts.reset_index().columns) == ["layer", *UNIT_COUNTS[:2], *UNIT_COUNTS[3:]]
    found = {layer: [int(row[name]) for name in UNIT_COUNTS[3:7]] for layer, row in counts.iterrows()}
    assert found == {
        "0.weight": [1, 1, 6, 6],
        "3.weight": [2, 6, 2, 16],
        "7.weight": [400, 400, 120, 120],
        "9.weight": [0, 120, 0, 84],
        "11.weight": [2, 84, 2, 10],
    }
    assert set(counts["seed"]) == {7}
    assert counts["kept"].to_dict() == {
        "0.weight": 150,
        "3.weight": 4,
        "7.weight": 48_000,
        "9.weight": 0,
        "11.weight": 3,
    }
    assert not counts["on_path"].any()  # no path leads through an empty layer


def test_units_are_means_over_seeds_in_the_order_of_arms_and_layers() -> None:
    rows = [("z", 0, "b", 3, 4, 1, 2), ("z", 0, "a", 2, 2, 2, 2), ("z", 1, "b", 4, 4, 2, 2), ("z", 1, "a", 0, 2, 0, 2)]
    table = units(pd.DataFrame([*rows, ("c", 0, "b", 4, 4, 2, 2)], columns=UNIT_COUNTS[:7]))
    assert [*table[["arm", "layer", "n"]].itertuples(index=False, name=None)] == [
        ("z", "b", 2),
        ("z", "a", 2),
        ("c", "b", 1),
    ]
    assert [*table["inputs_used_mean"]] == [3.5, 1, 4]
    assert [*table["outputs_used_mean"]] == [1.5, 1, 2]
    assert [*table["inputs"]] == [4, 2, 4]


def test_the_share_of_weights_on_a_path_is_a_mean_over_seeds() -> None:
    rows = [("a", 0, "x", 10, 5), ("a", 0, "y", 10, 10), ("a", 1, "x", 10, 10), ("a", 1, "y", 10, 10)]
    rows += [("b", 0, "x", 10, None), ("b", 0, "y", 10, None)]
    counts = pd.DataFrame(rows, columns=["arm", "seed", "layer", "kept", "on_path"])
    arms = pd.DataFrame({"arm": ["b", "a"]})
    assert with_shares(arms, counts, ["on_path"])["on_path_percent"].tolist()[1] == 87.5
    assert with_shares(arms, counts, ["on_path"])["on_path_percent"].isna().tolist() == [True, False]
    for before in (None, counts.drop(columns=["kept", "on_path"])):  # data that were packed without
        assert "on_path_percent" not in with_shares(arms, before, ["on_path"])


def test_the_share_that_a_control_has_in_common_with_its_ticket(tmp_path: Path) -> None:
    none: dict[str, list[tuple[int, ...]]] = {"0.weight": [], "7.weight": [], "9.weight": []}
    own = saved(tmp_path / "own.safetensors", {**none, "3.weight": [(0, 0), (1, 2)], "11.weight": [(0, 0), (1, 1)]})
    other = saved(tmp_path / "other.safetensors", {**none, "3.weight": [(0, 0), (1, 3)], "11.weight": [(0, 0), (1, 1)]})
    found = {(7, "t"): Ticket.load(own)}
    trained = [
        ArmStart("t-own", 7, tmp_path / "is not read again", "t", as_found=True),
        ArmStart("t-magnitude", 7, other, "t"),
        ArmStart("dense", 7, own, None),
    ]
    counts = unit_counts(trained, found)
    assert counts[counts["layer"] == "3.weight"]["in_ticket"].tolist()[:2] == [50, 25]
    table = units(counts).set_index(["arm", "layer"])["in_ticket_percent"]
    assert table["t-magnitude", "3.weight"] == 50
    assert table["t-magnitude", "11.weight"] == 100
    assert table[["dense"]].isna().all()
    arms = with_shares(pd.DataFrame({"arm": ["dense", "t-magnitude", "t-own"]}), counts, ["in_ticket"])
    assert arms["in_ticket_percent"].tolist()[1:] == pytest.approx([100 * 27 / 52, 100])
    assert arms["in_ticket_percent"].isna().tolist() == [True, False, False]
    assert "in_ticket_percent" not in units(counts.drop(columns="in_ticket"))


def test_a_new_output_layer_has_nothing_in_common_with_the_ticket(tmp_path: Path) -> None:
    own = saved(tmp_path / "own.safetensors", {})
    fewer = Ticket.dense(Network(architecture="lenet5_classic", classes=3), 0)
    fewer.derive(fewer.masks, fewer.weights, ticket="t", round=1, seed=0).save(tmp_path / "fewer.safetensors")
    counts = unit_counts([ArmStart("t-own", 0, tmp_path / "fewer.safetensors", "t")], {(0, "t"): Ticket.load(own)})
    assert counts.set_index("layer")["in_ticket"].isna().to_dict() == {
        **dict.fromkeys(["0.weight", "3.weight", "7.weight", "9.weight"], False),
        "11.weight": True,
    }
    arms = with_shares(pd.DataFrame({"arm": ["t-own"]}), counts, ["in_ticket"])
    assert arms["in_ticket_percent"].tolist() == [100]


def test_a_new_output_layer_for_as_many_classes_has_nothing_in_common_either(tmp_path: Path) -> None:
    own = saved(tmp_path / "own.safetensors", {})
    with_new_output(Ticket.load(own), 10, 0).save(tmp_path / "new.safetensors")
    counts = unit_counts([ArmStart("t-own", 7, tmp_path / "new.safetensors", "t")], {(7, "t"): Ticket.load(own)})
    assert counts.set_index("layer")["in_ticket"].isna().to_dict() == {
        **dict.fromkeys(["0.weight", "3.weight", "7.weight", "9.weight"], False),
        "11.weight": True,
    }


def test_sizes_are_those_of_the_weights_that_an_arm_starts_from(tmp_path: Path) -> None:
    kept = {"0.weight": [(0, 0)], "3.weight": [(0, 0), (1, 2)], "7.weight": [], "9.weight": [(3, 4)], "11.weight": []}
    path = saved(tmp_path / "t.safetensors", kept)
    weights = Ticket.load(path).weights
    counts = unit_counts([ArmStart("mine", 7, path, None)], {}).set_index("layer")
    assert counts["initial_rms"].isna().to_dict() == {name: not places for name, places in kept.items()}
    first, (one, other) = weights["9.weight"][3, 4], (weights["3.weight"][place] for place in ((0, 0), (1, 2)))
    assert counts.loc["9.weight", "initial_rms"] == abs(float(first))
    squares = one.double().square().sum() + other.double().square().sum()
    assert counts.loc["3.weight", "initial_rms"] == pytest.approx(float((squares / 50).sqrt()))


def test_sizes_are_compared_with_those_of_the_smallest_arm() -> None:
    rows = [("a", 0, "x", 1.0), ("a", 1, "x", 4.0), ("a", 0, "y", 3.0), ("a", 0, "z", 1.5), ("a", 0, "only", 9.0)]
    rows += [("b", 0, "x", 1.0), ("b", 0, "y", 1.0), ("b", 0, "z", 1.0), ("b", 0, "only", None)]
    counts = pd.DataFrame(rows, columns=["arm", "seed", "layer", "initial_rms"])
    arms = pd.DataFrame({"arm": ["b", "a"]})
    assert with_sizes(arms, counts)["initial_size_ratio"].tolist() == pytest.approx([1, 2])
    for before in (None, counts.drop(columns="initial_rms"), counts[counts["layer"] == "only"]):
        assert "initial_size_ratio" not in with_sizes(arms, before)


def test_each_arm_and_seed_of_an_evaluation_has_its_ticket(tmp_path: Path) -> None:
    plan = Plan(synthetic.study(2))
    arms = [arm.name for arm in plan.arms("transfer")]
    files = [tmp_path / f"{arm}{seed}" for arm in arms for seed in plan.study.seeds]
    found = [*starts(plan, "transfer", files, [])]
    assert [(start.arm, start.seed, start.path) for start in found] == [
        (arm, seed, files[2 * place + number])
        for place, arm in enumerate(arms)
        for number, seed in enumerate(plan.study.seeds)
    ]
    assert {start.arm: start.ticket for start in found if start.ticket is None} == {"dense": None}
    assert all(start.as_found == start.arm.endswith("-own") for start in found)
