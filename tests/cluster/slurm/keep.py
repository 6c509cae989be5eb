"""Starts the daemons of a SLURM, buries its dead, and ends everything when asked to (SIGTERM) or when a process ends.

    python3 keep.py LAB [PID]

Jobs that SLURM ends leave processes behind that somebody has to wait for. Where nobody does, as in many containers,
SLURM takes them for alive, and a minute later the node for broken.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
LOOK_SECONDS = 0.2
END_SECONDS = 12.0
"""For jobs to end, a little more than KillWait."""
MUNGE = {
    **{"socket": "munge.socket", "key-file": "munge.key", "seed-file": "munge.seed"},
    **{"pid-file": "munged.pid", "log-file": "munged.log"},
}


def bury() -> bool:
    """Wait for what has ended; whether anything is left."""
    while True:
        try:
            process, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if process == 0:
            return True


def lives(process: int) -> bool:
    """Whether there is such a process."""
    return Path(f"/proc/{process}").exists()


def end(lab: Path) -> None:
    """First jobs, then the daemons, then whatever is left."""
    subprocess.run(["scancel", f"--user={os.getuid()}"], stderr=subprocess.DEVNULL, check=False)
    deadline = time.monotonic() + END_SECONDS
    while time.monotonic() < deadline and subprocess.run(["squeue", "-h"], capture_output=True, check=False).stdout:
        bury()
        time.sleep(LOOK_SECONDS)
    for name in ("slurmd-n1", "slurmd-n2", "slurmctld", "munged"):
        with suppress(OSError, ValueError):
            os.kill(int((lab / f"{name}.pid").read_text()), signal.SIGKILL)
    while bury() and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)


def main() -> None:
    """Until SIGTERM, or until the process is gone whose number is given."""
    lab, of = Path(sys.argv[1]), [int(number) for number in sys.argv[2:]]
    asked: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: asked.append(number))
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    files = [f"--{option}={lab / name}" for option, name in MUNGE.items()]
    subprocess.run(["munged", "--force", "--num-threads=2", *files], check=True)
    subprocess.run(["slurmctld"], check=True)
    for node in ("n1", "n2"):
        subprocess.run(["slurmd", "-N", node], check=True)
    while not asked and all(lives(process) for process in of):
        bury()
        time.sleep(LOOK_SECONDS)
    end(lab)


if __name__ == "__main__":
    main()
