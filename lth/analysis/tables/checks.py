"""Whether the tables that trainings left are those that were written, complete, and of the training of their path.

A table's checksum says that it was not altered. What else is checked (names, planned steps, agreement of history and
confusion matrix) finds a file or a whole folder that was put in another's place, and what was edited together with its
checksum but not consistently.
"""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from lth.artifacts.records import CHECKSUM, RecordError, csv_rows, job_digest, read_record, unseal_rows
from lth.artifacts.repair import advice
from lth.config.study import Study
from lth.errors import UserError, reason
from lth.files import checksum
from lth.plan.jobs import EvaluationJob, RoundJob
from lth.plan.paths import Paths
from lth.plan.plan import Plan

ROUND = re.compile(r"tickets/(\w+)/seed(\d+)/round(\d+)/ticket\.safetensors$")
EVALUATION = re.compile(r"evaluations/(\w+)/([\w-]+)/seed(\d+)/evaluation\.json$")
_SHOWN = 10
"""Faults in a message; the command that follows repairs all of them."""
_Row = Mapping[str, str]


class TableFault(Exception):
    """Something that does not hold about a file."""

    def __init__(self, path: Path, words: str, kind: Literal["altered", "stale"] = "altered") -> None:
        super().__init__(f"{path}: {words}")
        self.path, self.words, self.kind = path, words, kind


def check_records(study: Study, records: Iterable[Path], tickets: Iterable[Path] = ()) -> None:
    """Check the tables of trainings before anything is computed from them.

    Args:
        study: says which trainings there are, and how long each is.
        records: `ticket.safetensors` of rounds, `evaluation.json` of evaluations; the tables lie beside them.
        tickets: what the evaluations' records must have been trained from, by path.

    Raises:
        UserError: a table or record is missing, altered, incomplete or of another training: a line for each, and the
            command that makes them again.
    """
    if found := faults(study, records, tickets):
        lines = [str(fault) for fault in found[:_SHOWN]]
        if len(found) > _SHOWN:
            lines.append(f"and {len(found) - _SHOWN} more")
        raise UserError("; ".join(lines), advice(*(fault.path for fault in found)))


def faults(study: Study, records: Iterable[Path], tickets: Iterable[Path] = ()) -> list[TableFault]:
    """What `check_records` finds."""
    records, known = [*records], {path.parent: path for path in tickets}
    plan = Plan(study, records[0].parents[4] if records else None)
    return [fault for record in records for fault in _faults(plan, record, known)]


def _faults(plan: Plan, path: Path, tickets: Mapping[Path, Path]) -> Iterator[TableFault]:
    """What does not hold about one training."""
    try:
        names, job = _expected(plan, path)
        try:
            record = read_record(path)
        except RecordError as error:
            raise TableFault(path, str(error)) from None
        _check_names(path, record, names, job)
        if isinstance(job, EvaluationJob):
            _check_ticket(plan, path, record, job, tickets)
    except TableFault as fault:
        yield fault
        return
    told = {key: str(value) for key, value in names.items() if key != "study"}
    yield from _table_faults(path, record, job, told, measured=bool(plan.study.energy) or isinstance(job, RoundJob))


def _table_faults(
    path: Path, record: Mapping[str, Any], job: RoundJob | EvaluationJob, names: Mapping[str, str], *, measured: bool
) -> Iterator[TableFault]:
    """What does not hold about the tables beside a record."""
    tables: dict[str, list[_Row]] = {}
    for name, sha in record["files"].items():
        try:
            tables[name] = _table(path.with_name(name), path, sha, names)
        except TableFault as fault:
            yield fault
    checks: list[Callable[[], None]] = []
    if "history.csv" in tables:
        history = tables["history.csv"]
        checks.append(lambda: _check_history(path.with_name("history.csv"), history, job, record))
        if "confusion.csv" in tables:
            checks.append(lambda: _check_agreement(path.with_name("confusion.csv"), history, tables["confusion.csv"]))
    if measured:
        checks.append(lambda: _check_measured(path.with_name("measured.csv"), record, names))
    for check in checks:
        try:
            check()
        except TableFault as fault:
            yield fault
        except (ValueError, KeyError):
            yield TableFault(path, "its tables lack a column or number that is needed")


def _expected(plan: Plan, path: Path) -> tuple[dict[str, Any], RoundJob | EvaluationJob]:
    """What the record of this path must say, and what its job was told."""
    study = plan.study
    if found := ROUND.search(path.as_posix()):
        ticket, seed, round_ = found[1], int(found[2]), int(found[3])
        if ticket in study.tickets and seed in study.seeds and round_ in plan.rounds(ticket):
            names = {"study": study.study, "ticket": ticket, "seed": seed, "round": round_}
            return names, plan.round_job(ticket, seed, round_)
    if found := EVALUATION.search(path.as_posix()):
        evaluation, arm, seed = found[1], found[2], int(found[3])
        arms = {arm.name: arm for arm in plan.arms(evaluation)} if evaluation in study.evaluations else {}
        if arm in arms and seed in study.seeds:
            names = {"study": study.study, "evaluation": evaluation, "arm": arm, "seed": seed}
            return names, plan.evaluation_job(evaluation, arms[arm], seed)
    raise TableFault(path, f"is of no round, arm or seed of the study '{study.study}'")


def _check_names(
    path: Path, record: Mapping[str, Any], names: Mapping[str, Any], job: RoundJob | EvaluationJob
) -> None:
    for key, value in names.items():
        if record.get(key) != value:
            raise TableFault(path, f"its record is of {key} {record.get(key)}, where {value} is needed", "stale")
    if record.get("job") != job_digest(job):
        raise TableFault(path, "its record is of other settings than the study's", "stale")
    tables = {"history.csv", "confusion.csv", *(("layers.csv", "cost.csv") if isinstance(job, RoundJob) else ())}
    files, lengths = record.get("files"), [record.get("steps"), record.get("epoch_steps")]
    if not isinstance(files, dict) or set(files) != tables or not all(isinstance(n, int) and n > 0 for n in lengths):
        needed = ", ".join(sorted(tables))
        raise TableFault(path, f"its record must name the checksums of {needed} and the training's steps")
    planned = job.recipe.steps_in(record["epoch_steps"])
    if record["steps"] != planned:
        raise TableFault(path, f"its record is of {record['steps']} steps, where the recipe plans {planned}")


def _check_ticket(
    plan: Plan, path: Path, record: Mapping[str, Any], job: EvaluationJob, tickets: Mapping[Path, Path]
) -> None:
    relative = Path(Paths(plan).arm_ticket(plan.arm(job.evaluation, job.arm), job.seed))
    results = path.parents[4]
    ticket = tickets.get(results / Path(*relative.parent.parts[2:]))
    if ticket is None:
        raise TableFault(path, f"its ticket, {results / Path(*relative.parts[2:])}, was not given")
    if record.get("ticket_sha256") != checksum(ticket):
        raise TableFault(path, f"was trained from another ticket than {ticket}", "stale")


def _table(path: Path, record: Path, sha: str, names: Mapping[str, str]) -> list[_Row]:
    """A table's rows, once its checksum and the columns that name the training are right."""
    if not path.is_file():
        raise TableFault(path, "no such file")
    if checksum(path) != sha:
        raise TableFault(path, f"its SHA-256 is not the one that {record.name} has of it: it was altered or replaced")
    return _named(path, _cells(path), names)


def _cells(path: Path) -> list[list[str]]:
    try:
        return csv_rows(path.read_text(encoding="utf-8"))
    except (ValueError, csv.Error) as error:
        raise TableFault(path, f"not a readable table ({reason(error)})") from None


def _named(path: Path, cells: Sequence[Sequence[str]], names: Mapping[str, str]) -> list[_Row]:
    header, *rows = cells or [[]]
    if not rows or any(len(row) != len(header) for row in rows):
        raise TableFault(path, f"must have rows of {len(header)} cells, as its header has")
    for key, value in names.items():
        at = header.index(key) if key in header else None
        found = {row[at] for row in rows} if at is not None else set()
        if found != {value}:
            raise TableFault(
                path, f"column {key} has {', '.join(sorted(found)) or 'no values'}, where {value} is needed"
            )
    return [dict(zip(header, row, strict=True)) for row in rows]


def _check_history(path: Path, rows: Sequence[_Row], job: RoundJob | EvaluationJob, record: Mapping[str, Any]) -> None:
    """Each draw has each planned scoring once, of each split."""
    steps, every = record["steps"], job.recipe.evaluate_every or record["epoch_steps"]
    first = job.first_step if isinstance(job, RoundJob) else 0
    points = {first, steps, *range(-(-first // every) * every, steps, every)}
    draws = [str(draw) for draw in range(job.draws)] if isinstance(job, EvaluationJob) and job.draws else [""]
    last = {draw: _last_step(rows, draw, job.recipe.patience or 0) for draw in draws}
    planned = {
        (draw, str(step), split)
        for draw in draws
        for step in points
        if step <= (last[draw] if last[draw] in points else steps)
        for split in ("train", "validation", "test")
        if split != "train" or step > first  # of the training data nothing has gone by at the first scoring
    }
    found = Counter((row.get("draw", ""), row.get("step", ""), row.get("split", "")) for row in rows)
    if missing := planned - set(found):
        draw, step, split = min(missing, key=lambda place: (place[0], int(place[1]), place[2]))
        where = f"step {step}, split {split}" + (f", draw {draw}" if draw else "")
        raise TableFault(path, f"{len(missing)} of {len(planned)} planned rows are missing, first that of {where}")
    if len(rows) != len(planned):
        raise TableFault(path, f"has {len(rows)} rows, where the recipe plans {len(planned)}")


def _last_step(rows: Sequence[_Row], draw: str, patience: int) -> int | None:
    """The step at which a training's patience was over; None if it has none, or none that is over."""
    scored = [row for row in rows if row.get("draw", "") == draw and row["split"] == "validation"]
    if not patience or not scored:
        return None
    *_, best = min((int(row["kept"]), float(row["loss_nats"]), int(row["step"])) for row in scored)
    steps = sorted(int(row["step"]) for row in scored)
    return steps[-1] if sum(step > best for step in steps) >= patience else None


def _check_agreement(path: Path, history: Sequence[_Row], confusion: Sequence[_Row]) -> None:
    """The confusion matrix gives the test accuracy that the history has at its best step."""
    for draw in sorted({row.get("draw", "") for row in history}):
        cells = {(r["true"], r["predicted"]): int(r["count"]) for r in confusion if r.get("draw", "") == draw}
        classes = {true for true, _ in cells}
        if len(cells) != len(classes) ** 2 or not (total := sum(cells.values())) or min(cells.values()) < 0:
            raise TableFault(path, f"must have a count for each pair of its {len(classes)} classes, found {len(cells)}")
        accuracy = f"{100 * sum(cells[name, name] for name in classes) / total:.9g}"
        rows = [row for row in history if row.get("draw", "") == draw]
        if accuracy not in (best := _best_accuracies(rows)):
            there = ", ".join(sorted(best)) or "none"
            raise TableFault(
                path, f"gives a test accuracy of {accuracy} %, where history.csv has {there} at its best step"
            )


def _best_accuracies(rows: Sequence[_Row]) -> set[str]:
    """Test accuracies at the steps of least validation loss among those with the fewest weights; losses that are equal
    in the nine digits of the table may have differed in training."""
    scored = [(int(r["kept"]), float(r["loss_nats"]), r["step"]) for r in rows if r["split"] == "validation"]
    least = min(scored)[:2]
    best = {step for *value, step in scored if tuple(value) == least}
    return {row["accuracy_percent"] for row in rows if row["split"] == "test" and row["step"] in best}


def _check_measured(path: Path, record: Mapping[str, Any], names: Mapping[str, str]) -> None:
    """Time and energy differ between two runs of a training: no record can name their checksum, so they name it."""
    if not path.is_file():
        raise TableFault(path, "no such file")
    try:
        rows = unseal_rows(_cells(path))
    except RecordError as error:
        raise TableFault(path, str(error)) from None
    _named(path, rows, {**names, "record": record[CHECKSUM]})
