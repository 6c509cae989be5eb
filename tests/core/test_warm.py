"""Jobs that begin as forks: a script cannot tell, is told all signals, and outlives nobody it should not outlive."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lth.running.warm_client import FORWARDED

ROOT = Path(__file__).parents[2]
STARTER = f"""\
import sys
sys.path.insert(0, {str(ROOT)!r})
from lth.running.warm import start_server
print(start_server(["json.tool", "json.gone"], 1), flush=True)
sys.stdin.read()
"""
NOTED_EARLY = f"""\
import os, signal, socket, subprocess, sys, threading, time
sys.path.insert(0, {str(ROOT)!r})
from lth.running.warm_client import FORWARDED, run_as_fork

def serve():
    client, _ = server.accept()
    with client, subprocess.Popen(["sleep", "60"]) as fork:
        client.sendall(fork.pid.to_bytes(4, "big"))
        while signal.getsignal(FORWARDED[-1]) is signal.SIG_DFL:
            time.sleep(0.01)
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGUSR2)
        try:
            fork.wait(10)
        except subprocess.TimeoutExpired:
            fork.kill()
        client.sendall(fork.wait().to_bytes(4, "big", signed=True))

with socket.socket(socket.AF_UNIX) as server:
    server.bind("socket")
    server.listen()
    threading.Thread(target=serve).start()
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
    print(run_as_fork("socket", []))
"""
"""A client whose waiting call no signal interrupts, since another thread gets it."""
THREADS = {
    f"{name}_{what}_THREADS": "1"
    for name, what in (
        *((name, "NUM") for name in ("OMP", "GOTO", "OPENBLAS", "MKL", "NUMEXPR")),
        ("VECLIB", "MAXIMUM"),
    )
}
"""As Snakemake sets them for a job of one thread."""
WARM = "import os, sys, time; warm = 'json.tool' in sys.modules\n"
"""A script that knows, to see whether it was a fork."""

Script = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def starter() -> Iterator["subprocess.Popen[str]"]:
    """A process that has started a server, as Snakemake does; its first line is the command that stands for Python."""
    with subprocess.Popen(
        [sys.executable, "-c", STARTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment()
    ) as process:
        yield process
        process.kill()


@pytest.fixture
def script(starter: "subprocess.Popen[str]", tmp_path: Path) -> Script:
    """Starts a script by that command."""
    assert starter.stdout
    command = shlex.split(starter.stdout.readline())
    assert command
    return lambda text, **variables: begun(command, text, tmp_path, variables)


def begun(command: list[str], text: str, folder: Path, variables: dict[str, str]) -> "subprocess.Popen[str]":
    """A script that has been started in a folder."""
    path = folder / "script.py"
    path.write_text(WARM + text)
    return subprocess.Popen(
        [*command, str(path)],
        cwd=folder,
        env={**environment(), **THREADS, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def environment() -> dict[str, str]:
    """Ours, without what pytest changes from test to test."""
    return {name: value for name, value in os.environ.items() if name not in ("LTH_COLD", "PYTEST_CURRENT_TEST")}


def lives(process: int) -> bool:
    """Whether there is such a process."""
    try:
        return Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # also where it ends while it is read
        return False


def handles(process: int, number: signal.Signals) -> bool:
    """Whether a process has a handler for a signal."""
    (caught,) = re.findall(r"SigCgt:\s+(\w+)", Path(f"/proc/{process}/status").read_text())
    return bool(int(caught, 16) >> (number - 1) & 1)


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_folder_arguments_files_and_status_are_the_clients(script: Script, tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    text = "import tempfile\nprint(warm, os.getcwd(), sys.argv, __name__, sys.path[0], tempfile.gettempdir())\n"
    done = script(text + "print('said', file=sys.stderr)\nsys.exit(3)", TMPDIR=str(tmp_path))
    output, said = done.communicate(timeout=60)
    assert output == f"True {tmp_path} {[str(path)]} __main__ {tmp_path} {tmp_path}\n"
    assert (said, done.returncode) == ("said\n", 3)


def test_a_script_is_ended_as_python_ends_one(script: Script) -> None:
    """What was registered is called, threads are waited for, and what was printed is written."""
    text = "import atexit, threading\natexit.register(print, 'called')\n"
    done = script(text + "threading.Timer(0.2, print, ['waited for']).start()\nsys.exit('why')")
    assert done.communicate(timeout=60) == ("waited for\ncalled\n", "why\n")
    assert done.returncode == 1


def test_a_fault_has_its_traceback_and_status_1(script: Script) -> None:
    done = script("1 / 0")
    assert "ZeroDivisionError" in done.communicate(timeout=60)[1]
    assert done.returncode == 1


def test_another_environment_begins_cold(script: Script) -> None:
    """Libraries read it when they are imported."""
    done = script("print(warm, os.environ['OMP_NUM_THREADS'])", OMP_NUM_THREADS="2")
    assert done.communicate(timeout=60) == ("False 2\n", "")


def test_a_fork_that_is_killed_is_a_job_that_is_killed(script: Script) -> None:
    done = script("os.kill(os.getpid(), 9)")
    done.communicate(timeout=60)
    assert done.returncode == -signal.SIGKILL


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR2])
def test_a_signal_to_the_client_reaches_the_fork(script: Script, number: signal.Signals) -> None:
    text = f"import signal\nsignal.signal({int(number)}, lambda *_: sys.exit(75))\n"
    with script(text + "print(os.getpid(), flush=True)\ntime.sleep(60)") as running:
        assert running.stdout
        fork = int(running.stdout.readline())
        assert fork != running.pid
        wait_until(lambda: handles(running.pid, FORWARDED[-1]))  # the fork may write before the client knows its number
        running.send_signal(number)
        assert running.wait(20) == 75
    assert not lives(fork)


def test_a_signal_just_before_the_client_waits_reaches_the_fork(tmp_path: Path) -> None:
    """Python has noted it then, and calls the handler after the call that waits."""
    told = subprocess.run(
        [sys.executable, "-c", NOTED_EARLY], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (told.stdout, told.stderr) == (f"{-signal.SIGUSR2}\n", "")


def test_what_a_script_does_not_catch_ends_it_as_ever(script: Script) -> None:
    with script("print(warm, flush=True)\ntime.sleep(60)") as running:
        assert running.stdout
        assert running.stdout.readline() == "True\n"
        running.send_signal(signal.SIGTERM)
        assert running.wait(20) == -signal.SIGTERM


def test_the_fork_of_a_killed_client_is_killed(script: Script) -> None:
    with script("print(os.getpid(), flush=True)\ntime.sleep(60)") as running:
        assert running.stdout
        fork = int(running.stdout.readline())
        running.kill()
        running.wait()
        wait_until(lambda: not lives(fork))


def test_the_server_ends_with_who_started_it_and_jobs_then_begin_cold(
    starter: "subprocess.Popen[str]", script: Script
) -> None:
    with script("print(warm, os.getppid(), flush=True)") as done:
        assert done.stdout
        warm, server = done.stdout.readline().split()
    assert warm == "True"
    starter.kill()
    wait_until(lambda: not lives(int(server)))
    later = script("print(warm)")
    assert later.communicate(timeout=60)[0] == "False\n"


def test_a_client_waits_for_the_fork_of_a_killed_server(script: Script) -> None:
    """Else Snakemake would clear up behind a job that still writes."""
    with script("print(warm, os.getpid(), os.getppid(), flush=True)\ntime.sleep(1)") as running:
        assert running.stdout
        warm, *processes = running.stdout.readline().split()
        assert warm == "True"
        fork, server = map(int, processes)
        wait_until(lambda: handles(running.pid, FORWARDED[-1]))
        os.kill(server, signal.SIGKILL)
        assert running.wait(20) == 75
        assert not lives(fork)


def test_it_can_be_turned_off() -> None:
    off = {**os.environ, "LTH_COLD": "1"}
    done = subprocess.run(
        [sys.executable, "-c", STARTER], input="", capture_output=True, text=True, env=off, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("\n", "")
