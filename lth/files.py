"""Files written whole or not at all, and their checksums. Imports nothing heavy."""

import glob
import hashlib
import os
from pathlib import Path

from lth.errors import UserError


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file so that its final name never shows half of it: temporary name, fsync, rename.

    What others left that were killed while they wrote it is removed.

    Raises:
        UserError: the disk is full, read-only, or otherwise refuses.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        for left in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
            left.unlink(missing_ok=True)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise UserError(
            f"{path}: cannot be written: {error.strerror}; free space or change the folder, then rerun"
        ) from None


def check_writable(folder: Path) -> None:
    """Before anything is begun: whether files can be made in a folder, or where it would be made.

    Raises:
        UserError: it is read-only, or somebody else's.
    """
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not os.access(there, os.W_OK):
        raise UserError(f"{there}: cannot be written (read-only, or not yours); change the folder, then rerun")


def write_text(path: Path, text: str) -> None:
    """`write_bytes` for text."""
    write_bytes(path, text.encode())


def checksum(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
