"""The terminal of a run: lines of jobs above one line that says how far it is."""

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lth.running.terminal import Steps, can_be_drawn_on, follow

ROOT = Path(__file__).parents[2]
SAID = """\
Using workflow specific profile profiles/default for setting default command line arguments.
host: node7
Building DAG of jobs...
SNAKEMAKE
=========
  Date: 2026-11-28 10:01:50
  Config MD5: 082ae7ee
Job stats:
job         count
--------  -------
round           2
total           3

Select jobs to execute...
Execute 2 jobs...
ticket a seed 0 round 0: density 100.00 % (3.0 s)
[Sat Nov 28 09:25:56 2026]
Finished jobid: 53 (Rule: evaluation)
1 of 3 steps (33%) done
a warning\x1b[2J of somebody
"""


def saying(text: str, end: str = "") -> list[str]:
    return [
        sys.executable,
        "-c",
        f"import sys, time, os, signal; sys.stderr.write({text!r}); sys.stderr.flush(); {end}",
    ]


def test_lines_that_only_snakemake_needs_are_counted_and_left_out() -> None:
    screen, seen = io.StringIO(), []

    def status(steps: Steps) -> str:
        seen.append((steps.done, steps.total))
        return "x" * 500

    assert follow(saying(SAID, "time.sleep(1.5); sys.exit(3)"), status, screen) == 3
    assert seen[0] == (1, 3)
    shown = screen.getvalue().split("\r\x1b[K")
    lines = [part.split("\n")[0] for part in shown if "\n" in part]
    assert lines == ["ticket a seed 0 round 0: density 100.00 % (3.0 s)", r"a warning\x1b[2J of somebody"]
    assert max(len(part) for part in shown) < 500  # cut to the terminal's width
    assert screen.getvalue().endswith("\r\x1b[K")


def test_a_run_that_was_killed_has_the_status_that_shells_give_it() -> None:
    assert follow(saying("", "os.kill(os.getpid(), signal.SIGKILL)"), lambda _: "", io.StringIO()) == 128 + 9


def test_a_terminal_that_is_gone_does_not_end_the_run() -> None:
    screen = io.StringIO()
    screen.close()
    assert follow(saying(SAID), lambda _: "", screen) == 0


def test_a_status_that_fails_does_not_end_the_run() -> None:
    def status(_: Steps) -> str:
        raise PermissionError

    assert follow(saying(SAID, "time.sleep(1.5)"), status, io.StringIO()) == 0


def test_being_told_to_stop_is_passed_on() -> None:
    """To the process that runs the study; what it then says is still shown, and its status is ours."""
    child = (
        "import signal, sys, time; signal.signal(15, lambda *_: sys.exit(7)); print('up', flush=True); time.sleep(60)"
    )
    ours = (
        f"import sys; from lth.running.terminal import follow; sys.exit(follow([sys.executable, '-c', {child!r}], str))"
    )
    process = subprocess.Popen([sys.executable, "-c", ours], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 7
    process.stdout.close()


def test_only_terminals_that_obey_are_drawn_on(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = os.openpty()
    with open(theirs, "w") as terminal:  # noqa: PTH123
        for term, expected in (("xterm", True), ("dumb", False)):
            monkeypatch.setenv("TERM", term)
            assert can_be_drawn_on(terminal) == expected
    os.close(ours)
    assert not can_be_drawn_on(io.StringIO())
    assert not can_be_drawn_on(None)
