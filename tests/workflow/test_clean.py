"""`lth clean`: what nothing needs goes, after asking; what a study has, or ever listed in its manifest, stays."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import warm
from filelock import FileLock
from tiny import RESULTS, SAME, Outcome, Project, environment

from lth.cli import main
from lth.running.scratch_folder import MARKER

pytestmark = pytest.mark.workflow

TICKET = "tickets/digits/seed0/round00"


def clean(project: Project, *arguments: str, typed: str | None = None) -> Outcome:
    """`lth clean` in a process of its own, since it holds the study's lock until it ends."""
    done = subprocess.run(
        [warm.python(), "-m", "lth", "clean", "study.yaml", *arguments],
        cwd=project.folder,
        env=environment(),
        input=typed or "",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Outcome(done.returncode, done.stdout)


def litter(project: Project) -> tuple[list[Path], list[Path]]:
    """Files that may go, and files of somebody else that lie beside them and may not."""
    results, scratch = project.results, project.results / "scratch"
    shutil.copytree(results / "tickets/digits", results / "tickets/old")
    shutil.copytree(results / "evaluations/transfer", results / "evaluations/old")
    marker = {"study": "tiny", "results": str(results.resolve())}
    gone = [
        *(path for path in (results / "tickets/old").rglob("*") if path.is_file()),
        *(path for path in (results / "evaluations/old").rglob("*") if path.is_file()),
        results / TICKET / "trained.safetensors",
        results / TICKET / ".ticket.safetensors.123.part",
        results / "logs/tickets/old/seed0/round00.log",
        scratch / TICKET / "lock",
        scratch / TICKET / "training1.safetensors",
        scratch / "tickets/old/seed0/round00/training1.safetensors",
    ]
    killed = scratch / "evaluations/transfer/dense/seed0"
    kept = [
        results / "tickets/old/notes.txt",
        results / "notes.csv",
        results / "logs/mine.txt",
        *(killed / name for name in ("owner.json", "training1.safetensors")),
    ]
    for path in (*gone, *kept, scratch / MARKER):
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_text(json.dumps(marker) if path.name == MARKER else "{}")
    return gone, kept


def test_only_what_nothing_needs_goes(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert "there is nothing to clear" in clean(project).text
    before = project.files(*SAME)
    gone, kept = litter(project)
    asked = clean(project, typed="y\n")
    assert (asked.status, asked.text.splitlines()[-1]) == (
        0,
        "nothing was deleted: there is no terminal to ask on; see --yes",
    )
    assert "trained weights that no missing job needs: 1 files" in asked.text
    assert all(path.exists() for path in (*gone, *kept))
    done = clean(project, "--yes")
    assert done.status == 0, done.text
    assert done.text.splitlines()[-1] == f"deleted {len(gone)} files"
    assert [path for path in gone if path.exists()] == []
    assert [path for path in kept if not path.exists()] == []
    assert not (project.results / "evaluations/old").exists()
    for path in kept[:2]:
        path.unlink()
    (project.results / "tickets/old").rmdir()
    assert project.files(*SAME) == before
    assert main(["verify", str(project.results)]) == 0, capsys.readouterr()
    assert project.planned() == {}


def test_weights_that_a_killed_round_will_read_again_stay(project: Project) -> None:
    """Its files are there, but Snakemake knows them for incomplete and makes the round again."""
    gone, _ = litter(project)
    weights, reader = project.results / TICKET / "trained.safetensors", TICKET.replace("round00", "round01")
    note = project.results / "scratch" / reader / "owner.json"
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text("{}")
    done = clean(project, "--yes")
    assert done.status == 0, done.text
    assert weights in gone
    assert weights.exists()
    note.unlink()
    assert clean(project, "--yes").status == 0
    assert not weights.exists()


def test_what_the_last_run_or_the_manifest_has_stays(project: Project) -> None:
    before = project.files(*SAME)
    project.edit("study.yaml", "seeds: [0, 1]", "seeds: [0]")
    for note in (True, False):
        if not note:
            (project.results / ".running/study.json").unlink()
        done = clean(project, "--yes")
        assert done.status == 0, done.text
        assert "in its last run or its manifest; they stay until it has run again" in done.text
        assert ("there is nothing to clear" in done.text) == note  # without it, logs of seed 1 are nobody's
    assert project.files(*SAME) == before
    (project.results / "manifest.json").write_text("{")
    damaged = clean(project, "--yes")
    assert damaged.status == 1
    assert "manifest.json: damaged, so that nothing is deleted" in damaged.text
    (project.results / "manifest.json").unlink()
    done = clean(project, "--yes")
    assert done.status == 0, done.text
    assert not [path for path in project.files(*SAME) if "/seed1/" in path]
    assert {path for path in before if "/seed0/" in path} <= {*project.files(*SAME)}


def test_the_state_of_a_training_of_the_last_run_stays(project: Project) -> None:
    """It was stopped, and the study file has another seed since."""
    job, scratch = "evaluations/transfer/dense/seed1", project.results / "scratch"
    (project.results / job / "history.csv").unlink()
    state = scratch / job / "training1.safetensors"
    state.parent.mkdir(parents=True)
    for path in (state, state.with_name("lock")):
        path.write_text("{}")
    marker = {"study": "tiny", "results": str(project.results.resolve())}
    (scratch / MARKER).write_text(json.dumps(marker))
    project.edit("study.yaml", "seeds: [0, 1]", "seeds: [0]")
    done = clean(project, "--yes")
    assert done.status == 0, done.text
    assert state.exists()
    (project.results / ".running/study.json").unlink()
    assert clean(project, "--yes").status == 0
    assert not state.exists()


def test_nothing_is_deleted_where_the_last_run_cannot_be_read(project: Project) -> None:
    """A newer version may have keys that this one does not know."""
    before = project.files(*SAME)
    (project.results / "manifest.json").unlink()
    note = project.results / ".running/study.json"
    note.write_text(note.read_text().replace('"seeds"', '"of_a_newer_version": 1, "seeds"', 1))
    project.edit("study.yaml", "seeds: [0, 1]", "seeds: [0]")
    done = clean(project, "--yes")
    assert done.status == 1
    assert f"{note.relative_to(project.folder)}: cannot be read, so that nothing is deleted" in done.text
    assert {*before} - {f for f in before if f.endswith("manifest.json")} <= {*project.files(*SAME)}


def test_a_study_that_runs_or_has_not_run_is_left_alone(project: Project, tmp_path: Path) -> None:
    litter(project)
    with FileLock(project.results / ".running/lock"):
        done = clean(project, "--yes")
    assert done.status == 1
    assert "is running this study; wait until it ends, or end it" in done.text
    shutil.rmtree(project.folder / "results")
    done = clean(project, "--yes")
    assert done.status == 1
    assert done.text == f"{RESULTS}: no such folder, so there is nothing to clear; run this where results/ is\n"
    assert not (project.folder / "results").exists()
