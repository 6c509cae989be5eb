"""Folders of shared tickets (`lth share`): their manifest, and its verification."""

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from lth.artifacts.records import MANIFEST, RecordError, checked, read_json
from lth.artifacts.tensors import read_tensors
from lth.errors import UserError
from lth.files import checksum
from lth.verification.listing import Finding

SHARED_STUDY = "shared"
"""The entry of a manifest that names the study whose tickets a folder holds."""


def shared_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of a folder of shared tickets, whether or not it was altered; None if the folder is none."""
    try:
        told = read_json(folder / MANIFEST, sealed=False)
    except RecordError:
        return None
    return told if is_shared(told) else None


def is_shared(told: Mapping[str, Any]) -> bool:
    """Whether the content of a manifest is that of a folder of shared tickets; its files lie in that folder."""
    entries, files = told.get("tickets"), told.get("files")
    if SHARED_STUDY not in told or not isinstance(entries, list) or not isinstance(files, dict) or not entries:
        return False
    inside = all(".." not in PurePosixPath(name).parts and not name.startswith("/") for name in map(str, files))
    return inside and all(isinstance(entry, dict) and entry.get("file") in files for entry in entries)


def verify_shared(manifest: Path, told: Mapping[str, Any], there: Mapping[str, Path]) -> Iterator[Finding]:
    """Compare the files of a folder with its manifest, tickets with their own checksums, the manifest with its own.

    Args:
        manifest: its file.
        told: its content.
        there: the other regular files in the folder, by name.
    """
    listed: Mapping[str, str] = told["files"]
    for name, recorded in listed.items():
        if name not in there:
            yield Finding(name, "missing", "listed in the manifest, but the file does not exist")
        elif checksum(there[name]) != recorded:
            yield Finding(name, "altered", "its checksum differs from the one in the manifest")
        elif name.endswith(".safetensors"):
            try:
                read_tensors(there[name], "ticket")
            except UserError as error:
                yield Finding(name, "altered", str(error).removeprefix(f"{there[name]}: "))
    yield from (Finding(name, "orphaned", "not in the manifest") for name in there if name not in listed)
    try:
        checked(dict(told))
    except RecordError as error:
        yield Finding(manifest.name, "altered", str(error))
