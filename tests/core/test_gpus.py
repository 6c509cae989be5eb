"""Jobs side by side take different GPUs; a scheduler's word goes before ours."""

import os
import re
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from lth.config.study import Compute
from lth.errors import UserError
from lth.running import gpus
from lth.training.device import prepare_device

JOB = """\
import sys, tempfile
tempfile.tempdir = sys.argv[1]
from lth.running.gpus import take_gpu
print(take_gpu(int(sys.argv[2]), int(sys.argv[3]), dict(pair.split("=") for pair in sys.argv[4:])), flush=True)
sys.stdin.read()
"""


class Jobs:
    """Processes that have taken a GPU each, and hold it until they end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: list[subprocess.Popen[str]] = []

    def start(self, count: int, sharing: int, *environment: str, at_once: int = 1) -> list[str]:
        """What so many new ones take."""
        call = [sys.executable, "-c", JOB, str(self.folder), str(count), str(sharing), *environment]
        new = [subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(at_once)]
        self.running += new
        return [job.stdout.readline().strip() for job in new if job.stdout]

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
    assert [jobs.start(3, 1) for _ in range(3)] == [["0"], ["1"], ["2"]]
    jobs.end(1)
    assert jobs.start(3, 1) == ["1"]
    assert jobs.start(3, 1) == ["0"]  # more jobs than GPUs: not refused


def test_jobs_that_start_at_once_take_different_gpus(jobs: Jobs) -> None:
    assert sorted(jobs.start(6, 1, at_once=6)) == ["0", "1", "2", "3", "4", "5"]


def test_small_jobs_share_gpus_evenly(jobs: Jobs) -> None:
    assert [jobs.start(2, 2) for _ in range(4)] == [["0"], ["1"], ["0"], ["1"]]


def test_small_jobs_that_start_at_once_share_gpus_evenly(jobs: Jobs) -> None:
    assert sorted(jobs.start(2, 3, at_once=6)) == 3 * ["0"] + 3 * ["1"]


def test_only_visible_gpus_are_taken(jobs: Jobs) -> None:
    """Numbered as torch numbers them, and known by their names to those who see others."""
    assert [jobs.start(2, 1, "CUDA_VISIBLE_DEVICES=3, MIG-GPU-7f/1/0") for _ in range(2)] == [["0"], ["1"]]
    assert jobs.start(3, 1, "CUDA_VISIBLE_DEVICES=MIG-GPU-7f/1/0,3,5") == ["2"]
    assert jobs.start(6, 1) == ["0"]


def test_a_job_computes_on_the_gpu_that_it_took(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where its tensors are only told `cuda`; and CUDA_VISIBLE_DEVICES stays as it is, being read long since."""
    told: list[int] = []
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(gpus, "_held", held := [])
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 3)
    monkeypatch.setattr("torch.cuda.set_device", told.append)
    for name in ("CUDA_VISIBLE_DEVICES", *gpus.ASSIGNED):
        monkeypatch.delenv(name, raising=False)
    assert [prepare_device(Compute()) for _ in range(3)] == [torch.device("cuda", number) for number in range(3)]
    assert told == [0, 1, 2]
    assert "CUDA_VISIBLE_DEVICES" not in os.environ
    monkeypatch.setenv("LSB_JOBID", "7")
    assert prepare_device(Compute()) == torch.device("cuda", 0)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    assert prepare_device(Compute()) == torch.device("cuda")
    assert prepare_device(Compute(device="cpu")) == torch.device("cpu")
    for lock in held:
        lock.release()


@pytest.mark.parametrize("variable", ["SLURM_JOB_ID", "LSB_JOBID"])
def test_jobs_in_an_allocation_of_several_gpus_take_different_ones(jobs: Jobs, variable: str) -> None:
    """In another allocation on the same machine the same numbers may be other GPUs."""
    assert [jobs.start(2, 1, f"{variable}=7") for _ in range(2)] == [["0"], ["1"]]
    assert [jobs.start(2, 1, f"{variable}=8") for _ in range(2)] == [["0"], ["1"]]


@pytest.mark.parametrize(("count", "environment"), [(1, {}), (0, {}), (1, {"SLURM_JOB_ID": "7"})])
def test_where_there_is_no_choice_nothing_is_locked(count: int, environment: dict[str, str]) -> None:
    assert gpus.take_gpu(count, 1, environment) is None


def test_a_job_that_has_to_share_says_with_whom(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs.start(2, 1, at_once=2)
    monkeypatch.setattr(tempfile, "tempdir", str(jobs.folder))
    told: list[str] = []
    assert gpus.take_gpu(2, 1, {}, told.append) == 0
    pids = "|".join(str(job.pid) for job in jobs.running)
    assert len(told) == 1
    assert re.match(rf"all GPUs are taken, so this job shares GPU 0 with process ({pids}) on \S+ \(since ", told[0])


@pytest.mark.parametrize(
    ("planted", "fault"),
    [
        (lambda path, other: path.symlink_to(other), "is a link"),
        (lambda path, other: path.symlink_to(other / "nowhere"), "is a link"),
        (lambda path, _: path.touch(), "is no folder"),
        (lambda path, _: (path.mkdir(), path.chmod(0o777)), "has mode 777"),
        (lambda path, _: (path.mkdir(mode=0o700), os.chown(path, 12345, -1)), "belongs to user 12345"),
    ],
    ids=["a link", "a dangling link", "a file", "open to all", "another user's"],
)
def test_a_planted_folder_of_locks_is_refused(
    planted: Callable[[Path, Path], object], fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (other := tmp_path / "other").mkdir(mode=0o700)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder = tmp_path / f"lth-gpus-{os.getuid()}"
    try:
        planted(folder, other)
    except PermissionError:
        pytest.skip("only root can give folders away")
    with pytest.raises(UserError, match=rf"^{folder}: {fault}, but must be a folder that you alone may open"):
        gpus.take_gpu(2, 1, {})
    assert [*other.iterdir()] == []


def test_the_folder_of_locks_is_closed_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(gpus, "_held", held := [])
    assert gpus.take_gpu(2, 1, {}) == 0
    assert stat.S_IMODE((tmp_path / f"lth-gpus-{os.getuid()}").stat().st_mode) == 0o700
    held[0].release()
