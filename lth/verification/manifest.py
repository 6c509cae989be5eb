"""The manifest of a finished study (its settings, and the checksum of every artifact), and its verification.

Two checksums protect the manifest itself: its own (`checksum`), and that of settings and artifacts (`artifacts`), which
is also in the report.
"""

import csv
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from lth.analysis.tables.checks import faults
from lth.artifacts.origin import RERUN, study_options
from lth.artifacts.records import (
    MANIFEST,
    RecordError,
    check_markup,
    checked,
    csv_rows,
    json_text,
    read_json,
    read_record,
    seal,
    unseal_rows,
    unsealed_text,
)
from lth.artifacts.repair import advice, is_artifact
from lth.artifacts.tensors import read_metadata, read_tensors
from lth.config.study import Study
from lth.errors import UserError
from lth.files import checksum, write_text
from lth.plan.paths import VERDICT
from lth.printable import printable
from lth.running.study_lock import FOLDER as RUNNING
from lth.verification.listing import REPORT, Finding, artifacts_checksum, listed_files, settings
from lth.verification.shared import shared_manifest, verify_shared

UNLISTED = ("logs", "scratch", "animations", RUNNING)
"""Folders below the results that hold no artifacts."""


def write_manifest(results: Path, study: Study, summaries: Iterable[Path]) -> int:
    """Write `manifest.json` into the results folder; return the number of files that it lists.

    Args:
        results: `results/<study>`.
        study: says which artifacts there are.
        summaries: tables, figures and the report.

    Raises:
        UserError: an artifact is damaged, or was altered since the report was written.
    """
    files = listed_files(results, study, summaries)
    shown = artifacts_checksum(settings(study), files)
    if wrong := _inside_all(results, files, study) or list(_against_page(results, files, shown)):
        lines = [f"{results / finding.path}: {finding.words}" for finding in wrong]
        raise UserError("; ".join(lines), advice(*(results / finding.path for finding in wrong)))
    told = {
        "study": settings(study),
        "files": dict(sorted(files.items())),
        "artifacts": shown,
        RERUN: study_options(results),
    }
    write_text(results / MANIFEST, json_text(seal(told)))
    return len(files)


def verify(results: Path) -> tuple[int, list[Finding]]:
    """The number of artifacts checked, and all findings.

    If the manifest was altered, files are compared with its list but not with its study. If it is unreadable, they are
    compared with their own checksums only.

    Raises:
        UserError: there are no results, or no manifest.
    """
    if not (results / MANIFEST).is_file():
        raise UserError(f"{results / MANIFEST}: no such file; run the workflow to its end to make it")
    paths, found = _walk(results)
    if shares := shared_manifest(results):
        listed, files = shares["files"], {name: path for name, path in paths.items() if name != MANIFEST}
        return len(listed), sorted({*found, *verify_shared(results / MANIFEST, shares, files)})
    try:
        told, listed, study = _manifest(results)
    except RecordError as error:
        alone = {name: checksum(path) for name, path in paths.items() if is_artifact(name) and name != MANIFEST}
        found += [Finding(MANIFEST, "altered", str(error)), *_inside_all(results, alone, None)]
        return len(alone), sorted(set(found))
    there = {name: checksum(path) for name, path in paths.items() if name != MANIFEST}
    found += _against_manifest(there, listed, {finding.path for finding in found})
    found += [
        Finding(name, "orphaned", "not an artifact of the finished study") for name in there if name not in listed
    ]
    forged = list(_against_itself(told))
    if not forged and there.get(REPORT) == listed.get(REPORT):
        forged = list(_against_page(results, there, told["artifacts"]))
    found += forged
    wrong = {finding.path for finding in found}
    sound = {name: sha for name, sha in there.items() if name not in wrong}
    inside = _inside_all(results, sound, None if forged else study)
    return len(listed), sorted({*found, *(finding for finding in inside if finding.path not in wrong)})


def _manifest(results: Path) -> tuple[dict[str, Any], dict[str, str], Study]:
    """The manifest, its list of files and its study; raises RecordError if it cannot be read."""
    try:
        told = read_json(results / MANIFEST, sealed=False)
        listed = {str(name): str(sha) for name, sha in told["files"].items()}
        return told, listed, Study.model_validate(told["study"])
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        raise RecordError("damaged: no valid study and list of files") from None


def _walk(results: Path) -> tuple[dict[str, Path], list[Finding]]:
    """Regular files by relative path, and findings for all others; opens no file and follows no link."""
    files, found, root = {}, [], results.resolve()
    waiting = [results]
    while waiting:
        for entry in sorted(os.scandir(waiting.pop()), key=lambda entry: entry.name):
            path = Path(entry.path)
            name, mode = path.relative_to(results).as_posix(), entry.stat(follow_symlinks=False).st_mode
            if name in UNLISTED:
                continue
            if stat.S_ISDIR(mode):
                waiting.append(path)
            elif stat.S_ISREG(mode):
                files[name] = path
            elif not stat.S_ISLNK(mode):
                found.append(Finding(name, "special", "a FIFO, socket or device instead of a regular file"))
            elif not Path(os.path.realpath(path)).is_relative_to(root):
                found.append(
                    Finding(name, "linked", f"a symbolic link out of the results folder, to {path.readlink()}")
                )
            else:
                found.append(Finding(name, "linked", f"a symbolic link to {path.readlink()} instead of a regular file"))
    return files, found


def _against_manifest(there: Mapping[str, str], listed: Mapping[str, str], named: set[str]) -> Iterator[Finding]:
    for name, recorded in listed.items():
        if name not in there and name not in named:
            yield Finding(name, "missing", "listed in the manifest, but the file does not exist")
        elif name in there and there[name] != recorded:
            yield Finding(name, "altered", "its checksum differs from the one in the manifest")


def _against_itself(told: dict[str, Any]) -> Iterator[Finding]:
    """Compare the manifest with its own two checksums."""
    try:
        checked(told)
    except RecordError as error:
        yield Finding(MANIFEST, "altered", str(error))
        return
    if told.get("artifacts") != artifacts_checksum(told["study"], told["files"]):
        yield Finding(MANIFEST, "altered", "its study or list of files was changed after it was written")


def _against_page(results: Path, there: Mapping[str, str], shown: str) -> Iterator[Finding]:
    """Compare the overall checksum in the report with the one in the manifest."""
    if REPORT in there and shown not in (results / REPORT).read_text(encoding="utf-8", errors="replace"):
        yield Finding(REPORT, "stale", "its overall checksum is not that of the settings and artifacts")


def _inside_all(results: Path, there: Mapping[str, str], study: Study | None) -> list[Finding]:
    """Check the contents of artifacts against related artifacts and, if it is known, the study."""
    found: list[Finding] = []
    for name in there:
        if name.endswith(".safetensors"):
            found += [Finding(name, *told) for told in _inside(results, name, there, study)]
        else:
            found += [Finding(name, "altered", words) for words in _text(results / name)]
    wrong = {finding.path for finding in found}
    records = [results / name for name in there if _RECORD.match(name) and name not in wrong]
    if study:
        tickets = [results / name for name in there if name.endswith("/ticket.safetensors")]
        faulty = faults(study, records, tickets)
        found += [Finding(fault.path.relative_to(results).as_posix(), fault.kind, fault.words) for fault in faulty]
    else:
        found += [finding for record in records for finding in _beside(results, record)]
    return found


_RECORD = re.compile("tickets/.*/ticket[.]safetensors$|evaluations/.*/evaluation[.]json$")
"""Files with the record of a training."""


def _text(path: Path) -> Iterator[str]:
    """Check a file that contains its own checksum."""
    try:
        if path.suffix in (".svg", ".html"):
            check_markup(path)
        elif path.suffix == ".csv" and ("tables" in path.parts or path.name == "measured.csv"):
            unseal_rows(csv_rows(path.read_text(encoding="utf-8")))
        elif path.name == VERDICT:
            unsealed_text(path)
    except (RecordError, ValueError, csv.Error) as error:
        yield str(error)


def _beside(results: Path, record: Path) -> Iterator[Finding]:
    """Compare tables with the checksums in their record, which needs no study."""
    name = record.relative_to(results)
    try:
        tables = dict(read_record(record)["files"])
    except (RecordError, KeyError, TypeError, ValueError) as error:
        yield Finding(name.as_posix(), "altered", str(error))
        return
    for table, sha in tables.items():
        path = record.with_name(table)
        if not path.is_file():
            yield Finding(
                name.with_name(table).as_posix(), "missing", f"listed in {record.name}, but the file does not exist"
            )
        elif checksum(path) != sha:
            yield Finding(
                name.with_name(table).as_posix(), "altered", f"its checksum differs from the one in {record.name}"
            )


def _inside(results: Path, name: str, there: Mapping[str, str], study: Study | None) -> Iterator[tuple[str, str]]:
    """Check a tensor file against related artifacts and the study."""
    path = results / name
    try:
        told = read_metadata(path)
        read_tensors(path, told["kind"])
    except UserError as error:
        yield "altered", str(error).removeprefix(f"{path}: ").removesuffix(advice(path))
        return
    if told["kind"] == "weights" and name.startswith("evaluations/"):
        if told.get("ticket") not in [*there.values()]:
            yield "stale", "trained from a ticket that is missing or was changed"
    elif told["kind"] == "weights" and told.get("ticket") != there.get(f"{name.rpartition('/')[0]}/ticket.safetensors"):
        yield "stale", "trained from a different version of the ticket in its folder"
    if told["kind"] == "ticket" and study:
        yield from _ticket(told, there, study)


def _ticket(told: Mapping[str, Any], there: Mapping[str, str], study: Study) -> Iterator[tuple[str, str]]:
    """Check the metadata of a ticket. Membership is tested in lists, because a value may be unhashable."""
    shown = {key: printable(told.get(key)) for key in ("study", "ticket", "seed")}
    if told.get("study") != study.study:
        yield "stale", f"belongs to study '{shown['study']}', not to '{study.study}'"
    if told.get("ticket") not in [*study.tickets]:
        yield "orphaned", f"ticket '{shown['ticket']}' is not in the study"
    if told.get("seed") not in study.seeds:
        yield "orphaned", f"seed {shown['seed']} is not in the study"
    of_its_seed = [found for name, found in there.items() if f"/seed{told.get('seed')}/" in name]
    if told.get("parent") is not None and told["parent"] not in of_its_seed:
        yield "stale", "the ticket that it was derived from is missing or was changed"
