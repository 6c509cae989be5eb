"""Paths that users write: whether they can be one, with the home folder that they may begin with."""

import os
from pathlib import Path

from lth.errors import UserError

LONGEST_PART = 255
"""Bytes of one folder's name, on all usual file systems."""


def expanded(path: str | Path, about: str = "") -> Path:
    """A path whose home folder, if it begins with one (`~`, `~name`), is written out.

    Args:
        path: as the user gave it; there need be nothing.
        about: what the sentence begins with; without it the path.

    Raises:
        UserError: there is no such user, or no file can have such a path.
    """
    if fault := path_fault(path):
        raise UserError(f"{about or path}: {fault}")
    return Path(path).expanduser()


def path_fault(path: str | Path) -> str | None:
    """Why no file can have a path, as the rest of a sentence about it; None where one can."""
    if "\0" in str(path):
        return "holds a null byte, which no path can have"
    try:
        parts = Path(path).expanduser().parts
        longest = max((len(os.fsencode(part)) for part in parts), default=0)
    except RuntimeError:
        user = Path(path).parts[0]
        return f"begins with the home folder of a user who does not exist, found '{user}'; write the folder out"
    except UnicodeEncodeError:
        return "holds a character that no path can have"
    if longest > LONGEST_PART:
        return f"has a part that is longer than the {LONGEST_PART} bytes that a folder's name may have; shorten it"
    return None
