"""Jobs: progress in the log, one line on the terminal, a sentence and exit status 1 for a user's mistake."""

from pathlib import Path

import pytest

from lth.errors import UserError
from lth.running.jobs import job


def test_progress_goes_to_the_log_and_one_line_to_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    log = tmp_path / "logs" / "job.log"
    with job("ticket a seed 0 round 7", str(log)) as running:
        running.log("epoch 1/2")
        assert log.read_text() == "ticket a seed 0 round 7  epoch 1/2\n"  # seen while it runs
        running.found = "density 10.00 %"
    line = capsys.readouterr().err
    assert line.startswith("ticket a seed 0 round 7: density 10.00 % (")
    assert line.count("\n") == 1
    assert "done in" in log.read_text()


def test_a_users_mistake_is_a_sentence_and_status_1(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    log = tmp_path / "job.log"
    with pytest.raises(SystemExit) as ended, job("data x", str(log)):
        raise UserError("x.bin: damaged; delete it")
    assert ended.value.code == 1
    assert capsys.readouterr().err == log.read_text() == "data x: x.bin: damaged; delete it\n"


def test_terminal_escapes_reach_neither_the_terminal_nor_the_log(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    log = tmp_path / "job.log"
    with job("data x", str(log)) as running:
        running.log("reading \x1b[2Jx \ud800")
        running.found = "\x1b[2Jx"
    with pytest.raises(SystemExit), job("data x", str(tmp_path / "other.log")):
        raise UserError("\x1b[2Jx.bin: damaged")
    assert log.read_text().startswith("data x  reading \\x1b[2Jx \\ud800\n")
    assert "\x1b" not in capsys.readouterr().err + log.read_text() + (tmp_path / "other.log").read_text()


@pytest.mark.parametrize("log", ["/dev/full", "/dev/null/job.log"], ids=["a full disk", "no folder"])
def test_a_log_that_cannot_be_written_hides_no_sentence(log: str, capsys: pytest.CaptureFixture) -> None:
    """The disk is full for the log as well; then the job says it on the terminal alone."""
    with pytest.raises(SystemExit) as ended, job("data x", log):
        raise UserError("x.bin: cannot be written: No space left on device")
    assert ended.value.code == 1
    assert capsys.readouterr().err == "data x: x.bin: cannot be written: No space left on device\n"


def test_a_fault_of_ours_keeps_its_traceback(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), job("data x", str(tmp_path / "job.log")):
        _ = 1 / 0
