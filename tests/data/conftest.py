"""Where the tests find data sets: small false ones, real ones, and a network that is always down."""

import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.error import URLError

import pytest

import lth  # noqa: F401  (without which torchvision cannot be imported beside a CPU-only torch)

PACKED = Path(__file__).parents[3] / "shared" / "data" / "unpack.py"
"""Packed copies of the real data sets, where the repository has such a neighbour."""


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """No address can be reached; the list collects those that were tried."""
    tried: list[str] = []

    def refuse(request: urllib.request.Request, *args: object, **kwargs: object) -> None:
        tried.append(request.full_url)
        raise URLError("the network is unreachable")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    return tried


@pytest.fixture(scope="session")
def real_data(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder with a real data set (named as its folder in torchvision's layout), or a skip that says why."""
    unpacked = tmp_path_factory.mktemp("real")

    def find(name: str) -> Path:
        if given := os.environ.get("LTH_DATA"):
            if not Path(given, name).is_dir():
                pytest.skip(f"LTH_DATA={given} holds no {name}")
            return Path(given)
        if not PACKED.is_file():
            pytest.skip("no real data: the variable LTH_DATA names no folder, and there are no packed copies")
        subprocess.run([sys.executable, PACKED, unpacked, name], check=True, stdout=subprocess.DEVNULL)
        return unpacked

    return find
