"""Settings of the whole suite."""

import os
import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# No deadlines: a busy machine is no bug. In CI the same examples each time, so that what fails there fails again here.
settings.register_profile(
    "project",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("project")


@pytest.fixture(autouse=True)
def denormals() -> Iterator[None]:
    """What a job switches on for its own process, no later test shall inherit: hypothesis draws denormal numbers."""
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)
