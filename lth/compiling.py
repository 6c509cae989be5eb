"""How numba compiles inner loops: those of sparse training, and of augmentation."""

from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit

_HERE = Path(__file__)


@cache
def _sources(folder: Path) -> str:
    """Of all files that a function of this folder may have compiled into it: the folder's, and those of the kernels.

    numba keeps a compiled function until the file of that function changes; it does not see that a function of another
    file, which it has compiled into it, is another one by now.
    """
    files = {_HERE, *folder.glob("*.py"), *(_HERE.parent / "sparse").glob("*.py")}
    return sha256(b"".join(path.read_bytes() for path in sorted(files))).hexdigest()


def compiled(function: Callable[..., Any]) -> Any:
    """Compile a function, on one thread and with the order of operations as written.

    Once on a machine: the result is kept beside the source, or in the user's cache folder. Where neither can be written
    to, every process compiles anew.
    """
    told: dict[str, Any] = {"boundscheck": False, "nogil": True, "error_model": "numpy"}
    try:
        kept = njit(cache=True, **told)(function)
        file = kept._cache._cache_file
        _ = file._source_stamp
    except AttributeError:  # another numba, which keeps things in another way
        return njit(**told)(function)
    except RuntimeError as problem:
        if "cannot cache" not in str(problem):
            raise
        return njit(**told)(function)
    file._source_stamp = _sources(Path(function.__code__.co_filename).parent)
    return kept


ZERO, ONE = np.float32(0), np.float32(1)
"""A whole number in such a function would make it compute in float64."""
