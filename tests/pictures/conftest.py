"""Tickets written by hand, as files."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

from by_hand import HEADS, UNITS, ticket


@pytest.fixture
def rounds(tmp_path: Path) -> list[Path]:
    """The files of three rounds of a network of two linear layers."""
    paths = [tmp_path / f"tickets/imp/seed0/round{number:02d}/ticket.safetensors" for number in range(3)]
    for number, path in enumerate(paths):
        ticket({"1.weight": UNITS[number], "3.weight": HEADS[number]}, round=number).save(path)
    return paths
