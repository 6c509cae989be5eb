"""Jobs of a run begin as forks of a process that the run has started.

That it can be turned off, as all warm runs of the suite do, stands in `tests/core/test_warm.py`.
"""

import shutil
from pathlib import Path

import pytest
from tiny import RESULTS, Project

pytestmark = pytest.mark.workflow

PARENT = """
Path("parent").write_text(Path("/proc/self/stat").read_text().split()[3])
Path("server").write_text(Path("/proc", Path("parent").read_text(), "cmdline").read_text())
"""
"""What a copy of a script ends with: who has started it."""


def test_jobs_are_forks_of_a_server_that_ends_with_the_run(project: Project) -> None:
    shutil.rmtree(project.results / "tickets/digits/seed0")
    script = project.folder / "workflow/scripts/round.py"
    script.write_text(script.read_text() + PARENT)
    last = str(RESULTS / "tickets/digits/seed0/round02/ticket.safetensors")
    prompt = "(.venv) $ "  # as an activated environment exports it
    outcome = project.start(project.command(last, cores=1), LTH_COLD="", PS1=prompt)
    assert outcome.status == 0, outcome.text
    assert "lth.running.warm" in (project.folder / "server").read_text()
    assert not Path("/proc", (project.folder / "parent").read_text()).exists()
