"""On PYTHONPATH, Python is as on a login node: torch is not there. In a job of SLURM it is."""

import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

MISSING = ("torch", "torchvision")


class Missing(MetaPathFinder):
    """Refuses what is only installed where jobs run."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Never finds anything; asked for before all others."""
        if name.partition(".")[0] in MISSING:
            raise ModuleNotFoundError(f"No module named {name!r} on the login node", name=name)
        return None


if "SLURM_JOB_ID" not in os.environ:
    sys.meta_path.insert(0, Missing())
