"""Energy of a job, where the machine can tell: Intel's and AMD's RAPL counters, and an NVIDIA GPU's own."""

import threading
import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch

from lth.artifacts.records import CHECKSUM
from lth.artifacts.tickets import RECORD
from lth.running.scratch import Scratch
from lth.training.history import write_rows

POWERCAP = Path("/sys/class/powercap")
READ_EVERY = 60.0
"""Seconds between two readings: the counter of a package has its whole range in four minutes at a kilowatt."""


@dataclass
class Energy:
    """Joules used since it was made, by the processor packages and by the GPU in use.

    The counters are of the whole machine: what other jobs used at the same time is in it. Where there is no counter,
    or no right to read it, the energy is unknown, which is not 0.
    """

    device: torch.device
    powercap: Path = field(default_factory=lambda: POWERCAP)
    _counters: "_Counters" = field(init=False)
    _gpu_began: float | None = field(init=False)

    def __post_init__(self) -> None:
        self._counters = _Counters(self.powercap)
        self._gpu_began = _gpu_joules(self.device)
        if self._counters.read() is not None:
            ended = threading.Event()
            weakref.finalize(self, ended.set)
            threading.Thread(target=_keep_reading, args=(self._counters, ended), daemon=True).start()

    def joules(self) -> float | None:
        """Joules so far; None if nothing here measures them, or not all that does the work."""
        gpu = _gpu_joules(self.device)
        microjoules = self._counters.read()
        if microjoules is None or (self.device.type == "cuda" and (gpu is None or self._gpu_began is None)):
            return None
        return microjoules / 1e6 + ((gpu or 0.0) - (self._gpu_began or 0.0))


class _Counters:
    """What the processor packages have used, over any number of turns of their counters that are read in each."""

    def __init__(self, powercap: Path) -> None:
        self._powercap, self._last, self._used = powercap, _packages(powercap), 0
        self._reading = threading.Lock()

    def read(self) -> int | None:
        """Microjoules since it was made; None where a counter is not there, or cannot be read any more."""
        with self._reading:
            now = _packages(self._powercap)
            if not now or now.keys() != self._last.keys():
                self._last = {}
                return None
            self._used += sum(_since(domain, self._last[domain], value) for domain, value in now.items())
            self._last = now
            return self._used


def _keep_reading(counters: _Counters, ended: threading.Event) -> None:
    while not ended.wait(READ_EVERY):
        counters.read()


class Spending:
    """Time and energy of a job, from here on."""

    def __init__(self, device: torch.device) -> None:
        self._energy, self._began, self._device = Energy(device), time.perf_counter(), device

    def write(
        self, path: Path, named: Mapping[str, object], record: Mapping[str, object], scratch: Scratch | None
    ) -> None:
        """Write `measured.csv`: a sealed row of seconds and joules, which are empty where they are not known.

        Args:
            path: the file.
            named: columns that name the training.
            record: the training's record, whose checksum the row repeats.
            scratch: of a training that may have been stopped. The seconds of the processes before this one are added;
                their energy is not known, and so neither is that of the whole.
        """
        before = scratch.seconds_before if scratch else 0.0
        seconds, joules = before + time.perf_counter() - self._began, None if before else self._energy.joules()
        row = (*named.values(), seconds, "" if joules is None else joules, self._device.type, record[CHECKSUM])
        write_rows(path, [row], [*named, "seconds", "joules", "device", RECORD], sealed=True)


def _packages(powercap: Path) -> dict[Path, int]:
    """Microjoules on the counter of each processor package (`intel-rapl:0`, not its parts `intel-rapl:0:0`).

    `psys`, which newer Intel machines have beside them, is the whole platform: the packages are in it already.
    """
    found = {}
    for domain in sorted(powercap.glob("*-rapl:*")):
        if domain.name.count(":") == 1:
            try:
                if (domain / "name").read_text().strip() == "psys":
                    continue
                found[domain] = int((domain / "energy_uj").read_text())
            except (OSError, ValueError):
                return {}
    return found


def _since(domain: Path, began: int, now: int) -> int:
    """Microjoules between two readings; the counter starts again at 0 after its largest value."""
    if now >= began:
        return now - began
    return now + int((domain / "max_energy_range_uj").read_text()) - began


def _gpu_joules(device: torch.device) -> float | None:
    """Joules on the GPU's counter since its driver was loaded; None without GPU, pynvml or such a counter."""
    if device.type != "cuda":
        return None
    try:
        import pynvml  # type: ignore[import-not-found, import-untyped, unused-ignore]

        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{torch.cuda.get_device_properties(device).uuid}".encode())
        return float(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)) / 1e3
    except Exception:  # whatever is missing or not permitted: then it is not measured
        return None
