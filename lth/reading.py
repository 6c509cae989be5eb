"""Reading files that somebody else has put there: regular files only, and never more of one than it can hold.

Opening a FIFO waits for somebody who writes, a device has no end, and a small compressed file can become a large one.
"""

import os
import stat
import zlib
from pathlib import Path

from lth.errors import UserError
from lth.printable import printable

_KINDS = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
    stat.S_IFDIR: "a folder",
}


def check_regular(path: Path, wanted: str = "a file") -> int:
    """Check that a path leads to a regular file, links followed; returns its size in bytes.

    Raises:
        UserError: it is something else, such as a FIFO.
        OSError: there is nothing, or it cannot be looked at.
    """
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        kind = _KINDS.get(stat.S_IFMT(found.st_mode), "no regular file")
        raise UserError(f"{printable(path)}: is {kind}, where {wanted} is needed")
    return found.st_size


def read_regular(path: Path, most: int) -> bytes:
    """The content of a regular file of at most `most` bytes.

    Raises:
        UserError: it is something else, longer, or cannot be read.
    """
    try:
        size = check_regular(path)
        if size > most:
            raise UserError(f"{printable(path)}: has {size:,} bytes, where at most {most:,} are allowed")
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            return file.read(most)  # it may have grown since
    except OSError as error:
        raise UserError(f"{printable(path)}: cannot be read: {error.strerror}") from None


def unpack(packed: bytes, most: int) -> bytes | None:
    """A gzip file's content of at most `most` bytes; None where it has more. What follows its first member is ignored.

    Raises:
        zlib.error: it is not gzip, or damaged.
        EOFError: it is cut short.
    """
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)  # of gzip, with its checksum
    content = unpacker.decompress(packed, most + 1)
    if len(content) > most:
        return None
    if not unpacker.eof:
        raise EOFError
    return content
