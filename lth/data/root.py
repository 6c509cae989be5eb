"""Where published data sets lie."""

import os
from pathlib import Path

from lth.errors import UserError


def data_root(configured: str | None) -> Path:
    """The folder of published data sets: the variable LTH_DATA, else the study's key, else `data` where we stand.

    Raises:
        UserError: the variable begins with the home folder (`~name`) of nobody.
    """
    folder = os.environ.get("LTH_DATA") or configured or "data"
    try:
        return Path(folder).expanduser()
    except RuntimeError:
        raise UserError(f"LTH_DATA: {folder} begins with the home folder of a user who does not exist") from None
