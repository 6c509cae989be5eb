"""A study's scratch folder is cleared of what the workflow made, and of nothing else."""

import json
from pathlib import Path

import pytest
from filelock import FileLock

from lth.errors import UserError
from lth.running.scratch_folder import MADE, MARKER, REPOSITORY, abandoned, claim, clear

ROUND, ARM = "tickets/imp/seed0/round01", "evaluations/home/dense/seed0"
STATES = ("lock", "training1.safetensors", "training12.safetensors", ".training1.safetensors.7.part")


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """The results of a study of which a round and an arm have finished."""
    results = tmp_path / "results/demo"
    for job in (ROUND, ARM):
        write(results / job, *MADE[job.partition("/")[0]])
    return results


@pytest.fixture
def scratch(tmp_path: Path, results: Path) -> Path:
    """Its scratch folder, somewhere else, with all that jobs leave in one."""
    folder = tmp_path / "home/demo"
    claim(folder, "demo", results)
    for job in (ROUND, ARM):
        write(folder / job, *STATES)
    return folder


def write(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text("x")


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def test_what_the_workflow_made_goes(scratch: Path, results: Path, tmp_path: Path) -> None:
    before = files(results)
    (scratch / f".{MARKER}.12.part").touch()
    assert clear(scratch, results) == []
    assert not scratch.exists()
    assert (tmp_path / "home").is_dir()
    assert files(results) == before
    assert clear(scratch, results) == []  # nothing there any more


def test_states_of_a_killed_job_stay_whose_outputs_were_written(scratch: Path, results: Path) -> None:
    """It is run again, since Snakemake has not heard of its end; seen with `tests.faults --only kills:4`."""
    write(scratch / ROUND, "owner.json")
    left = clear(scratch, results)
    assert {path.name for path in left} == {*STATES, "owner.json"}
    assert {path.parent for path in left} == {scratch / ROUND}


def test_what_is_not_ours_stays(scratch: Path, results: Path) -> None:
    """Files of other names or in other places; the folders that they are in; all the rest goes."""
    theirs = ["notes.txt", "owner.json", "thesis/lock", f"{ROUND}/training.safetensors", f"{ARM}/extra/figure.svg"]
    for name in theirs:
        write((scratch / name).parent, Path(name).name)
    assert clear(scratch, results) == sorted(scratch / name for name in theirs)
    assert files(scratch) == {MARKER, *theirs}


def test_what_belongs_to_another_study_stays(scratch: Path, tmp_path: Path) -> None:
    """Of another project that has a study of this name, and the same `compute.scratch`."""
    other = tmp_path / "other/results/demo"
    for job in (ROUND, ARM):
        write(other / job, *MADE[job.partition("/")[0]])
    before = files(scratch)
    assert clear(scratch, other) == [scratch]
    assert abandoned(scratch, other, set()) == []
    assert files(scratch) == before
    with pytest.raises(UserError, match="belongs to study 'demo' in "):
        claim(scratch, "demo", other)


def test_nothing_is_deleted_through_a_link(scratch: Path, results: Path, tmp_path: Path) -> None:
    """To a folder, to a file, and in the place of the scratch folder or of its marker."""
    other = tmp_path / "other"
    write(other, *STATES)
    links = [scratch / "tickets/linked", scratch / ARM / "training3.safetensors", scratch / "away"]
    for link, target in zip(links, (other, other / "lock", results), strict=True):
        link.symlink_to(target)
    before = files(results)
    assert clear(scratch, results) == sorted(links)
    assert files(other) == {*STATES}
    assert files(results) == before
    moved = scratch.rename(tmp_path / "moved")
    scratch.symlink_to(moved)
    assert clear(scratch, results) == [scratch]
    assert moved.is_dir()
    with pytest.raises(UserError, match=f"^{scratch}: is a link"):
        claim(scratch, "demo", results)


def test_without_the_marker_nothing_is_deleted(scratch: Path, results: Path, tmp_path: Path) -> None:
    (scratch / MARKER).rename(tmp_path / "marker")
    before = files(scratch)
    assert clear(scratch, results) == [scratch]
    (scratch / MARKER).symlink_to(tmp_path / "marker")
    assert clear(scratch, results) == [scratch]
    assert files(scratch) == before | {MARKER}


def test_states_of_unfinished_jobs_and_of_jobs_at_work_stay(scratch: Path, results: Path) -> None:
    (results / ARM / "history.csv").unlink()
    with FileLock(scratch / ROUND / "lock"):
        left = clear(scratch, results)
    assert left == sorted(scratch / job / name for job in (ROUND, ARM) for name in STATES)
    assert all(path.is_file() for path in left)


def test_a_folder_of_other_files_is_not_claimed(tmp_path: Path, results: Path) -> None:
    """One that only holds states, as other versions left it, is; and one that moved with its results."""
    write(tmp_path / "home/demo/thesis", "chapter1.tex")
    with pytest.raises(UserError, match=r"home/demo: holds chapter1.tex, which is no state of a training; change"):
        claim(tmp_path / "home/demo", "demo", results)
    assert not (tmp_path / "home/demo" / MARKER).exists()
    write(results / "scratch" / ROUND, *STATES)
    claim(results / "scratch", "demo", results)
    moved = results.rename(tmp_path / "results/moved")
    claim(moved / "scratch", "demo", moved)
    assert json.loads((moved / "scratch" / MARKER).read_text()) == {"study": "demo", "results": str(moved)}


def test_a_folder_of_another_study_is_not_claimed(scratch: Path, tmp_path: Path) -> None:
    """Two checkouts with studies of one name would take each other's states for their own."""
    before = (scratch / MARKER).read_text()
    words = rf"^{scratch}: belongs to study 'demo' in {tmp_path}/results/demo; change `compute.scratch`, or delete "
    with pytest.raises(UserError, match=words):
        claim(scratch, "demo", tmp_path / "elsewhere/results/demo")
    assert (scratch / MARKER).read_text() == before


@pytest.mark.parametrize("folder", ["/dev/null/demo", "/proc/demo"])
def test_a_folder_that_cannot_be_made_is_a_sentence(folder: str, results: Path) -> None:
    with pytest.raises(UserError, match=rf"^{folder}: cannot be made: .*; change `compute.scratch`$"):
        claim(Path(folder), "demo", results)


def test_the_project_that_scratch_may_not_lie_in_is_the_whole_checkout() -> None:
    assert Path(__file__).parents[2] == REPOSITORY
