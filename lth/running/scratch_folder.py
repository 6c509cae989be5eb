"""A study's scratch folder: what of it is ours, and how it is cleared. Imports no torch.

`compute.scratch` may name any folder, so nothing is deleted because of where it lies: only where `claim` has left its
marker, only files with names that jobs give, and nothing through links.
"""

import json
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from lth.config.base import Fault
from lth.config.study import Study
from lth.data.root import data_root
from lth.errors import UserError
from lth.files import write_text
from lth.plan.paths import ARM_FILES, ROUND_TABLES

REPOSITORY = Path(__file__).parents[2]
MARKER = "lth-scratch.json"
"""Says whose states these are: the study, and the path of its results."""
LOCK, OWNER = "lock", "owner.json"
STATES = "training*.safetensors"
"""Names of files in the folder of a job, which is also its folder below `results/<study>`."""
OURS = re.compile(r"lock|owner\.json|training\d+\.safetensors|\.(owner\.json|training\d+\.safetensors)\.\d+\.part")
MARKERS = re.compile(rf"{MARKER}|\.{MARKER}\.\d+\.part")
MADE = {
    "tickets": ("ticket.safetensors", *(f"{name}.csv" for name in ROUND_TABLES)),
    "evaluations": ARM_FILES,
}
"""What is there for good when a job has finished, by the first part of its folder."""


def claim(folder: Path, study: str, results: Path) -> None:
    """Make a study's scratch folder, and mark it as ours.

    A folder without the marker is taken over if it holds nothing but states and locks. One that moved along with the
    results that it lies in stays theirs.

    Args:
        folder: `<compute.scratch>/<study>`, or `results/<study>/scratch`.
        study: its name.
        results: `results/<study>`.

    Raises:
        UserError: it is a link, holds other files, belongs to another study, or cannot be made.
    """
    try:
        _claim(folder, study, results)
    except OSError as error:
        raise UserError(f"{folder}: cannot be made: {error.strerror}; change `compute.scratch`") from None


def _claim(folder: Path, study: str, results: Path) -> None:
    marker, ours = folder / MARKER, {"study": study, "results": str(results.resolve())}
    if folder.is_symlink():
        raise UserError(f"{folder}: is a link; states are kept in a folder, which `compute.scratch` may name")
    found = _marked(folder)
    if found is None and (other := next(_not_ours(folder), None)):
        raise UserError(f"{folder}: holds {other.name}, which is no state of a training; change `compute.scratch`")
    if found is not None and not _belongs(found, folder, study, results):
        raise UserError(
            f"{folder}: belongs to study '{found.get('study')}' in {found.get('results')}; change `compute.scratch`, "
            f"or delete {marker} if that study was moved here"
        )
    folder.mkdir(parents=True, exist_ok=True)
    if found != ours:
        with suppress(UserError):  # a full disk: jobs say so themselves, and the next run marks it
            write_text(marker, json.dumps(ours))


def clear(folder: Path, results: Path) -> list[Path]:
    """Delete the locks of finished jobs and whatever states they left, and then all folders that are empty.

    Args:
        folder: as for `claim`; without its marker, or with that of another study, nothing is deleted.
        results: `results/<study>`, where a job's files are there once it has finished.

    Returns:
        what stays: states and locks of jobs that have not finished or are at work, links, and all that is not ours.
    """
    if not os.path.lexists(folder):
        return []
    if not _is_of(folder, results):
        return [folder]
    left: list[Path] = []
    for place, folders, files in os.walk(folder, topdown=False):
        here = Path(place)
        left += [here / name for name in folders if (here / name).is_symlink()]
        if here != folder:
            left += _clear_job(here, folder, results, sorted(files))
    there = [*folder.iterdir()]
    others = [path for path in there if not MARKERS.fullmatch(path.name)]
    if not others:
        for path in there:
            path.unlink()
        folder.rmdir()
    return sorted({*left, *(path for path in others if not path.is_dir())})


def abandoned(folder: Path, results: Path, jobs: Collection[str]) -> list[Path]:
    """Locks and states that no job will go on from: of jobs that have finished, and of those that there are no longer.

    Args:
        folder: as for `claim`; without its marker, or with that of another study, nothing of it is ours.
        results: `results/<study>`.
        jobs: the folders of all jobs of the study, below its results.
    """
    if not _is_of(folder, results):
        return []
    found: list[Path] = []
    for place, _, names in os.walk(folder):
        here = Path(place)
        job = here.relative_to(folder)
        killed = (here / OWNER).exists()  # its outputs may be there all the same: see `_clear_job`
        if here != folder and (str(job) not in jobs or (_finished(job, results) and not killed)):
            found += [here / name for name in sorted(names) if _is_ours(here / name, folder)]
    return found


def discard(files: Iterable[Path]) -> list[Path]:
    """Delete locks and states, job by job; those that stay, since their job is at work."""
    jobs: dict[Path, list[Path]] = {}
    for path in files:
        jobs.setdefault(path.parent, []).append(path)
    return [path for job, paths in jobs.items() if not _deleted(paths, job / LOCK) for path in paths]


def _clear_job(here: Path, folder: Path, results: Path, files: list[str]) -> list[Path]:
    """Clear a folder inside of the scratch folder; what stays in it.

    A job that was killed has left its `owner.json`. Its outputs may be there all the same: Snakemake knows them for
    incomplete, runs the job again, and it goes on from its states.
    """
    ours = [here / name for name in files if _is_ours(here / name, folder)]
    left = [here / name for name in files if here / name not in ours]
    finished = _finished(here.relative_to(folder), results) and not (here / OWNER).exists()
    if ours and not (finished and _deleted(ours, here / LOCK)):
        return left + ours
    with suppress(OSError):
        here.rmdir()
    return left


def _deleted(files: list[Path], lock: Path) -> bool:
    """Delete a job's files, unless the job is at work: whoever waits for a lock that was deleted takes a new one."""
    held = FileLock(lock)
    try:
        held.acquire(timeout=0)
    except (Timeout, OSError, NotImplementedError):
        return False
    with held, suppress(OSError):
        for path in (*files, lock):
            path.unlink(missing_ok=True)
        return True
    return False


def _finished(job: Path, results: Path) -> bool:
    made = MADE.get(job.parts[0], ())
    return bool(made) and all((results / job / name).is_file() for name in made)


def _marked(folder: Path) -> dict[str, object] | None:
    """What the marker says; None if there is none."""
    marker = folder / MARKER
    if folder.is_symlink() or marker.is_symlink() or not marker.is_file():
        return None
    try:
        told = json.loads(marker.read_text())
    except (OSError, ValueError):
        return None
    return told if isinstance(told, dict) and {"study", "results"} <= told.keys() else None


def _is_of(folder: Path, results: Path) -> bool:
    """Whether a folder has the marker of the study of these results."""
    marked = _marked(folder)
    return marked is not None and _belongs(marked, folder, results.name, results)


def _belongs(marked: Mapping[str, object], folder: Path, study: str, results: Path) -> bool:
    """Whether a marker is that of a study: of these results, or of what was moved along with the folder inside."""
    within = folder.resolve().is_relative_to(results.resolve())
    return marked["study"] == study and (within or marked["results"] == str(results.resolve()))


def _not_ours(folder: Path) -> Iterator[Path]:
    """All that is neither a folder nor a file that a job makes."""
    for place, folders, files in os.walk(folder):
        here = Path(place)
        yield from (here / name for name in sorted(folders) if (here / name).is_symlink())
        marks = {name for name in files if here == folder and MARKERS.fullmatch(name)}
        yield from (here / name for name in sorted({*files} - marks) if not _is_ours(here / name, folder))


def _is_ours(path: Path, folder: Path) -> bool:
    """Whether a file has a name, and lies in a place, that jobs give; a link is never ours."""
    first, *more = path.relative_to(folder).parts
    return bool(more) and first in MADE and OURS.fullmatch(path.name) is not None and not path.is_symlink()


def misplaced(study: Study) -> Iterator[Fault]:
    """Whether the folder of scratch, or the study's own in it, is, contains or lies in a folder of something else.

    Links are followed on both sides. Without the key, scratch is a folder of its own in the study's results.
    """
    if not study.compute.scratch:
        return
    own = study.compute.scratch_of(study.study)
    for path in dict.fromkeys(_resolved(own.parent) + _resolved(own)):
        for what, folder in _kept(study):
            relation = _relation(path, folder)
            if relation:
                yield (
                    ("compute", "scratch"),
                    f"'{study.compute.scratch}' {relation} {what} ({folder}); states of trainings are deleted, so name "
                    "a folder apart from results, data and this project, or leave the key out",
                )
                return


def _kept(study: Study) -> Iterator[tuple[str, Path]]:
    """Folders of what is to stay, with links followed."""
    kept = {"the results": Path("results"), "the study's results": Path("results", study.study)}
    with suppress(UserError):  # LTH_DATA names a user who does not exist: reading the data says so
        kept["the data"] = data_root(study.data_root)
    kept["this project"] = REPOSITORY
    for what, path in kept.items():
        yield from ((what, folder) for folder in _resolved(path))


def _relation(path: Path, other: Path) -> str:
    if path == other:
        return "is the folder of"
    if other.is_relative_to(path):
        return "contains"
    return "lies in" if path.is_relative_to(other) else ""


def _resolved(path: Path) -> list[Path]:
    """The folder that a path leads to; none where that cannot be said (a loop of links, a null byte)."""
    try:
        return [path.resolve()]
    except (OSError, ValueError, RuntimeError):
        return []
