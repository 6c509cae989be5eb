"""How fast the networks of the full-scale studies train on a device: eager and captured, alone and several at once.

As a program, it is one of several processes that measure at the same time: `python -m benchmarks.gpu.speed JSON`.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Literal

import torch

from benchmarks.machine import ROOT
from lth.config.data import Dataset, Network
from lth.config.study import Compute
from lth.config.training import Recipe
from lth.training.device import prepare_device
from lth.training.hooks import Hook
from lth.training.loop import Loop
from lth.training.pace import Timed, random_training

Precision = Literal["fp32", "tf32", "bf16"]
PRECISIONS: tuple[Precision, ...] = ("fp32", "tf32", "bf16")
AT_ONCE = (8, 4, 16, 2)
"""Processes, what tells most first."""
WARM_UP = 8
"""Steps before those that are timed; the fourth records."""
CHUNK_SECONDS = 0.05
START_SECONDS = 60.0
"""Within which all processes that measure at once have to be ready."""


@dataclass(frozen=True)
class Case:
    """What is measured."""

    timed: Timed
    precision: Precision
    captured: bool
    device: str
    seconds: float
    """How long steps are timed."""
    processes: int = 1
    mps: bool = False

    def text(self) -> str:
        """As another process takes it."""
        models = {name: getattr(self.timed, name).model_dump(mode="json") for name in ("network", "recipe", "dataset")}
        rest = {k: v for k, v in asdict(self).items() if k != "timed"}
        return json.dumps({**rest, **models, "density": self.timed.density})

    @classmethod
    def of(cls, text: str) -> "Case":
        """From the text of another process."""
        told = json.loads(text)
        timed = Timed(
            Network.model_validate(told.pop("network")),
            Recipe.model_validate(told.pop("recipe")),
            Dataset.model_validate(told.pop("dataset")),
            told.pop("density"),
        )
        return cls(timed, **told)


@contextmanager
def rounding(precision: Precision) -> Iterator[None]:
    """TF32 for products and convolutions where it is asked for; studies compute without."""
    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
    try:
        yield
    finally:
        torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = before


def measure(case: Case, folder: Path | None = None) -> dict[str, Any]:
    """Milliseconds of a step (quartiles), images a second, peak megabytes, and microseconds of scoring an image.

    Args:
        case: what is measured, in this process.
        folder: where processes that measure at once tell each other that they are ready.
    """
    device = prepare_device(Compute(device="cuda" if case.device == "cuda" else "cpu", jobs_per_gpu=64))
    recipe = case.timed.recipe.model_copy(
        update={"precision": "bf16" if case.precision == "bf16" else "fp32", "kernels": "dense"}
    )
    with rounding(case.precision):
        _reset_peak(device)
        timed = replace(case.timed, recipe=recipe)
        loop = random_training(timed, device, "always" if case.captured else "never")
        step = _steps(loop, 0, min(WARM_UP, loop.steps))
        _wait(device)
        if folder is not None:
            _meet(folder, case.processes)
        milliseconds = _timed(loop, step, device, case.seconds)
        if case.captured and device.type == "cuda" and (loop.static.step is None or loop.static.step.graph is None):
            raise RuntimeError(f"not captured: {loop.static.why_not}")
        loop.score("validation")
        begun = time.perf_counter()
        loop.score("validation")
        scored = (time.perf_counter() - begun) / len(loop.feed.splits["validation"])
    low, middle, high = quantiles(milliseconds, n=4, method="inclusive") if len(milliseconds) > 1 else milliseconds * 3
    return {
        "milliseconds": [low, middle, high],
        "images_per_second": 1000 * recipe.batch_size / middle,
        "megabytes": _peak(device) / 1e6,
        "scoring_microseconds": 1e6 * scored,
    }


def measure_at_once(case: Case, limit: float) -> dict[str, Any]:
    """As `measure`, in so many processes at the same time: quartiles over all, and images a second of all together.

    Args:
        case: what is measured in each.
        limit: seconds within which it has to be done.
    """
    ends = time.monotonic() + min(limit, START_SECONDS + 10 * case.seconds + 10)
    with tempfile.TemporaryDirectory() as folder, _mps(case.mps, folder) as environment:
        command = [sys.executable, "-m", "benchmarks.gpu.speed", case.text(), folder]
        running = [
            subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            for _ in range(case.processes)
        ]
        told = []
        try:
            for process in running:
                out, errors = process.communicate(timeout=max(0.0, ends - time.monotonic()))
                if process.returncode:
                    raise RuntimeError((errors.strip().splitlines() or ["no word of why"])[-1])
                told.append(json.loads(out.strip().splitlines()[-1]))
        finally:
            for process in running:
                process.kill()
                process.wait()
    return {
        "milliseconds": [median(found["milliseconds"][place] for found in told) for place in range(3)],
        "images_per_second": sum(found["images_per_second"] for found in told),
        "megabytes": max(found["megabytes"] for found in told),
        "scoring_microseconds": median(found["scoring_microseconds"] for found in told),
    }


@contextmanager
def _mps(wanted: bool, folder: str) -> Iterator[dict[str, str]]:
    """The environment of processes that share the GPU through NVIDIA's MPS, whose server runs meanwhile."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    if not wanted:
        yield environment
        return
    server = shutil.which("nvidia-cuda-mps-control")
    if server is None:
        raise RuntimeError("nvidia-cuda-mps-control is not there")
    environment |= {"CUDA_MPS_PIPE_DIRECTORY": f"{folder}/pipe", "CUDA_MPS_LOG_DIRECTORY": f"{folder}/log"}
    for name in ("pipe", "log"):
        Path(folder, name).mkdir()
    subprocess.run([server, "-d"], env=environment, check=True, timeout=20, capture_output=True)
    try:
        yield environment
    finally:
        subprocess.run(
            [server], env=environment, input="quit\n", text=True, check=False, timeout=20, capture_output=True
        )


def _steps(loop: Loop, first: int, last: int) -> int:
    step = first
    while step < last:
        step = loop.advance(step, last, Hook())
    return step


def _timed(loop: Loop, step: int, device: torch.device, seconds: float) -> list[float]:
    """Milliseconds of a step, one value for each chunk of steps."""
    found: list[float] = []
    chunk, ends = 1, time.perf_counter() + seconds
    while (time.perf_counter() < ends or not found) and step < loop.steps:
        begun, first = time.perf_counter(), step
        step = _steps(loop, step, min(step + chunk, loop.steps))
        _wait(device)
        took = time.perf_counter() - begun
        if took < CHUNK_SECONDS / 2:
            chunk *= 2  # too short to be told from the waiting; what was found in it does not count
            found = found if took > CHUNK_SECONDS / 4 else []
        found.append(1000 * took / (step - first))
    return found


def _meet(folder: Path, processes: int) -> None:
    """Wait until all are ready."""
    (folder / f"ready-{os.getpid()}").touch()
    ends = time.monotonic() + START_SECONDS
    while len([*folder.glob("ready-*")]) < processes:
        if time.monotonic() > ends:
            raise RuntimeError(f"the {processes} processes were not ready within {START_SECONDS:g} s")
        time.sleep(0.005)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _reset_peak(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def _peak(device: torch.device) -> float:
    """Bytes that torch held on the GPU at most; on the CPU of the whole process."""
    if device.type == "cuda":
        return float(torch.cuda.max_memory_reserved(device))
    import resource

    return 1024.0 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main(arguments: Sequence[str]) -> None:
    """One of several processes."""
    print(json.dumps(measure(Case.of(arguments[0]), Path(arguments[1]))))


if __name__ == "__main__":
    main(sys.argv[1:])
