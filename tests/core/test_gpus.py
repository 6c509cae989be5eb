"""Jobs side by side take different GPUs; a scheduler's word goes before ours."""

import subprocess
import sys
from pathlib import Path

import pytest

from lth import gpus

JOB = """\
import sys, tempfile
tempfile.tempdir = sys.argv[1]
from lth.gpus import take_gpu
print(take_gpu(int(sys.argv[2]), int(sys.argv[3]), dict(pair.split("=") for pair in sys.argv[4:])), flush=True)
sys.stdin.read()
"""


class Jobs:
    """Processes that have taken a GPU each, and hold it until they end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: list[subprocess.Popen[str]] = []

    def start(self, count: int, sharing: int, *environment: str) -> str:
        call = [sys.executable, "-c", JOB, str(self.folder), str(count), str(sharing), *environment]
        job = subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.running.append(job)
        assert job.stdout is not None
        return job.stdout.readline().strip()

    def end(self, *which: int) -> None:
        for job in [self.running[n] for n in which] if which else self.running:
            job.kill()
            job.communicate()


@pytest.fixture
def jobs(tmp_path: Path):  # type: ignore[no-untyped-def]
    started = Jobs(tmp_path)
    yield started
    started.end()


def test_jobs_take_different_gpus_and_leave_them_when_they_are_killed(jobs: Jobs) -> None:
    assert [jobs.start(3, 1) for _ in range(3)] == ["0", "1", "2"]
    jobs.end(1)
    assert jobs.start(3, 1) == "1"
    assert jobs.start(3, 1) == "0"  # more jobs than GPUs: not refused


def test_small_jobs_share_gpus_evenly(jobs: Jobs) -> None:
    assert [jobs.start(2, 2) for _ in range(4)] == ["0", "1", "0", "1"]


def test_only_visible_gpus_are_taken(jobs: Jobs) -> None:
    visible = "CUDA_VISIBLE_DEVICES=3, GPU-7f"
    assert [jobs.start(2, 1, visible) for _ in range(2)] == ["3", "GPU-7f"]


@pytest.mark.parametrize(
    ("count", "environment"), [(1, {}), (0, {}), (4, {"SLURM_JOB_ID": "7"}), (4, {"LSB_JOBID": "7"})]
)
def test_where_there_is_no_choice_or_it_was_made_nothing_is_locked(count: int, environment: dict[str, str]) -> None:
    assert gpus.take_gpu(count, 1, environment) is None
