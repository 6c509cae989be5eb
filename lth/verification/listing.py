"""Checksums of all artifacts of a study, and the overall checksum in the report. Does not import torch."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lth.artifacts.records import digest
from lth.artifacts.repair import advice
from lth.config.study import NO_RESULT, Study
from lth.errors import UserError
from lth.files import checksum
from lth.plan.paths import Paths
from lth.plan.plan import Plan

REPORT = "report.html"
_LEFT_OUT = ("measured.csv", "costs.csv", "energy.csv", ".pdf", ".png")
"""What the overall checksum excludes: time and energy, which differ between two runs of a study, and copies of figures
in other formats, which are no results of their own."""
_OF_COMPARISONS = ("arms.csv", "verdict.txt")
"""And of each comparison: its arms stand there with the time and energy of their rounds."""
_WITH_ENERGY = ("verdict.txt",)
"""And where the study says what its electricity emits: texts that show energy beside what other tables have."""


@dataclass(frozen=True, order=True)
class Finding:
    """An artifact that failed verification, and why."""

    path: str
    """Relative to the results folder."""
    kind: str
    """`altered`, `missing`, `orphaned`, `stale`, `linked` or `special`."""
    words: str


def settings(study: Study) -> dict[str, Any]:
    """All settings of a study that results depend on."""
    return study.model_dump(mode="json", exclude=NO_RESULT)


def listed_files(results: Path, study: Study, summaries: Iterable[Path]) -> dict[str, str]:
    """The SHA-256 of all artifacts, by path below the results; `summaries` are tables, figures and the report.

    Raises:
        UserError: one is missing.
    """
    planned = Paths(Plan(study, results))
    may_be_gone = planned.may_be_gone()
    made = {path: results / Path(path).relative_to(planned.results) for path in planned.artifacts()}
    paths = sorted({*summaries, *(file for path, file in made.items() if path not in may_be_gone or file.is_file())})
    if missing := [path for path in paths if not path.is_file()]:
        more = f", and {len(missing) - 1} more are missing" if len(missing) > 1 else ""
        raise UserError(f"{missing[0]}: no such file{more}", advice(*missing))
    return {path.relative_to(results).as_posix(): checksum(path) for path in paths}


def artifacts_checksum(settings: Mapping[str, Any], files: Mapping[str, str]) -> str:
    """The overall checksum in the report: of the settings and of all files except the report itself, the manifest
    (which lists the report), tables and texts with time and energy in them, and figures in other formats than SVG.

    What is left out of a comparison is made of rounds' histories, which are in.
    """
    compared = (f"tables/{name}/{file}" for name in settings.get("comparisons") or () for file in _OF_COMPARISONS)
    left_out = (*_LEFT_OUT, *(_WITH_ENERGY if settings.get("energy") else ()), *compared)
    named = {name: sha for name, sha in files.items() if name != REPORT and not name.endswith(left_out)}
    return digest({"study": settings, "files": named})
