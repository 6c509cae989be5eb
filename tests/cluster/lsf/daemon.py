"""The daemon of a cluster: starts jobs where there is room, warns and kills them in time, says what came of them.

Signals go to all processes of a job. What a job leaves behind when it ends is killed, as where LSF tracks processes.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from .cluster import NAME, Cluster, Record, Settings
from .commands import user

LOOK_SECONDS = 0.1
LAST_MINUTES = 10
"""What a job has from the signal at its time limit (SIGUSR2) to its end."""
REASONS = {
    "bkill": "TERM_OWNER: job killed by owner.",
    "limit": "TERM_RUNLIMIT: job killed after reaching LSF run time limit.",
    "outside": "TERM_EXTERNAL_SIGNAL: job killed by a signal external to LSF.",
    "folder": "TERM_CWD_NOTEXIST: Current working directory is not accessible or does not exist on the execution host.",
}


@dataclass
class Running:
    """A job that has been started."""

    record: Record
    process: "subprocess.Popen[bytes]"
    warned: bool = False
    ending: list[tuple[float, signal.Signals]] = field(default_factory=list)
    """The signals that end it, and when each is due; the last is SIGKILL."""
    killed: bool = False
    requeue: bool = False


class Daemon:
    """What runs now, and what is done about it, one turn after the other."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.settings = cluster.settings
        self.running: dict[int, Running] = {}

    def serve(self) -> None:
        """Until SIGTERM, or until whoever started the daemon is gone; no job outlives it."""
        ended: list[int] = []
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, _: ended.append(number))
        parent = os.getppid()
        while not ended and os.getppid() == parent:
            self.turn()
            time.sleep(LOOK_SECONDS)
        for job in self.running.values():
            self._send(job, signal.SIGKILL)

    def turn(self) -> None:
        """While the cluster is down, only what runs is watched."""
        if not self.cluster.down.exists():
            for number, verb in self.cluster.ordered():
                self._obey(number, verb)
        for job in list(self.running.values()):
            self._watch(job)
        if not self.cluster.down.exists():
            for record in self.cluster.records():
                if record.status == "PEND":
                    self._dispatch(record)

    def _obey(self, number: int, verb: str) -> None:
        if job := self.running.get(number):
            job.requeue = verb == "brequeue"
            self._end(job, verb, after=0.0)
        elif (record := self.cluster.record(number)) and record.status == "PEND":
            self.cluster.save(replace(record, status="EXIT", finished=self.cluster.now, reason=REASONS["bkill"]))

    def _end(self, job: Running, reason: str, after: float) -> None:
        """SIGINT, SIGTERM and SIGKILL, with the cluster's time between them."""
        now, between = self.cluster.now + after, self.settings.terminate_seconds
        signals = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
        job.ending = [(now + turn * between, number) for turn, number in enumerate(signals)]
        job.killed = True
        job.record = replace(job.record, reason=REASONS.get(reason))

    def _watch(self, job: Running) -> None:
        now = self.cluster.now
        request, age = job.record.request, now - (job.record.started or now)
        if request.minutes and not job.killed:
            limit, early = 60 * request.minutes, 60 * (request.warn_minutes or 0)
            if request.warning and early and not job.warned and age >= limit - early:
                job.warned = True
                self._send(job, signal.Signals[request.warning])
            elif age >= limit:
                self._send(job, signal.SIGUSR2)
                self._end(job, "limit", after=60 * LAST_MINUTES)
        while job.ending and job.ending[0][0] <= now:
            self._send(job, job.ending.pop(0)[1])
        if job.process.poll() is not None and not (job.killed and job.ending and members(job.process.pid)):
            self._finish(job)

    def _send(self, job: Running, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(job.process.pid, number)
        job.record = replace(job.record, sent=(*job.record.sent, number.name))
        self.cluster.save(job.record)

    def _finish(self, job: Running) -> None:
        with suppress(ProcessLookupError):
            os.killpg(job.process.pid, signal.SIGKILL)
        del self.running[job.record.number]
        status = job.process.returncode
        code, record = (128 - status if status < 0 else status), job.record
        if job.requeue or (not job.killed and code in record.request.requeue):
            self.cluster.save(replace(record, status="PEND", process=None, devices=(), reason=None))
            return
        if status < 0 and not job.killed:
            record = replace(record, reason=REASONS["outside"])
        done = "DONE" if code == 0 else "EXIT"
        record = replace(record, status=done, exit_code=code, finished=self.cluster.now, process=None)
        self.cluster.save(record)
        _report(record)

    def _dispatch(self, record: Record) -> None:
        """Start a job if there is room for it; who comes later may go first where there is none."""
        jobs = [job.record for job in self.running.values()]
        devices = free_devices(self.settings, jobs, record)
        slots = sum(other.request.slots for other in jobs) + record.request.slots
        memory = sum(other.request.memory for other in jobs) + record.request.memory
        if devices is not None and slots <= self.settings.slots and memory <= self.settings.memory:
            self._start(replace(record, devices=devices))

    def _start(self, record: Record) -> None:
        request = record.request
        record = replace(record, status="RUN", started=self.cluster.now, sent=(), starts=record.starts + 1)
        try:
            with _opened(record) as (output, errors):
                process = subprocess.Popen(
                    ["/bin/sh", "-c", request.command],
                    cwd=request.folder,
                    env={**self.cluster.environment(record), **_told(record)},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=errors,
                    start_new_session=True,
                )
        except OSError:
            self.cluster.save(replace(record, status="EXIT", finished=self.cluster.now, reason=REASONS["folder"]))
            return
        self.running[record.number] = Running(replace(record, process=process.pid), process)
        self.cluster.save(self.running[record.number].record)


def free_devices(settings: Settings, jobs: Sequence[Record], record: Record) -> tuple[int, ...] | None:
    """The GPUs that a job gets, those with fewer jobs first; None if there are not enough.

    A job without `j_exclusive=yes` shares its GPUs with others that do not say it either; LSF documents it so.
    """
    users = {device: [job for job in jobs if device in job.devices] for device in range(settings.gpus)}
    open_to_it = [
        device
        for device, there in users.items()
        if not there or not (record.request.own_gpus or any(job.request.own_gpus for job in there))
    ]
    open_to_it.sort(key=lambda device: len(users[device]))
    wanted = record.request.gpus
    return tuple(sorted(open_to_it[:wanted])) if len(open_to_it) >= wanted else None


def _told(record: Record) -> dict[str, str]:
    """What LSF puts into a job's environment."""
    host, slots = socket.gethostname(), record.request.slots
    told = {
        "LSB_JOBID": str(record.number),
        "LSB_JOBINDEX": "0",
        "LSB_JOBNAME": record.request.name,
        "LSB_QUEUE": record.request.queue,
        "LSB_HOSTS": " ".join([host] * slots),
        "LSB_MCPU_HOSTS": f"{host} {slots}",
        "LSB_DJOB_NUMPROC": str(slots),
    }
    if record.request.gpus:
        told["CUDA_VISIBLE_DEVICES"] = ",".join(map(str, record.devices))
    return told


def _path(record: Record, name: str) -> Path:
    return Path(record.request.folder, name.replace("%J", str(record.number)))


@contextmanager
def _opened(record: Record) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Where a job's output and errors go; without a file for errors they go together."""
    request, mode = record.request, "ab" if record.request.append or record.starts > 1 else "wb"
    with _path(record, request.output).open(mode) as output:
        if request.errors in (None, request.output):
            yield output, output
        else:
            with _path(record, request.errors or "").open(mode) as errors:
                yield output, errors


def members(group: int) -> list[int]:
    """The living processes of a group."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, leader = path.read_text().rpartition(")")[2].split()[:3]
            if int(leader) == group and state != "Z":
                found.append(int(path.parent.name))
    return found


def _report(record: Record) -> None:
    """What LSF appends to a job's output when it has ended."""
    how = "Successfully completed." if record.exit_code == 0 else f"Exited with exit code {record.exit_code}."
    host, request, line = socket.gethostname(), record.request, 60 * "-"
    job, cluster = f"<{request.name}>", f"cluster <{NAME}>"
    lines = (
        f"\n{line}\nSender: LSF System <lsfadmin@{host}>",
        f"Subject: Job {record.number}: {job} in {cluster} {'Done' if record.status == 'DONE' else 'Exited'}\n",
        f"Job {job} was submitted from host <{host}> by user <{user()}> in {cluster}.",
        f"Job was executed on host(s) <{host}>, in queue <{request.queue}>, as user <{user()}> in {cluster}.",
        f"<{request.folder}> was used as the working directory.",
        f"Started at {time.ctime(record.started)}\nTerminated at {time.ctime(record.finished)}\n",
        f"Your job looked like:\n\n{line}\n# LSBATCH: User input\n{request.command}\n{line}\n",
        *([record.reason] if record.reason else []),
        how,
    )
    with suppress(OSError), _path(record, request.output).open("a") as file:
        print(*lines, sep="\n", file=file)


def main() -> None:
    """`LSF_SHIM=FOLDER`: serve the cluster in that folder."""
    Daemon(Cluster(Path(os.environ["LSF_SHIM"]))).serve()


@contextmanager
def served(folder: Path, settings: Settings) -> Iterator[Cluster]:
    """A new cluster with its daemon; in the end neither it nor a job is left."""
    cluster, package = Cluster.create(folder, settings), Path(__file__).parent
    code = f"import sys; sys.path.insert(0, {str(package.parent)!r}); from {package.name}.daemon import main; main()"
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", code], env={"LSF_SHIM": str(folder)}) as daemon:
        try:
            yield cluster
        finally:
            daemon.terminate()
