"""Where published data sets lie."""

import os
from pathlib import Path

from lth.paths import expanded


def data_root(configured: str | None) -> Path:
    """The folder of published data sets: the variable LTH_DATA, else the study's key, else `data` where we stand.

    Raises:
        UserError: it is no path, or begins with the home folder (`~name`) of nobody.
    """
    if told := os.environ.get("LTH_DATA"):
        return expanded(told, "LTH_DATA")
    return expanded(configured or "data", "data_root")
