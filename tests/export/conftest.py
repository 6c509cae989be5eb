"""Narrow networks on one thread, which are compacted in milliseconds."""

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True)
def _narrow(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """VGG with fewer channels in all but its last stage; no threads that wait for each other on a busy machine."""
    monkeypatch.setattr("lth.networks.vgg.WIDTHS", (8, 12, 16, 16, 512))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
