"""What the files of a folder hold, as one digest: equal for equal content, whatever the dates of the files.

Every file is read once. Its checksum is kept in the user's cache folder, with the size, the dates and the number by
which the file system knows it, and taken from there as long as none of them changes. So is what their heads say.
"""

import contextlib
import hashlib
import json
import os
import stat
import time
from collections.abc import Callable, Iterable
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
    digest = hashlib.sha256()
    for name, content in found_in_files(root, sorted(names), "checksums", _checksum, _READERS).items():
        digest.update(f"{name}\0{content}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def found_in_files(
    root: Path, names: Iterable[str], what: str, find: Callable[[Path], Any], readers: int = 1
) -> dict[str, Any]:
    """What a function finds in each of some files; of a file that has not changed since, what it found then.

    Args:
        root: the folder.
        names: of the files, as seen from it, with `/`.
        what: it is called: the folder in the cache.
        find: the function; what it gives can be written as JSON.
        readers: threads that call it.

    Raises:
        UserError: one cannot be read, or is no file.
    """
    kept, names = _kept(root, what), [*names]
    known, settled = _load(kept), {}
    now, states = time.time(), [_state(root, name) for name in names]
    unknown = [n for n, name in enumerate(names) if not _is_known(known.get(name), states[n])]
    with ThreadPoolExecutor(readers) as threads:
        read = dict(zip(unknown, threads.map(lambda n: find(root / names[n]), unknown), strict=True))
    found = {name: read[n] if n in read else known[name][1] for n, name in enumerate(names)}
    for name, state in zip(names, states, strict=True):
        if max(state[1:3]) < (now - SETTLED) * 1e9:
            settled[name] = [state, found[name]]
    if settled != known:
        with contextlib.suppress(UserError, UnicodeError):  # nothing can be kept there: everything is read next time
            write_text(kept, json.dumps(settled))
    return found


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


def _kept(root: Path, what: str) -> Path:
    """Where the checksums of a folder's files are kept, or what their heads say."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
    name = hashlib.sha256(os.fsencode(root.absolute())).hexdigest()[:32]
    return Path(cache, "lth", what, f"{name}.json")


def _load(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
