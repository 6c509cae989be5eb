"""The loader in docs/files.md, run as written in a process without `lth` and torch."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from lth.artifacts.tickets import Ticket
from lth.config.data import Network

PAGE = Path(__file__).parents[2] / "docs" / "files.md"


def snippet(name: str) -> str:
    """The code block after a marker."""
    found = re.search(rf"<!-- run: {name} -->\n```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1]


@pytest.mark.parametrize("share", [0.01, 0.5, 1.0])
def test_the_loader_reads_what_lth_reads(tmp_path: Path, share: float) -> None:
    dense = Ticket.dense(Network(architecture="lenet5_classic"), 0)
    masks = {name: torch.rand(mask.shape) < share for name, mask in dense.masks.items()}
    ticket = dense.derive(masks, dense.weights)
    ticket.save(tmp_path / "ticket.safetensors")
    (tmp_path / "loader.py").write_text(
        "import sys\nsys.modules['lth'] = sys.modules['torch'] = None  # neither may be imported\n"
        + snippet("loader")
        + "masks, weights = load_ticket('ticket.safetensors')\n"
        "np.savez('loaded.npz', **{f'mask/{n}': m for n, m in masks.items()}, **weights)\n"
    )
    subprocess.run([sys.executable, "loader.py"], cwd=tmp_path, check=True)
    with np.load(tmp_path / "loaded.npz") as loaded:
        assert {*loaded} == {f"mask/{name}" for name in masks} | {*ticket.weights}
        assert all(np.array_equal(loaded[f"mask/{name}"], mask.numpy()) for name, mask in masks.items())
        assert all(np.array_equal(loaded[name], weight.numpy()) for name, weight in ticket.weights.items())
