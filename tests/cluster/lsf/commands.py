"""The commands that users and Snakemake's plugin call, with LSF's answers and statuses."""

import os
import pwd
import re
import socket
import sys
import time
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from .cluster import FINISHED, NAME, Cluster, Down, Record
from .requests import Refused, parse

FAILED = 255
"""Exit status of all that LSF refuses."""
FIELDS: dict[str, Callable[[Record], str]] = {
    "jobid": lambda record: str(record.number),
    "stat": lambda record: record.status,
    "queue": lambda record: record.request.queue,
    "job_name": lambda record: record.request.name,
    "exit_code": lambda record: "-" if record.exit_code is None else str(record.exit_code),
    "exec_host": lambda record: "-" if record.started is None else socket.gethostname(),
}
"""What `bjobs -o` can be asked for."""


def main() -> None:
    """Run the command that the first argument names."""
    cluster = Cluster(Path(os.environ["LSF_SHIM"]))
    name, *arguments = sys.argv[1:]
    try:
        cluster.answer()
        sys.exit(
            {"bsub": bsub, "bjobs": bjobs, "bkill": bkill, "brequeue": brequeue, **OTHERS}[name](cluster, arguments)
        )
    except Refused as refused:
        print(refused, file=sys.stderr)
        sys.exit(FAILED)
    except Down:
        print("Failed in an LSF library call: LIM is down; try later", file=sys.stderr)
        sys.exit(FAILED)


def user() -> str:
    """Who this is."""
    return pwd.getpwuid(os.getuid()).pw_name


def bsub(cluster: Cluster, arguments: Sequence[str]) -> int:
    """Submit a job."""
    request = parse(arguments, str(Path.cwd()), next(iter(cluster.settings.queues)))
    record = cluster.submit(request, dict(os.environ))
    print(f"Job <{record.number}> is submitted to queue <{request.queue}>.")
    return 0


def bjobs(cluster: Cluster, arguments: Sequence[str]) -> int:
    """Say what jobs have come to: `-a` also finished ones, `-J` those of a name, `-o` what of them, `-noheader`."""
    everything, header, wanted, fields, numbers = (
        False,
        True,
        "*",
        ["jobid", "stat", "queue", "exec_host", "job_name"],
        [],
    )
    words = iter(arguments)
    for word in words:
        if word == "-noheader":
            header = False
        elif word == "-o":
            fields = next(words, "").split()
        elif re.fullmatch("-a?J", word):  # -aJ is -a -J
            everything, wanted = everything or "a" in word, next(words, "")
        elif word == "-a":
            everything = True
        elif word.isdigit():
            numbers.append(int(word))
        else:
            raise Refused(f"bjobs {word}: not known to this stand-in for LSF")
    if unknown := [name for name in fields if name not in FIELDS]:
        raise Refused(f"bjobs -o: {unknown[0]} is not known to this stand-in for LSF")
    return _list(cluster, header, fields, _found(cluster, everything, wanted, numbers), wanted, numbers)


def _found(cluster: Cluster, everything: bool, wanted: str, numbers: Sequence[int]) -> list[Record]:
    if numbers:
        return [record for record in map(cluster.record, numbers) if record]
    named = [record for record in cluster.records() if fnmatchcase(record.request.name, wanted)]
    return [record for record in named if everything or record.status not in FINISHED]


def _list(
    cluster: Cluster, header: bool, fields: Sequence[str], found: Sequence[Record], wanted: str, numbers: Sequence[int]
) -> int:
    if found and header:
        print(*(name.upper() for name in fields))
    for record in found:
        print(*(FIELDS[name](record) for name in fields))
    missing = [number for number in numbers if not cluster.record(number)]
    for number in missing:
        print(f"Job <{number}> is not found", file=sys.stderr)
    if not found and not numbers:
        print("No unfinished job found" if wanted == "*" else f"Job <{wanted}> is not found", file=sys.stderr)
    return FAILED if missing else 0


def bkill(cluster: Cluster, arguments: Sequence[str]) -> int:
    """Kill jobs: SIGINT, then SIGTERM, then SIGKILL."""
    return _order(cluster, "bkill", arguments, "is being terminated")


def brequeue(cluster: Cluster, arguments: Sequence[str]) -> int:
    """Kill running jobs, and put them back into the queue under their numbers."""
    return _order(cluster, "brequeue", arguments, "is being requeued")


def _order(cluster: Cluster, verb: str, arguments: Sequence[str], answer: str) -> int:
    status = 0
    for word in arguments:
        if not word.isdigit():
            raise Refused(f"{word}: Illegal job ID.")
        record = cluster.record(int(word))
        refused = (
            "No matching job found"
            if record is None
            else "Job has already finished"
            if record.status in FINISHED
            else "Job has not started yet"
            if verb == "brequeue" and record.status == "PEND"
            else None
        )
        if refused:
            print(f"Job <{word}>: {refused}", file=sys.stderr)
            status = FAILED
        else:
            cluster.order(int(word), verb)
            print(f"Job <{word}> {answer}")
    return status


def bhist(cluster: Cluster, arguments: Sequence[str]) -> int:
    """What was submitted, and in which project: all that the plugin asks it for."""
    records = cluster.records()
    for record in records:
        told = f"Job Name <{record.request.name}>, User <{user()}>, Project <{record.request.project}>"
        print(f"Job <{record.number}>, {told}, Command <{record.request.command}>")
    if not records:
        print("No matching job found", file=sys.stderr)
    return 0 if records else FAILED


def badmin(cluster: Cluster, arguments: Sequence[str]) -> int:
    """`badmin showconf mbd`: where the cluster's files are, and in what unit memory is counted."""
    print(f"MBD configuration at {time.ctime()}")
    told = {
        "LSB_SHAREDIR": cluster.folder / "work",
        "LSF_CONFDIR": cluster.folder / "conf",
        "LSF_UNIT_FOR_LIMITS": "MB",
    }
    for name, value in told.items():
        print(f"\t{name} = {value}")
    return 0


def lsclusters(cluster: Cluster, arguments: Sequence[str]) -> int:
    """The cluster's name."""
    print("CLUSTER_NAME   STATUS   MASTER_HOST               ADMIN    HOSTS  SERVERS")
    print(f"{NAME}            ok       {socket.gethostname()}    {user()}        1        1")
    return 0


OTHERS: dict[str, Callable[[Cluster, Sequence[str]], int]] = {
    "bhist": bhist,
    "badmin": badmin,
    "lsclusters": lsclusters,
}
