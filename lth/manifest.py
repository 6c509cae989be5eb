"""What a finished study consists of (the study, and the checksum of every artifact), and whether that still holds."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lth.artifacts import read_metadata, read_tensors
from lth.config.layout import Layout
from lth.config.models import Study
from lth.config.plan import Plan
from lth.errors import UserError
from lth.files import checksum, write_text

MANIFEST = "manifest.json"
UNLISTED = ("logs", "scratch", MANIFEST)
"""What lies in a study's results and is no artifact."""


@dataclass(frozen=True, order=True)
class Finding:
    """Something that does not hold."""

    path: str
    """Below the study's results."""
    kind: str
    """`altered`, `missing`, `orphaned` or `stale`."""
    words: str


def write_manifest(results: Path, study: Study, summaries: Iterable[Path]) -> int:
    """Write `manifest.json` into a study's results; how many files it lists.

    Args:
        results: `results/<study>`.
        study: says which artifacts there are.
        summaries: tables, figures and the report.
    """
    files = {*summaries, *map(Path, Layout(Plan(study)).artifacts())}
    listed = {str(path.relative_to(results)): checksum(path) for path in sorted(files)}
    told = study.model_dump(mode="json", exclude={"compute", "data_root"})
    write_text(results / MANIFEST, json.dumps({"study": told, "files": listed}, indent=1, sort_keys=True) + "\n")
    return len(listed)


def verify(results: Path) -> tuple[int, list[Finding]]:
    """How many artifacts were checked, and everything that is wrong with them.

    Raises:
        UserError: there is no manifest, or it is damaged.
    """
    listed, study = _manifest(results)
    found = [*_against_manifest(results, listed), *_orphans(results, listed)]
    altered = {finding.path for finding in found}
    tensors = [path for path in sorted(results.rglob("*.safetensors")) if "scratch" not in path.parts]
    for path in tensors:
        name = str(path.relative_to(results))
        if name not in altered:
            found += [Finding(name, kind, words) for kind, words in _inside(results, path, study)]
    return len(listed), sorted(found)


def _manifest(results: Path) -> tuple[dict[str, str], Study]:
    path = results / MANIFEST
    if not path.is_file():
        raise UserError(f"{path}: no such file; it is made by running the workflow to its end")
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): str(sha) for name, sha in told["files"].items()}, Study.model_validate(told["study"])
    except (ValueError, KeyError, AttributeError, TypeError):
        raise UserError(f"{path}: damaged; delete it and run the workflow to make it again") from None


def _against_manifest(results: Path, listed: Mapping[str, str]) -> Iterator[Finding]:
    for name, recorded in listed.items():
        path = results / name
        if not path.is_file():
            yield Finding(name, "missing", "it was there when the study was finished")
        elif checksum(path) != recorded:
            yield Finding(name, "altered", "its bytes are not those that the study was finished with")


def _orphans(results: Path, listed: Mapping[str, str]) -> Iterator[Finding]:
    for path in sorted(results.rglob("*")):
        name = str(path.relative_to(results))
        if path.is_file() and name not in listed and name.partition("/")[0] not in UNLISTED:
            yield Finding(name, "orphaned", "the finished study has no such file")


def _inside(results: Path, path: Path, study: Study) -> Iterator[tuple[str, str]]:
    """What an artifact says of itself, against its neighbours and the study."""
    try:
        told = read_metadata(path)
        read_tensors(path, told["kind"])
    except UserError as error:
        yield "altered", str(error)
        return
    if told["kind"] == "weights" and told.get("ticket") != checksum(path.with_name("ticket.safetensors")):
        yield "stale", "trained from another ticket than the one beside it"
    if told["kind"] == "ticket":
        yield from _ticket(results, told, study)


def _ticket(results: Path, told: Mapping[str, Any], study: Study) -> Iterator[tuple[str, str]]:
    if told.get("study") != study.study:
        yield "stale", f"of study '{told.get('study')}', found in the results of '{study.study}'"
    if told.get("ticket") not in study.tickets:
        yield "orphaned", f"of ticket '{told.get('ticket')}', which the study does not have"
    if told.get("seed") not in study.seeds:
        yield "orphaned", f"of seed {told.get('seed')}, which the study does not have"
    parent = told.get("parent")
    tickets = results.glob(f"*/*/seed{told.get('seed')}/*/ticket.safetensors")
    if parent is not None and parent not in {checksum(other) for other in tickets}:
        yield "stale", "the ticket that it was made from is not there any more, or not as it was"
