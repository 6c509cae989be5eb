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
from lth.printable import printable
from lth.study_lock import FOLDER as RUNNING

MANIFEST = "manifest.json"
UNLISTED = ("logs", "scratch", RUNNING, MANIFEST)
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
    there = {
        name: checksum(path)
        for path in sorted(results.rglob("*"))
        if path.is_file() and (name := path.relative_to(results).as_posix()).partition("/")[0] not in UNLISTED
    }
    found = [*_against_manifest(there, listed), *_orphans(there, listed)]
    altered = {finding.path for finding in found}
    for name in there:
        if name.endswith(".safetensors") and name not in altered:
            found += [Finding(name, kind, words) for kind, words in _inside(results, name, there, study)]
    return len(listed), sorted(found)


def _manifest(results: Path) -> tuple[dict[str, str], Study]:
    path = results / MANIFEST
    if not path.is_file():
        raise UserError(f"{path}: no such file; it is made by running the workflow to its end")
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): str(sha) for name, sha in told["files"].items()}, Study.model_validate(told["study"])
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        raise UserError(f"{path}: damaged; delete it and run the workflow to make it again") from None


def _against_manifest(there: Mapping[str, str], listed: Mapping[str, str]) -> Iterator[Finding]:
    for name, recorded in listed.items():
        if name not in there:
            yield Finding(name, "missing", "it was there when the study was finished")
        elif there[name] != recorded:
            yield Finding(name, "altered", "its bytes are not those that the study was finished with")


def _orphans(there: Mapping[str, str], listed: Mapping[str, str]) -> Iterator[Finding]:
    for name in there:
        if name not in listed:
            yield Finding(name, "orphaned", "the finished study has no such file")


def _inside(results: Path, name: str, there: Mapping[str, str], study: Study) -> Iterator[tuple[str, str]]:
    """What an artifact says of itself, against its neighbours and the study."""
    path = results / name
    try:
        told = read_metadata(path)
        read_tensors(path, told["kind"])
    except UserError as error:
        yield "altered", str(error)
        return
    if told["kind"] == "weights" and told.get("ticket") != there.get(f"{name.rpartition('/')[0]}/ticket.safetensors"):
        yield "stale", "trained from another ticket than the one beside it"
    if told["kind"] == "ticket":
        yield from _ticket(told, there, study)


def _ticket(told: Mapping[str, Any], there: Mapping[str, str], study: Study) -> Iterator[tuple[str, str]]:
    """Comparisons with lists, since what an artifact says of itself may be of any type, also one that has no hash."""
    shown = {key: printable(told.get(key)) for key in ("study", "ticket", "seed")}
    if told.get("study") != study.study:
        yield "stale", f"of study '{shown['study']}', found in the results of '{study.study}'"
    if told.get("ticket") not in [*study.tickets]:
        yield "orphaned", f"of ticket '{shown['ticket']}', which the study does not have"
    if told.get("seed") not in study.seeds:
        yield "orphaned", f"of seed {shown['seed']}, which the study does not have"
    of_its_seed = [found for name, found in there.items() if f"/seed{told.get('seed')}/" in name]
    if told.get("parent") is not None and told["parent"] not in of_its_seed:
        yield "stale", "the ticket that it was made from is not there any more, or not as it was"
