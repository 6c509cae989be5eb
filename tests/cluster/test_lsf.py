"""The profile for LSF, run on a stand-in for LSF: whatever happens to jobs, the study ends complete and right.

The profile is as it is: the stand-in has the queues that it names. Only the plugin's patience is taken from it.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from lsf.cluster import Cluster, Record, Settings
from lsf.daemon import served

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow"))
from tiny import MEASURED, RESULTS, SAME, Outcome, Project, environment
from warm import python

from lth.catalog.datasets import SOURCES
from lth.catalog.kinds import PREPARED
from lth.checks.read import load_study
from lth.plan.plan import Plan
from lth.verification.manifest import verify

pytest.importorskip("snakemake_executor_plugin_lsf", reason="the executor plugin for LSF is not installed")
pytestmark = pytest.mark.workflow

STUDY = """\
study: tiny
seeds: [0, 1, 2]
compute: {save_minutes: 0.005}
datasets:
  digits: {source: digits, train: 200, validation: 60, test: 60}
  textures: {source: textures, train: 200, validation: 60, test: 60}
networks:
  lenet: {architecture: lenet5_classic}
recipes:
  find: {optimiser: {name: adam, learning_rate: 2e-3}, batch_size: 20, epochs: 30}
tickets:
  digits: {network: lenet, recipe: find, dataset: digits, rounds: 1, rate: 0.5}
evaluations:
  t: {dataset: digits, recipe: find, tickets: [digits], density: 0.5, initialisations: [own], controls: []}
"""
"""Trainings of a few seconds, written down three times a second."""
COMPARED = [
    f"{RESULTS}/{file}" for file in ("tables/rounds.csv", "tables/t/verdict.txt", "figures/t/final_accuracy.svg")
]
"""What the local run makes: all artifacts, all tables, and the figures of the evaluation."""
ONE_SEED = STUDY.replace("seeds: [0, 1, 2]", "seeds: [0]")
PATIENCE = """\
import sys
import snakemake_executor_plugin_lsf as plugin
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor
from snakemake.cli import main
plugin.common_settings.init_seconds_before_status_checks = 1
RemoteExecutor.next_seconds_between_status_checks = property(lambda self: 1, lambda self, seconds: None)
main()
"""
"""Snakemake without the plugin's patience: it asks first after 20 s, then ten seconds later each time."""


@dataclass(frozen=True)
class Training:
    """A job that trains: where it writes, and what the plugin calls it."""

    place: str
    name: str


def found(seed: int, number: int) -> Training:
    """A round of the ticket."""
    return Training(f"tickets/digits/seed{seed}/round{number:02d}", f"ticket=digits,seed={seed},round={number:02d}")


TEXTURES = "data/textures.safetensors"
ARM = Training("evaluations/t/digits-own/seed0", "evaluation=t,arm=digits-own,seed=0")


def until(done: Callable[[], bool]) -> None:
    """Wait. (A file that is there may be gone when it is read: Snakemake removes the log of what it sends again.)"""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        with suppress(FileNotFoundError):
            if done():
                return
        time.sleep(0.1)
    raise AssertionError("it never came")


class Run:
    """Snakemake at work on a cluster, with the profile as it is."""

    def __init__(self, project: Project, cluster: Cluster, *arguments: str, checks: float = 10) -> None:
        self.project, self.cluster, self.terminal = project, cluster, project.folder / "terminal.txt"
        given = [*arguments, "--configfile", "study.yaml", "--profile", "workflow/profiles/lsf"]
        with self.terminal.open("w") as terminal:
            self.process = subprocess.Popen(
                [sys.executable, "-c", PATIENCE, *given, "--max-status-checks-per-second", str(checks)],
                cwd=project.folder,
                env=environment(PATH=f"{cluster.bin}{os.pathsep}{os.environ['PATH']}"),
                stdout=terminal,
                stderr=subprocess.STDOUT,
            )

    def ended(self) -> Outcome:
        """What it came to."""
        return Outcome(self.process.wait(timeout=300), self.terminal.read_text())

    def wait(self, done: Callable[[], bool]) -> None:
        """Until this is so, while Snakemake is at work."""

        def met() -> bool:
            assert self.process.poll() is None, self.terminal.read_text()
            return done()

        until(met)

    def attempts(self, training: Training) -> list[Record]:
        """The cluster's jobs for a training."""
        return [record for record in self.cluster.records() if training.name in record.request.name]

    def said(self, training: Training, words: str) -> Record:
        """Wait until a training's log says this; its newest job."""
        log = self.project.results / "logs" / f"{training.place}.log"
        self.wait(lambda: log.exists() and words in log.read_text())
        return self.attempts(training)[-1]

    def call(self, command: str, record: Record) -> None:
        """`bkill` or `brequeue` a job."""
        subprocess.run([self.cluster.bin / command, str(record.number)], check=True, stdout=subprocess.DEVNULL)

    def out_of_time(self, record: Record, left: float) -> None:
        """Put the cluster's clock to where a job has so many minutes left."""
        runs = (self.cluster.now - (record.started or 0)) / 60
        self.cluster.skip((record.request.minutes or 0) - left - runs)

    def kill_process(self, training: Training) -> None:
        """SIGKILL to the process that trains, and to no other, as soon as it has written a state."""
        scratch = self.project.results / "scratch" / training.place
        self.wait((scratch / "training1.safetensors").exists)
        os.kill(json.loads((scratch / "owner.json").read_text())["pid"], signal.SIGKILL)


def assert_asked_as_the_profile_says(records: Sequence[Record]) -> None:
    """Jobs that train ask for a GPU of their own and to be warned; others ask for neither."""
    for record in records:
        trains = any(f"rule_{rule}:" in record.request.name for rule in ("round", "kept_round", "evaluation"))
        request = record.request
        asked = (request.queue, request.gpus, request.own_gpus, request.warning, request.warn_minutes)
        assert asked == (("gpu", 1, True, "SIGURG", 2) if trains else ("normal", 0, False, None, None)), request.name


def test_a_study_ends_right_whatever_happens_to_its_jobs(tmp_path: Path) -> None:
    """From nothing to the report: a round is killed by its owner, one runs out of time and is put back into the queue,
    an evaluation's process is killed. All go on from where they were, and every byte is that of a local run."""
    local, project = (Project.new(tmp_path / name, ONE_SEED) for name in ("local", "project"))
    undisturbed = subprocess.Popen(  # warm, while the other's jobs begin cold
        local.command(*COMPARED, cores=1, python=python()),
        cwd=local.folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
    )
    settings = Settings(slots=16, queues={"normal": None, "gpu": 30}, terminate_seconds=3)
    with served(tmp_path / "cluster", settings) as cluster:
        run = Run(project, cluster, "--config", "compute={longest_minutes: 30}")
        run.call("bkill", run.said(found(0, 0), "epoch 3/"))
        run.said(found(0, 0), "goes on from step")
        run.out_of_time(run.said(found(0, 1), "epoch 3/"), left=1.9)
        run.call("brequeue", run.said(found(0, 1), "goes on from step"))
        run.kill_process(ARM)
        run.said(ARM, "goes on from step")
        outcome = run.ended()
        records = cluster.records()
    assert outcome.status == 0, outcome.text
    assert undisturbed.wait(timeout=300) == 0
    assert_asked_as_the_profile_says(records)
    assert_same_results(local, project)
    first, second = run.attempts(found(0, 0))
    assert (first.request.minutes, second.request.minutes) == (16, 30)  # not 32, which the queue refuses
    assert second.request.memory == 2 * first.request.memory
    warned, requeued = run.attempts(found(0, 1))
    assert (warned.sent, requeued.starts, requeued.status) == (("SIGURG",), 2, "DONE")
    assert [record.status for record in run.attempts(ARM)] == ["EXIT", "DONE"]


def assert_same_results(local: Project, project: Project) -> None:
    """The bytes of the local run, but for what was measured; and nothing is missing or does not belong there."""
    first, second = local.files(*SAME), project.files(*SAME)
    assert {Path(path).name for path in first if first[path] != second[path]} <= set(MEASURED)
    checked, wrong = verify(project.results)
    assert checked > len(first)
    assert wrong == []


def prepare(project: Project, dataset: str) -> None:
    """Make a data set here: an input that is there already."""
    spec = Plan(load_study(project.study)).data_job(dataset)
    images = PREPARED[SOURCES[spec.spec.source].kind].load()(spec.dataset, spec.spec, None)
    (project.results / "data").mkdir(parents=True)
    images.save(project.results / f"data/{dataset}.safetensors")


def test_without_retries_every_end_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    """Three trainings, two GPUs, and LSF away for a while: one is killed by its owner, one's process is killed, and the
    one that had to wait reaches its limit without having been warned."""
    project = Project.new(tmp_path / "project", STUDY.replace("epochs: 30", "epochs: 3000"))
    prepare(project, "digits")
    trainings = [found(seed, 0) for seed in range(3)]
    targets = [str(RESULTS / training.place / "ticket.safetensors") for training in trainings]
    no_warning = ("--set-resources", "round:lsf_queue=gpu", "round:lsf_extra='-gpu num=1:j_exclusive=yes'")
    with served(tmp_path / "cluster", Settings(gpus=2, terminate_seconds=3)) as cluster:
        run = Run(project, cluster, *targets, str(RESULTS / TEXTURES), "--retries", "0", *no_warning, checks=1)
        run.wait(lambda: sorted(r.status for r in cluster.records() if r.request.gpus) == ["PEND", "RUN", "RUN"])
        at_once = [record for record in cluster.records() if record.request.gpus and record.status == "RUN"]
        assert sorted(record.devices for record in at_once) == [(0,), (1,)]
        one, other = (training for training in trainings if run.attempts(training)[0].status == "RUN")
        (last,) = {*trainings} - {one, other}
        killed, _ = (run.said(training, "epoch 3/") for training in (one, other))
        cluster.down.touch()
        run.wait(lambda: "status query failed" in run.terminal.read_text())
        cluster.down.unlink()
        run.call("bkill", killed)
        run.kill_process(other)
        run.out_of_time(run.said(last, "epoch 3/"), left=0)
        outcome = run.ended()
        ends = [run.attempts(training)[0] for training in (one, other, last)]
        (beside,) = (record for record in cluster.records() if not record.request.gpus)
    assert outcome.status == 1
    first_end = min(record.finished or 0 for record in ends[:2])
    assert (ends[2].started or 0) >= first_end
    assert (beside.started or 0) < first_end
    assert (beside.finished or 0) > max(record.started or 0 for record in ends[:2])
    for record, words in zip(ends, ("TERM_OWNER: job killed by", "SIGKILL", "TERM_RUNLIMIT: job killed"), strict=True):
        assert f"LSF-job '{record.number}' failed, LSF status is: 'EXIT'" in outcome.text
        assert words in outcome.text
    for training in (one, last):
        assert "run it again to go on" in (project.results / "logs" / f"{training.place}.log").read_text()
    for training in trainings:
        assert (project.results / "scratch" / training.place / "training1.safetensors").exists()


def test_what_lsf_refuses_is_told_in_its_own_words(tmp_path: Path) -> None:
    """Here, that it has no queue of that name."""
    project = Project.new(tmp_path / "project", STUDY)
    with served(tmp_path / "cluster", Settings(queues={"gpu": None})) as cluster:
        outcome = Run(project, cluster, str(RESULTS / TEXTURES)).ended()
        assert cluster.records() == []
    assert outcome.status == 1
    assert "LSF job submission failed. The error message was normal: No such queue. Job not submitted." in outcome.text
    assert "Traceback" not in outcome.text
