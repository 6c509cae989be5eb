"""SIGTERM to Snakemake while its scheduler holds its lock: it ends, and the same command goes on."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import warm
from tiny import RESULTS, ROOT, Project, environment

pytestmark = pytest.mark.workflow

SIGNALS = 60
DRIVE = """\
import os, signal, sys, threading
from snakemake.scheduling.job_scheduler import JobScheduler

if sys.argv[1] == "guarded":
    exec(compile(open("workflow/rules/signals.smk").read(), "signals.smk", "exec"))
scheduler = JobScheduler.__new__(JobScheduler)
scheduler._lock, scheduler._open_jobs = threading.Lock(), threading.Semaphore(0)
signal.signal(signal.SIGTERM, scheduler.exit_gracefully)
print("ready", file=sys.stderr, flush=True)
for number in range(int(sys.argv[2])):
    scheduler._user_kill = None
    with scheduler._lock:  # as while it writes the metadata of a finished job
        os.kill(os.getpid(), signal.SIGTERM)
        print(number, flush=True)
    assert scheduler._open_jobs.acquire(timeout=10)
    assert scheduler._user_kill == "graceful"
"""
"""Snakemake's own handler, called at the moment at which it waits for the lock that the interrupted code holds."""
SLOW = """

from snakemake.persistence import PersistenceBase

_finished = PersistenceBase.finished


async def _slow(self, job):
    if not Path("writing").exists():
        Path("writing").write_text(str(os.getpid()))
        while not Path("go_on").exists():
            pass
    await _finished(self, job)


PersistenceBase.finished = _slow
"""
"""What a copy of the Snakefile ends with, so that metadata are being written until the test has sent its signals."""


def drive(which: str, signals: int) -> "subprocess.Popen[str]":
    """A process that gets signals while it holds the lock, one after the other; it is ready for them."""
    command = [sys.executable, "-c", DRIVE, which, str(signals)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    assert process.stderr.readline() == "ready\n"
    return process


def test_a_signal_while_the_scheduler_holds_its_lock_is_heard() -> None:
    with drive("guarded", SIGNALS) as process:
        try:
            output, _ = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 0
    assert output.split() == [str(number) for number in range(SIGNALS)]


def test_snakemake_still_needs_the_guard() -> None:
    """If this fails, Snakemake's handler no longer waits for ever, and `workflow/rules/signals.smk` may go."""
    with drive("as it is", 1) as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.communicate(timeout=2)
        process.kill()
        output, _ = process.communicate()
    assert output == ""


@pytest.mark.parametrize("signals", [1, 3])
def test_snakemake_ends_when_told_to_while_it_writes_metadata(signals: int, project: Project) -> None:
    """With the status of an unfinished run, and no lock left behind: the same command goes on."""
    kinds = ("digits-shuffled", "cross-shuffled", "cross-random")
    made = [RESULTS / f"controls/{kind}/seed0/round02/ticket.safetensors" for kind in kinds]
    for path in made:
        (project.folder / path).unlink()
    snakefile, writing = project.folder / "Snakefile", project.folder / "writing"
    text = snakefile.read_text()
    snakefile.write_text(text + SLOW)
    command = project.command(*map(str, made), cores=1, python=warm.python())
    with subprocess.Popen(
        command, cwd=project.folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        process = wait_for(writing)
        for _ in range(signals):
            os.kill(process, signal.SIGTERM)
            time.sleep(0.2)
        (project.folder / "go_on").touch()
        try:
            output, _ = running.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            os.kill(process, signal.SIGKILL)
            raise
    assert running.returncode == 1, output
    assert "Will exit after finishing currently running jobs" in output
    snakefile.write_text(text)
    assert 1 <= len(project.planned(*map(str, made))["control"]) <= 2  # one was done; another may have been begun
    again = project.run(*map(str, made))
    assert again.status == 0, again.text


def wait_for(path: Path) -> int:
    """The process that has written its number there."""
    deadline = time.monotonic() + 120
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return int(path.read_text())
