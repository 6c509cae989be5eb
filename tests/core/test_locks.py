"""Locks say who holds them, at once; and a study is run by one process at a time."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lth.errors import UserError
from lth.running.jobs import job
from lth.running.locks import ASSIGNED
from lth.running.scratch import Scratch
from lth.running.study_lock import FOLDER, take_study

HOLD_STUDY = "from lth.running.study_lock import take_study\nassert take_study(Path(sys.argv[1])) == ''\n"
HOLD_SCRATCH = (
    "from lth.running.scratch import Scratch\nheld = Scratch(Path(sys.argv[1]), 'k').held(print)\nheld.__enter__()\n"
)


@contextmanager
def held(code: str, folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that holds a lock, until it is told to end."""
    program = f"import sys\nfrom pathlib import Path\n{code}print('held', flush=True)\nsys.stdin.read()\n"
    environment = {key: value for key, value in os.environ.items() if key not in ASSIGNED}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", program, str(folder)], env=environment, text=True, **pipes) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_job_says_at_once_for_whom_it_waits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In its log and on the terminal, before the other has ended."""
    log = tmp_path / "job.log"
    with held(HOLD_SCRATCH, tmp_path / "scratch") as other, job("ticket imp seed 0", str(log)) as running:

        def waits(line: str) -> None:
            assert other.poll() is None
            running.announce(line)
            assert other.stdin
            other.stdin.close()  # so that it ends

        with Scratch(tmp_path / "scratch", "k").held(running.log, waits):
            pass
    words = rf"waits up to 20 s for process {other.pid} on \S+ \(since 20[\d: -]+\), which is at this very job"
    assert re.search(f"^ticket imp seed 0  {words}$", log.read_text(), flags=re.MULTILINE)
    assert re.search(f"^ticket imp seed 0: {words}$", capsys.readouterr().err, flags=re.MULTILINE)


def test_a_study_is_run_by_one_process_at_a_time(tmp_path: Path) -> None:
    """Also through another path to the same results; killed, it leaves nothing that keeps others out."""
    results, other_path = tmp_path / "results/demo", tmp_path / "link"
    results.mkdir(parents=True)
    other_path.symlink_to(results)
    with held(HOLD_STUDY, results) as other:
        words = rf"^{other_path}: process {other.pid} on \S+ \(since 20[\d: -]+\) is running this study; wait until it"
        with pytest.raises(UserError, match=words):
            take_study(other_path)
        other.kill()
        other.wait()
        assert (results / FOLDER / "owner.json").exists()
    with held(HOLD_STUDY, results) as other:
        assert other.stdin
        other.stdin.close()
        assert other.wait(10) == 0
        assert [path.name for path in (results / FOLDER).iterdir()] == ["lock"]
    assert take_study(results) == take_study(results) == ""  # ours now; more than once, too


def test_where_no_lock_can_be_had_it_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / FOLDER / "lock").mkdir(parents=True)
    assert re.match(rf"{tmp_path}: cannot be locked: .*; make sure that no other run", take_study(tmp_path))
