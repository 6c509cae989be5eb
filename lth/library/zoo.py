"""Tickets by name: from folders of shared tickets (`lth share`), on this machine or behind a URL."""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import urlopen

from lth.artifacts.records import MANIFEST
from lth.errors import UserError, reason
from lth.files import write_bytes
from lth.paths import expanded
from lth.printable import printable
from lth.verification.shared import is_shared, shared_manifest

PREFIX = "zoo:"
VARIABLE = "LTH_ZOO"
"""Where tickets are sought: folders or URLs of shared tickets, separated by spaces; `zoo` where it is not set."""
_TIMEOUT = 20.0
"""Seconds without an answer."""
_LARGEST = 2**32
"""Bytes of a file behind a URL."""


def zoo_file(name: str) -> Path:
    """The file of a ticket, downloaded if it lies behind a URL.

    Args:
        name: `zoo:NAME`, the ticket of the first seed, or `zoo:NAME@SEED`.

    Raises:
        UserError: there is no such ticket or it has no such seed, a server does not answer, or what it sends is not
            what the manifest lists.
    """
    wanted, _, seed = name.removeprefix(PREFIX).partition("@")
    known: dict[str, list[str]] = {}
    for location, told in _manifests():
        for entry in told["tickets"]:
            known.setdefault(str(entry.get("name")), []).append(str(entry.get("seed")))
            if entry.get("name") == wanted and seed in ("", str(entry.get("seed"))):
                return _fetched(location, str(entry["file"]), str(told["files"][entry["file"]]))
    if wanted in known:
        seeds = ", ".join(printable(one) for one in dict.fromkeys(known[wanted]))
        raise UserError(f"{printable(name)}: has no seed {printable(seed)}; there are seeds {seeds}")
    there = f"there are {', '.join(printable(one) for one in known)}" if known else f"set {VARIABLE} to a folder or URL"
    raise UserError(f"{printable(name)}: no such ticket in {' '.join(_locations())}; {there}")


def _locations() -> list[str]:
    return (os.environ.get(VARIABLE) or "zoo").split()


def _is_url(location: str) -> bool:
    return location.startswith(("https://", "http://"))


def _manifests() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each folder of shared tickets, with its manifest: those that are named, and those inside of named folders."""
    for location in _locations():
        if _is_url(location):
            yield location, _manifest_of(location)
            continue
        folder = expanded(location)
        inside = sorted(folder.iterdir()) if folder.is_dir() else []
        for place in (folder, *inside):
            if told := shared_manifest(place):
                yield str(place), told


def _manifest_of(url: str) -> dict[str, Any]:
    address = f"{url.rstrip('/')}/{MANIFEST}"
    with suppress(ValueError):
        told = json.loads(_downloaded(address))
        if isinstance(told, dict) and is_shared(told):
            return told
    raise UserError(f"{printable(address)}: is no manifest of shared tickets")


def _fetched(location: str, file: str, recorded: str) -> Path:
    """A file of a location; one behind a URL comes from the cache if it is there."""
    if not _is_url(location):
        return Path(location) / file
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").expanduser() / "lth" / "zoo"
    path = cache / f"{sha256(recorded.encode()).hexdigest()[:32]}.safetensors"
    if path.is_file() and sha256(path.read_bytes()).hexdigest() == recorded:
        return path
    address = f"{location.rstrip('/')}/{quote(file)}"
    content = _downloaded(address)
    if sha256(content).hexdigest() != recorded:
        raise UserError(f"{printable(address)}: is not the file that the manifest lists (its checksum differs)")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, content)
    return path


def _downloaded(address: str) -> bytes:
    try:
        with urlopen(address, timeout=_TIMEOUT) as answer:
            content: bytes = answer.read(_LARGEST)
    except (OSError, HTTPException, ValueError) as error:
        raise UserError(f"{printable(address)}: cannot be downloaded: {reason(error)}") from None
    return content
