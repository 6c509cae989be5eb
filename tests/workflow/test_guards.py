"""What is deleted when a run ends: what nobody needs any more, and nothing else."""

from pathlib import Path

import pytest
from tiny import RESULTS, SAME, Project

from lth.running.scratch_folder import MARKER

pytestmark = pytest.mark.workflow

ARM = "evaluations/transfer/dense/seed0"
OTHER = "evaluations/transfer/dense/seed1"


def state(scratch: Path, job: str, killed: bool = True) -> Path:
    """The state that a killed training has left; begun anew, since it is none of that job."""
    folder = scratch / job
    folder.mkdir(parents=True)
    for name in ("lock", "training1.safetensors", *(["owner.json"] if killed else [])):
        (folder / name).write_text("{}")
    return folder / "training1.safetensors"


def test_results_survive_scratch_among_them(project: Project) -> None:
    """Refused before the run, with file and key; and where an own folder of the study's name holds something else."""
    control = "controls/digits-reinitialised/seed0/round02/ticket.safetensors"
    (project.results / control).unlink()
    before = project.files(*SAME)
    outcome = project.run(str(RESULTS / control), "--config", "compute={scratch: results}")
    assert outcome.status == 1
    assert "--config compute.scratch: 'results' is the folder of the results" in outcome.text
    notes = project.folder.parent / "home/tiny/notes.txt"
    notes.parent.mkdir(parents=True)
    notes.touch()
    outcome = project.run(str(RESULTS / control), "--config", f"compute={{scratch: {notes.parents[1]}}}")
    assert outcome.status == 1, outcome.text
    assert f"{notes.parent}: holds notes.txt, which is no state of a training; change `compute.scratch`" in outcome.text
    assert "Traceback" not in outcome.text
    assert notes.is_file()
    assert project.files(*SAME) == before


def test_rounds_that_no_cluster_runs_as_one_leave_no_states(project: Project) -> None:
    """`rounds_per_job` is for clusters alone, where Snakemake takes away what is made before a job fails."""
    project.edit("study.yaml", "\nseeds:", "\ncompute: {rounds_per_job: 2}\nseeds:")
    names = [f"tickets/letters/seed0/round{number:02d}/history.csv" for number in (1, 2)]
    for name in names:
        (project.results / name).unlink()
    outcome = project.run(*(str(RESULTS / name) for name in names))
    assert outcome.status == 0, outcome.text
    assert all((project.results / name).is_file() for name in names)
    assert not [*project.results.glob("scratch/**/training*.safetensors")]


def test_states_stay_until_the_whole_study_is_done(project: Project) -> None:
    """Not only until some other file is made; then they go, and what lies beside them stays. What is left by a kill at
    the very end goes when the study is asked for again and there is nothing to do."""
    scratch = project.results / "scratch"
    (project.results / ARM / "history.csv").unlink()
    kept, notes = state(scratch, ARM), scratch / "tickets/notes.txt"
    control = RESULTS / "controls/digits-reinitialised/seed0/round02/ticket.safetensors"
    (project.folder / control).unlink()
    assert project.run(str(control)).status == 0
    assert kept.is_file()
    assert (scratch / MARKER).is_file()
    notes.parent.mkdir()
    notes.touch()
    done = project.run(str(RESULTS / ARM / "history.csv"))
    assert done.status == 0, done.text
    assert (
        f"not deleted, because no finished job of this study wrote them: {RESULTS}/scratch/tickets/notes.txt"
        in done.text
    )
    assert {path for path in scratch.rglob("*") if path.is_file()} == {notes, scratch / MARKER}
    notes.unlink()
    state(scratch, OTHER, killed=False)
    dry = project.run("-n")
    assert dry.status == 0, dry.text
    assert (scratch / OTHER).is_dir()
    nothing = project.run()
    assert nothing.status == 0, nothing.text
    assert "Nothing to be done" in nothing.text
    assert not scratch.exists()
    assert not (project.results / ".running/owner.json").exists()  # which `lth status` would take for a run
