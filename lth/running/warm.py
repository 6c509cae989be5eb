"""Jobs that begin warm: as forks of a process that has imported torch once, instead of each importing it anew.

Two of the three seconds of a short job are imports. So the Snakemake that runs jobs on its own machine starts a server
beside the first job. A job's command is then a small client (`warm_client.py`), at whose word the server forks; the
fork has the client's folder, environment and files, and runs the script as Python would. What is exact about it:

- Wherever anything is unlike a start from nothing (another environment, since libraries read it when they are
  imported; threads in the server; no server any more), the job begins cold.
- Signals to the client reach the fork; if the client is killed, so is the fork; its exit status, or the signal that
  ended it, is the client's. Signals to all processes of a terminal leave the server alone.
- The server ends when the process that started it ends, however that ends, and jobs see that they are orphans.

The variable LTH_COLD turns it off.
"""

import atexit
import gc
import json
import os
import runpy
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from lth.running.stopping import SIGNALS

COLD = "LTH_COLD"
THREADS = ("OMP", "GOTO", "OPENBLAS", "MKL")
"""Snakemake sets `<name>_NUM_THREADS` of a job, and two more."""
OF_NO_CONSEQUENCE = {"TMPDIR", "TMP", "TEMPDIR", "TEMP", "PWD", "OLDPWD", "SHLVL", "PS1", "PS2", "_"}
"""Variables that Snakemake and its shell set or drop for each job, and that no library reads when it is imported. The
prompt is among them: an activated environment exports its own, which the shell of a job drops."""
BEGIN = """\
import sys
cold = [*sys.path]
sys.path.append({root!r})
from lth.running.warm import serve
serve(cold)
"""
"""Python's paths are in the end those of a script, which extends them itself."""
_server: list[subprocess.Popen[bytes]] = []  # its standard input is open as long as this process lives


def start_server(modules: Sequence[str], threads: int) -> str:
    """Start a server that ends with this process; the command that stands for Python, empty if there can be none.

    Args:
        modules: what it imports.
        threads: of a job.
    """
    if sys.platform != "linux" or os.environ.get(COLD):
        return ""
    names = [f"{name}_NUM_THREADS" for name in THREADS] + ["VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS"]
    begin = BEGIN.format(root=str(Path(__file__).parents[2]))
    try:
        folder = Path(tempfile.mkdtemp(prefix="lth-warm-"))
        address = str(folder / "socket")
        with socket.socket(socket.AF_UNIX) as waiting:
            waiting.bind(address)
            waiting.listen(256)  # who asks while the server still imports waits
            _server.append(
                subprocess.Popen(
                    [sys.executable, "-P", "-c", begin, str(waiting.fileno()), str(folder), *modules],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    env={**os.environ, **dict.fromkeys(names, str(threads))},
                    pass_fds=[waiting.fileno()],
                )
            )
    except OSError:  # no folder, or one whose name is too long for an address
        return ""
    atexit.register(_end_server)
    client = Path(__file__).with_name("warm_client.py")
    return shlex.join([sys.executable, "-IS", str(client), address])


def _end_server() -> None:
    """Nothing of a run is left when it has ended."""
    for server in _server:
        assert server.stdin
        server.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            server.wait(5)


class _Server:
    """Forks for each client, and says how the forks ended."""

    def __init__(self, waiting: socket.socket) -> None:
        self.waiting = waiting
        self.clients: dict[socket.socket, int] = {}
        """The fork of each client that is there."""
        self.before = {number: signal.signal(number, signal.SIG_IGN) for number in SIGNALS}
        self.woken, self.wakes = socket.socketpair()
        for end in (self.woken, self.wakes):
            end.setblocking(False)

    def run(self) -> list[str]:
        """The arguments of Python, in a fork; none, here, when whoever started this process is gone."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self.wakes.fileno())
        while True:
            watched: list[Any] = [0, self.woken, self.waiting, *self.clients]
            ready, _, _ = select.select(watched, [], [])
            if 0 in ready:
                return []
            self._forget(ready)
            if self.waiting in ready and (arguments := self._accept()):
                return arguments

    def _forget(self, ready: Sequence[object]) -> None:
        """Tell clients how their forks ended; kill those whose clients were killed."""
        with suppress(BlockingIOError):
            self.woken.recv(4096)
        of = {fork: client for client, fork in self.clients.items()}
        with suppress(ChildProcessError):
            while True:
                fork, status = os.waitpid(-1, os.WNOHANG)
                if not fork:
                    break
                if client := of.get(fork):
                    with suppress(OSError):
                        client.sendall(os.waitstatus_to_exitcode(status).to_bytes(4, "big", signed=True))
                    self._close(client)
        for client in [client for client in self.clients if client in ready]:  # a client says nothing more: it is gone
            os.kill(self.clients[client], signal.SIGKILL)
            self._close(client)

    def _close(self, client: socket.socket) -> None:
        del self.clients[client]
        client.close()

    def _accept(self) -> list[str]:
        """Fork for a client; in the fork, the arguments of Python."""
        client, _ = self.waiting.accept()
        client.settimeout(10)
        try:
            length, files, _, _ = socket.recv_fds(client, 4, 3)
            told = client.recv(int.from_bytes(length, "big"), socket.MSG_WAITALL)
        except OSError:
            client.close()
            return []
        if len(files) == 3 and len(told) == int.from_bytes(length, "big"):
            folder, environment, arguments = json.loads(told)
            if _alike(environment):
                fork = os.fork()
                if not fork:
                    self._become(client, files, folder, environment)
                    return list(arguments)
                self.clients[client] = fork
                with suppress(OSError):
                    client.sendall(fork.to_bytes(4, "big"))
        for file in files:
            os.close(file)
        if client not in self.clients:
            client.close()
        return []

    def _become(self, client: socket.socket, files: list[int], folder: str, environment: dict[str, str]) -> None:
        """In the fork: be as a process that the client had started."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number, handler in self.before.items():
            signal.signal(number, handler)
        for held in (client, self.waiting, self.woken, self.wakes, *self.clients):
            held.close()
        for place, file in enumerate(files):
            os.dup2(file, place)
            os.close(file)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        tempfile.tempdir = None  # was found by the server's variables


def _alike(environment: dict[str, str]) -> bool:
    """Whether a job's environment is that in which the libraries here were imported."""
    ours, its = (
        {name: value for name, value in variables.items() if name not in OF_NO_CONSEQUENCE}
        for variables in (os.environ, environment)
    )
    return ours == its


def serve(paths: list[str]) -> None:
    """Be the server, and in a fork the script; `sys.argv` has the socket, its folder, and what is to be imported.

    Args:
        paths: where a script looks for modules.
    """
    atexit.register(_leave)  # as the first one, which is called last
    descriptor, folder, *modules = sys.argv[1:]
    server = _Server(socket.socket(fileno=int(descriptor)))
    for name in modules:
        with suppress(ImportError):  # a Snakemake of another version has other modules
            import_module(name)
    gc.collect()
    gc.freeze()
    alone = len([*Path("/proc/self/task").iterdir()]) == 1  # other threads would be missing in forks
    arguments = server.run() if alone else []
    if not arguments:
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)  # at once: nothing is open that would have to be closed
    sys.argv, sys.path[:] = arguments, [str(Path(arguments[0]).parent), *paths]
    try:
        runpy.run_path(arguments[0], run_name="__main__")
    except SystemExit as end:
        _ended.append(end.code & 0xFF if isinstance(end.code, int) else int(end.code is not None))
        raise
    _ended.append(0)


_ended: list[int] = []
"""How the script of this fork ended, unless by an exception."""


def _leave() -> None:
    """End without taking apart what was imported, which takes a third of a second; threads and files are closed."""
    if _ended:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(_ended[0])
