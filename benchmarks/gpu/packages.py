"""What the run imports beside torch, and packages that are missing: taken from wheels that were brought along.

Imports nothing but Python's own library.
"""

import os
import platform
import re
import sys
import tempfile
import zipfile
from importlib import invalidate_caches
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WHEELS = Path("build", "gpu-wheels")
"""In the checkout, and ignored by git."""
NEEDED = {
    "numpy": "numpy",
    "pydantic": "pydantic",
    "pydantic_core": "pydantic-core",
    "annotated_types": "annotated-types",
    "typing_extensions": "typing-extensions",
    "typing_inspection": "typing-inspection",
    "safetensors": "safetensors",
    "filelock": "filelock",
    "yaml": "pyyaml",
}
"""Modules, and the packages that they come in."""
LEAST_PYTHON, LEAST_TORCH = (3, 11), (2, 9)


def missing() -> list[str]:
    """The modules that are not installed, in order."""
    return [module for module in NEEDED if find_spec(module) is None]


def unpack(root: Path = ROOT) -> None:
    """Put the wheels of missing modules on the path of this process and of those that it starts. They are unpacked: a
    compiled module cannot be loaded from within a zip file."""
    wheels = {re.sub(r"[-_.]+", "-", path.name.split("-")[0]).lower(): path for path in (root / WHEELS).glob("*.whl")}
    found = [wheels[NEEDED[module]] for module in missing() if NEEDED[module] in wheels]
    if not found:
        return
    folder = tempfile.mkdtemp(prefix="lth-gpu-packages-")
    for wheel in found:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
    sys.path.append(folder)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), folder]))
    invalidate_caches()


def problem() -> str:
    """Why nothing can be run here, in a sentence that says what to do; empty if everything is there."""
    if sys.version_info < LEAST_PYTHON:
        return f"Python {'.'.join(map(str, LEAST_PYTHON))} is needed, found {platform.python_version()}"
    if find_spec("torch") is None:
        return "torch is not installed; run this with the python that has it"
    if lacking := missing():
        version, kind = ".".join(map(str, sys.version_info[:2])), platform.machine()
        wanted = " ".join(f"{NEEDED[module]}{_pin(NEEDED[module])}" for module in lacking)
        return (
            f"missing here: {', '.join(lacking)}; where there is a network, run in this repository: python -m pip "
            f"download --no-deps --only-binary=:all: --python-version {version} --platform manylinux_2_28_{kind} "
            f"--platform manylinux_2_17_{kind} --platform manylinux2014_{kind} -d {WHEELS} {wanted}"
        )
    from torch import __version__

    if tuple(int(part) for part in __version__.split("+")[0].split(".")[:2]) < LEAST_TORCH:
        return f"torch {'.'.join(map(str, LEAST_TORCH))} is needed, found {__version__}"
    return ""


def _pin(package: str) -> str:
    """`==` and the version that this repository is tested with."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pinned = re.search(rf"^{re.escape(package)}==([\w.]+)", lock, re.MULTILINE | re.IGNORECASE)
    return f"=={pinned[1]}" if pinned else ""
