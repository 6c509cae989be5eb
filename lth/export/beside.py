"""What a study's results say of a ticket that lies among them: its data set, and how well it does."""

import csv
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lth.artifacts.records import MANIFEST, RecordError, csv_rows, read_json, unseal_rows
from lth.artifacts.tensors import read_tensors
from lth.artifacts.tickets import RECORD, Ticket
from lth.catalog.datasets import SOURCES
from lth.config.study import Study
from lth.errors import UserError
from lth.files import checksum
from lth.plan.data_used import DataUsed, data_used
from lth.plan.plan import Plan


@dataclass(frozen=True)
class Beside:
    """Facts for a model card; what could not be found, or was altered, is left out."""

    data: list[DataUsed] = field(default_factory=list)
    """What the ticket was found on, in the order of its last use; a control's are those of its ticket."""
    classes: list[str] = field(default_factory=list)
    mean: list[float] = field(default_factory=list)
    """By channel, of pixels from 0 to 255; images are normalised by it and by `std`."""
    std: list[float] = field(default_factory=list)
    own_accuracy: float | None = None
    """Test accuracy in percent of these weights, after the last step of their training: n = 1."""
    arms: list[dict[str, str]] = field(default_factory=list)
    """Rows of the tables of arms that are about this ticket's round: means over seeds, with intervals."""


@dataclass(frozen=True)
class TrainedOn:
    """A training of a ticket after it was found, from which weights are."""

    dataset: str
    classes: list[str]
    mean: list[float]
    """By channel, of pixels from 0 to 255."""
    std: list[float]
    own_accuracy: float
    """Test accuracy in percent after the last step."""


def beside(path: Path, ticket: Ticket) -> Beside:
    """What the results that hold a ticket say of it.

    Args:
        path: `results/STUDY/tickets/TICKET/seedN/roundNN/ticket.safetensors`, or that of a control; a file anywhere
            else has nothing beside it.
        ticket: what it holds.
    """
    folders = path.absolute().parents
    results = folders[4] if len(folders) > 4 and folders[3].name in ("tickets", "controls") else None
    if results is None:
        return Beside()
    told = ticket.provenance
    classes, mean, std = _data(results / "data" / f"{told.get('dataset')}.safetensors")
    if "new_output" in told:  # for another data set than the one it was found on, and the ticket does not say which
        classes, mean, std = [], [], []
    return Beside(
        data=_data_used(results, told),
        classes=classes,
        mean=mean,
        std=std,
        own_accuracy=_own_accuracy(path, told) if folders[3].name == "tickets" else None,
        arms=[*_arms(results, folders[2].name, told)],
    )


def _data_used(results: Path, told: dict[str, Any]) -> list[DataUsed]:
    """By the study's manifest; before it is finished, the last one alone, if its name is a source's, too."""
    with suppress(RecordError, UserError, ValueError, LookupError, TypeError):
        study = Study.model_validate(read_json(results / MANIFEST)["study"])
        return data_used(Plan(study, results), told["ticket"], told["round"])
    dataset = str(told.get("dataset"))
    return [DataUsed.of(dataset, dataset)] if dataset in SOURCES else []


def _data(path: Path) -> tuple[list[str], list[float], list[float]]:
    with suppress(UserError, KeyError):
        tensors, metadata = read_tensors(path, "dataset")
        return [str(name) for name in metadata["classes"]], tensors["mean"].tolist(), tensors["std"].tolist()
    return [], [], []


def _own_accuracy(path: Path, told: dict[str, Any]) -> float | None:
    history = path.with_name("history.csv")
    with suppress(OSError, KeyError, TypeError, ValueError, IndexError, csv.Error):
        if checksum(history) == told[RECORD]["files"]["history.csv"]:
            header, *rows = csv_rows(history.read_text(encoding="utf-8"))
            tests = [dict(zip(header, row, strict=True)) for row in rows]
            return float([row for row in tests if row["split"] == "test"][-1]["accuracy_percent"])
    return None


def _arms(results: Path, folder: str, told: dict[str, Any]) -> Iterator[dict[str, str]]:
    """`folder` is TICKET, or TICKET-KIND of a control."""
    for table in sorted((results / "tables").glob("*/arms.csv")):
        with suppress(OSError, RecordError, ValueError, csv.Error):
            header, *rows = unseal_rows(csv_rows(table.read_text(encoding="utf-8")))
            for row in (dict(zip(header, cells, strict=True)) for cells in rows):
                name = row["ticket"] if row.get("kind", "own") == "own" else f"{row['ticket']}-{row['kind']}"
                if name == folder and row["round"] == str(told.get("round")) and row.get("n", "").isdigit():
                    yield row
