"""`lth collect`: pack the per-seed CSVs of a study, from which all its tables and figures can be made again.

What is packed was checked first, as the jobs that make tables check it. Seeds that are not complete are left out, and
the data say so.
"""

import gzip
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from lth.artifacts.records import (
    MANIFEST,
    RecordError,
    csv_rows,
    csv_text,
    json_text,
    read_json,
    require_columns,
    seal,
    unseal_rows,
)
from lth.config.study import Study
from lth.errors import UserError
from lth.files import write_bytes, write_text
from lth.pages.add_seeds import with_packed_seeds
from lth.pages.data import CONTENTS, SETTINGS_FILE, Packed, packed_name, packed_tables, read_packed
from lth.pages.guide import guide
from lth.plan.inputs import all_arms, all_rounds, arm_tickets, evaluated, records
from lth.plan.paths import ROUND_TABLES, Paths
from lth.plan.plan import Plan
from lth.printable import printable
from lth.verification.listing import settings
from lth.verification.manifest import verify

if TYPE_CHECKING:
    from lth.artifacts.tickets import Ticket


def pack_study(results: Path, study: Study | None, to: Path | None, *, add: bool = False) -> Iterator[str]:
    """Pack the complete seeds of a study; yields what was done, in lines.

    Args:
        results: `results/<study>`.
        study: the study, where the manifest does not say it: a study that is not finished has none.
        to: the folder of the data; `docs/results/data/<study>` if it is None.
        add: keep the seeds that the folder has and the results do not.

    Raises:
        UserError: no seed is complete, a file is damaged or of other settings, the folder holds other files or another
            study, or seeds that the results do not have and `add` does not keep.
    """
    finished = finished_study(results)
    if study is None and finished is None:
        raise UserError(
            f"{results}: has no {MANIFEST}, so the study is not finished; "
            f"name its file (--study FILE) to collect the seeds that are complete"
        )
    planned = study or finished
    assert planned is not None
    whole, missing = complete_seeds(results, planned)
    if finished and settings(finished) == settings(planned):
        verify_finished(results)
    else:
        check_seeds(results, whole)
    folder = to or Path("docs/results/data", planned.study)
    old = _packed_before(folder, whole, results, add=add)
    new = Packed(
        {
            "study": whole.study,
            "seeds": [*whole.seeds],
            "planned_seeds": [*planned.seeds],
            "missing": {str(seed): path for seed, path in missing.items()},
        },
        whole,
        dict(_texts(results, whole)),
    )
    packed = with_packed_seeds(folder, read_packed(folder), new) if add and old else new
    whole, texts = packed.study, packed.texts
    study_text = yaml.safe_dump(settings(whole), sort_keys=False, allow_unicode=True, width=110)
    told = {**packed.told, "tables": {name: sha256(text.encode()).hexdigest() for name, text in texts.items()}}
    for name, text in texts.items():
        write_bytes(folder / name, _compressed(text))
    write_text(folder / SETTINGS_FILE, study_text)
    write_text(folder / "README.md", guide(told, {name: text.count("\n") - 1 for name, text in texts.items()}))
    write_text(folder / CONTENTS, json_text(seal(told)))
    for name in old - set(texts):
        (folder / name).unlink(missing_ok=True)
    size = sum((folder / name).stat().st_size for name in texts)
    seeds = f"{len(whole.seeds)} of {len(told['planned_seeds'])} seeds"
    yield f"{folder}: {seeds}, {len(texts)} tables, {size / 1000:,.0f} kB"
    yield from (f"seed {seed} left out: {results / path}: no such file" for seed, path in told["missing"].items())


def complete_seeds(results: Path, study: Study) -> tuple[Study, dict[int, str]]:
    """The study with the seeds of which no file is missing, and of the others the first that is.

    Raises:
        UserError: no seed is complete.
    """
    missing = {seed: path for seed in study.seeds if (path := _missing(results, study, seed))}
    whole = study.model_copy(update={"seeds": tuple(seed for seed in study.seeds if seed not in missing)})
    if not whole.seeds:
        lacking = next(iter(missing.values()))
        raise UserError(f"{results}: no seed is complete ({results / lacking}: no such file); nothing to collect")
    return whole, missing


def finished_study(results: Path) -> Study | None:
    """The study of the manifest; None if there is no manifest."""
    if not (results / MANIFEST).exists():
        return None
    try:
        return Study.model_validate(read_json(results / MANIFEST)["study"])
    except (RecordError, ValueError, KeyError) as error:
        words = error if isinstance(error, RecordError) else "damaged: no valid study"
        raise UserError(f"{results / MANIFEST}: {words}; see `lth verify {results}`") from None


def _missing(results: Path, study: Study, seed: int) -> str | None:
    """The first file that is missing of a seed, below the results; None if the seed is complete."""
    plan = Plan(study.model_copy(update={"seeds": (seed,)}), results)
    paths = Paths(plan)
    needed = [
        *(name for table in ROUND_TABLES for name in all_rounds(paths, f"{table}.csv")),
        *all_rounds(paths, "ticket.safetensors"),
        *(name for e in study.evaluations for file in paths.arm_files for name in all_arms(paths, file, e)),
        *(name for e in study.evaluations for name in arm_tickets(paths, e)),
    ]
    below = (str(Path(name).relative_to(plan.results)) for name in needed)
    return next((name for name in below if not (results / name).is_file()), None)


def verify_finished(results: Path) -> None:
    """Refuse a finished study of which something was altered or lost; files that are not of the study do not count."""
    wrong = [finding for finding in verify(results)[1] if finding.kind != "orphaned"]
    if wrong:
        more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        raise UserError(f"{results / wrong[0].path}: {wrong[0].words}{more}; see `lth verify {results}`")


def check_seeds(results: Path, study: Study) -> None:
    """Check the records and tables of all trainings of these seeds, as the jobs that make tables do."""
    from lth.analysis.tables.checks import check_records

    paths = Paths(Plan(study, results))
    check_records(study, _there(results, paths, all_rounds(paths, "ticket.safetensors")))
    for name in study.evaluations:
        tickets = _there(results, paths, arm_tickets(paths, name))
        check_records(study, _there(results, paths, records(paths, name)), tickets)


def _texts(results: Path, study: Study) -> Iterator[tuple[str, str]]:
    """The CSVs to pack, by their names in the folder."""
    from lth.analysis.tables.masks import overlap_counts, read
    from lth.analysis.tables.units import starts, unit_counts

    paths = Paths(Plan(study, results))
    found: dict[str, dict[tuple[int, str], Ticket]] = {}
    for name, kind, of in packed_tables(study):
        if kind in ("overlap", "units"):
            as_found = _there(results, paths, evaluated(paths, of))
            if of not in found:
                found = {of: read(as_found)}
            if kind == "overlap":
                counts = overlap_counts(found[of], paths.plan.assessment(of).tickets)
            else:
                started = starts(paths.plan, of, _there(results, paths, arm_tickets(paths, of)), as_found)
                counts = unit_counts(started, found[of])
            yield packed_name(name), counts.to_csv(index=False, lineterminator="\n")
        else:
            files = all_arms(paths, f"{kind}.csv", of) if of else all_rounds(paths, f"{kind}.csv")
            yield packed_name(name), _joined(_there(results, paths, files))


def _joined(files: Iterable[Path]) -> str:
    """The rows of CSV files with equal columns, in order; a file's own checksum is left out."""
    header: list[str] = []
    rows: list[list[str]] = []
    for path in files:
        cells = csv_rows(path.read_text(encoding="utf-8"))
        first, *others = unseal_rows(cells) if path.name == "measured.csv" else cells
        require_columns(path, first, header or first)
        header = first
        rows += others
    return csv_text([header, *rows])


def _compressed(text: str) -> bytes:
    """Gzip without a time or file name: equal bytes for equal text."""
    return gzip.compress(text.encode(), compresslevel=9, mtime=0)


def _packed_before(folder: Path, study: Study, results: Path, *, add: bool) -> set[str]:
    """The files that were packed into the folder before, which may be replaced.

    Raises:
        UserError: the folder holds something else, another study, or seeds that would be lost.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return set()
    try:
        told: Mapping[str, Any] = read_json(folder / CONTENTS, sealed=False)
        tables = {name for name in map(str, told["tables"]) if ".." not in Path(name).parts and name[:1] != "/"}
    except (RecordError, KeyError, TypeError):
        raise UserError(
            f"{folder}: exists, and holds no data of a study ({CONTENTS}); choose another folder (--to FOLDER)"
        ) from None
    if (name := told.get("study")) != study.study:
        found = f"holds the data of study '{printable(name)}', found '{study.study}'"
        raise UserError(f"{folder}: {found}; choose another folder (--to FOLDER)")
    lost = [seed for seed in told.get("seeds", []) if seed not in study.seeds]
    if lost and not add:
        seeds = f"seed{'s' * (len(lost) > 1)} {printable(', '.join(map(str, lost)))}"
        advice = f"keep {'them' if len(lost) > 1 else 'it'} with --add, or choose another folder (--to FOLDER)"
        raise UserError(f"{folder}: has {seeds}, which {results} has not; {advice}")
    return tables


def _there(results: Path, paths: Paths, names: Iterable[str]) -> list[Path]:
    return [results / Path(name).relative_to(paths.results) for name in names]
