"""Trainings of the full-scale studies, one after another until the time is over; a later run goes on from there.

As a program, it is one of these trainings: `python -m benchmarks.gpu.science STATE DATA DEVICE NUMBER`. It is a process
of its own, which is told to stop by a signal, as the workflow's jobs are, and writes down where it is.
"""

import csv
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from benchmarks.gpu.packages import ROOT
from benchmarks.gpu.record import Record
from benchmarks.gpu.small import pictures
from benchmarks.gpu.studies import tiny
from lth.artifacts.records import digest
from lth.checks.read import load_study
from lth.config.study import Compute, Study
from lth.data.prepare import prepare
from lth.errors import UserError, reason
from lth.methods.round import RoundFiles, run_round
from lth.plan.plan import Plan
from lth.running.jobs import job
from lth.running.scratch import Scratch
from lth.running.stopping import EXIT_STOPPED

STATE = Path("build", "gpu-state")
"""In the checkout, and ignored by git."""
OUTPUTS = ("ticket", "trained", "history", "confusion", "layers", "cost", "measured")
ARMS = ("resnet18_progressive", "resnet18_dense", "resnet18_random", "resnet18_snip")
"""Of config/progressive-cifar.yaml, at 72.9 % sparsity, in this order, all seeds of each. The first is what a published
result (95.12 +- 0.09 % over the same five seeds) can be compared with."""
DENSITY = Fraction("0.271")
SAVE_MINUTES = 1.0
STOP_SECONDS = 20.0
"""Kept for writing the state and the report."""


@dataclass(frozen=True)
class Task:
    """A round of a study, which depends on no other."""

    study: Study
    ticket: str
    seed: int
    round: int

    @property
    def name(self) -> str:
        """As reports call it."""
        density = float(Plan(self.study).density(self.ticket, self.round))
        return f"{self.study.study}: {self.ticket}, density {density:g}, seed {self.seed}"

    def folder(self, state: Path) -> Path:
        """Where its files lie."""
        return state / self.study.study / self.ticket / f"seed{self.seed}-round{self.round}"


def tasks(*, quick: bool) -> list[Task]:
    """All of them, in order of value."""
    if quick:
        return [Task(tiny().study, "t", 0, 1)]
    study = load_study(ROOT / "config" / "progressive-cifar.yaml")
    plan, found = Plan(study), []
    for ticket in ARMS:
        rounds = [number for number in plan.rounds(ticket) if plan.density(ticket, number) in (DENSITY, Fraction(1))]
        found += [Task(study, ticket, seed, rounds[-1]) for seed in study.seeds]
    return found


def science(record: Record, data: Path | None, device: str, *, quick: bool) -> None:
    """Train as many as fit."""
    for number, task in enumerate(tasks(quick=quick)):
        if record.done("science", name=task.name, state="done"):
            continue
        if record.left() < 2 * STOP_SECONDS:
            return
        state, found = _run(task, number, record, data, device, quick=quick)
        record.add("science", name=task.name, state=state, found=found)
        if state != "done":
            return


def _run(task: Task, number: int, record: Record, data: Path | None, device: str, *, quick: bool) -> tuple[str, str]:
    """One of them in a process of its own; what became of it."""
    state = record.folder / "state" if quick else ROOT / STATE
    command = [sys.executable, "-m", "benchmarks.gpu.science", str(state), str(data or ""), device, str(number)]
    process = subprocess.Popen([*command, *(["quick"] if quick else [])], cwd=ROOT)
    try:
        process.wait(timeout=record.left() - STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=STOP_SECONDS / 2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    folder = task.folder(state)
    if process.returncode == 0:
        return "done", _best(folder / "history")
    log = (folder / "log").read_text(encoding="utf-8").splitlines() if (folder / "log").exists() else []
    where = next((line for line in reversed(log) if "epoch" in line), log[-1] if log else "no word of why")
    stopped = process.returncode in (EXIT_STOPPED, -signal.SIGTERM, -signal.SIGKILL)
    return "stopped" if stopped else "failed", where[-300:]


def _best(history: Path) -> str:
    """Test accuracy at the epoch of least validation loss among those at the final density, as studies report it."""
    with history.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    fewest = min(int(row["kept"]) for row in rows)
    final = [row for row in rows if row["split"] == "validation" and int(row["kept"]) == fewest]
    best = min(final, key=lambda row: float(row["loss_nats"]))["step"]
    (test,) = (row for row in rows if row["split"] == "test" and row["step"] == best)
    return f"test accuracy {float(test['accuracy_percent']):.2f} % at epoch {float(test['epoch']):g}, {fewest} weights"


def train_task(task: Task, state: Path, data: Path | None, device: str, *, quick: bool) -> None:
    """Prepare the data, if that has not been done, and train, from where it was stopped; on bands where it is quick."""
    folder = task.folder(state)
    folder.mkdir(parents=True, exist_ok=True)
    plan = Plan(task.study)
    spec = plan.round_job(task.ticket, task.seed, task.round)
    compute = Compute(device="cuda" if device == "cuda" else "cpu", save_minutes=SAVE_MINUTES)
    with job(task.name, str(folder / "log")) as running:
        images = state / f"{spec.dataset}.safetensors"
        if not images.exists():
            bands = pictures(1, 28, 64, classes=10) if quick else None
            (bands or prepare(spec.dataset, task.study.datasets[spec.dataset], data)).save(images)
        files = RoundFiles(data=images, **{name: folder / name for name in OUTPUTS})
        told = digest(spec.model_dump(mode="json"))
        with Scratch(folder / "scratch", told, [images], 60 * SAVE_MINUTES).held(running.log) as scratch:
            run_round(spec, files, compute, running, scratch)


def main(arguments: Sequence[str]) -> None:
    """One training."""
    state, data, device, number, *quick = arguments
    task = tasks(quick=bool(quick))[int(number)]
    train_task(task, Path(state), Path(data) if data else None, device, quick=bool(quick))


def without_data(data: Path | None) -> str:
    """Why the data set of the first training cannot be had, in a sentence; empty if it can."""
    if data is None:
        return "no training of the studies was made, since --data names no folder with CIFAR-10"
    study = load_study(ROOT / "config" / "progressive-cifar.yaml")
    try:
        prepare("cifar", study.datasets["cifar"], data)
    except (UserError, OSError) as error:
        return f"no training of the studies was made, since CIFAR-10 cannot be read: {reason(error)}"
    return ""


if __name__ == "__main__":
    main(sys.argv[1:])
