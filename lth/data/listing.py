"""What the files of a folder hold, as one digest: equal for equal content, whatever the dates of the files.

Every file is read once. Its checksum is kept in the user's cache folder, with the size, the dates and the number by
which the file system knows it, and taken from there as long as none of them changes.
"""

import contextlib
import hashlib
import json
import os
import stat
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
    kept, names = _kept(root), sorted(names)
    known, found = _load(kept), {}
    now, states = time.time(), [_state(root, name) for name in names]
    unknown = [n for n, name in enumerate(names) if not _is_known(known.get(name), states[n])]
    with ThreadPoolExecutor(_READERS) as readers:
        read = dict(zip(unknown, readers.map(lambda n: _checksum(root / names[n]), unknown), strict=True))
    digest = hashlib.sha256()
    for n, name in enumerate(names):
        content = read[n] if n in read else str(known[name][1])
        digest.update(f"{name}\0{content}\n".encode(errors="surrogateescape"))
        if max(states[n][1:3]) < (now - SETTLED) * 1e9:
            found[name] = [states[n], content]
    if found != known:
        with contextlib.suppress(UserError, UnicodeError):  # nothing can be kept there: everything is read next time
            write_text(kept, json.dumps(found))
    return digest.hexdigest()


def _state(root: Path, name: str) -> list[int]:
    """A file's size, dates and number, one of which is another after every change of it."""
    try:
        found = os.stat(f"{root}/{name}")  # noqa: PTH116  (of a hundred thousand files, a Path for each takes longer)
    except OSError as error:
        raise UserError(f"{printable(root / name)}: cannot be read: {error.strerror}") from None
    if not stat.S_ISREG(found.st_mode):
        check_regular(root / name, "an image")
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def _is_known(kept: object, state: list[int]) -> bool:
    return isinstance(kept, list) and len(kept) == 2 and kept[0] == state


def _checksum(path: Path) -> str:
    try:
        return checksum(path)
    except OSError as error:
        raise UserError(f"{printable(path)}: cannot be read: {error.strerror}") from None


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
