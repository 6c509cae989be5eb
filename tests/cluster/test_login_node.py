"""The node that jobs are sent from: no torch, no GPU, no wait."""

import re
from pathlib import Path

import pytest
import yaml
from lab import LOGIN_NODE, PROFILE
from tiny import ROOT, STUDY, Project

pytestmark = pytest.mark.workflow
TRAININGS = ("round", "kept_round", "evaluation")


def planned(project: Project) -> dict[str, set[str]]:
    """The resources of the jobs of a dry run with the profile for SLURM, without torch; by rule."""
    outcome = project.start(project.command("-n", "--profile", PROFILE), PYTHONPATH=str(LOGIN_NODE))
    assert outcome.status == 0, outcome.text
    found: dict[str, set[str]] = {}
    for rule, resources in re.findall(r"^ *rule (\w+):\n(?: +.*\n)*? +resources: (.*)$", outcome.text, re.MULTILINE):
        found.setdefault(rule, set()).update(resources.split(", "))
    return found


def test_there_is_no_torch_on_this_login_node(tmp_path: Path) -> None:
    """What the other tests here, and those on SLURM, rest on."""
    project = Project.new(tmp_path / "project")
    outcome = project.start(["python3", "-c", "import torch"], PYTHONPATH=str(LOGIN_NODE))
    assert "No module named 'torch' on the login node" in outcome.text


@pytest.mark.parametrize(("device", "gpus"), [("cuda", 1), ("cpu", 0)])
def test_a_dry_run_needs_no_torch_and_asks_for_a_gpu_if_the_study_says_so(
    device: str, gpus: int, tmp_path: Path
) -> None:
    project = Project.new(tmp_path / "project", f"compute: {{device: {device}}}\n{STUDY}")
    of = planned(project)
    for rule in TRAININGS:
        assert f"gpu={gpus}" in of[rule]
        assert {"slurm_partition=gpu", "slurm_extra=--signal=URG@120"} <= of[rule]
    others = [resources for rule, resources in of.items() if rule not in TRAININGS]
    assert len(others) == 10
    assert not any(resource.startswith("gpu=") for resources in others for resource in resources)


def test_a_part_of_a_chain_is_sent_as_one_job(tmp_path: Path) -> None:
    """By seed and ticket, also where one begins with another's round; and nothing else is."""
    project = Project.new(tmp_path / "project", f"compute: {{rounds_per_job: 2}}\n{STUDY}")
    outcome = project.run("-n")
    assert outcome.status == 0, outcome.text
    found: dict[str, list[list[str]]] = {}
    for group, jobs in re.findall(r"Group job (\S+) \(.*\n((?: {4}.*\n|\n)+)", outcome.text):
        found.setdefault(group, []).append(re.findall(r"^ {4}rule (\w+):$", jobs, re.MULTILINE))
    of_seed = {
        **{"digits-seed{}-part0": ["round", "round"], "digits-seed{}-part1": ["kept_round"]},
        **{"letters-seed{}-part0": ["round", "round"], "letters-seed{}-part1": ["kept_round"]},
        "cross-seed{}-part0": ["kept_round", "round"],
    }
    assert found == {name.format(seed): [rules] for name, rules in of_seed.items() for seed in (0, 1)}


@pytest.mark.parametrize("profile", ["slurm", "lsf"])
def test_every_rule_that_trains_has_the_queue_of_trainings(profile: str) -> None:
    """Also the one of evaluations that keep their weights, which is made of the other."""
    text = "".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
    made = re.findall(r"^ *use rule (?:round|evaluation) as (\w+)", text, re.MULTILINE)
    settings = yaml.safe_load((ROOT / f"workflow/profiles/{profile}/config.yaml").read_text())["set-resources"]
    assert {*settings} == {"round", "evaluation", *made}
    assert "evaluation_with_weights" in made
    assert len({tuple(of.items()) for of in settings.values()}) == 1
