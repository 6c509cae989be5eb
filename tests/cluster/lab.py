"""A SLURM of a test's own, what its queue says, and studies that run on it."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow"))
sys.path.insert(0, str(Path(__file__).parents[1] / "faults"))
from tiny import MEASURED, SAME, Outcome, Project, environment

HERE = Path(__file__).parent
NEEDED = ("slurmctld", "slurmd", "sbatch", "munged")
PLUGIN = "snakemake_executor_plugin_slurm"
LOGIN_NODE = HERE / "login_node"
"""On PYTHONPATH: Python without torch, but in jobs."""
PROFILE = "workflow/profiles/slurm"
LONGEST = 600
"""Seconds after which nothing will come any more, on a busy machine either."""


def lacking() -> list[str]:
    """What is not installed, of the programs and of Snakemake's plugin."""
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    programs = [name for name in NEEDED if shutil.which(name, path=path) is None]
    return programs + [PLUGIN] * (find_spec(PLUGIN) is None)


@dataclass(frozen=True)
class SlurmJob:
    """A job as `scontrol show job` tells it; of one that ran more than once, the last time."""

    number: str
    comment: str
    """The rule and its wildcards, or the group and its rules."""
    state: str
    restarts: int
    """How often SLURM itself has put it back into the queue."""
    submitted: datetime
    started: datetime
    ended: datetime
    node: str
    cpus: int
    gpus: int
    minutes: int
    """Its time limit."""

    @classmethod
    def told(cls, line: str) -> "SlurmJob":
        """From a line of `scontrol -o show job`."""
        of = dict(re.findall(r"(\w+)=(\S*)", line))
        hours, minutes, _ = of["TimeLimit"].split(":")
        return cls(
            number=of["JobId"],
            comment=of["Comment"],
            state=of["JobState"],
            restarts=int(of["Restarts"]),
            submitted=moment(of["SubmitTime"]),
            started=moment(of["StartTime"]),
            ended=moment(of["EndTime"]),
            node=of["NodeList"],
            cpus=int(of["NumCPUs"]),
            gpus=int(of.get("TresPerJob", "gres:gpu:0").rpartition(":")[2]),
            minutes=60 * int(hours) + int(minutes),
        )

    def beside(self, other: "SlurmJob") -> bool:
        """Whether the two ran at the same time, and not just one after the other within a second."""
        return self.started < other.ended and other.started < self.ended


def moment(text: str) -> datetime:
    """A time as SLURM writes it; of what is still to come, the last there is."""
    return datetime.max if text == "Unknown" else datetime.fromisoformat(text)


def call(*command: str, **variables: str) -> Outcome:
    """Run a command to its end."""
    environment = {**os.environ, **variables}
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return Outcome(done.returncode, done.stdout)


class Slurm:
    """A SLURM on this machine: node n1 with one (fake) GPU, node n2 with none, partitions `gpu` and `cpu`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    @contextmanager
    def running(cls, folder: Path) -> Iterator["Slurm"]:
        """From its start to its end, which is also that of this process, however it comes."""
        done = call(str(HERE / "slurm/up.sh"), str(folder), str(os.getpid()))
        assert done.status == 0, done.text
        try:
            yield cls(folder)
        finally:
            call(str(HERE / "slurm/down.sh"), str(folder))

    @property
    def variables(self) -> dict[str, str]:
        """What makes `sbatch` and the others mean this SLURM."""
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        return {"SLURM_CONF": str(self.folder / "slurm.conf"), "PATH": path}

    def ask(self, *command: str) -> str:
        """What a command of SLURM says."""
        done = call(*command, **self.variables)
        assert done.status == 0, done.text
        return done.text

    def jobs(self) -> list[SlurmJob]:
        """All jobs that there have been, oldest first."""
        lines = self.ask("scontrol", "-o", "show", "job").splitlines()
        found = [SlurmJob.told(line) for line in lines if line.startswith("JobId=")]
        return sorted(found, key=lambda job: int(job.number))

    def at_work(self, part: str) -> SlurmJob | None:
        """The running job whose comment has that part, if there is one."""
        return next((job for job in self.jobs() if part in job.comment and job.state == "RUNNING"), None)

    def number(self, part: str) -> str:
        """The number of the running job whose comment has that part."""
        job = self.at_work(part)
        assert job, f"{part} is not running: {self.jobs()}"
        return job.number

    def cut_off(self, node: str) -> None:
        """End a node as if its power had failed: slurmd, and everything that it has started."""
        numbers = {job.number for job in self.jobs() if job.node == node and job.state == "RUNNING"}
        slurmd = int((self.folder / f"slurmd-{node}.pid").read_text())
        for pid in [slurmd, *self._processes(numbers)]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _processes(self, numbers: set[str]) -> Iterator[int]:
        """Those of jobs, and the ones that SLURM watches over them with."""
        for path in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                variables = (path / "environ").read_bytes().decode(errors="replace").split("\0")
                if f"SLURM_CONF={self.variables['SLURM_CONF']}" in variables:
                    command = (path / "cmdline").read_bytes().decode(errors="replace")
                    watcher = re.match(r"slurmstepd: \[(\d+)\.", command)
                    if (watcher and watcher[1] in numbers) or {f"SLURM_JOB_ID={n}" for n in numbers} & {*variables}:
                        yield int(path.name)


Fault = Callable[["Slurm", "Run"], None]
"""What happens to a job while the study runs."""


@dataclass
class Run:
    """A Snakemake at work."""

    project: Project
    process: "subprocess.Popen[bytes]"

    def until(self, found: Callable[[], Any]) -> Any:
        """What is found in the end, looked for twenty times a second."""
        deadline = time.monotonic() + LONGEST
        while not (answer := found()):
            assert self.process.poll() is None, "Snakemake ended too early"
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return answer

    def halted(self, job: str) -> int:
        """Wait until a job's training has a state on disk, and halt it, so that it is there when something happens.

        The number of its process. SLURM wakes up what it sends a signal to.
        """
        scratch = self.project.results / "scratch" / job

        def found() -> int:
            if not [*scratch.glob("training*.safetensors")]:
                return 0
            with suppress(FileNotFoundError):  # both are gone when the job ends
                owner = int(json.loads((scratch / "owner.json").read_text())["pid"])
                return owner if Path(f"/proc/{owner}").exists() else 0
            return 0

        process = int(self.until(found))
        os.kill(process, signal.SIGSTOP)
        return process

    def gone(self, process: int) -> None:
        """Wait until a process has ended."""
        self.until(lambda: not Path(f"/proc/{process}").exists())


def site(project: Project, **rules: Mapping[str, Any]) -> str:
    """The profile with other values for some rules, as each site has them; its folder."""
    profile = yaml.safe_load((project.folder / PROFILE / "config.yaml").read_text())
    for rule, values in rules.items():
        profile["set-resources"][rule] |= values
    (project.folder / "site").mkdir()
    (project.folder / "site/config.yaml").write_text(yaml.safe_dump(profile))
    return "site"


def submit(slurm: Slurm, project: Project, *arguments: str, faults: Sequence[Fault] = ()) -> Outcome:
    """Run the study on SLURM, from a Snakemake that has no torch, while some things happen."""
    command = [sys.executable, str(HERE / "impatient.py"), *arguments, "--configfile", "study.yaml"]
    output = project.folder / "output.txt"
    with (
        output.open("w") as terminal,
        subprocess.Popen(
            [*command, "--slurm-init-seconds-before-status-checks", "2"],
            cwd=project.folder,
            env=environment(**slurm.variables, PYTHONPATH=str(LOGIN_NODE)),
            stdout=terminal,
            stderr=subprocess.STDOUT,
        ) as process,
        ThreadPoolExecutor() as threads,
    ):
        try:
            happening = [threads.submit(fault, slurm, Run(project, process)) for fault in faults]
            for fault in wait(happening, LONGEST, FIRST_EXCEPTION).done:
                fault.result()
            process.wait(LONGEST)
        finally:
            process.kill()
    return Outcome(process.returncode, output.read_text())


def differing(first: Project, second: Project) -> list[str]:
    """Files that only one of them has, or that have other bytes, but for what was measured."""
    ours, theirs = first.files(*SAME), second.files(*SAME)
    assert len(ours) > 30
    return [p for p in {*ours, *theirs} if ours.get(p) != theirs.get(p) and Path(p).name not in MEASURED]
