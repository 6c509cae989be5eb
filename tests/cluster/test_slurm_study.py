"""A study on a real SLURM of one machine: from nothing to the report, with the bytes of a run without a cluster."""

from itertools import pairwise
from pathlib import Path

import pytest
from lab import Slurm, SlurmJob, differing, site, submit
from tiny import Project

pytestmark = [pytest.mark.slurm, pytest.mark.workflow]

GPU = {"gpu": 1}
"""What rounds of a study with `compute: {device: cuda}` ask for; these train on the processor all the same."""
NO_GPU = {"slurm_partition": "cpu"}
CHAIN = "imp-seed0-part0_kept_round_round"
"""Rounds 0 and 1 of the chain, sent as one job."""
JOBS = {
    *("data_wildcards_digits", CHAIN, "kept_round_wildcards_grown_0_01", "kept_round_wildcards_dual_0_01"),
    *("evaluation_wildcards_home_imp-own_0", "evaluation_tables_wildcards_home", "figures_of_home"),
    "study_manifest_masks_report_study_figures_study_tables",
}
"""All that is submitted; the study's own tables and figures, the report and its manifest as one job."""


def test_a_study_runs_on_slurm(slurm: Slurm, whole: Project, chained: str, tmp_path: Path) -> None:
    project = Project.new(tmp_path / "project", chained)
    profile = site(project, round=GPU, kept_round=GPU, evaluation=NO_GPU)
    outcome = submit(slurm, project, "--profile", profile)
    assert outcome.status == 0, outcome.text
    assert differing(whole, project) == []
    assert not (project.results / "scratch").exists()
    jobs = {job.comment.removeprefix("rule_"): job for job in slurm.jobs()}
    assert len(jobs) == len(slurm.jobs())  # nothing twice
    assert {job.state for job in jobs.values()} == {"COMPLETED"}
    assert {*jobs} == JOBS
    chain = jobs[CHAIN], jobs["kept_round_wildcards_grown_0_01"]
    assert [(job.gpus, job.cpus) for job in chain] == [(1, 1), (1, 1)]
    assert [job.minutes for job in chain] == [2 * 6, 16]
    assert_one_at_a_time_on_the_gpu([*jobs.values()])


def assert_one_at_a_time_on_the_gpu(jobs: list[SlurmJob]) -> None:
    """Of two that waited for it at once, the second began when the first had ended; others ran meanwhile."""
    on_gpu = sorted((job for job in jobs if job.gpus), key=lambda job: job.started)
    assert len(on_gpu) == 3
    assert not any(first.beside(second) for first, second in pairwise(on_gpu))
    assert all(second.submitted < first.ended for first, second in pairwise(on_gpu))
    assert any(job.beside(busy) for busy in on_gpu for job in jobs if not job.gpus)
