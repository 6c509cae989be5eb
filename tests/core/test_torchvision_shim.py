"""Importing `lth` is enough to import torchvision, whatever torch it was built for, and costs nothing before that."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from lth import torchvision_shim as shim

ROOT = Path(__file__).parents[2]


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_torchvision_imports_and_its_models_run() -> None:
    printed = python(
        "import lth, torchvision, torchvision.transforms.v2, torch\n"
        "print(tuple(torchvision.models.resnet18(num_classes=10).eval()(torch.zeros(1, 3, 32, 32)).shape))"
    )
    assert printed == "(1, 10)"


def test_importing_lth_imports_no_torch_and_twice_is_once() -> None:
    printed = python(
        "import sys, lth\n"
        "lth.install()\n"
        "print('torch' in sys.modules, sum('Torchvision' in type(f).__name__ for f in sys.meta_path))"
    )
    assert printed == "False 1"


def test_operators_that_load_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Declaring a namespace that compiled operators define as well would be an error."""
    (tmp_path / "_C.so").touch()
    loaded: list[str] = []
    monkeypatch.setattr(torch.ops, "load_library", loaded.append)
    monkeypatch.setattr(torch.library, "Library", lambda *_: pytest.fail("declared all the same"))
    assert not shim.declare_operators(tmp_path)
    assert loaded == [str(tmp_path / "_C.so")]
