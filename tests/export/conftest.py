"""Narrow networks, which are compacted in milliseconds."""

import pytest


@pytest.fixture(autouse=True)
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """VGG with fewer channels in all but its last stage."""
    monkeypatch.setattr("lth.networks.vgg.WIDTHS", (8, 12, 16, 16, 512))
