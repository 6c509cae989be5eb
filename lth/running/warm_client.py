"""`python -IS warm_client.py ADDRESS SCRIPT`: be a script that runs as a fork of the server at the address.

What this process is told by a signal, it tells the fork; it ends as the fork ends. Where there is no server, or it
refuses, the script runs here. Imports little, since it is started for every job; `lth.running.warm` is the other side.
"""

import json
import os
import select
import signal
import socket
import sys
import time
from contextlib import suppress

FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR2, signal.SIGURG)
AT_MOST = 0.5
"""Seconds that a signal waits which came just before a call that waits: Python calls its handler after that call."""
UNKNOWN = 75
"""Exit status where the server was killed, and the fork with it: as of a job that was stopped."""


def run_as_fork(address: str, arguments: list[str]) -> int | None:
    """Run a script as a fork; its exit status, or minus the signal that ended it; None if nothing was begun."""
    told = json.dumps([os.getcwd(), dict(os.environ), arguments]).encode()  # noqa: PTH109
    with socket.socket(socket.AF_UNIX) as server:
        try:
            server.connect(address)
            socket.send_fds(server, [len(told).to_bytes(4, "big")], [0, 1, 2])
            server.sendall(told)
            begun = server.recv(4, socket.MSG_WAITALL)
        except OSError:
            return None
        if len(begun) < 4:
            return None
        fork = int.from_bytes(begun, "big")
        for number in FORWARDED:
            signal.signal(number, lambda number, _: _tell(fork, number))
        with suppress(OSError):
            while not select.select([server], [], [], AT_MOST)[0]:
                pass
            ended = server.recv(4, socket.MSG_WAITALL)
            if len(ended) == 4:
                return int.from_bytes(ended, "big", signed=True)
    while _tell(fork, 0):  # Snakemake takes the job for ended when this process ends
        time.sleep(0.05)
    return UNKNOWN


def _tell(process: int, number: int) -> bool:
    """Send a signal; whether there was somebody to get it."""
    try:
        os.kill(process, number)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    status = run_as_fork(sys.argv[1], sys.argv[2:])
    if status is None:
        os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
    if status < 0:
        with suppress(OSError):  # of SIGKILL there is nothing to set
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    sys.exit(status)
