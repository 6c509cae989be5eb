"""What goes wrong ends in one clear sentence and an exit code, leaves nothing half done, and stops nothing else."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from tiny import RESULTS, STUDY, Outcome, Project, checksum, environment, rounds

from lth.checks.read import load_study
from lth.errors import UserError
from lth.methods.controls import make_control
from lth.plan.plan import Arm, Plan
from lth.running.jobs import Job

pytestmark = pytest.mark.workflow


def log(project: Project, name: str) -> str:
    """A job's log; empty before it begins."""
    path = project.results / "logs" / f"{name}.log"
    return path.read_text() if path.exists() else ""


def assert_sentence(outcome: Outcome, project: Project, job: str, *words: str) -> None:
    """A job failed with a sentence of these words, as the last line of its log and on the terminal; no traceback."""
    assert outcome.status == 1, outcome.text
    sentence = log(project, job).splitlines()[-1]
    for word in words:
        assert word in sentence
    assert sentence in outcome.text
    assert "Traceback" not in outcome.text, outcome.text


def leftovers(project: Project) -> list[Path]:
    """Temporary files of writes that did not end."""
    return [*project.results.rglob("*.part")]


FAULTY = """\
study: tiny
seeds: [0]
data_root: empty
datasets:
  digits: {source: digits, train: 200, validation: 60, test: 60}
  mnist: {source: mnist, train: 200, validation: 60, test: 60}
networks:
  lenet: {architecture: lenet5_classic}
recipes:
  sound: {optimiser: {name: adam, learning_rate: 2e-3}, batch_size: 50, epochs: 1}
  wild: {optimiser: {name: sgd, learning_rate: 100, momentum: 0.9}, batch_size: 10, epochs: 3}
tickets:
  good: {network: lenet, recipe: sound, dataset: digits, rounds: 1, rate: 0.5}
  diverging: {network: lenet, recipe: wild, dataset: digits, rounds: 1, rate: 0.5}
  without: {network: lenet, recipe: sound, dataset: mnist, rounds: 1, rate: 0.5}
"""


def test_missing_data_and_diverging_training_stop_only_what_needs_them(tmp_path: Path) -> None:
    """A data set that is neither there nor to be downloaded, and a loss that is no number; the sound ticket goes on."""
    project = Project.new(tmp_path / "project", FAULTY)
    outcome = project.run()
    assert_sentence(outcome, project, "data/mnist", "MNIST", "download failed", "data_root", "LTH_DATA")
    assert_sentence(
        outcome, project, "tickets/diverging/seed0/round00", "training diverged", "lower optimiser.learning_rate"
    )
    done = {str(path.parent.relative_to(project.results)) for path in project.results.rglob("ticket.safetensors")}
    assert done == {"tickets/good/seed0/round00", "tickets/good/seed0/round01"}
    assert (project.results / "tickets/good/seed0/round01/trained.safetensors").is_file()
    assert leftovers(project) == []
    assert not (project.results / "data/mnist.safetensors").exists()
    failed = project.results / "tickets/diverging/seed0/round00"
    assert not failed.exists() or not [*failed.iterdir()]


def test_damaged_and_foreign_artifacts_stop_only_what_reads_them(project: Project) -> None:
    """A truncated ticket, another ticket in its place, and truncated images; meanwhile digits go on for a round."""
    longer = STUDY.replace("dataset: digits, rounds: 2", "dataset: digits, rounds: 3")
    project.study.write_text(longer.replace("dataset: letters, rounds: 2", "dataset: letters, rounds: 3"))
    tickets = project.results / "tickets"
    damaged, foreign = (tickets / f"letters/seed{seed}/round02/ticket.safetensors" for seed in (0, 1))
    damaged.write_bytes(damaged.read_bytes()[:-1000])
    shutil.copy(tickets / "digits/seed1/round02/ticket.safetensors", foreign)
    images = project.results / "data/textures.safetensors"
    images.write_bytes(images.read_bytes()[:5000])
    arm = project.results / "evaluations/transfer/dense/seed0/history.csv"
    targets = [RESULTS / f / "ticket.safetensors" for f in sorted(rounds("letters", [3]) | rounds("digits", [3]))]
    outcome = project.run(*map(str, targets), str(arm.relative_to(project.folder)))
    seed0, seed1 = "tickets/letters/seed0/round03", "tickets/letters/seed1/round03"
    repair = (
        "rm -f -- results/tiny/tickets/letters/seed0/round02/ticket.safetensors && snakemake --configfile study.yaml"
    )
    assert_sentence(outcome, project, seed0, "letters/seed0/round02/ticket.safetensors", "damaged", repair)
    assert_sentence(
        outcome,
        project,
        seed1,
        "its ticket is digits, where letters is needed",
        "letters/seed1/round02/ticket.safetensors",
    )
    assert_sentence(outcome, project, "evaluations/transfer/dense/seed0", "data/textures.safetensors", "damaged")
    for seed in (0, 1):
        assert (tickets / f"digits/seed{seed}/round03/ticket.safetensors").is_file()
        assert not (tickets / f"letters/seed{seed}/round03/ticket.safetensors").exists()
    assert not arm.exists()


@contextmanager
def snakemake_killed_in_training(project: Project, target: Path) -> Iterator[None]:
    """A long training whose Snakemake, and no other process, is killed in the middle."""
    project.study.write_text(STUDY.replace("batch_size: 50\n    epochs: 1", "batch_size: 50\n    epochs: 300"))
    begun = time.time()
    running = subprocess.Popen(
        project.command(str(target)),
        cwd=project.folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while not re.search(r"epoch [3-9]/300", log(project, "tickets/digits/seed0/round00")):
            assert running.poll() is None
            assert time.time() < begun + 120
            time.sleep(0.1)
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)


def test_a_run_killed_in_training_leaves_nothing_half_done_and_goes_on(project: Project, finished: Project) -> None:
    """The job of a Snakemake that was killed ends too: else it would go on training, and in the end write over what the
    next run has made. Then `--unlock` and the same command again, as the README says. (Jobs are killed in the attacks.)
    """
    target = RESULTS / "tickets/digits/seed0/round00/ticket.safetensors"
    with snakemake_killed_in_training(project, target):
        time.sleep(3)
        before = log(project, "tickets/digits/seed0/round00")
        time.sleep(2)
        assert log(project, "tickets/digits/seed0/round00") == before
        assert [*(project.folder / target).parent.iterdir()] == []
    project.study.write_text(STUDY)
    locked = project.run(str(target))
    assert locked.status != 0
    assert "--unlock" in locked.text
    assert project.run("--unlock").status == 0
    outcome = project.run(str(target))
    assert outcome.status == 0, outcome.text
    assert checksum(project.folder / target) == checksum(finished.folder / target)


def test_a_broken_study_is_told_everything_at_once(project: Project) -> None:
    """Before any job, with file, line and key, and with no traceback."""
    text = STUDY.replace("rate: 0.5", "rate: 1.5", 1).replace("matched_to", "matchd_to")
    text = text.replace("recipe: find_letters", "recipe: find_leters").replace("density: 0.25", "density: 0.3")
    project.study.write_text(text)
    for arguments in ([], ["-n"]):
        outcome = project.run(*arguments)
        assert outcome.status == 1
        for sentence in ("rate", "matchd_to", "did you mean 'matched_to'", "find_leters"):
            assert sentence in outcome.text
        assert re.search(r"study\.yaml:\d+ tickets\.digits\.rate: ", outcome.text)
        assert "Traceback" not in outcome.text


@pytest.mark.parametrize(
    ("ticket", "seed", "round_"),
    [("cross", 1, 2), ("digits", 0, 2), ("digits", 1, 1)],
    ids=["another ticket", "another seed", "another round"],
)
def test_a_control_is_made_of_the_ticket_that_it_is_told(
    finished: Project, tmp_path: Path, ticket: str, seed: int, round_: int
) -> None:
    """A file of the right network in the wrong place is refused: its provenance is not what the job was told."""
    spec = Plan(load_study(finished.study)).control_job(Arm("digits", "shuffled", 2), 1)
    right = finished.results / "tickets/digits/seed1/round02/ticket.safetensors"
    wrong = finished.results / f"tickets/{ticket}/seed{seed}/round{round_:02d}/ticket.safetensors"
    running = Job("control", lambda _: None)
    make_control(spec, right, tmp_path / "made.safetensors", running)
    with pytest.raises(UserError, match=r"ticket\.safetensors"):
        make_control(spec, wrong, tmp_path / "wrong.safetensors", running)
    assert not (tmp_path / "wrong.safetensors").exists()
