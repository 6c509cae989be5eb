"""What can happen to jobs and nodes of a cluster, all at once: the study still comes to its end, to the same bytes."""

import shutil
from pathlib import Path

import pytest
from lab import Run, Slurm, differing, site, submit
from tiny import RESULTS, Project

pytestmark = [pytest.mark.slurm, pytest.mark.workflow]

RETRIES = 1
CHAIN, GROWN, DUAL = (f"tickets/{ticket}/seed0/round01" for ticket in ("imp", "grown", "dual"))
BEGUN = "tickets/imp/seed0/round00"
EVALUATED = "evaluations/home/imp-own/seed0"
NO_GPU = {"slurm_partition": "cpu"}


def cancelled(slurm: Slurm, run: Run) -> None:
    """In the second of the rounds that are one job."""
    run.halted(CHAIN)
    slurm.ask("scancel", slurm.number("imp-seed0-part0"))


def requeued_and_warned(slurm: Slurm, run: Run) -> None:
    """First SLURM puts the job back into the queue, as for one that matters more; then its time is nearly over.

    SLURM looks at the time every half minute.
    """
    first = run.halted(GROWN)
    slurm.ask("scontrol", "requeue", slurm.number("grown"))
    run.gone(first)
    run.halted(GROWN)
    slurm.ask("scontrol", "update", f"JobId={slurm.number('grown')}", "EndTime=now+100seconds")


def out_of_time_and_cancelled(slurm: Slurm, run: Run) -> None:
    """First the time is over, then somebody cancels the job when it is sent again; that is once too often."""
    first = run.halted(DUAL)
    slurm.ask("scontrol", "update", f"JobId={slurm.number('dual')}", "EndTime=now+1seconds")
    run.gone(first)
    run.halted(DUAL)
    slurm.ask("scancel", slurm.number("dual"))


def stranded(slurm: Slurm, run: Run) -> None:
    """The node's power fails."""
    run.halted(EVALUATED)
    assert "NodeList=n2" in slurm.ask("scontrol", "show", "job", slurm.number("imp-own"))
    slurm.cut_off("n2")


def test_a_study_survives_what_happens_to_its_jobs(slurm: Slurm, whole: Project, chained: str, tmp_path: Path) -> None:
    """But for one job that fails once more than it may be sent again: it is named, and can be made up for."""
    project = whole.copy(tmp_path / "project")
    project.study.write_text(chained)
    for part in (BEGUN, CHAIN, GROWN, DUAL, EVALUATED):
        shutil.rmtree(project.results / part)
    targets = [str(RESULTS / part / "history.csv") for part in (CHAIN, GROWN, EVALUATED, DUAL)]
    profile = ("--profile", site(project, evaluation=NO_GPU), "--retries", str(RETRIES))
    faults = cancelled, requeued_and_warned, out_of_time_and_cancelled, stranded
    outcome = submit(slurm, project, *targets, *profile, faults=faults)

    met = [(job.comment.removeprefix("rule_"), job.state, job.restarts) for job in slurm.jobs()]
    assert sorted(met) == [
        ("evaluation_wildcards_home_imp-own_0", "COMPLETED", 1),
        ("imp-seed0-part0_kept_round_round", "CANCELLED", 0),
        ("imp-seed0-part0_kept_round_round", "COMPLETED", 0),
        ("kept_round_wildcards_dual_0_01", "CANCELLED", 0),
        ("kept_round_wildcards_dual_0_01", "TIMEOUT", 0),
        ("kept_round_wildcards_grown_0_01", "COMPLETED", 0),
        ("kept_round_wildcards_grown_0_01", "FAILED", 1),
    ]
    assert {Path(path).parent for path in differing(whole, project)} == {Path(DUAL)}
    assert_went_on(project, BEGUN, "was done before")
    for part in (CHAIN, GROWN, EVALUATED):
        assert_went_on(project, part)
    assert outcome.status == 1
    assert_clear(outcome.text, slurm)

    later = project.run(targets[-1])
    assert later.status == 0, later.text
    assert_went_on(project, DUAL)
    assert differing(whole, project) == []


def assert_went_on(project: Project, part: str, words: str = "goes on from step") -> None:
    """The last of a job's attempts did not begin anew."""
    assert words in (project.results / "logs" / f"{part}.log").read_text(), part


def assert_clear(text: str, slurm: Slurm) -> None:
    """Of each job that failed, the terminal says which it was, and what SLURM says of it; of groups in other words."""
    for job in slurm.jobs():
        if "part" in job.comment:
            told = f"*** JOB {job.number} ON n1 {job.state} AT"
        else:
            told = f"SLURM-job '{job.number}' failed, SLURM status is: '{job.state}'"
        assert (told in text) == (job.state != "COMPLETED"), text
    assert "Error in group imp-seed0-part0" in text
    assert "Traceback" not in text, text
