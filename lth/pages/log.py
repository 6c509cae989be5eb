"""`lth log`: the histories of a study for TensorBoard or Weights & Biases, after a run or while it goes on.

A history is written when its training has finished. Both kinds of logs are added to: what has been logged is not logged
again, so the command may be repeated while a study runs. Nothing is written into the results.
"""

import csv
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from lth.artifacts.records import csv_rows, json_text
from lth.errors import UserError, reason
from lth.files import checksum, write_bytes, write_text
from lth.pages.event_file import event_file
from lth.printable import printable

Log = Literal["tensorboard", "wandb"]
LOGGED_VALUES = ("loss_nats", "accuracy_percent")
"""Columns of a history that are logged for each split, beside `density_percent` and `epoch`."""
LOGGED = "lth-logged.json"
"""In a folder of Weights & Biases: the checksums of the histories that have been logged, by name."""
_EVENTS = "events.out.tfevents.0000000000.lth"
_PATTERNS = ("tickets/*/seed*/round*/history.csv", "evaluations/*/*/seed*/history.csv")


@dataclass(frozen=True)
class LoggedRun:
    """A training as both kinds of logs show it."""

    name: str
    """Its folder below the results, and the draw of a few-shot evaluation: `tickets/imp/seed0/round03`."""
    settings: Mapping[str, str]
    """What its history says of all its rows: ticket, seed, round, data set, ..."""
    scalars: list[tuple[str, int, float]]
    """Tag (`test/accuracy_percent`), step and value."""


def log(results: Path, to: Log, folder: Path | None = None, project: str | None = None) -> Iterator[str]:
    """Log all histories that are not logged yet; lines that say what was done.

    Args:
        results: `results/<study>`, finished or not.
        to: `tensorboard` writes event files, and needs no package. `wandb` starts a run for each training, online or
            offline as the variable WANDB_MODE says.
        folder: where event files, or the runs of Weights & Biases, are written; `logs/<study>` if it is None.
        project: of Weights & Biases; the name of the study if it is None.

    Raises:
        UserError: there are no histories, one cannot be read, or wandb is not installed.
    """
    histories = [path for pattern in _PATTERNS for path in sorted(results.glob(pattern))]
    if not histories:
        raise UserError(f"{printable(results)}: has no history of a training; give the results folder of a study")
    place = folder or Path("logs", results.absolute().name)
    if to == "tensorboard":
        count = sum(_write_events(results, path, place) for path in histories)
        yield f"{printable(place)}: {count} of {len(histories)} trainings added"
        yield f"to see them: tensorboard --logdir {printable(place)}"
        return
    count = _log_runs(results, histories, place, project or results.absolute().name)
    yield f"{printable(place)}: {count} of {len(histories)} trainings added"
    if os.environ.get("WANDB_MODE") == "offline" and count:
        yield f"to send them: wandb sync {printable(place)}/wandb/offline-run-*"


def runs_of(results: Path, history: Path) -> list[LoggedRun]:
    """The trainings of a history: one, or one for each draw of few examples.

    Raises:
        UserError: it cannot be read, or lacks a column.
    """
    try:
        header, *rows = csv_rows(history.read_text(encoding="utf-8"))
        told = [dict(zip(header, row, strict=True)) for row in rows]
        name = history.parent.relative_to(results).as_posix()
        return [_run(name, draw, told) for draw in dict.fromkeys(row.get("draw", "") for row in told)]
    except OSError as error:
        raise UserError(f"{printable(history)}: cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, csv.Error) as error:
        raise UserError(f"{printable(history)}: is no history of a training ({reason(error)})") from None


def _run(name: str, draw: str, rows: list[dict[str, str]]) -> LoggedRun:
    chosen = [row for row in rows if row.get("draw", "") == draw]
    varying = {"epoch", "step", "kept", "split", "density_percent", *LOGGED_VALUES}
    settings = {key: value for key, value in chosen[0].items() if key not in varying}
    scalars: dict[tuple[str, int], float] = {}
    for row in chosen:
        step = int(row["step"])
        scalars |= {(f"{row['split']}/{key}", step): float(row[key]) for key in LOGGED_VALUES if row[key]}
        scalars |= {(key, step): float(row[key]) for key in ("epoch", "density_percent") if row.get(key)}
    placed = [(tag, step, value) for (tag, step), value in scalars.items()]
    return LoggedRun(f"{name}/draw{draw}" if draw else name, settings, placed)


def _write_events(results: Path, history: Path, folder: Path) -> bool:
    """Write the event files of a history; whether any was not there as it is now."""
    written = False
    for run in runs_of(results, history):
        path, content = folder / run.name / _EVENTS, event_file(run.scalars, history.stat().st_mtime)
        with suppress(OSError):
            if path.read_bytes() == content:
                continue
        write_bytes(path, content)
        written = True
    return written


def _log_runs(results: Path, histories: list[Path], folder: Path, project: str) -> int:
    wandb, noted = _wandb(), _noted(folder / LOGGED)
    count = 0
    for history in histories:
        name, found = history.parent.relative_to(results).as_posix(), checksum(history)
        if noted.get(name) == found:
            continue
        for run in runs_of(results, history):
            _log_run(wandb, run, folder, project, found)
        noted[name] = found
        write_text(folder / LOGGED, json_text(noted))  # after each, so that one that is stopped goes on from here
        count += 1
    return count


def _log_run(wandb: Any, run: LoggedRun, folder: Path, project: str, found: str) -> None:
    number = sha256(f"{project}/{run.name}/{found}".encode()).hexdigest()[:16]
    by_step: dict[int, dict[str, float]] = {}
    for tag, step, value in run.scalars:
        by_step.setdefault(step, {})[tag] = value
    group = run.name.rpartition("/seed")[0]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        told = {"project": project, "name": run.name, "group": group, "id": number, "resume": "allow"}
        with wandb.init(**told, dir=str(folder), config=dict(run.settings)) as started:
            for step in sorted(by_step):
                started.log(by_step[step], step=step)
    except Exception as error:  # its own kinds of errors: no account, no network, a full disk
        raise UserError(f"wandb: {run.name} could not be logged: {reason(error)}; see WANDB_MODE") from error


def _wandb() -> Any:
    try:
        return import_module("wandb")
    except ImportError:
        raise UserError("wandb is not installed: pip install wandb; `--to tensorboard` needs no package") from None


def _noted(path: Path) -> dict[str, str]:
    with suppress(OSError, ValueError):
        told = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): str(found) for name, found in told.items()} if isinstance(told, dict) else {}
    return {}
