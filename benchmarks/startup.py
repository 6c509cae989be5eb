"""What the workflow costs beside training: starting a job, its memory, building the graph, a second run.

`python benchmarks/startup.py [--quick] [--demo FOLDER]`; what the numbers mean stands in benchmarks/README.md.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.machine import ROOT, report, table

UNNEEDED = ("torchvision", "pandas", "matplotlib", "scipy", "sklearn", "sympy")
"""Packages that a training job has no use for."""
STEPS = 50
"""Steps after which memory has long stopped growing."""


def seconds(values: Sequence[float]) -> str:
    """The median."""
    return f"{median(values):.2f} s"


def spread(values: Sequence[float]) -> str:
    """The median, the least and the largest."""
    return f"{seconds(values)} ({min(values):.2f} to {max(values):.2f})"


def child(folder: Path, steps: int) -> dict[str, Any]:
    """Run a training job in a process of its own, up to some optimiser steps.

    Args:
        folder: holds images.safetensors and job.json.
        steps: stop after so many.

    Returns:
        `seconds` from the start of the process to the end of the first step, of which `cpu` were its own, `megabytes`
        at the peak, and the `unneeded` packages that were imported.
    """
    script = Path(__file__).with_name("training_job.py")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    arguments = [sys.executable, str(script), repr(time.time()), str(folder), str(steps), *UNNEEDED]
    done = subprocess.run(arguments, env=environment, cwd=folder, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def write_job(folder: Path, source: str, architecture: str, validation: int, test: int | None) -> None:
    """A prepared data set, grey 28x28, and what a round of a chain is told."""
    from lth.config.data import Dataset, Network
    from lth.config.training import Optimiser, Recipe
    from lth.data.prepare import prepare
    from lth.data.root import data_root
    from lth.methods.imp import Imp
    from lth.plan.jobs import RoundJob

    data = Dataset(source=source, grey=True, size=28, validation=validation, test=test)
    prepare("benchmark", data, data_root(None)).save(folder / "images.safetensors")
    recipe = Recipe(optimiser=Optimiser(learning_rate=1.2e-3, weight_decay=1e-4), batch_size=60, epochs=1)
    spec = RoundJob(
        study="benchmark",
        ticket="benchmark",
        seed=0,
        round=0,
        prunes=False,
        density="1",
        dataset="benchmark",
        network=Network(architecture=architecture),
        recipe=recipe,
        method="imp",
        options=Imp().model_dump(mode="json"),
    )
    (folder / "job.json").write_text(spec.model_dump_json(), encoding="utf-8")


def job_start(source: str, runs: int) -> list[str]:
    """A row on the time to a job's first step; validation and test sets are small, since they are scored before it."""
    with TemporaryDirectory() as folder:
        write_job(Path(folder), source, "lenet5", validation=10, test=10)
        found = [child(Path(folder), 1) for _ in range(runs)]
    about = f"job start to first step, {source}, median of {runs}; unneeded imports: {found[0]['unneeded'] or 'none'}"
    return [about, spread([run["seconds"] for run in found]), seconds([run["cpu"] for run in found]), "2.5 s"]


def job_memory(source: str, steps: int, validation: int, test: int | None) -> list[str]:
    """A row on the memory that a job of the full study needs."""
    with TemporaryDirectory() as folder:
        write_job(Path(folder), source, "lenet5", validation, test)
        found = child(Path(folder), steps)
    return [f"peak memory of a job, lenet5 64-64, {source}", f"{found['megabytes']:,.0f} MB", "", "1,500 MB"]


def copy_workflow(folder: Path) -> None:
    """The files that make the graph, so that nothing is written where the sources lie."""
    for name in ("Snakefile", "config.yaml"):
        shutil.copy(ROOT / name, folder)
    for name in ("workflow", "lth", "config"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))


def cpu_of_children() -> float:
    """Seconds of processor time of all child processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def snakemake(folder: Path, *arguments: str) -> tuple[float, float, str]:
    """Seconds, seconds of processor time, and output of a Snakemake call in a folder."""
    started, cpu = time.perf_counter(), cpu_of_children()
    call = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
    done = subprocess.run(call, cwd=folder, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise SystemExit(f"snakemake {' '.join(arguments)} failed:\n{done.stdout[-2000:]}")
    return time.perf_counter() - started, cpu_of_children() - cpu, done.stdout


def jobs_of(output: str) -> int:
    """The total of Snakemake's table of jobs."""
    totals = [line.split()[1] for line in output.splitlines() if line.startswith("total ")]
    return int(totals[0]) if totals else 0


def graph(config: str, seeds: int | None, runs: int, target: str) -> list[str]:
    """A row on building the graph of a study; `seeds` replaces those of the file."""
    import yaml

    with TemporaryDirectory() as name:
        folder = Path(name)
        copy_workflow(folder)
        study = yaml.safe_load((folder / config).read_text(encoding="utf-8"))
        if seeds is not None:
            study["seeds"] = list(range(seeds))
        (folder / "study.yaml").write_text(yaml.safe_dump(study, sort_keys=False), encoding="utf-8")
        found = [snakemake(folder, "-n", "--quiet", "rules", "--configfile", "study.yaml") for _ in range(runs)]
    wall, cpu, outputs = zip(*found, strict=True)
    about = f"snakemake -n, {config}, {len(study['seeds'])} seeds, {jobs_of(outputs[0]):,} jobs, median of {runs}"
    return [about, spread(wall), seconds(cpu), target]


def second_run(folder: Path) -> list[str]:
    """A row on finding nothing to do after the demo; `folder` is a checkout in which it has run."""
    wall, cpu, output = snakemake(folder, "--configfile", "config/demo.yaml")
    if "nothing to be done" not in output.lower():
        raise SystemExit(f"the demo had not run to its end in that folder:\n{output[-2000:]}")
    return ["second run of the demo: nothing to be done", seconds([wall]), seconds([cpu]), "5 s"]


def measure(chosen: argparse.Namespace) -> list[list[str]]:
    """All rows that were asked for."""
    found = []
    parts, quick = chosen.only, chosen.quick
    if "start" in parts:
        found.append(job_start("digits" if quick else chosen.source, 1 if quick else 5))
    if "memory" in parts:
        sources = ("digits",) if quick else ("mnist", "cifar10")
        sizes = (50, 50) if quick else (5000, None)
        found += [job_memory(source, 2 if quick else STEPS, *sizes) for source in sources]
    if "graph" in parts and quick:
        found.append(graph("config/demo.yaml", None, 1, "3 s"))
    elif "graph" in parts:
        found += [graph("config.yaml", None, 5, "3 s"), graph("config.yaml", chosen.seeds, 3, "10 s")]
    if chosen.demo is not None:
        found.append(second_run(chosen.demo))
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description="Start-up, memory and graph building.")
    parts = ("start", "memory", "graph")
    parser.add_argument("--only", nargs="*", choices=parts, default=parts, help="only these parts")
    parser.add_argument("--source", default="mnist", help="data set of the job that is started (mnist)")
    parser.add_argument("--seeds", type=int, default=30, help="seeds of the large study (30)")
    parser.add_argument("--demo", type=Path, help="a checkout in which `make demo` has run: time its second run")
    parser.add_argument("--quick", action="store_true", help="embedded data and the demo's graph, once each")
    parser.add_argument("--out", type=Path, help="write the table to this file, too")
    chosen = parser.parse_args(arguments)
    lines = table(["what", "measured", "of it CPU time", "target"], measure(chosen))
    report("Start-up, memory, graph", [lines], chosen.out)


if __name__ == "__main__":
    main()
