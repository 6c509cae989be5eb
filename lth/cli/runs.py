"""Commands about runs of a study: start one, see how far it is, clear what it left."""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from lth.artifacts.origin import LAST_RUN, manifest_of, noted_run, study_options
from lth.checks.read import load_study, read_study
from lth.config.study import Study
from lth.errors import UserError
from lth.plan.forecast import duration, shown_bytes
from lth.plan.plan import Plan
from lth.printable import aligned
from lth.running.progress import Progress, progress
from lth.running.snakemake import snakemake_command, usable_cores
from lth.running.terminal import Steps, can_be_drawn_on, follow

_KINDS = {
    "data": "data sets",
    "model": "models",
    "round": "rounds",
    "control": "controls",
    "evaluation": "evaluations",
    "summary": "tables and report",
}
"""Of jobs, in words."""
_MOST_ROWS = 20
"""Jobs of a list."""


def _run(arguments: argparse.Namespace) -> Iterator[str]:
    study, _ = read_study(None, arguments.STUDIES)
    drawn = can_be_drawn_on(sys.stderr) and not (arguments.dry_run or arguments.plain)
    command = snakemake_command(arguments.STUDIES, arguments.cores, arguments.dry_run, arguments.passed_on, drawn)
    sys.stdout.flush()
    if not drawn:
        os.execv(command[0], command)  # no process of ours in between: signals and exit status are Snakemake's
    plan, cores = Plan(study), arguments.cores or usable_cores()
    sys.exit(follow(command, lambda steps: _status_line(progress(plan, Path(), cores), steps)))
    yield ""


def _status_line(found: Progress, steps: Steps) -> str:
    """`12 of 97 jobs done, 85 left, about 6 min; cross seed 0 round 1: epoch 3/4, validation 92.80 %; ...`"""
    if steps.total is None:
        return "planning ..."
    left, missing, time_left = steps.total - steps.done, len(found.left), ""
    if left and missing and found.seconds_left is not None:
        time_left = f", about {duration(found.seconds_left * max(1.0, left / missing))}"  # some are made anew
    running = "".join(f"; {one.brief}" for one in found.running)
    return f"{steps.done} of {steps.total} jobs done, {left} left{time_left}{running}"


def _status(arguments: argparse.Namespace) -> Iterator[str]:
    plan, folder, cores = _planned(arguments.WHERE)
    found = progress(plan, folder, cores)
    left = len(found.left)
    state = f"running ({found.runner})" if found.runner else "not running" if left else "finished"
    if not found.done and not found.failed and not found.runner:
        state = "not started"
    yield f"study {plan.study.study}: {state}; {len(found.done)} of {len(found.jobs)} jobs done"
    for kind, name in _KINDS.items():
        of_kind = [job for job in found.jobs if job.kind == kind]
        if of_kind:
            yield f"  {name}: {sum(job.key in found.done for job in of_kind)} of {len(of_kind)}"
    for title, rows in (
        ("running", [(one.job.title, one.last or "starts") for one in found.running]),
        (
            "begun and not finished",
            [(job.title, line.removeprefix(job.title).lstrip(": ")) for job, line in found.failed],
        ),
    ):
        if rows:
            yield title
            yield from aligned([(f"  {name}", line) for name, line in rows[:_MOST_ROWS]])
            yield from [f"  and {len(rows) - _MOST_ROWS} more"] if len(rows) > _MOST_ROWS else []
    if left and found.seconds_left is not None:
        yield f"about {duration(found.seconds_left)} left, by the jobs that have finished"
    if not left:
        yield "`snakemake -n` or `lth run STUDY -n` says whether a change of the study makes anything anew"


def _clean(arguments: argparse.Namespace) -> Iterator[str]:
    from lth.running.study_lock import take_study
    from lth.verification.leftovers import delete, leftovers, size_of

    study = read_study(None, arguments.STUDIES)[0]
    plan = Plan(study, Path("results", study.study))
    results = Path(plan.results)
    if not results.is_dir():
        raise UserError(f"{results}: no such folder, so there is nothing to clear; run this where results/ is")
    if warning := take_study(results):
        yield f"warning: {warning}"
    noted = _noted(results)
    if noted is None and os.path.lexists(note := results / LAST_RUN):
        advice = "run the study again, or delete this note if the study file has all that its last run had"
        raise UserError(f"{note}: cannot be read, so that nothing is deleted; {advice}")
    found = leftovers(plan, noted[0] if noted else None, Path())
    if found.protected:
        words = "are not in the study file, but in its last run or its manifest; they stay until it has run again"
        yield f"{found.protected} files {words}"
    if not found.files:
        yield f"{results}: there is nothing to clear"
        return
    for what, paths in found.found.items():
        yield f"{what}: {len(paths)} files, {shown_bytes(size_of(paths))}"
        yield from (f"  {path}" for path in paths[:_MOST_ROWS])
        yield from [f"  and {len(paths) - _MOST_ROWS} more"] if len(paths) > _MOST_ROWS else []
    count, size = len(found.files), shown_bytes(size_of(found.files))
    if not (arguments.yes or _agreed(f"delete these {count} files, {size}? [y/N] ")):
        yield "nothing was deleted" if _can_ask() else "nothing was deleted: there is no terminal to ask on; see --yes"
        return
    left = delete(found, results)
    yield f"deleted {count - len(left)} files"
    if left:
        raise UserError(f"{left[0]}: could not be deleted, as {len(left)} of {count} files; close what uses them")


def _can_ask() -> bool:
    return bool(sys.stdin and sys.stdin.isatty() and sys.stderr.isatty())


def _agreed(question: str) -> bool:
    if not _can_ask():
        return False
    sys.stdout.flush()
    print(question, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _noted(results: Path) -> tuple[Study, int | None] | None:
    """The study as it was last run, and on how many cores, if that is noted."""
    told = noted_run(results)
    with suppress(ValueError, KeyError):
        return Study.model_validate(told["study"]), told["cores"]
    return None


def _planned(where: Path) -> tuple[Plan, Path, int | None]:
    """The plan of a study that is named by its file or its results; the folder that holds `results`; cores."""
    if where.is_dir():
        study, cores = _study_of(where)
        if where.absolute().name != study.study or where.absolute().parent.name != "results":
            raise UserError(f"{where}: is not results/{study.study}, which holds the results of study '{study.study}'")
        return Plan(study, where), where.absolute().parents[1], cores
    if not where.is_file():
        raise UserError(f"{where}: no such file or folder; give a study file, or the results folder of a study")
    return Plan(load_study(where)), Path(), None


def _study_of(results: Path) -> tuple[Study, int | None]:
    """The study that made some results, and the cores of its last run: as that run has noted it, or as the manifest or
    the study files beside the results say.

    Raises:
        UserError: none of them does.
    """
    if noted := _noted(results):
        return noted
    with suppress(ValueError, KeyError):
        return Study.model_validate(manifest_of(results)["study"]), None
    options = study_options(results)
    files = [results.absolute().parents[1] / name for name in options[1:] if not name.startswith("-")]
    if options[:1] == ["--configfile"] and files and all(path.is_file() for path in files):
        return read_study(None, files)[0], None
    raise UserError(f"{results}: does not say which study it is of; give the study file instead")


RUN_COMMANDS = {
    "clean": (_clean, "list what a study has left and nothing needs, and delete it after asking", ("STUDIES",)),
    "status": (_status, "how far a study is: jobs done and running, and the time left", ("WHERE",)),
    "run": (
        _run,
        "run a study with Snakemake in this folder; its results are made in results/; options after `--` are its",
        ("STUDIES",),
    ),
}
"""Each command: function, help text, operands."""
