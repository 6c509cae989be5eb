"""Fingerprints kept from one start of Snakemake to the next, in its own folder, while no source changes.

To follow all names takes most of a second of processor time, and every start of Snakemake needs it, also that of each
job on a cluster. To read all sources and compare their checksum with the last one takes a fiftieth of that.
"""

import hashlib
import json
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path

from lth.errors import UserError
from lth.files import write_text
from lth.fingerprint import PACKAGE, fingerprint

FILE = Path(".snakemake/lth_fingerprints.json")
"""Where Snakemake keeps what it knows of the current folder."""


def kept_fingerprint(roots: tuple[str, ...], script: Path) -> str:
    """The fingerprint of a script and some roots (`lth.fingerprint.fingerprint`), which is made only once.

    One with roots outside of `lth` is made every time: which files of the user's it depends on is not known before.
    Where nothing can be written, nothing is kept.
    """
    if any(root.partition(":")[0].partition(".")[0] != PACKAGE.name for root in roots):
        return fingerprint(roots, script)
    sources = _sources(PACKAGE)
    key = _checksum([script.read_bytes(), *(root.encode() for root in roots)])
    found = _read(sources).get(key)
    if found is None:
        found = fingerprint(roots, script)
        _write(sources, {**_read(sources), key: found})
    return found


@cache
def _sources(package: Path) -> str:
    """A checksum of all sources, wherever they lie, and of the Python that reads them."""
    files = sorted(package.rglob("*.py"))
    names = [path.relative_to(package).as_posix().encode() for path in files]
    return _checksum([sys.version.encode(), *names, *(path.read_bytes() for path in files)])


def _checksum(parts: Iterable[bytes]) -> str:
    """SHA-256 of parts, each with its length, so that none can run into the next."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8, "big") + part)
    return whole.hexdigest()


def _sealed(sources: str, kept: dict[str, str]) -> str:
    return _checksum([sources.encode(), json.dumps(kept).encode()])


def _read(sources: str) -> dict[str, str]:
    """What was kept of these sources: nothing if there is no file, or it is damaged, or of other sources."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        told = json.loads(FILE.read_bytes())
        kept: dict[str, str] = told["fingerprints"]
        if told["seal"] == _sealed(sources, kept):
            return kept
    return {}


def _write(sources: str, kept: dict[str, str]) -> None:
    with suppress(UserError):  # a folder that is read-only, or a disk that is full
        write_text(FILE, json.dumps({"seal": _sealed(sources, kept), "fingerprints": kept}))
