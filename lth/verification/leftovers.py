"""What a study's results hold and nothing needs: found here, and deleted where `lth clean` is told to.

Only regular files with names that jobs give, never through links; and nothing that the study has (as its file says, or
as it was last run), or that its manifest lists.
"""

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lth.analysis.figures.choice import figures_of
from lth.analysis.tables import evaluation_tables, study_tables
from lth.artifacts.records import MANIFEST, RecordError, read_json
from lth.artifacts.repair import is_artifact
from lth.config.study import Study
from lth.errors import UserError
from lth.plan.forecast import planned_jobs
from lth.plan.inputs import animation_files
from lth.plan.paths import VERDICT, Paths
from lth.plan.plan import Plan
from lth.running.scratch_folder import MADE, OWNER, abandoned, discard

_PARTIAL = re.compile(r"\.(.+)\.\d+\.part")
"""What a process that was killed has left of a file."""
_LOGS = ("tables.log", "figures.log", "masks.log", "report.log", "manifest.log")


@dataclass(frozen=True)
class Leftovers:
    """Files that can go, by what they are."""

    found: Mapping[str, list[Path]]
    scratch: Path
    protected: int
    """Files that are not in the study as its file says, but in its last run or manifest."""

    @property
    def files(self) -> list[Path]:
        """All of them."""
        return [path for paths in self.found.values() for path in paths]


def leftovers(plan: Plan, last: Study | None, folder: Path) -> Leftovers:
    """What of a study's results can go.

    Args:
        plan: of the study as its file is now.
        last: the study as it was last run, if that is known; what it has stays, too.
        folder: the one that holds `results`.

    Raises:
        UserError: the manifest cannot be read.
    """
    results = folder / plan.results
    needed, listed = _expected(plan), _listed(results)
    before = _expected(Plan(last)) if last else set()
    gone, partial, protected = [], [], 0
    for path in _files(results):
        name = path.relative_to(results).as_posix()
        part = _PARTIAL.fullmatch(path.name)
        if part and is_artifact(path.with_name(part[1]).relative_to(results).as_posix()):
            partial.append(path)
        elif is_artifact(name) and name not in needed:
            if name in before or name in listed:
                protected += 1
            else:
                gone.append(path)
    temporary = {*_temporary(plan, folder)} - {results / name for name in listed}
    if last:  # what the last run still needs, or keeps
        temporary -= {results / name for name in before} - {*_temporary(Plan(last), folder)}
    scratch = folder / plan.study.compute.scratch_of(plan.study.study)
    plans = [plan, *([Plan(last)] if last else [])]
    jobs = {str(Path(job.key).parent.relative_to(plan.results)) for one in plans for job in planned_jobs(Paths(one))}
    found = {
        "trained weights that no missing job needs": sorted(temporary),
        "states of trainings that have finished or are not in the study": abandoned(scratch, results, jobs),
        "logs of jobs that are not in the study": [*_old_logs(plans, results)],
        "results that are not in the study": gone,
        "files that were being written when a job was killed": partial,
    }
    return Leftovers({what: paths for what, paths in found.items() if paths}, scratch, protected)


def delete(found: Leftovers, results: Path) -> list[Path]:
    """Delete what was found, and folders that are empty then; what could not be deleted.

    The study's lock is held, so that no job writes there.
    """
    inside = [path for path in found.files if path.is_relative_to(found.scratch)]
    left = discard(inside)
    for path in found.files:
        if path not in inside:
            try:
                path.unlink(missing_ok=True)
            except OSError:
                left.append(path)
    for path in found.files:
        for parent in path.parents:
            if parent in (results, found.scratch.parent) or not parent.is_relative_to(results):
                break
            with suppress(OSError):  # others are in it
                parent.rmdir()
    return left


def _expected(plan: Plan) -> set[str]:
    """All artifacts of a study, as paths below its results, temporary ones included."""
    paths, names = Paths(plan), {"report.html", "masks.html", MANIFEST}
    names |= {path.removeprefix(f"{plan.results}/") for path in paths.artifacts()}
    names |= {
        job.key.removeprefix(f"{plan.results}/").replace("ticket.safetensors", "trained.safetensors")
        for job in planned_jobs(paths)
        if job.kind == "round"
    }
    forms = plan.study.figures.formats
    names |= {f"tables/{name}.csv" for name in study_tables(plan.study)}
    names |= {f"figures/{name}.{form}" for name in figures_of(plan, None) for form in forms}
    for one in plan.assessments:
        names |= {f"tables/{one}/{VERDICT}", *(f"tables/{one}/{name}.csv" for name in evaluation_tables(plan.study))}
        names |= {f"figures/{one}/{name}.{form}" for name in figures_of(plan, one) for form in forms}
    return names


def _temporary(plan: Plan, folder: Path) -> Iterator[Path]:
    """Trained weights of all rounds but the last, where all rounds that read them are done."""
    paths = Paths(plan)
    rounds = {(job.of, job.round) for job in planned_jobs(paths) if job.kind == "round"}
    scratch = folder / plan.study.compute.scratch_of(plan.study.study)

    def done(ticket: str) -> bool:
        """What was killed has left the note of its lock, and may be made again although its files are there."""
        job = Path(ticket).parent
        killed = (scratch / job.relative_to(plan.results) / OWNER).exists()
        return not killed and all((folder / job / file).is_file() for file in MADE["tickets"])

    for seed in plan.study.seeds:
        read_by: dict[tuple[str, int], list[str]] = {}
        for ticket, number in rounds:
            if plan.needs_trained(ticket, number):
                for parent in plan.parents(ticket, number):
                    read_by.setdefault(parent, []).append(paths.round_file("ticket.safetensors", ticket, seed, number))
        for ticket, number in rounds:
            own = paths.round_file("ticket.safetensors", ticket, seed, number)
            path = (folder / own).with_name("trained.safetensors")
            readers = read_by.get((ticket, number), ())
            if plan.keeps_weights(ticket, number) or not _is_file(path):
                continue
            if done(own) and all(done(reader) for reader in readers):
                yield path


def _old_logs(plans: Sequence[Plan], results: Path) -> Iterator[Path]:
    logs = f"{plans[0].results}/logs/"
    needed = {job.log.removeprefix(logs) for one in plans for job in planned_jobs(Paths(one))}
    needed |= {f"figures/{name}.log" for one in plans for name in one.assessments} | {*_LOGS}
    drawn = (Path(file) for one in plans for file in animation_files(Paths(one)))
    needed |= {path.relative_to(plans[0].results).with_suffix(".log").as_posix() for path in drawn}
    for path in _files(results / "logs"):
        if path.suffix == ".log" and path.relative_to(results / "logs").as_posix() not in needed:
            yield path


def _listed(results: Path) -> set[str]:
    """The files of the manifest."""
    if not os.path.lexists(results / MANIFEST):
        return set()
    try:
        return {str(name) for name in read_json(results / MANIFEST)["files"]}
    except (RecordError, KeyError, TypeError, ValueError):
        raise UserError(
            f"{results / MANIFEST}: damaged, so that nothing is deleted; see `lth verify {results}`"
        ) from None


def _files(folder: Path) -> Iterator[Path]:
    """Regular files, of folders that are no links."""
    for place, _, names in os.walk(folder):
        yield from (path for name in sorted(names) if _is_file(path := Path(place) / name))


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def size_of(paths: Iterable[Path]) -> int:
    """Their bytes."""
    total = 0
    for path in paths:
        with suppress(OSError):
            total += path.lstat().st_size
    return total
