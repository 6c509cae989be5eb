"""What of Snakemake's inside is worked around (docs/LOG.md says why), and whether that is still needed.

A test that fails here says that a workaround has lost its reason, or its hold, in a newer Snakemake; nothing depends on
it but speed.
"""

import inspect
import os

import pytest
import snakemake
from snakemake import sourcecache
from snakemake.scheduling import job_scheduler
from snakemake.script import PythonScript


@pytest.mark.skipif("LTH_SNAKEMAKE" not in os.environ, reason="on another Snakemake only: make test-oldest")
def test_the_snakemake_that_is_tested_is_the_one_that_was_asked_for() -> None:
    assert snakemake.__version__ == os.environ["LTH_SNAKEMAKE"]


def test_passes_of_the_scheduler_still_start_timers() -> None:
    """If this fails, `onstart` in `workflow/Snakefile` need not take the limit to jobs a second away."""
    source = inspect.getsource(job_scheduler)
    assert "job_rate_limiter" in source
    assert "Timer(" in source


def test_each_question_about_an_address_still_makes_a_class() -> None:
    """If this fails, `workflow/rules/speed.smk` need not remember the answers."""
    parse = getattr(sourcecache.parse_uri, "__wrapped__", sourcecache.parse_uri)
    first, second = parse("a/b.py"), parse("a/b.py")
    assert type(first) is not type(second)


@pytest.mark.parametrize("name", ["job_rate_limiter", "exit_gracefully"])
def test_what_is_patched_is_there(name: str) -> None:
    """If this fails, a workaround does nothing."""
    assert name in inspect.getsource(job_scheduler.JobScheduler)


def test_scripts_are_still_started_where_jobs_get_a_warm_python() -> None:
    """If this fails, `workflow/rules/warm.smk` does nothing, and jobs begin cold."""
    assert "sys.executable" in inspect.getsource(PythonScript.execute_script)
    known = inspect.signature(PythonScript.__init__).parameters
    assert {"path", "conda_env", "container_img", "env_modules"} <= known.keys()
