"""Jobs of one Snakemake on one machine: on different GPUs where there are several, side by side where there is none."""

import subprocess
import sys
import time
from contextlib import ExitStack
from itertools import combinations
from pathlib import Path

import pytest
import warm
from filelock import FileLock
from tiny import RESULTS, ROOT, Project, environment

from lth.machine import has_gpu
from lth.running.gpus import ASSIGNED

pytestmark = pytest.mark.workflow

SNAKEFILE = f"""\
import sys
rule all:
    input: expand("job{{n}}.txt", n=range(6))
rule job:
    output: "job{{n}}.txt"
    resources: gpu=1
    params: root={str(ROOT)!r}, python=sys.executable
    shell: "PYTHONPATH={{params.root}} {{params.python}} job.py {{output}}"
"""
JOB = """\
import sys, time
from pathlib import Path
from lth.running.gpus import take_gpu
taken, began = take_gpu(3, 1), time.time()
time.sleep(0.7)
Path(sys.argv[1]).write_text(f"{taken} {began} {time.time()}")
"""
"""Takes one of three GPUs for a while."""


def test_jobs_of_one_snakemake_never_share_a_gpu(tmp_path: Path) -> None:
    """Six jobs, three GPUs, three at a time."""
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    (tmp_path / "job.py").write_text(JOB)
    command = [sys.executable, "-m", "snakemake", "--cores", "6", "--resources", "gpu=3"]
    outside = {"CUDA_VISIBLE_DEVICES", *ASSIGNED}
    kept = {name: value for name, value in environment(TMPDIR=str(tmp_path)).items() if name not in outside}
    done = subprocess.run(command, cwd=tmp_path, env=kept, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = [path.read_text().split() for path in tmp_path.glob("job*.txt")]
    jobs = [(gpu, float(began), float(ended)) for gpu, began, ended in told]
    at_once = [(one[0], other[0]) for one, other in combinations(jobs, 2) if one[1] < other[2] and other[1] < one[2]]
    assert len(jobs) == 6
    assert at_once
    assert all(one != other for one, other in at_once)


@pytest.mark.skipif(has_gpu(), reason="this machine has a GPU, so that the limit is one")
def test_without_a_gpu_jobs_run_side_by_side(project: Project) -> None:
    """The README's command, `--resources gpu=1`, says how many GPUs there are; it is no limit where none is used."""
    places = [f"evaluations/transfer/dense/seed{seed}" for seed in (0, 1)]
    logs = [project.results / "logs" / f"{place}.log" for place in places]
    targets = [RESULTS / place / "history.csv" for place in places]
    for path in (*logs, *(project.folder / target for target in targets)):
        path.unlink()
    command = [*project.command(*map(str, targets), cores=4, python=warm.python()), "--resources", "gpu=1"]
    with ExitStack() as held:
        for place in places:
            scratch = project.results / "scratch" / place
            scratch.mkdir(parents=True)
            held.enter_context(FileLock(scratch / "lock"))  # where each of the jobs now waits for us
        silent = subprocess.DEVNULL
        run = subprocess.Popen(command, cwd=project.folder, env=environment(), stdout=silent, stderr=silent)
        deadline = time.monotonic() + 60
        while not all(log.exists() for log in logs):
            assert run.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert run.wait(timeout=300) == 0
