"""What a run has found: a line of JSON each, written at once, and a report that is made anew from all of them."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.machine import describe, table
from lth.files import write_text

FAILED = "FAILED"


@dataclass
class Record:
    """The folder of a run; a later run in the same folder adds to it, and does not repeat what was done."""

    folder: Path
    ends: float
    """When the run has to have ended, on the clock of `time.monotonic`."""
    about: str = ""
    """The device."""
    lines: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.path.exists():
            for line in self.path.read_text(encoding="utf-8").splitlines():
                try:
                    self.lines.append(json.loads(line))
                except ValueError:  # cut off by a time limit
                    continue

    @property
    def path(self) -> Path:
        """The lines."""
        return self.folder / "results.jsonl"

    def left(self) -> float:
        """Seconds until the run has to have ended."""
        return self.ends - time.monotonic()

    def done(self, part: str, **named: Any) -> dict[str, Any] | None:
        """The line of a part that has these values, if there is one; of several the last."""
        fitting = (line for line in reversed(self.lines) if line["part"] == part)
        return next((line for line in fitting if all(line.get(key) == value for key, value in named.items())), None)

    def add(self, part: str, **found: Any) -> None:
        """Write a line, say it, and make the report anew."""
        line = {"part": part, **found}
        self.lines.append(line)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        words = ", ".join(str(value) for key, value in found.items() if value != "")
        print(f"[{self.left():5.0f} s left] {part}: {words}", flush=True)
        self.report()

    def attempt(self, part: str, name: str, check: Callable[[], str]) -> None:
        """Run a check, and write what it says, or what went wrong with it; not if it has passed before."""
        if self.done(part, name=name, ok=True) or self.left() <= 0:
            return
        begun = time.monotonic()
        try:
            says, ok = check(), True
        except Exception as error:  # whatever it is: the next check may pass
            says, ok = f"{type(error).__name__}: {error}".strip().splitlines()[0][:500], False
        self.add(part, name=name, ok=ok, says=says, seconds=round(time.monotonic() - begun, 2))

    def report(self) -> None:
        """Write `report.md`."""
        parts = [f"# Run on {self.about}", f"Machine: {describe()}.", *self._checks(), *self._speeds(), *self._rest()]
        write_text(self.folder / "report.md", "\n\n".join(parts) + "\n")

    def of(self, part: str, *key: str) -> list[dict[str, Any]]:
        """The lines of a part, of several with one key the last."""
        found = {tuple(str(line.get(name)) for name in key): line for line in self.lines if line["part"] == part}
        return list(found.values())

    def _checks(self) -> Iterator[str]:
        for part, title in (("check", "The core on the device, against the CPU"), ("repeat", "Repeating and resuming")):
            lines = self.of(part, "name")
            if lines:
                rows = [[line["name"], "passed" if line["ok"] else FAILED, line["says"]] for line in lines]
                passed = sum(line["ok"] for line in lines)
                yield f"## {title}\n\n{passed} of {len(lines)} passed.\n\n{table(['check', '', 'found'], rows)}"

    def _speeds(self) -> Iterator[str]:
        lines = self.of("speed", "kind", "precision", "captured", "processes", "mps")
        if lines:
            header = [
                "training",
                "precision",
                "step",
                "processes",
                "ms (quartiles)",
                "images/s, all",
                "MB each",
            ]
            yield "## Training speed\n\n" + table(header, [_speed_row(line) for line in lines])
        hours = self.of("hours", "study", "precision")
        if hours:
            rows = [
                [x["study"], x["precision"], str(x["trainings"]), x["eager"], x["captured"], x["beside"]] for x in hours
            ]
            header = ["study", "precision", "trainings", "eager, one job", "captured, one job", "several jobs at once"]
            yield "## Time of the full-scale studies on this device\n\n" + table(header, rows)

    def _rest(self) -> Iterator[str]:
        lines = self.of("science", "name")
        if lines:
            rows = [[line["name"], line["state"], line["found"]] for line in lines]
            yield "## Trainings of the full-scale studies\n\n" + table(["training", "", "found"], rows)
        notes = self.of("note", "says")
        if notes:
            yield "## Notes\n\n" + "\n".join(f"- {line['says']}" for line in notes)


def _speed_row(line: Mapping[str, Any]) -> list[str]:
    if line.get("failed"):
        return [
            line["kind"],
            line["precision"],
            _kind(line),
            str(line["processes"]),
            line["failed"],
            "",
            "",
        ]
    low, middle, high = line["milliseconds"]
    return [
        line["kind"],
        line["precision"],
        _kind(line),
        f"{line['processes']}{' (MPS)' if line['mps'] else ''}",
        f"{middle:.3g} ({low:.3g} to {high:.3g})",
        f"{line['images_per_second']:,.0f}",
        f"{line['megabytes']:,.0f}",
    ]


def _kind(line: Mapping[str, Any]) -> str:
    return "captured" if line["captured"] else "eager"
