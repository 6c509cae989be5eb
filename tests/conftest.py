"""Settings of the whole suite."""

import os

from hypothesis import HealthCheck, settings

# No deadlines: a busy machine is no bug. In CI the same examples each time, so that what fails there fails again here.
settings.register_profile(
    "project",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("project")
