"""What the files of a folder hold, as one digest: equal for equal content, whatever the dates of the files.

Every file is read once. Its checksum is kept in the user's cache folder, with the size, the dates and the number by
which the file system knows it, and taken from there as long as none of them changes.
"""

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from lth.errors import UserError
from lth.files import checksum, write_text
from lth.printable import printable
from lth.reading import check_regular

SETTLED = 2.0
"""Seconds after which a file that was changed again has another date, on every usual file system."""
_READERS = 8


def listing_digest(root: Path, names: Iterable[str]) -> str:
    """A digest of files and their names.

    Args:
        root: the folder.
        names: of the files, as seen from it, with `/`; their order does not count.

    Raises:
        UserError: one cannot be read, or is no file.
    """
    kept = _kept(root)
    known, found = _load(kept), {}
    now = time.time()

    def look(name: str) -> tuple[str, str, list[int], bool]:
        path = root / name
        try:
            check_regular(path, "an image")
            stat = path.stat()
            state = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]
            settled = max(stat.st_mtime, stat.st_ctime) < now - SETTLED
            before = known.get(name)
            if isinstance(before, list) and len(before) == 2 and before[0] == state:
                return name, str(before[1]), state, settled
            return name, checksum(path), state, settled
        except OSError as error:
            raise UserError(f"{printable(path)}: cannot be read: {error.strerror}") from None

    digest = hashlib.sha256()
    with ThreadPoolExecutor(_READERS) as readers:
        for name, content, state, settled in readers.map(look, sorted(names)):
            digest.update(f"{name}\0{content}\n".encode(errors="surrogateescape"))
            if settled:
                found[name] = [state, content]
    if found != known:
        with contextlib.suppress(UserError, UnicodeError):  # nothing can be kept there: everything is read next time
            write_text(kept, json.dumps(found))
    return digest.hexdigest()


def _kept(root: Path) -> Path:
    """Where the checksums of a folder's files are kept."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
    name = hashlib.sha256(os.fsencode(root.absolute())).hexdigest()[:32]
    return Path(cache, "lth", "checksums", f"{name}.json")


def _load(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
