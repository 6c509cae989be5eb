"""All that a GPU is needed for, rehearsed on the CPU from end to end; and what the command says where it cannot run."""

import json
import os
import re
import subprocess
import sys
import time
import zipfile
from fractions import Fraction
from pathlib import Path

import pytest
import torch

from benchmarks.gpu import __main__ as command
from benchmarks.gpu import packages, studies
from benchmarks.gpu.checks import CHECKS
from benchmarks.gpu.record import Record
from benchmarks.gpu.repeats import REPEATS
from benchmarks.gpu.science import tasks
from benchmarks.gpu.speed import Case
from benchmarks.gpu.studies import full_scale, kind_of, launch_bound, tiny
from lth.config.study import Compute
from lth.plan.forecast import duration
from lth.plan.plan import Plan
from lth.training.device import prepare_device

ROOT = Path(__file__).resolve().parents[1]
ABSENT = ("IPython", "PIL", "jinja2", "matplotlib", "numba", "pandas", "psutil", "pytest", "scipy", "sklearn")
ABSENT += ("snakemake", "torchvision", "transformers")
"""What a machine need not have that the run is taken to."""
HOOK = f"""
import sys
from importlib.machinery import PathFinder

class Present:
    def find_spec(self, name, path=None, target=None):
        absent = name.partition(".")[0] in {ABSENT!r}
        return None if absent else PathFinder.find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Present()
"""


def rehearsed(out: Path, hooks: Path) -> str:
    """What a rehearsal prints, in an environment with torch and the packages that the command names, and no others."""
    call = [sys.executable, "-m", "benchmarks.gpu", "--device", "cpu", "--quick", "--minutes", "8", "--out", str(out)]
    environment = os.environ | {"PYTHONPATH": f"{hooks}{os.pathsep}{ROOT}", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(call, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_part_runs_without_a_gpu_and_is_not_repeated(tmp_path: Path) -> None:
    (tmp_path / "hooks").mkdir()
    (tmp_path / "hooks" / "sitecustomize.py").write_text(HOOK)
    rehearsed(tmp_path / "out", tmp_path / "hooks")
    lines = [json.loads(line) for line in (tmp_path / "out" / "results.jsonl").read_text().splitlines()]
    by_part = {part: [line for line in lines if line["part"] == part] for part in {line["part"] for line in lines}}
    small = [name for name in (*CHECKS, *REPEATS) if "vgg" not in name]
    assert [line["name"] for line in (*by_part["check"], *by_part["repeat"])] == small
    assert all(line["ok"] for line in (*by_part["check"], *by_part["repeat"]))
    found = {(line["precision"], line["captured"], line["processes"]) for line in by_part["speed"]}
    assert found == {("fp32", False, 1), ("fp32", True, 1), ("bf16", False, 1), ("bf16", True, 1), ("fp32", True, 2)}
    assert not any("failed" in line for line in by_part["speed"])
    assert [line["precision"] for line in by_part["hours"]] == ["fp32", "bf16"]
    (training,) = by_part["science"]
    assert training["state"] == "done"
    assert re.fullmatch(r"test accuracy [\d.]+ % at epoch \d+, 15368 weights", training["found"])
    report = (tmp_path / "out" / "report.md").read_text()
    headings = re.findall(r"^## (.+)$", report, re.MULTILINE)
    assert headings == [
        "The core on the device, against the CPU",
        "Repeating and resuming",
        "Training speed",
        "Time of the full-scale studies on this device",
        "Trainings of the full-scale studies",
    ]
    assert "a rehearsal: nothing here says anything about a GPU" in report
    again = rehearsed(tmp_path / "out", tmp_path / "hooks")
    assert not re.search(r"check:|repeat:|speed:|science:", again)


def test_no_gpu_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert command.main(["--out", str(tmp_path / "out")]) == 2
    told = f"torch {torch.__version__} sees no GPU here; --device cpu --quick rehearses the run without one\n"
    assert capsys.readouterr().err == told
    assert not (tmp_path / "out").exists()


def test_what_is_missing_is_one_sentence_with_the_command_that_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    found = packages.find_spec
    monkeypatch.setattr(packages, "find_spec", lambda name: None if name.startswith("pydantic") else found(name))
    told = packages.problem()
    assert told.startswith("missing here: pydantic, pydantic_core; where there is a network, run in this repository: ")
    assert re.search(r"-d build/gpu-wheels pydantic==[\d.]+ pydantic-core==[\d.]+$", told)
    monkeypatch.setattr(packages, "find_spec", lambda _: None)
    assert packages.problem() == "torch is not installed; run this with the python that has it"
    monkeypatch.undo()
    monkeypatch.setattr(torch, "__version__", "2.8.1+cu126")
    assert packages.problem() == "torch 2.9 is needed, found 2.8.1+cu126"


def test_wheels_of_what_is_missing_are_unpacked_and_no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / packages.WHEELS
    folder.mkdir(parents=True)
    for name in ("brought_along", "numpy"):
        with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{name}/__init__.py", "FROM = 'a wheel'\n")
    monkeypatch.setattr(packages, "NEEDED", {"numpy": "numpy", "brought_along": "brought-along"})
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("PYTHONPATH", "before")
    packages.unpack(tmp_path)
    import brought_along  # type: ignore[import-not-found]

    assert brought_along.FROM == "a wheel"
    assert os.environ["PYTHONPATH"] == f"before{os.pathsep}{sys.path[-1]}"
    assert not Path(sys.path[-1], "numpy").exists()
    assert packages.missing() == []


def test_a_check_that_failed_is_told_and_tried_again_and_a_line_that_was_cut_off_is_no_harm(tmp_path: Path) -> None:
    first = Record(tmp_path, time.monotonic() + 60, "a device")

    def wrong() -> str:
        raise AssertionError("differs by 0.5\nand more")

    first.attempt("check", "a", wrong)
    first.attempt("check", "b", lambda: "right")
    assert "| a | FAILED | AssertionError: differs by 0.5 |" in (tmp_path / "report.md").read_text()
    with first.path.open("a") as file:
        file.write('{"part": "check", "na')
    second = Record(tmp_path, time.monotonic() + 60, "a device")
    second.attempt("check", "b", wrong)  # has passed, and is not tried again
    second.attempt("check", "a", lambda: "right now")
    report = (tmp_path / "report.md").read_text()
    assert "2 of 2 passed" in report
    assert "| a | passed | right now |" in report
    late = Record(tmp_path / "late", time.monotonic() - 1, "a device")
    late.attempt("check", "a", lambda: "too late")
    assert late.lines == []


def test_the_full_scale_studies_are_planned_and_the_published_training_is_the_first(tmp_path: Path) -> None:
    planned = {one.name: one for one in full_scale(Record(tmp_path, time.monotonic() + 60))}
    assert {"config", "conv", "lenet300", "progressive-cifar", "vgg"} <= planned.keys()
    assert not any(name.endswith(("quick", "demo")) for name in planned)
    assert "resnet18, 3x32x32, batches of 128, sgd, augment, label_smoothing" in planned["progressive-cifar"].kinds
    first = tasks(quick=False)[0]
    job = Plan(first.study).round_job(first.ticket, first.seed, first.round)
    assert (job.network.architecture, job.method, job.seed) == ("resnet18", "progressive", 42)
    assert Fraction(job.density) == Fraction("0.271")
    assert (job.recipe.epochs, job.options["until_epoch"]) == (200, 200)
    assert len({task.name for task in tasks(quick=False)}) == 20


def test_speeds_are_measured_in_order_of_value_and_hours_follow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An eager step of 1000 s and a captured one of 1 ms, which is short enough for several jobs at once."""
    order: list[tuple[str, bool, int, bool]] = []

    def measured(case: Case, _: float = 0) -> dict[str, object]:
        order.append((case.precision, case.captured, case.processes, case.mps))
        if case.mps:
            raise RuntimeError("nvidia-cuda-mps-control is not there")
        ms = 1.0 if case.captured else 1e6
        return {"milliseconds": [ms] * 3, "images_per_second": 1.0, "megabytes": 1.0, "scoring_microseconds": 1.0}

    monkeypatch.setattr(studies, "measure", measured)
    monkeypatch.setattr(studies, "measure_at_once", measured)
    record = Record(tmp_path, time.monotonic() + 1000, "a device")
    studies.speeds(record, tiny().kinds, "cuda", quick=False)
    alone = [(precision, captured, 1, False) for precision in ("fp32", "bf16", "tf32") for captured in (False, True)]
    at_once = [("fp32", True, 8, False), ("fp32", True, 8, True), *(("fp32", True, n, False) for n in (4, 16, 2))]
    assert order == [*alone, *at_once]  # MPS is not asked for again
    studies.hours(record, [tiny()])
    (fp32,) = (line for line in record.of("hours", "study", "precision") if line["precision"] == "fp32")
    assert fp32["trainings"] == 1
    assert fp32["eager"] == duration(32 * 1000)  # 8 epochs of 4 steps, and half a minute around them
    assert fp32["captured"] == "30 s"
    assert re.fullmatch(r"\d+ s \((2|4|8|16)\)", fp32["beside"])
    assert "nvidia-cuda-mps-control is not there" in (tmp_path / "report.md").read_text()


def test_a_case_is_the_same_in_another_process() -> None:
    for timed in (launch_bound(), *tiny().kinds.values()):
        case = Case(timed, "bf16", True, "cuda", 0.5, 4, True)
        assert Case.of(case.text()) == case
        assert kind_of(Case.of(case.text()).timed) == kind_of(timed)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("name", [*CHECKS, *REPEATS])
def test_on_a_gpu(name: str) -> None:
    (CHECKS | REPEATS)[name](prepare_device(Compute(device="cuda")))
