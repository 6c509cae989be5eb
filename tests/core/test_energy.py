"""Energy is read from counters where there are any; where there are none it is unknown, never 0."""

from pathlib import Path

import torch

from lth.training.energy import Energy

CPU = torch.device("cpu")


def counter(folder: Path, name: str, microjoules: int, largest: int = 1_000_000) -> None:
    domain = folder / name
    domain.mkdir(exist_ok=True)
    (domain / "energy_uj").write_text(f"{microjoules}\n")
    (domain / "max_energy_range_uj").write_text(f"{largest}\n")


def test_packages_are_added_and_their_parts_are_not(tmp_path: Path) -> None:
    for name in ("intel-rapl:0", "intel-rapl:1", "intel-rapl:0:0"):
        counter(tmp_path, name, 100_000)
    energy = Energy(CPU, tmp_path)
    for name, now in (("intel-rapl:0", 400_000), ("intel-rapl:1", 300_000), ("intel-rapl:0:0", 999_999)):
        counter(tmp_path, name, now)
    assert energy.joules() == 0.5


def test_a_counter_that_started_again_is_understood(tmp_path: Path) -> None:
    counter(tmp_path, "intel-rapl:0", 900_000)
    energy = Energy(CPU, tmp_path)
    counter(tmp_path, "intel-rapl:0", 100_000)
    assert energy.joules() == 0.2


def test_no_counter_or_an_unreadable_one_is_unknown(tmp_path: Path) -> None:
    assert Energy(CPU, tmp_path).joules() is None
    (tmp_path / "intel-rapl:0").mkdir()
    assert Energy(CPU, tmp_path).joules() is None
