"""What jobs ask a cluster for: it follows from the study, grows with each attempt, and ends at what there is."""

from pathlib import Path

import pytest

from lth.checks.read import load_study
from lth.plan.disk import WeightCounts, disk_space, state_bytes, trained_bytes
from lth.plan.plan import Plan
from lth.plan.sizes import (
    asked,
    evaluation_minutes,
    longest_minutes,
    manifest_mb,
    mask_mb,
    memory_mb,
    round_minutes,
)

STUDY = """\
study: sizes
seeds: [0, 1]
compute: {examples_per_second: 300}
datasets:
  mnist: {source: mnist, train: 30000, validation: 5000}
  photos: {source: cifar10, train: 30000, validation: 5000}
networks:
  lenet: {architecture: lenet_300_100}
  wide: {architecture: conv2, channels: 3, size: 32}
recipes:
  find: {optimiser: {name: adam, learning_rate: 1e-3}, batch_size: 60, epochs: 10}
tickets:
  home: {network: lenet, recipe: find, dataset: mnist, rounds: 2, rate: 0.5}
  photos: {network: wide, recipe: find, dataset: photos, rounds: 2, rate: 0.5}
evaluations:
  few: {dataset: mnist, recipe: find, tickets: [home], density: 0.25, examples: 600, draws: 10}
"""


def plan(folder: Path, old: str = "", new: str = "") -> Plan:
    """Of the study, with one thing changed."""
    (folder / "study.yaml").write_text(STUDY.replace(old, new) if old else STUDY)
    return Plan(load_study(folder / "study.yaml"))


def test_time_follows_from_the_study(tmp_path: Path) -> None:
    """5,000 steps of 60 and 12 scorings of 15,000, three of which take as long as training one: 20 minutes; twice that
    and a quarter of an hour."""
    assert round_minutes(plan(tmp_path), "home", 1) == 15 + 2 * 20
    assert round_minutes(plan(tmp_path, "epochs: 10", "epochs: 20"), "home", 1) > 15 + 2 * 38
    assert round_minutes(plan(tmp_path, "examples_per_second: 300", "examples_per_second: 600"), "home", 1) == 15 + 20


def test_draws_of_few_examples_add_up(tmp_path: Path) -> None:
    """A draw: 100 steps of 60 and 12 scorings, 220 seconds."""
    assert evaluation_minutes(plan(tmp_path), "few") == 15 + 74
    assert evaluation_minutes(plan(tmp_path, "draws: 10", "draws: 20"), "few") == 15 + 147


def test_memory_follows_from_the_data(tmp_path: Path) -> None:
    """45,000 images of 784 or 3,072 bytes, twice, and a process with torch."""
    assert memory_mb(plan(tmp_path), "mnist", "lenet") == 1300 + 71
    assert memory_mb(plan(tmp_path), "photos", "wide") == 1300 + 277


@pytest.mark.parametrize(("keys", "moments"), [("keep_weights: last", 1), ("keep_weights: both", 2)])
def test_weights_that_an_evaluation_keeps_take_space(tmp_path: Path, keys: str, moments: int) -> None:
    """Of each arm and seed: dense, or at a density of a quarter."""
    counts = dict.fromkeys(("lenet", "wide"), WeightCounts(layers=(1000, 3000), others=40, tensors=4))
    without, kept = (disk_space(plan(tmp_path, "examples: 600, draws: 10", new), counts, 1) for new in ("", keys))
    densities = [1.0 if arm.kind == "dense" else 0.25 for arm in plan(tmp_path).arms("few")]
    assert {*densities} == {1.0, 0.25}
    a_seed = sum(trained_bytes(counts["lenet"], density, moments) for density in densities)
    assert kept.kept - without.kept == 2 * a_seed


def test_each_training_of_a_job_keeps_its_state_until_the_job_has_ended(tmp_path: Path) -> None:
    """Ten draws are ten; a transformation in three cycles, fine-tuned between them, and the last training are six."""
    counts = dict.fromkeys(("lenet", "wide"), WeightCounts(layers=(1000, 3000), others=40, tensors=4))
    one = state_bytes(counts["lenet"])
    dual = "method: dual, densities: [0.25], transform: move, tune_between: find, cycles: 3, penalty: {rise: 0.1}}"
    moves = "  move: {optimiser: {learning_rate: 1e-3}, batch_size: 60, epochs: 1}\n"
    text = STUDY.replace("tickets:\n", f"{moves}tickets:\n", 1).replace(
        "dataset: mnist, rounds: 2, rate: 0.5}", f"dataset: mnist, {dual}"
    )
    single = "examples: 600, draws: 1"
    for number, written in ((10, STUDY), (6, text.replace("examples: 600, draws: 10", single))):
        (tmp_path / "study.yaml").write_text(written)
        planned = Plan(load_study(tmp_path / "study.yaml"))
        two, three = (disk_space(planned, counts, jobs).peak for jobs in (2, 3))
        assert three - two == number * one


def test_rounds_of_one_job_keep_their_states_together(tmp_path: Path) -> None:
    counts = dict.fromkeys(("lenet", "wide"), WeightCounts(layers=(1000, 3000), others=40, tensors=4))
    together = "compute: {examples_per_second: 300, rounds_per_job: 2}"
    text = STUDY.replace("compute: {examples_per_second: 300}", together).replace(", draws: 10", "")
    (tmp_path / "study.yaml").write_text(text)
    planned = Plan(load_study(tmp_path / "study.yaml"))
    two, three = (disk_space(planned, counts, jobs).peak for jobs in (2, 3))
    assert three - two == 2 * state_bytes(counts["lenet"])


def test_tables_of_few_examples_have_their_own_scorings(tmp_path: Path) -> None:
    """200 iterations of 20 examples in batches of 20 are scored 202 times, of all 30,000 once and at both ends."""
    counts = dict.fromkeys(("lenet", "wide"), WeightCounts(layers=(1000, 3000), others=40, tensors=4))
    short = STUDY.replace("batch_size: 60, epochs: 10", "batch_size: 20, iterations: 200").replace(
        "draws: 10", "draws: 1"
    )
    found = []
    for text in (short.replace("examples: 600", "examples: 20"), short.replace("examples: 600, draws: 1", "draws: 1")):
        (tmp_path / "study.yaml").write_text(text)
        found.append(disk_space(Plan(load_study(tmp_path / "study.yaml")), counts, 1).kept)
    arms = len(plan(tmp_path).arms("few"))
    assert found[0] - found[1] == 2 * arms * 45 * 3 * (202 - 2)


def test_reading_all_again_takes_the_largest_data_set_twice(tmp_path: Path) -> None:
    assert manifest_mb(plan(tmp_path)) == 3000 + 277  # 45,000 images of 3,072 bytes
    assert mask_mb(plan(tmp_path), "wide") == 1000


def test_rounds_of_one_job_share_its_longest_time(tmp_path: Path) -> None:
    """Snakemake adds their times up, and a queue refuses a job that asks for more than its limit."""
    alone = "compute: {examples_per_second: 300, longest_minutes: 120}"
    together = alone.replace("}", ", rounds_per_job: 10}")
    found = [plan(tmp_path, "compute: {examples_per_second: 300}", new) for new in (alone, together)]
    assert [longest_minutes(one, "home", 1) for one in found] == [120, 12]
    assert longest_minutes(plan(tmp_path), "home", 1) is None


@pytest.mark.parametrize(("attempt", "most", "expected"), [(1, None, 40), (3, None, 120), (3, 100, 100), (1, 30, 30)])
def test_each_attempt_asks_for_more_up_to_what_there_is(attempt: int, most: int | None, expected: int) -> None:
    assert asked(40, attempt, most) == expected
