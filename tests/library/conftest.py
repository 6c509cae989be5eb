"""Tiny data and recipes for the library's tests."""

import sys
from pathlib import Path

import pytest

import lth
from lth.data.images import Images

sys.path += [str(Path(__file__).parent), str(Path(__file__).parents[1] / "core")]


@pytest.fixture(scope="session")
def digits() -> Images:
    return lth.dataset("digits", validation=60, limit=200)


@pytest.fixture(scope="session")
def quick() -> lth.Recipe:
    return lth.recipe(epochs=1, batch_size=50, learning_rate=2e-3)
