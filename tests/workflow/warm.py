"""A Python that is warm: processes that begin where the large libraries are imported already, for the suite's own sake.

Most of a tiny study's time is imports, a second or two for each of its jobs. So a server imports what is not ours once,
and forks a process for each run of Snakemake and for each of its scripts. What is ours is imported by each process for
itself, from the copy of the project that it works on. Runs on clusters, runs that are killed, and all that
tests start by themselves begin cold, as users' do; that both give the same bytes is looked at in `test_results.py`.

`python warm.py FOLDER [LIBRARY ...]` is the server: `FOLDER/python` stands in for Python, and hands over to it by a
socket.
"""

import atexit
import gc
import importlib.util
import json
import os
import runpy
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from traceback import print_exc

LIBRARIES = (
    "torch",
    "pandas",
    "scipy.stats",
    "matplotlib.figure",
    "jinja2",
    "pydantic",
    "safetensors",
    "sklearn.datasets",
    "sklearn.model_selection",
    "snakemake.cli",
)
CLIENT = """\
#!{python} -IS
import json, os, socket, sys
given = sys.argv[1:]
with socket.socket(socket.AF_UNIX) as server:
    try:
        server.connect({address!r})
    except OSError:
        os.execv({python!r}, [{python!r}, *given])
    told = json.dumps([os.getcwd(), dict(os.environ), given]).encode()
    socket.send_fds(server, [len(told).to_bytes(4, "big")], [0, 1, 2])
    server.sendall(told)
    ended = server.recv(1)
sys.exit(ended[0] if ended else 1)
"""


@cache
def python(*more: str) -> str:
    """The path of a warm Python, with more libraries than the usual ones; its server ends with this process."""
    folder = Path(tempfile.mkdtemp(prefix="warm"))
    command = [sys.executable, __file__, str(folder), *more]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert server.stdout
    assert server.stdout.read(1) == b"\n"
    atexit.register(server.communicate)  # which closes its standard input, and waits
    return str(folder / "python")


def serve(folder: Path, libraries: Iterable[str]) -> None:
    """Fork a process for each who asks, until nobody holds our standard input any more."""
    spec = importlib.util.spec_from_file_location("shim", Path(__file__).parents[2] / "lth/torchvision_shim.py")
    assert spec
    assert spec.loader
    shim = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(shim)
    shim.install()  # as `import lth` does: transformers imports torchvision
    for name in libraries:
        importlib.import_module(name)
    gc.freeze()
    for ending in (*weakref.finalize._registry,):  # type: ignore[attr-defined]
        ending.atexit = False  # what libraries take apart when a process ends: of no use, and a tenth of a second a job
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them here
    client, address = folder / "python", str(folder / "socket")
    with socket.socket(socket.AF_UNIX) as waiting:
        waiting.bind(address)
        waiting.listen(64)
        client.write_text(CLIENT.format(python=sys.executable, address=address))
        client.chmod(0o700)
        os.write(1, b"\n")
        while True:
            ready, _, _ = select.select([waiting, 0], [], [])
            if 0 in ready:
                shutil.rmtree(folder)
                return
            asking, _ = waiting.accept()
            if os.fork() == 0:
                waiting.close()
                _become(asking, client)
            asking.close()


def _become(asking: socket.socket, client: Path) -> None:
    """Be the process that was asked for, to its end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    length, descriptors, _, _ = socket.recv_fds(asking, 4, 3)
    with asking.makefile("rb") as stream:
        folder, variables, arguments = json.loads(stream.read(int.from_bytes(length, "big")))
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    sys.executable = str(client)  # so that the scripts of a Snakemake are warm as well, and forks of this server alone
    os.environ["LTH_COLD"] = "1"
    status = _run(arguments)
    with suppress(OSError):  # who asked may be gone
        asking.sendall(bytes([status]))
    os._exit(status)


def _run(arguments: list[str]) -> int:
    """`python arguments`, with what Python does at its end."""
    status = 0
    try:
        if arguments[0] == "-m":
            sys.argv, sys.path[0] = arguments[1:], str(Path.cwd())
            runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv, sys.path[0] = arguments, str(Path(arguments[0]).parent)
            runpy.run_path(arguments[0], run_name="__main__")
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        print_exc()
        status = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return status & 0xFF


if __name__ == "__main__":
    serve(Path(sys.argv[1]), [*LIBRARIES, *sys.argv[2:]])
