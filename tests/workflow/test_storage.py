"""Full disks, read-only folders, files that change, and others who write: a sentence each time, and nothing lost."""

import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock
from tiny import MEASURED, RESULTS, SAME, Outcome, Project, environment

pytestmark = pytest.mark.workflow

NAMESPACE = ("unshare", "--mount", "--map-root-user")
"""A command of its own mounts; file permissions alone do not stop root."""
FULL = """\
mount -t tmpfs -o size=16m tmpfs "$0" && cp -a results/. "$0" && mount --bind "$0" results
free=$(df -k --output=avail results | tail -1)
head -c $(((free - $1) * 1024)) /dev/zero > results/filler && shift && exec "$@"
"""
"""The results on a disk of which so many kilobytes are free."""
READ_ONLY = 'mount --bind results results && mount -o remount,bind,ro results && exec "$@"'
ARM = "evaluations/transfer/dense/seed0"
CONTROL = "controls/digits-reinitialised/seed0/round02/ticket.safetensors"


@pytest.fixture
def mounts() -> None:
    """Skips where this user may not mount."""
    asked = subprocess.run([*NAMESPACE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False)
    if asked.returncode:
        pytest.skip("this user may not mount a small disk")


def within(project: Project, script: str, *command: str) -> Outcome:
    """Run a command where the script has mounted something."""
    disk = project.folder / "disk"
    disk.mkdir(exist_ok=True)
    return project.start([*NAMESPACE, "bash", "-c", script, str(disk), *command])


def lose(project: Project, *files: str) -> list[str]:
    """Delete files of the results; the arguments that make them anew."""
    for file in files:
        (project.results / file).unlink()
    return [str(RESULTS / file) for file in files]


def assert_as_before(project: Project, before: dict[str, str]) -> None:
    """Every artifact has the bytes that it had, but for what was measured; nothing is half-written."""
    after = project.files(*SAME)
    assert after.keys() == before.keys()
    assert {Path(path).name for path in before if before[path] != after[path]} <= set(MEASURED)
    assert [*project.results.rglob("*.part")] == []


def assert_told(outcome: Outcome, *sentences: str) -> None:
    """Each of these, as a line of its own, and no traceback."""
    assert outcome.status == 1, outcome.text
    for sentence in sentences:
        assert re.search(f"^{sentence}$", outcome.text, flags=re.MULTILINE), outcome.text
    assert "Traceback" not in outcome.text


def test_a_full_disk(project: Project, mounts: None) -> None:
    """While an artifact, a table, a figure and the state of a training are written, and their logs; with room again,
    the same command finishes."""
    before = project.files(*SAME)
    shutil.rmtree(project.results / "logs")
    tables = ("tables/rounds.csv", "tables/layers.csv", "tables/costs.csv")
    figures = [str(path.relative_to(project.results)) for path in project.results.glob("figures/transfer/*.svg")]
    files = lose(project, CONTROL, *tables, *figures)
    rules = ("--allowed-rules", "control", "study_tables", "figures_of_transfer")  # else one would wait for another
    outcome = within(project, FULL, "0", *project.command(*files, *rules))
    full = "cannot be written: No space left on device; free space or change the folder, then rerun"
    assert_told(
        outcome,
        f"control digits-reinitialised seed 0: {RESULTS}/{CONTROL}: {full}",
        f"tables: {RESULTS}/tables/\\w+.csv: {full}",
        f"figures of transfer: {RESULTS}/figures/transfer/\\w+.svg: {full}",
    )
    often = ("--config", "compute={save_minutes: 0.00001}")
    training = lose(project, f"{ARM}/history.csv")
    outcome = within(project, FULL, "12", *project.command(*training, *often))
    state = f"{RESULTS}/scratch/{ARM}/training1.safetensors"
    assert_told(outcome, f"evaluation transfer dense seed 0: {state}: {full}")
    assert project.run(*files, *training).status == 0
    assert_as_before(project, before)


def test_a_read_only_folder(project: Project, mounts: None) -> None:
    """Found out before anything is begun."""
    before = project.files(*SAME)
    files = lose(project, CONTROL)
    outcome = within(project, READ_ONLY, *project.command(*files))
    assert_told(outcome, rf"{RESULTS}: cannot be written \(read-only, or not yours\); change the folder, then rerun")
    assert project.run(*files).status == 0
    assert_as_before(project, before)


def test_a_data_file_that_changed_between_two_runs(project: Project) -> None:
    """It is refused; deleted, as the sentence says, it is made anew, and nothing depends on it having been away."""
    before = project.files(*SAME)
    data = project.results / "data/textures.safetensors"
    changed = bytearray(data.read_bytes())
    changed[len(changed) // 2] ^= 1
    data.write_bytes(changed)
    files = lose(project, f"{ARM}/history.csv")
    refused = (
        f"{RESULTS}/data/textures.safetensors: was altered after it was written; "
        f"to make it again: rm -f -- {RESULTS}/data/textures.safetensors && snakemake --configfile study.yaml .*"
    )
    assert_told(project.run(*files), f"evaluation transfer dense seed 0: {refused}")
    data.unlink()
    assert project.run(*files).status == 0
    assert_as_before(project, before)


def test_two_snakemakes_at_once(project: Project, tmp_path: Path) -> None:
    """In one folder the second is refused by Snakemake; where Snakemake's lock went with the end of a third run, and
    from another folder with the same results, by ours. The first finishes, and then there is nothing left to do."""
    before = project.files(*SAME)
    other = Project.new(tmp_path / "other")
    (other.folder / "results").symlink_to(project.folder / "results")
    project.edit("lth/running/scratch.py", "LOCK_SECONDS = 20.0", "LOCK_SECONDS = 600.0")
    files, scratch = lose(project, f"{ARM}/history.csv"), project.results / "scratch" / ARM
    log = project.results / f"logs/{ARM}.log"
    log.unlink()
    scratch.mkdir(parents=True)
    with FileLock(scratch / "lock"):  # whoever comes has to wait here
        first = start(project, *files)
        waits = "waits up to 600 s for another process, which is at this very job"
        until(lambda: log.exists() and waits in log.read_text())
        beside, look = project.run(*files), other.run(*files, "-n")
        shutil.rmtree(project.folder / ".snakemake/locks")
        refused = [project.run(*files), other.run(*files)]
    assert beside.status == 1
    assert "Directory cannot be locked" in beside.text
    assert look.status == 0, look.text
    for outcome in refused:
        at_work = rf"process {first.pid} on \S+ \(since .*\) is running this study; wait until it ends, or end it"
        assert_told(outcome, f"{RESULTS}: {at_work}")
    assert first.wait(timeout=300) == 0
    assert_as_before(project, before)
    again = other.run(*files)
    assert again.status == 0, again.text
    assert "Nothing to be done" in again.text


def start(project: Project, *targets: str) -> "subprocess.Popen[bytes]":
    """A run in the background."""
    silent = subprocess.DEVNULL
    return subprocess.Popen(
        project.command(*targets), cwd=project.folder, env=environment(), stdout=silent, stderr=silent
    )


def until(done: Callable[[], bool]) -> None:
    """Wait for it."""
    deadline = time.monotonic() + 120
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)
