"""The stand-in for LSF takes what LSF takes, refuses what LSF refuses, and runs jobs as LSF runs them."""

import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from lsf.cluster import Cluster, Record, Settings
from lsf.daemon import free_devices, members, served
from lsf.requests import Refused, Request, parse

SENT = (
    "-J|Snakemake_rule_round:ticket=digits,seed=0,round=01___(7e0c)|-o|/logs/a.log|-e|/logs/a.log|-env|all|-P|science"
    "|-q|gpu|-W|15|-n|2|-R|rusage[mem=650.0]|-R|span[hosts=1]|-gpu|num=1:j_exclusive=yes|-wa|URG|-wt|2|-cwd|/there"
    "|python -m snakemake"
)
"""What the plugin makes of a job of a training rule, and a shell of that."""


def test_what_the_plugin_sends_is_understood() -> None:
    assert parse(SENT.split("|"), "/elsewhere", "normal") == Request(
        command="python -m snakemake",
        name="Snakemake_rule_round:ticket=digits,seed=0,round=01___(7e0c)",
        queue="gpu",
        folder="/there",
        output="/logs/a.log",
        errors="/logs/a.log",
        project="science",
        slots=2,
        minutes=15,
        warn_minutes=2,
        warning="SIGURG",
        memory=650.0,
        gpus=1,
        own_gpus=True,
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("", "Empty job"),
        ("-n 1", "Empty job"),
        ("-W 1.5 x", "1.5: Bad RUNLIMIT specification"),
        ("-W 1:30:00 x", "1:30:00: Bad RUNLIMIT specification"),
        ("-W 2h x", "2h: Bad RUNLIMIT specification"),
        ("-n 0 x", "The number of processors must be a positive integer"),
        ("-n two x", "Bad argument for option -n"),
        ("-n 4,2 x", "Bad argument for option -n"),
        ("-R rusage[mem=] x", "Bad resource requirement syntax"),
        ("-R rusage[mem=1GB x", "Bad resource requirement syntax"),
        ("-R rusage[memory=100] x", "Bad resource requirement syntax"),
        ("-R usage[mem=100] x", "Bad resource requirement syntax"),
        ("-R span[host=1] x", "Bad resource requirement syntax"),
        ("-gpu num=none x", "Bad GPU requirement syntax"),
        ("-gpu gpus=1 x", "Bad GPU requirement syntax"),
        ("-gpu num=0 x", "Bad GPU requirement syntax"),
        ("-wt soon x", "Bad time specification"),
        ("-wa URGENT x", "URGENT: Illegal signal value"),
        ("-z x", "-z: Illegal option"),
        ("--gpus=1 x", "--gpus=1: Illegal option"),
        ("-J name[1-5] x", "an array of jobs"),
        ("-app x y", "this stand-in for it does not"),
        ("-o " + 5000 * "o" + " x", "File name too long"),
    ],
)
def test_what_lsf_refuses_is_refused(arguments: str, words: str) -> None:
    with pytest.raises(Refused) as refused:
        parse(arguments.split(), "/there", "normal")
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("-W 90 x", {"minutes": 90}),
        ("-W 1:30 x", {"minutes": 90}),
        ("-W 90/host x", {"minutes": 90}),
        ("-n 2,4 x", {"slots": 2}),
        ("-R rusage[mem=100:tmp=5]span[ptile=2] x", {"memory": 100.0}),
        ("-gpu - x", {"gpus": 1, "own_gpus": False}),
        ("-gpu num=2:mode=exclusive_process x", {"gpus": 2, "own_gpus": True}),
        ("-wa SIGURG -wt 1:00 x", {"warning": "SIGURG", "warn_minutes": 60}),
        ("-Q 75 -r x", {"requeue": (75,)}),
        ("-cwd below x -n 4", {"folder": "/there/below", "command": "x -n 4", "slots": 1}),
    ],
)
def test_what_lsf_takes_is_taken(arguments: str, expected: dict[str, object]) -> None:
    request = parse(arguments.split(), "/there", "normal")
    assert {name: getattr(request, name) for name in expected} == expected


def test_gpus_are_given_as_they_are_asked_for() -> None:
    """For itself alone, a job gets a GPU that nobody has; others share with others, where fewest are."""

    def given(gpus: int, *asked: tuple[int, bool]) -> list[tuple[int, ...] | None]:
        there: list[Record] = []
        found: list[tuple[int, ...] | None] = []
        for number, (wanted, own) in enumerate(asked):
            request = Request(command="x", name="x", queue="gpu", folder="/", gpus=wanted, own_gpus=own)
            devices = free_devices(Settings(gpus=gpus), there, Record(number=number, request=request, submitted=0.0))
            there.append(Record(number=number, request=request, submitted=0.0, devices=devices or ()))
            found.append(devices)
        return found

    assert given(2, (1, True), (1, True), (1, True)) == [(0,), (1,), None]
    assert given(2, (1, False), (1, False), (1, False), (1, True)) == [(0,), (1,), (0,), None]
    assert given(2, (1, True), (1, False), (2, False), (0, False)) == [(0,), (1,), None, ()]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Two slots, 1000 MB, two GPUs."""
    settings = Settings(slots=2, memory=1000, gpus=2, queues={"normal": None, "short": 30}, terminate_seconds=0.5)
    with served(tmp_path / "cluster", settings) as made:
        yield made


def call(cluster: Cluster, *command: str) -> subprocess.CompletedProcess[str]:
    """Run one of the cluster's commands."""
    path = f"{cluster.bin}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "GREETING": "hello"}
    return subprocess.run(command, env=environment, cwd=cluster.folder, capture_output=True, text=True, check=False)


def submit(cluster: Cluster, *arguments: str) -> int:
    """The number of a new job, whose output goes to `<number>.log`."""
    done = call(cluster, "bsub", "-o", "%J.log", *arguments)
    assert done.returncode == 0, done.stderr
    number, queue = re.fullmatch(r"Job <(\d+)> is submitted to queue <(\w+)>\.\n", done.stdout).groups()  # type: ignore[union-attr]
    assert queue == ("short" if "short" in arguments else "normal")
    return int(number)


def wait(cluster: Cluster, number: int, *status: str, output: str = "") -> Record:
    """A job's record when it has come to one of these, and has written this."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        record, log = cluster.record(number), cluster.folder / f"{number}.log"
        assert record
        if record.status in status and (not output or (log.exists() and output in log.read_text())):
            return record
        time.sleep(0.02)
    raise AssertionError(f"job {number} is {record}")


LISTENS = "trap 'echo {signal}; exit 7' {signal}; echo ready; while :; do sleep 0.05; done"
"""A job that ends with 7 on a signal."""


def test_a_job_runs_with_its_environment_in_its_folder_and_ends_with_a_report(cluster: Cluster) -> None:
    (cluster.folder / "below").mkdir()
    script = "echo $GREETING $LSB_JOBID $LSB_QUEUE $CUDA_VISIBLE_DEVICES from $PWD; exit 3"
    number = submit(cluster, "-J", "a name", "-q", "short", "-W", "5", "-gpu", "num=2", "-cwd", "below", script)
    log = cluster.folder / "below" / f"{number}.log"
    record = wait(cluster, number, "EXIT")
    assert record.exit_code == 3
    assert log.read_text().startswith(f"hello {number} short 0,1 from {cluster.folder}/below\n")
    assert "Exited with exit code 3." in log.read_text()
    wait(cluster, submit(cluster, "true"), "DONE", output="Successfully completed.")


def test_jobs_wait_for_slots_memory_and_gpus(cluster: Cluster) -> None:
    first = submit(
        cluster, "-R", "rusage[mem=600.0]", "-R", "span[hosts=1]", "-gpu", "num=1:j_exclusive=yes", "sleep 60"
    )
    wait(cluster, first, "RUN")
    large = submit(cluster, "-R", "rusage[mem=600]", "true")
    both = submit(cluster, "-gpu", "num=2", "true")
    two = submit(cluster, "-n", "2", "true")
    wait(
        cluster, submit(cluster, "-R", "rusage[mem=400]", "-gpu", "num=1", "true"), "DONE"
    )  # there is room for this one
    assert [wait(cluster, number, "PEND").starts for number in (large, both, two)] == [0, 0, 0]
    call(cluster, "bkill", str(first))
    for number in (large, both, two):
        wait(cluster, number, "DONE")


def test_a_job_is_warned_and_ended_at_its_limit(cluster: Cluster) -> None:
    """First the warning; at the limit SIGUSR2, which ends what does not listen; ten minutes later the rest."""
    warned = submit(cluster, "-W", "15", "-wa", "URG", "-wt", "2", LISTENS.format(signal="URG"))
    deaf = submit(
        cluster, "-W", "15", "-wa", "URG", "-wt", "2", "trap '' URG USR2 INT; echo ready; while :; do sleep 0.05; done"
    )
    for number in (warned, deaf):
        wait(cluster, number, "RUN", output="ready")
    cluster.skip(12.5)
    time.sleep(0.3)
    assert cluster.record(warned).sent == ()  # type: ignore[union-attr]
    cluster.skip(1)
    record = wait(cluster, warned, "EXIT", output="URG")
    assert (record.exit_code, record.sent, record.reason) == (7, ("SIGURG",), None)
    cluster.skip(2)
    time.sleep(0.3)
    assert wait(cluster, deaf, "RUN").sent == ("SIGURG", "SIGUSR2")
    cluster.skip(11)
    record = wait(cluster, deaf, "EXIT", output="TERM_RUNLIMIT: job killed after reaching LSF run time limit.")
    assert record.sent == ("SIGURG", "SIGUSR2", "SIGINT", "SIGTERM", "SIGKILL")
    plain = submit(cluster, "-W", "15", "echo ready; sleep 60 & wait")
    wait(cluster, plain, "RUN", output="ready")
    cluster.skip(16)
    record = wait(cluster, plain, "EXIT", output="Exited with exit code 140.")
    assert record.sent == ("SIGUSR2",)


def test_bkill_asks_first(cluster: Cluster) -> None:
    """SIGINT, then SIGTERM, then SIGKILL; all processes of the job; and who waits is killed at once."""
    polite = submit(cluster, LISTENS.format(signal="TERM").replace("; echo ready", "; trap '' INT; echo ready"))
    deaf = submit(cluster, "trap '' INT TERM; echo ready; (while :; do sleep 0.05; done)")
    waiting = submit(cluster, "echo started")
    for number in (polite, deaf):
        wait(cluster, number, "RUN", output="ready")
    group = wait(cluster, deaf, "RUN").process
    done = call(cluster, "bkill", str(polite), str(deaf), str(waiting))
    assert done.stdout == "".join(f"Job <{number}> is being terminated\n" for number in (polite, deaf, waiting))
    assert wait(cluster, waiting, "EXIT").starts == 0
    assert wait(cluster, polite, "EXIT", output="TERM_OWNER: job killed by owner.").sent == ("SIGINT", "SIGTERM")
    record = wait(cluster, deaf, "EXIT")
    assert (record.sent, record.exit_code) == (("SIGINT", "SIGTERM", "SIGKILL"), 137)
    assert members(group or 0) == []
    again = call(cluster, "bkill", str(polite), "99")
    assert again.returncode == 255
    assert again.stderr == f"Job <{polite}>: Job has already finished\nJob <99>: No matching job found\n"


def test_a_job_goes_back_into_the_queue(cluster: Cluster) -> None:
    """Told so by `brequeue`, or by its exit code; under its number."""
    told = submit(cluster, "test -f there || { touch there; echo ready; sleep 60; }")
    wait(cluster, told, "RUN", output="ready")
    assert call(cluster, "brequeue", str(told)).stdout == f"Job <{told}> is being requeued\n"
    assert wait(cluster, told, "DONE").starts == 2
    coded = submit(cluster, "-Q", "75 76", "test -f then || { touch then; exit 75; }")
    assert wait(cluster, coded, "DONE").starts == 2


def test_a_process_killed_from_outside(cluster: Cluster) -> None:
    number = submit(cluster, "kill -KILL $$")
    assert wait(cluster, number, "EXIT", output="TERM_EXTERNAL_SIGNAL").exit_code == 137


def test_bjobs_answers_in_its_own_format(cluster: Cluster) -> None:
    running = submit(cluster, "-J", "Snakemake_a___(uuid-1)", "sleep 60")
    done = submit(cluster, "-J", "Snakemake_b___(uuid-1)", "true")
    other = submit(cluster, "-J", "Snakemake_b___(uuid-2)", "false")
    wait(cluster, running, "RUN")
    wait(cluster, done, "DONE")
    wait(cluster, other, "EXIT")
    asked = ("bjobs", "-noheader", "-o", "jobid stat")
    assert call(cluster, *asked, "-aJ", "*uuid-1*").stdout == f"{running} RUN\n{done} DONE\n"
    assert call(cluster, *asked, "-J", "*uuid-1*").stdout == f"{running} RUN\n"
    assert call(cluster, "bjobs", "-a", "-o", "jobid exit_code", str(other)).stdout == f"JOBID EXIT_CODE\n{other} 1\n"
    nothing = call(cluster, *asked, "-aJ", "*uuid-3*")
    assert (nothing.stdout, nothing.stderr, nothing.returncode) == ("", "Job <*uuid-3*> is not found\n", 0)
    assert call(cluster, "bjobs", "99").returncode == 255


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("-q nowhere true", "nowhere: No such queue. Job not submitted."),
        ("-q short -W 31 true", "RUNLIMIT: Cannot exceed queue's hard limit(s). Job not submitted."),
        ("-n 3 true", "Too many processors requested. Job not submitted."),
        ("-R rusage[mem] true", "Bad resource requirement syntax. Job not submitted."),
    ],
)
def test_what_the_cluster_refuses_is_no_job(cluster: Cluster, arguments: str, words: str) -> None:
    done = call(cluster, "bsub", *arguments.split())
    assert (done.returncode, done.stdout, done.stderr) == (255, "", f"{words}\n")
    assert cluster.records() == []


def test_nobody_answers_while_the_cluster_is_down_and_jobs_run_on(cluster: Cluster) -> None:
    number = submit(cluster, "sleep 0.5")
    wait(cluster, number, "RUN")
    cluster.down.touch()
    for command in ("bsub true", "bjobs", f"bkill {number}"):
        done = call(cluster, *command.split())
        assert (done.returncode, done.stdout) == (255, "")
    wait(cluster, number, "DONE")
    cluster.down.unlink()
    wait(cluster, submit(cluster, "true"), "DONE")


def test_no_job_outlives_the_cluster(tmp_path: Path) -> None:
    with served(tmp_path / "cluster", Settings()) as cluster:
        number = submit(cluster, "trap '' INT TERM; echo ready; sleep 60")
        group = wait(cluster, number, "RUN", output="ready").process
        assert group
        assert members(group)
    assert members(group) == []
