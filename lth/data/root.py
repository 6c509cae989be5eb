"""Where published data sets lie."""

import os
from pathlib import Path


def data_root(configured: str | None) -> Path:
    """The folder of published data sets: the variable LTH_DATA, else the study's key, else `data` where we stand."""
    return Path(os.environ.get("LTH_DATA") or configured or "data").expanduser()
