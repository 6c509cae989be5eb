"""Masks are those of before the code was rearranged (November 2026): checksums taken then, of the tests' own study.

Last bits of training differ between kinds of processors and versions of torch, and with them a mask's ties; so the
comparison is made where the checksums were taken, and skipped with its reason elsewhere.
"""

import hashlib
import json
from pathlib import Path

import pytest
import torch
from tiny import Project

from lth.artifacts.tickets import Ticket

pytestmark = pytest.mark.workflow
BEFORE = json.loads(Path(__file__).with_name("masks_before.json").read_text())


def here() -> dict[str, object]:
    """What a result depends on beside the code: torch, and the kind of processor."""
    lines = [line.partition(":") for line in Path("/proc/cpuinfo").read_text().splitlines()]
    known = {name.strip(): value.strip() for name, _, value in lines}
    return {
        "torch": torch.__version__.partition("+")[0],
        "capability": torch.backends.cpu.get_cpu_capability(),
        "amx": "amx_tile" in known.get("flags", ""),
        "model": known.get("model", ""),
    }


def checksum(ticket: Path) -> str:
    """Of a ticket's masks: names, shapes and values."""
    digest = hashlib.sha256()
    for name, mask in sorted(Ticket.load(ticket).masks.items()):
        digest.update(f"mask/{name} {list(mask.shape)}\n".encode())
        digest.update(mask.to(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:16]


def test_every_mask_of_the_study_is_as_it_was(finished: Project) -> None:
    taken = {key: BEFORE[key] for key in here()}
    if here() != taken:
        pytest.skip(f"checksums were taken with {taken}, this is {here()}")
    found = {
        path.parent.relative_to(finished.results).as_posix(): checksum(path)
        for path in finished.results.rglob("ticket.safetensors")
    }
    assert found == BEFORE["masks"]
