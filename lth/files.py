"""Files written whole or not at all, and their checksums. Imports nothing heavy."""

import glob
import hashlib
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lth.errors import UserError
from lth.machine import process_lives
from lth.printable import printable

_DAY = 86_400.0
"""Seconds."""


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file so that its final name never shows half of it: temporary name, fsync, rename.

    Several may write it at once: the last one has it. What others left that were killed while they wrote it is removed.

    Raises:
        UserError: the disk is full, read-only, or otherwise refuses.
    """
    partial = _partial(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        for left in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
            if _abandoned(left, path.name):
                left.unlink(missing_ok=True)
    except OSError as error:
        with suppress(OSError):  # what cannot be made perhaps cannot be removed either, below a file for example
            partial.unlink(missing_ok=True)
        raise UserError(
            f"{path}: cannot be written: {error.strerror}; free space or change the folder, then rerun"
        ) from None


def _partial(path: Path) -> Path:
    """The name of a file or folder while it is written: no other thread or process of this machine has the same.

    Linux numbers threads and processes together, and a process has the number of its first thread.
    """
    return path.with_name(f".{path.name}.{threading.get_native_id()}.part")


def _abandoned(partial: Path, name: str) -> bool:
    """Whether the writer of an unfinished file of that name has ended, or the file is a day old."""
    writer = partial.name[len(f".{name}.") : -len(".part")]
    if not writer.isdecimal():
        return False  # of another file, whose name begins alike
    try:
        return not process_lives(int(writer)) or time.time() - partial.stat().st_mtime > _DAY
    except FileNotFoundError:  # finished, or removed by another
        return False


def check_writable(folder: Path) -> None:
    """Before anything is begun: whether files can be made in a folder, or where it would be made.

    Raises:
        UserError: it is read-only, or somebody else's.
    """
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not os.access(there, os.W_OK):
        raise UserError(f"{there}: cannot be written (read-only, or not yours); change the folder, then rerun")


def check_new(folder: Path) -> None:
    """Before anything is begun: whether a folder can be made that is not there yet; raises UserError."""
    if os.path.lexists(folder):
        raise UserError(f"{printable(folder)}: exists already; delete it, or name another folder with --to")
    check_writable(folder.absolute().parent)


@contextmanager
def whole_folder(to: Path) -> Iterator[Path]:
    """A new folder under a temporary name, to be filled, which gets its own name at the end: never half of it.

    Raises:
        UserError: the disk is full, read-only, or otherwise refuses.
    """
    partial = _partial(to.absolute())
    try:
        partial.mkdir(parents=True)
        yield partial
        partial.rename(to)
    except OSError as error:
        raise UserError(
            f"{printable(to)}: cannot be written: {error.strerror}; free space or name another folder"
        ) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """`write_bytes` for text."""
    write_bytes(path, text.encode())


def checksum(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
