"""Fingerprints kept from one start of Snakemake to the next, in its own folder, while no source changes.

To follow all names takes most of a second of processor time, and every start of Snakemake needs it, also that of each
job on a cluster. To read all sources and compare their checksum with the last one takes a fiftieth of that.
"""

import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from lth.artifacts.records import RecordError, digest, json_text, read_json, seal
from lth.errors import UserError
from lth.files import checksum, write_text
from lth.fingerprint import PACKAGE, fingerprint, users_packages

FILE = Path(".snakemake/lth_fingerprints.json")
"""Where Snakemake keeps what it knows of the current folder."""


def kept_fingerprint(roots: tuple[str, ...], script: Path) -> str:
    """The fingerprint of a script and some roots (`lth.fingerprint.fingerprint`), which is made only once.

    One with roots outside of `lth` is made every time: which files of the user's it depends on is not known before.
    Where nothing can be written, nothing is kept.
    """
    if users_packages(roots):
        return fingerprint(roots, script)
    kept, key = _kept(PACKAGE), digest([checksum(script), *roots])
    if key not in kept["fingerprints"]:
        kept["fingerprints"][key] = fingerprint(roots, script)
        with suppress(UserError):  # a folder that is read-only, or a disk that is full
            write_text(FILE, json_text(seal(kept)))
    return str(kept["fingerprints"][key])


@cache
def _kept(package: Path) -> dict[str, Any]:
    """What was kept of these sources, wherever they lie, and of the Python that reads them.

    Nothing yet if there is no file, or it is damaged, or of other sources.
    """
    files = {path.relative_to(package).as_posix(): checksum(path) for path in package.rglob("*.py")}
    sources = digest([sys.version, files])
    with suppress(RecordError, OSError):
        told = read_json(FILE)
        if told.get("sources") == sources:
            return {"sources": sources, "fingerprints": told["fingerprints"]}
    return {"sources": sources, "fingerprints": {}}
