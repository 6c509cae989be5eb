"""Where a job keeps the states of its trainings until it has succeeded, and the lock that lets only one write them."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lth.artifacts.records import digest
from lth.artifacts.tensors import read_tensors, write_tensors
from lth.config.study import Compute
from lth.errors import UserError
from lth.files import checksum
from lth.running.locks import Busy, acquire
from lth.running.scratch_folder import LOCK, OWNER, STATES
from lth.running.stopping import writing

SHARE = 0.01
"""Of a training's time that may go into writing it down: large states on slow disks are written less often."""
LOCK_SECONDS = 20.0
"""How long to wait for another process that has the lock: one that was told to stop ends within that."""


@dataclass
class Scratch:
    """The states of one job's trainings: one file each, in the order in which they are begun."""

    folder: Path
    key: str
    """What the job is told, and the code that does it: states of another key are thrown away."""
    inputs: Sequence[Path] = ()
    """Files that the job reads; a state that was made from others is thrown away."""
    save_seconds: float = 600.0
    """Time from state to state, at least; the first after as long."""
    keeps: bool = False
    """Whether states of finished trainings stay, too: where one of several jobs that are sent as one fails, Snakemake
    takes away what the others have made."""
    log: Callable[[str], None] = lambda _: None
    seconds_before: float = field(default=0.0, init=False)
    """What trainings took before they were stopped, of those that went on from their states."""
    identity: dict[str, str] = field(default_factory=dict, init=False)
    """What a state has to belong to, with the inputs as they were before they were read."""
    _begun: int = field(default=0, init=False)

    @classmethod
    def of(cls, output: Path, told: Mapping[str, Any], inputs: Iterable[Path], compute: Compute) -> "Scratch":
        """The scratch of a job that is told this.

        Args:
            output: one of its files, `results/<study>/<job>/<file>`; its scratch is `results/<study>/scratch/<job>`.
            told: all that decides its result.
            inputs: the files that it reads.
            compute: may name another folder for scratch.
        """
        _, study, *job = output.parent.parts
        return cls(compute.scratch_of(study).joinpath(*job), digest(told), sorted(inputs), 60 * compute.save_minutes)

    @contextmanager
    def held(self, log: Callable[[str], None], waits: Callable[[str], None] | None = None) -> Iterator["Scratch"]:
        """Keep all others out; when the work has succeeded, nothing is left but the lock (and what `keeps` keeps).

        The lock file stays (a process may be waiting for it; on another file it would be alone), until the whole study
        is done.

        Args:
            log: takes lines of progress.
            waits: takes the sentence that says for whom this job waits, before it does; by default `log`.

        Raises:
            UserError: another process is at it.
        """
        self.log = log
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = acquire(self.folder / LOCK, self.folder / OWNER, LOCK_SECONDS, self._says(waits or log))
        except Busy as busy:
            raise UserError(f"{self.folder}: {busy} is at this very job; wait until it ends, or end it") from None
        except (OSError, NotImplementedError) as error:
            raise UserError(f"{self.folder}: cannot be locked: {error}; change `compute.scratch`, then rerun") from None
        with lock:
            self.identity = self._identity()
            yield self
            for path in (*(() if self.keeps else self.folder.glob(STATES)), self.folder / OWNER):  # the owner at last
                path.unlink(missing_ok=True)

    def _says(self, waits: Callable[[str], None]) -> Callable[[str], None]:
        return lambda who: waits(f"waits up to {LOCK_SECONDS:g} s for {who}, which is at this very job")

    def training(self) -> "Saved":
        """The state of the job's next training."""
        self._begun += 1
        return Saved(self, self.folder / f"training{self._begun}.safetensors")

    def _identity(self) -> dict[str, str]:
        return {"key": self.key} | {f"input {path}": checksum(path) for path in self.inputs if path.is_file()}


@dataclass
class Saved:
    """The state of one training, on disk."""

    scratch: Scratch
    path: Path
    _last: float = field(default_factory=time.monotonic, init=False)
    _started: float = field(default_factory=time.monotonic, init=False)
    _before: float = field(default=0.0, init=False)
    _took: float = field(default=0.0, init=False)
    """Seconds of the last writing."""

    def due(self) -> bool:
        """Whether it is time to write it again."""
        return time.monotonic() - self._last >= max(self.scratch.save_seconds, self._took / SHARE)

    def write(self, tensors: Mapping[str, Any], told: Mapping[str, Any]) -> None:
        """Write it, whole or not at all."""
        begun = time.monotonic()
        with writing():
            seconds = self._before + time.monotonic() - self._started
            write_tensors(self.path, "state", tensors, {**told, "seconds": seconds, "identity": self.scratch.identity})
        self._last = time.monotonic()
        self._took = self._last - begun

    def read(self) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """The state, if there is one that belongs to this job as it is now told, its code and its inputs."""
        if not self.path.is_file():
            return None
        try:
            tensors, told = read_tensors(self.path, "state")
        except UserError as error:
            self.scratch.log(f"begins anew: {error}")
            return None
        if told.pop("identity") != self.scratch.identity:
            self.scratch.log("begins anew: what was kept belongs to other settings, other code or other inputs")
            return None
        self._before = told["seconds"]
        self.scratch.seconds_before += self._before
        return tensors, told
