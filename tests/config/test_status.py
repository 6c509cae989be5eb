"""`lth status`: never started, at work, stopped and finished studies, told from files alone."""

import json
import os
import socket
from pathlib import Path

import pytest

from lth.checks.read import load_study
from lth.cli import main
from lth.plan.forecast import planned_jobs
from lth.plan.paths import Paths
from lth.plan.plan import Plan
from lth.running.progress import progress
from lth.running.study_lock import note_study

STUDY = """\
study: tiny
seeds: [0]
datasets:
  digits: {source: digits, validation: 200}
networks:
  lenet: {architecture: lenet5_classic}
recipes:
  find: {optimiser: {name: adam, learning_rate: 1e-3}, batch_size: 60, epochs: 10}
tickets:
  home: {network: lenet, recipe: find, dataset: digits, rounds: 2, rate: 0.5}
evaluations:
  again: {dataset: digits, recipe: find, tickets: [home], density: 0.25}
"""
RESULTS = Path("results/tiny")


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    monkeypatch.chdir(tmp_path)
    Path("study.yaml").write_text(STUDY)
    return Plan(load_study("study.yaml"))


def finish(plan: Plan, count: int, seconds: float = 10) -> None:
    """Make the files and logs of the first jobs."""
    for job in planned_jobs(Paths(plan))[:count]:
        for path in (*job.outputs, job.log):
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_text("")
        Path(job.log).write_text(f"{job.title}  epoch 1/10\n{job.title}  done in {seconds} s: test 90 %\n")


def hold(folder: Path, pid: int, host: str | None = None) -> None:
    """A note as whoever holds a lock leaves it."""
    folder.mkdir(parents=True, exist_ok=True)
    told = {"host": host or socket.gethostname(), "pid": pid, "job": None, "since": "2026-11-28 09:00:00"}
    (folder / "owner.json").write_text(json.dumps(told))


def dead() -> int:
    """The number of a process that is gone."""
    child = os.spawnlp(os.P_NOWAIT, "true", "true")
    os.waitpid(child, 0)
    return child


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert main(["status", *arguments]) == 0
    return capsys.readouterr().out.splitlines()


def test_a_study_that_was_never_started(plan: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "study.yaml")[0] == "study tiny: not started; 0 of 15 jobs done"
    assert not Path("results").exists()
    assert main(["status", "results/tiny"]) == 1
    assert "no such file or folder; give a study file" in capsys.readouterr().err


def test_a_study_at_work_says_what_runs_and_how_long_it_will(plan: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    """One of three rounds is done in 10 seconds; another is at work, and one follows, with all evaluations."""
    finish(plan, 2)
    hold(RESULTS / ".running", os.getpid())
    hold(RESULTS / "scratch/tickets/home/seed0/round01", os.getpid())
    log = RESULTS / "logs/tickets/home/seed0/round01.log"
    log.write_text("ticket home seed 0 round 1  density 50.00 %  epoch 3/10  validation 80.00 % (loss 1)\x1b[2J\n")
    note_study(RESULTS, plan, 1)
    before = {path: path.stat().st_mtime_ns for path in RESULTS.rglob("*")}
    lines = said(capsys, "results/tiny")
    assert lines[0].startswith(f"study tiny: running (process {os.getpid()} on {socket.gethostname()}")
    assert "  rounds: 1 of 3" in lines
    place = lines.index("running")
    assert lines[place + 1].startswith("  ticket home seed 0 round 1  density 50.00 %  epoch 3/10  validation 80.00 %")
    assert r"\x1b[2J" in lines[place + 1]
    assert lines[-1].startswith("about ")
    assert {path: path.stat().st_mtime_ns for path in RESULTS.rglob("*")} == before
    found = progress(plan, Path(), 1)
    assert found.running[0].brief == "home seed 0 round 1: epoch 3/10, validation 80.00 %"
    assert found.seconds_left == pytest.approx(10 + 10 + 4 * 10 + 3 * 5 + 3 * 5, abs=20)


def test_a_killed_run_is_not_running(plan: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    finish(plan, 2)
    hold(RESULTS / ".running", dead())
    hold(RESULTS / "scratch/tickets/home/seed0/round01", dead())
    (RESULTS / "logs/tickets/home/seed0/round01.log").write_text("ticket home seed 0 round 1: stopped\n")
    lines = said(capsys, "study.yaml")
    assert lines[0] == "study tiny: not running; 2 of 15 jobs done"
    begun = lines[lines.index("begun and not finished") + 1]
    assert begun.split("  ")[1:] == ["ticket home seed 0 round 1", "stopped"]
    hold(RESULTS / ".running", 1, host="node7")  # of a cluster: it cannot be asked, and is believed
    assert "running (process 1 on node7" in said(capsys, "study.yaml")[0]


def test_a_finished_study(plan: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    finish(plan, 99)
    assert said(capsys, "results/tiny")[0] == "study tiny: finished; 15 of 15 jobs done"
    Path("study.yaml").unlink()
    assert main(["status", "results/tiny"]) == 1
    assert "does not say which study it is of; give the study file instead" in capsys.readouterr().err
    assert main(["status", "."]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
