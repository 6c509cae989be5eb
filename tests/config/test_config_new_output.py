"""`new_output: 100` in study files: what it plans, what jobs that are there already are told, what is refused."""

import re
from pathlib import Path

import pytest
from study_text import changed, expect, problems, study_of

from lth.artifacts.records import job_digest
from lth.cli.studies import summary
from lth.config.study import Study
from lth.plan.disk import WeightCounts, ticket_bytes
from lth.plan.forecast import job_counts, planned_jobs
from lth.plan.paths import Paths
from lth.plan.plan import Plan

HUNDRED = ("source: cifar10,", "source: cifar100,")
NEW = ("    density: 0.1296\n", "    density: 0.1296\n    new_output: 100\n")


def test_without_the_key_jobs_and_settings_are_told_nothing_of_it(tmp_path: Path) -> None:
    study = study_of(tmp_path, changed())
    assert "new_output" not in study.model_dump(mode="json")["evaluations"]["transfer"]
    with_key = study_of(tmp_path, changed((NEW[0], NEW[1].replace("100", "10"))))
    assert with_key.model_dump(mode="json")["evaluations"]["transfer"]["new_output"] == 10
    one, other = (Plan(of) for of in (study, with_key))
    assert one.round_job("home", 0, 2) == other.round_job("home", 0, 2)
    arms = (one.arm("transfer", "home-shuffled"), other.arm("transfer", "home-shuffled"))
    assert one.control_job(arms[0], 0) == other.control_job(arms[1], 0)
    # as many classes, so that the evaluation is told the same; its ticket is another file, which its record names
    jobs = [plan.evaluation_job("transfer", arm, 0) for plan, arm in zip((one, other), arms, strict=True)]
    assert job_digest(jobs[0]) == job_digest(jobs[1])


def test_arms_are_planned_with_the_target_s_classes_and_a_file_of_their_own(tmp_path: Path) -> None:
    plan = Plan(study_of(tmp_path, changed(HUNDRED, NEW)))
    paths = Paths(plan)
    own, shuffled, dense = (plan.arm("transfer", name) for name in ("cross-own", "cross-shuffled", "dense"))
    assert plan.evaluation_job("transfer", own, 0).network.classes == 100
    assert plan.new_output_job(own, 0).network.classes == 10
    folder = "results/small/controls"
    assert paths.arm_ticket(own, 0) == f"{folder}/cross-own-100_classes/seed0/round04/ticket.safetensors"
    assert paths.made_or_found(own, 0) == "results/small/tickets/cross/seed0/round04/ticket.safetensors"
    assert paths.made_or_found(shuffled, 0) == f"{folder}/cross-shuffled/seed0/round04/ticket.safetensors"
    assert paths.arm_ticket(dense, 0) == f"{folder}/home-dense-100_classes/seed0/round00/ticket.safetensors"
    assert {paths.arm_ticket(shuffled, 0), paths.made_or_found(shuffled, 0)} <= {*paths.artifacts()}
    jobs = {job.key: job for job in planned_jobs(paths)}
    made = jobs[paths.arm_ticket(shuffled, 0)]
    assert made.after == (paths.made_or_found(shuffled, 0),)
    assert made.title == "new output layer cross-shuffled-100_classes seed 0"
    assert made.log == "results/small/logs/controls/cross-shuffled-100_classes/seed0/round04.log"
    # 3 seeds: 3 tickets in 3 kinds of arms, random and dense
    assert job_counts(plan)["new output layers"] == 3 * (3 * 3 + 2)
    assert job_counts(plan)["controls"] == job_counts(Plan(study_of(tmp_path, changed())))["controls"]
    lines = [*summary(plan.study)]
    assert "evaluation transfer: on photos at density 0.1296, with a new output layer for 100 classes, which" in str(
        lines
    )


def test_two_evaluations_of_as_many_classes_share_the_tickets(tmp_path: Path) -> None:
    more = "  again:\n    dataset: photos\n    recipe: find\n    tickets: [home]\n    density: 0.1296\n"
    text = changed(HUNDRED, NEW) + more + "    new_output: 100\n"
    assert job_counts(Plan(study_of(tmp_path, text)))["new output layers"] == 3 * (3 * 3 + 2) + 3  # home-random


def test_sizes_on_disk_are_counted_for_the_network_with_the_new_layer(tmp_path: Path) -> None:
    plan = Plan(study_of(tmp_path, changed(HUNDRED, NEW)))
    assert {name: network.classes for name, network in plan.sized_networks.items()} == {
        "lenet": 10,
        "lenet with 100 classes": 100,
    }
    counts = WeightCounts(layers=(8000, 1000), others=0, tensors=4)
    assert ticket_bytes(counts, 0.5, new_output=True) - ticket_bytes(counts, 0.5) == 4 * 500


FAULTS = {
    "other classes without the key": (
        (HUNDRED,),
        "30 evaluations.transfer.dataset: data set 'photos' has 100 classes, but network 'lenet' has 10; "
        "`new_output: 100` on the evaluation gives all its arms a new output layer",
    ),
    "another shape with the key": (
        (("source: cifar10, grey: true,", "source: cifar100,"), NEW),
        "30 evaluations.transfer.dataset: data set 'photos' has 3x28x28 images in 100 classes, but network 'lenet' "
        "takes 1x28x28 images in 100 classes; set `grey: true` on the data set",
    ),
    "a start on other classes": (
        (
            HUNDRED,
            NEW,
            ("dataset: letters\n    rounds: 2", "dataset: photos\n    rounds: 2"),
        ),
        "24 tickets.cross.dataset: data set 'photos' has 100 classes, but network 'lenet' has 10, for 'digits'; a "
        "ticket is pruned with one output layer: end the chain before it, and carry the ticket there by an "
        "evaluation with `new_output: 100`",
    ),
    "a chain over other classes": (
        (
            HUNDRED,
            NEW,
            (
                "home: {network: lenet, recipe: find, dataset: digits, rounds: 4, rate: 0.4}",
                "home: {network: lenet, recipe: find, rate: 0.4, "
                "chain: [{dataset: digits, rounds: 2}, {dataset: photos, rounds: 2}]}",
            ),
        ),
        "19 tickets.home.chain[1].dataset: data set 'photos' has 100 classes, but network 'lenet' has 10, for 'digits'",
    ),
    "a number that is not the data set's": (
        (HUNDRED, (NEW[0], NEW[1].replace("100", "99"))),
        "34 evaluations.transfer.new_output: data set 'photos' has 100 classes, found 99; must be as many",
    ),
    "a word": (
        (("    density: 0.1296\n", "    density: 0.1296\n    new_output: fresh\n"),),
        "34 evaluations.transfer.new_output: must be a whole number",
    ),
    "the key in a comparison": (
        (
            (
                "evaluations:\n",
                "comparisons:\n  at_home: {tickets: [home], density: 0.1296, new_output: 100}\nevaluations:\n",
            ),
        ),
        "29 comparisons.at_home.new_output: ",
    ),
}


@pytest.mark.parametrize(("changes", "sentence"), FAULTS.values(), ids=FAULTS)
def test_what_cannot_be_is_one_sentence(tmp_path: Path, changes: tuple[tuple[str, str], ...], sentence: str) -> None:
    expect(problems(tmp_path, changed(*changes)), sentence)


OWN = """\
from torch import nn

def follows(channels, size, classes):
    return nn.Sequential(nn.Flatten(), nn.Linear(channels * size * size, 12), nn.ReLU(), nn.Linear(12, classes))

def wide(channels, size, classes):
    first = nn.Linear(channels * size * size, classes)
    return nn.Sequential(nn.Flatten(), first, nn.ReLU(), nn.Linear(classes, classes))

def ten(channels, size):
    return nn.Sequential(nn.Flatten(), nn.Linear(channels * size * size, 10))
"""


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("follows", None),
        (
            "wide",
            r"evaluations.transfer.new_output: network 'outputs:wide' differs in '1\.weight' if it has 100 classes",
        ),
        ("ten", r"evaluations.transfer.new_output: network 'outputs:ten': returns \[2, 10\]"),
    ],
)
def test_networks_of_one_s_own_are_tried_with_the_new_layer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, words: str | None
) -> None:
    (tmp_path / "outputs.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    text = changed(HUNDRED, NEW, ("architecture: lenet5_classic", f"architecture: 'outputs:{name}'"))
    if words is None:
        assert isinstance(study_of(tmp_path, text), Study)
    else:
        assert any(re.search(words, line) for line in problems(tmp_path, text)), problems(tmp_path, text)
