"""A cluster is a folder: its settings, its jobs one file each, and what users have told it to do with them."""

import fcntl
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .requests import Refused, Request

NAME = "lab"
COMMANDS = ("bsub", "bjobs", "bkill", "brequeue", "bhist", "badmin", "lsclusters")
FINISHED = ("DONE", "EXIT")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What there is on the one host, and what the cluster's administrator has decided."""

    slots: int = 8
    memory: float = 64000.0
    gpus: int = 1
    queues: dict[str, int | None] = field(default_factory=lambda: {"normal": None, "gpu": None})
    """By name, the longest time (in minutes) that a job may ask for; the first is the default."""
    terminate_seconds: float = 10.0
    """JOB_TERMINATE_INTERVAL: from SIGINT to SIGTERM, and from there to SIGKILL."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """A job as the cluster knows it."""

    number: int
    request: Request
    submitted: float
    status: str = "PEND"
    started: float | None = None
    finished: float | None = None
    process: int | None = None
    """The process that leads its group."""
    devices: tuple[int, ...] = ()
    """Its GPUs."""
    exit_code: int | None = None
    reason: str | None = None
    """Why it was killed, in LSF's words."""
    sent: tuple[str, ...] = ()
    """The signals that it was sent since it was started."""
    starts: int = 0
    """How often it was started."""


class Down(Exception):
    """Nobody answers."""


@dataclass(frozen=True)
class Cluster:
    """The files of a cluster. Commands read and submit; only the daemon changes what a job has come to."""

    folder: Path

    @classmethod
    def create(cls, folder: Path, settings: Settings) -> "Cluster":
        """An empty cluster, with its commands in `bin`."""
        cluster = cls(folder)
        for path in (cluster.jobs, cluster.orders, cluster.bin, cluster.events.parent, cluster.parameters.parent):
            path.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        cluster._write(folder / "settings.json", asdict(settings))
        queue = next(iter(settings.queues))
        cluster.parameters.write_text(
            f"Begin Parameters\nDEFAULT_QUEUE  = {queue}   #default job queue name\nEnd Parameters\n"
        )
        cluster.events.touch()
        for name in COMMANDS:
            cluster._command(name)
        return cluster

    @property
    def jobs(self) -> Path:
        """One file for each job."""
        return self.folder / "jobs"

    @property
    def orders(self) -> Path:
        """What users have told to do with jobs, not done yet."""
        return self.folder / "orders"

    @property
    def bin(self) -> Path:
        """The commands; put first in PATH."""
        return self.folder / "bin"

    @property
    def events(self) -> Path:
        """LSF's own record of everything; left empty here."""
        return self.folder / "work" / NAME / "logdir/lsb.events"

    @property
    def parameters(self) -> Path:
        """`lsb.params`, which the plugin reads itself."""
        return self.folder / "conf/lsbatch" / NAME / "configdir/lsb.params"

    @property
    def down(self) -> Path:
        """While this file is there, the daemon does nothing and commands get no answer."""
        return self.folder / "down"

    @property
    def settings(self) -> Settings:
        """What the cluster was made with."""
        return Settings(**json.loads((self.folder / "settings.json").read_text()))

    @property
    def now(self) -> float:
        """What the cluster's clock shows."""
        return time.time() + self._skipped

    def skip(self, minutes: float) -> None:
        """Put the cluster's clock forward: a test need not wait until a job's time is over."""
        self._write(self.folder / "skipped.json", {"seconds": self._skipped + 60 * minutes})

    @property
    def _skipped(self) -> float:
        path = self.folder / "skipped.json"
        return float(json.loads(path.read_text())["seconds"]) if path.exists() else 0.0

    def answer(self) -> None:
        """Nothing; raises Down if nobody is there to answer."""
        if self.down.exists():
            raise Down

    def submit(self, request: Request, environment: dict[str, str]) -> Record:
        """Take a job, or refuse it as the queue would."""
        settings = self.settings
        if request.queue not in settings.queues:
            raise Refused(f"{request.queue}: No such queue. Job not submitted.")
        longest = settings.queues[request.queue]
        if longest is not None and (request.minutes or 0) > longest:
            raise Refused("RUNLIMIT: Cannot exceed queue's hard limit(s). Job not submitted.")
        if request.slots > settings.slots:
            raise Refused("Too many processors requested. Job not submitted.")
        with self._locked():
            number = max((record.number for record in self.records()), default=0) + 1
            self._write(self.jobs / f"{number}.environment", environment)
            record = Record(number=number, request=request, submitted=self.now)
            self.save(record)
        return record

    def save(self, record: Record) -> None:
        """Write down what a job has come to."""
        self._write(self.jobs / f"{record.number}.json", asdict(record))

    def records(self) -> list[Record]:
        """All jobs, in the order in which they were submitted."""
        found = [_record(json.loads(path.read_text())) for path in self.jobs.glob("*.json")]
        return sorted(found, key=lambda record: record.number)

    def record(self, number: int) -> Record | None:
        """One job, if there is one of this number."""
        path = self.jobs / f"{number}.json"
        return _record(json.loads(path.read_text())) if path.exists() else None

    def environment(self, record: Record) -> dict[str, str]:
        """What a job was submitted with."""
        found: dict[str, str] = json.loads((self.jobs / f"{record.number}.environment").read_text())
        return found

    def order(self, number: int, verb: str) -> None:
        """Tell the daemon to do something with a job."""
        self._write(self.orders / f"{time.time_ns()}-{os.getpid()}.json", {"number": number, "verb": verb})

    def ordered(self) -> Iterator[tuple[int, str]]:
        """What has been told since the last time: the job, and what to do."""
        for path in sorted(self.orders.glob("*.json")):
            told = json.loads(path.read_text())
            path.unlink()
            yield told["number"], told["verb"]

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.folder / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _write(self, path: Path, content: dict[str, Any]) -> None:
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        partial.write_text(json.dumps(content))
        partial.replace(path)

    def _command(self, name: str) -> None:
        """A command starts this package with the Python that made the cluster, whatever is in PATH."""
        package = Path(__file__).parent
        code = (
            f"import sys; sys.path.insert(0, {str(package.parent)!r}); from {package.name}.commands import main; main()"
        )
        path = self.bin / name
        path.write_text(
            f"#!/bin/sh\nLSF_SHIM='{self.folder}'\nexport LSF_SHIM\n"
            f'exec "{sys.executable}" -I -S -c "{code}" {name} "$@"\n'
        )
        path.chmod(0o755)


def _record(told: dict[str, Any]) -> Record:
    request = Request(**{**told["request"], "requeue": tuple(told["request"]["requeue"])})
    return Record(**{**told, "request": request, "devices": tuple(told["devices"]), "sent": tuple(told["sent"])})
