"""Energy is read from counters where there are any; where there are none it is unknown, never 0."""

import csv
import json
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from small import NETWORK, sparse_ticket, tiny_images

from lth.config.study import Compute
from lth.methods.evaluate import EvaluationFiles, run_evaluation
from lth.plan.jobs import EvaluationJob
from lth.running.jobs import Job
from lth.running.scratch import Scratch
from lth.training import energy as subject
from lth.training.energy import Energy, Spending

CPU = torch.device("cpu")


def counter(folder: Path, name: str, microjoules: int, largest: int = 1_000_000, of: str = "package-0") -> None:
    domain = folder / name
    domain.mkdir(exist_ok=True)
    (domain / "name").write_text(f"{of}\n")
    (domain / "energy_uj").write_text(f"{microjoules}\n")
    (domain / "max_energy_range_uj").write_text(f"{largest}\n")


def test_packages_are_added_and_their_parts_are_not(tmp_path: Path) -> None:
    for name in ("intel-rapl:0", "intel-rapl:1", "intel-rapl:0:0"):
        counter(tmp_path, name, 100_000)
    energy = Energy(CPU, tmp_path)
    for name, now in (("intel-rapl:0", 400_000), ("intel-rapl:1", 300_000), ("intel-rapl:0:0", 999_999)):
        counter(tmp_path, name, now)
    assert energy.joules() == 0.5


def test_the_platform_of_which_packages_are_a_part_is_not_added_to_them(tmp_path: Path) -> None:
    counter(tmp_path, "intel-rapl:0", 100_000)
    counter(tmp_path, "intel-rapl:1", 100_000, of="psys")
    energy = Energy(CPU, tmp_path)
    counter(tmp_path, "intel-rapl:0", 400_000)
    counter(tmp_path, "intel-rapl:1", 900_000, of="psys")
    assert energy.joules() == 0.3


def test_a_counter_that_started_again_is_understood(tmp_path: Path) -> None:
    counter(tmp_path, "intel-rapl:0", 900_000)
    energy = Energy(CPU, tmp_path)
    counter(tmp_path, "intel-rapl:0", 100_000)
    assert energy.joules() == 0.2


def test_a_counter_may_start_again_many_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a kilowatt that is every four minutes; between two readings it has not."""
    monkeypatch.setattr(subject, "READ_EVERY", 0.01)
    counter(tmp_path, "intel-rapl:0", 0)
    energy, value = Energy(CPU, tmp_path), tmp_path / "intel-rapl:0" / "energy_uj"
    for turn in range(1, 11):
        other = value.with_name("next")
        other.write_text(str(600_000 * turn % 1_000_000))
        other.replace(value)
        deadline = time.monotonic() + 20
        while energy._counters._used < 600_000 * turn:
            assert time.monotonic() < deadline
            time.sleep(0.005)
    assert energy.joules() == 6
    readers = threading.active_count()
    del energy
    deadline = time.monotonic() + 20
    while threading.active_count() >= readers:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_no_counter_or_an_unreadable_one_is_unknown(tmp_path: Path) -> None:
    assert Energy(CPU, tmp_path).joules() is None
    (tmp_path / "intel-rapl:0").mkdir()
    assert Energy(CPU, tmp_path).joules() is None


@dataclass
class Stopped(Scratch):
    """Of a training that ran before, in a process that was stopped."""

    seconds_before: float = 100.0


@pytest.mark.parametrize(("before", "joules"), [(False, "0.25"), (True, "")])
def test_a_job_writes_what_its_own_process_used_and_nothing_where_another_began(
    before: bool, joules: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "POWERCAP", tmp_path)
    counter(tmp_path, "intel-rapl:0", 100_000)
    spending, scratch = Spending(CPU), Stopped(tmp_path / "scratch", key="k", inputs=()) if before else None
    counter(tmp_path, "intel-rapl:0", 350_000)
    spending.write(tmp_path / "measured.csv", {"arm": "a", "seed": 1}, {"checksum": "c"}, scratch)
    (row,) = csv.DictReader((tmp_path / "measured.csv").read_text().splitlines())
    assert {**row, "seconds": "", "checksum": ""} == {
        **{"arm": "a", "seed": "1", "seconds": "", "joules": joules, "device": "cpu", "record": "c", "checksum": ""}
    }
    assert (float(row["seconds"]) > 100) == before


def test_an_evaluation_measures_where_it_is_to_and_its_results_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "POWERCAP", tmp_path)
    counter(tmp_path, "intel-rapl:0", 100_000)
    tiny_images().save(tmp_path / "images")
    found = {"study": "s", "ticket": "t", "seed": 0, "round": 0}
    ticket = sparse_ticket()
    replace(ticket, provenance={**ticket.provenance, **found}).save(tmp_path / "ticket")
    recipe = {"optimiser": {"learning_rate": 0.01}, "batch_size": 20, "iterations": 2}
    spec = EvaluationJob.model_validate(
        {
            **{**found, "kind": "own", "network": NETWORK},
            **{"evaluation": "e", "arm": "t-own", "dataset": "tiny", "recipe": recipe},
        }
    )

    def run(name: str, *parts: str) -> dict[str, bytes]:
        found = {part: tmp_path / name / part for part in ("history", "confusion", "record", *parts)}
        files = EvaluationFiles(data=tmp_path / "images", ticket=tmp_path / "ticket", **found)
        run_evaluation(spec, files, Compute(device="cpu"), Job("evaluation", used))
        return {part: path.read_bytes() for part, path in found.items()}

    def used(_: str) -> None:
        counter(tmp_path, "intel-rapl:0", 600_000)

    plain = run("plain")
    counter(tmp_path, "intel-rapl:0", 100_000)
    measuring = run("measuring", "measured")
    (row,) = csv.DictReader(measuring.pop("measured").decode().splitlines())
    assert measuring == plain
    assert (row["evaluation"], row["arm"], row["seed"], row["joules"]) == ("e", "t-own", "0", "0.5")
    assert row["record"] == json.loads(plain["record"])["checksum"]
