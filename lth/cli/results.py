"""Commands about the results of a study: its verdicts and tables, their verification, pages made from them."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from lth.errors import UserError
from lth.plan.paths import VERDICT
from lth.printable import aligned


def _verdict(arguments: argparse.Namespace) -> Iterator[str]:
    from lth.artifacts.origin import assessments_with, left_out_words
    from lth.artifacts.records import RecordError, unsealed_text
    from lth.artifacts.repair import advice

    results = _results(arguments.RESULTS)
    names, others = assessments_with(results, VERDICT)
    if not names and not others:
        example = "results/demo, made by running the workflow"
        raise UserError(
            f"{results}: has no verdict; expected the results folder of a finished study, such as {example}"
        )
    for name in names:
        path = results / "tables" / name / VERDICT
        try:
            yield unsealed_text(path)
        except RecordError as error:
            raise UserError(f"{path}: {error}", advice(path)) from None
    if others:
        yield left_out_words(others)
    report = results / "report.html"
    yield (f"report: {report}" if report.is_file() else f"no report: run the workflow to its end to make {report}")


def _results(given: Path) -> Path:
    """The results folder of a study.

    Raises:
        UserError: it is no folder; for a study file or study name, suggests the folder.
    """
    from lth.checks.read import study_name

    if given.is_dir():
        return given
    name = study_name(given) if given.is_file() else given.name
    meant = Path("results", name or "STUDY")
    what = "is a file" if given.is_file() else "no such folder"
    example = f"; did you mean {meant}?" if meant.is_dir() or (name and given.is_file()) else ", such as results/demo"
    raise UserError(f"{given}: {what}; expected the results folder of a study{example}")


def _markdown(arguments: argparse.Namespace) -> Iterator[str]:
    from lth.analysis.tables.markdown import pages

    yield from pages(_results(arguments.RESULTS))


def _verify(arguments: argparse.Namespace) -> Iterator[str]:
    from lth.artifacts.origin import is_in_place
    from lth.artifacts.records import MANIFEST, read_json
    from lth.artifacts.repair import command, is_artifact
    from lth.verification.listing import REPORT
    from lth.verification.manifest import verify

    results = _results(arguments.RESULTS)
    count, findings = verify(results)
    if not findings:
        yield f"{results}: all {count} artifacts verified: complete, unaltered and consistent"
        shown = " (as in report.html)" if (results / REPORT).exists() else ""
        yield f"checksum{shown}: {read_json(results / MANIFEST)['artifacts']}"
        return
    yield from aligned([(finding.kind, finding.path, finding.words) for finding in findings])
    lost = {finding.path for finding in findings if finding.kind != "orphaned" and is_artifact(finding.path)}
    if lost and is_in_place(results):
        yield f"to regenerate {'it' if len(lost) == 1 else 'them'}:"
        yield command(results, lost)
    elif lost:
        yield f"{results} is a copy, in which no run makes {'it' if len(lost) == 1 else 'them'} again: copy them anew"
    if others := {finding.path for finding in findings} - lost:
        yield f"not part of the study, and not changed by this command: {', '.join(sorted(others))}"
    paths = {finding.path for finding in findings}
    raise UserError(f"{results}: {len(paths)} artifact{'s' * (len(paths) > 1)} failed verification, {count} checked")


def _collect(arguments: argparse.Namespace) -> Iterator[str]:
    from lth.checks.read import load_study
    from lth.pages.pack import pack_study

    study = load_study(arguments.study) if arguments.study else None
    yield from pack_study(_results(arguments.RESULTS), study, arguments.to, add=arguments.add)


def _share(arguments: argparse.Namespace) -> Iterator[str]:
    from lth.checks.read import load_study
    from lth.pages.share import share

    study = load_study(arguments.study) if arguments.study else None
    results, densities = _results(arguments.RESULTS), arguments.density
    yield from share(results, arguments.to, densities, tickets=arguments.ticket, study=study)


def _log(arguments: argparse.Namespace) -> Iterator[str]:
    from lth.pages.log import log

    yield from log(_results(arguments.RESULTS), arguments.to, arguments.folder, arguments.project)


def _report(arguments: argparse.Namespace) -> Iterator[str]:
    from lth.pages.side_by_side import join_reports

    yield from join_reports([_results(folder) for folder in arguments.DIR], arguments.to)


def _redraw(arguments: argparse.Namespace) -> Iterator[str]:
    from lth.pages.redraw import redraw

    yield from redraw(arguments.PAGES, check=arguments.check)


RESULT_COMMANDS = {
    "verify": (
        _verify,
        "verify that the artifacts of a finished study are complete, unaltered and consistent",
        ("RESULTS",),
    ),
    "verdict": (_verdict, "print the verdicts of a finished study", ("RESULTS",)),
    "markdown": (_markdown, "print its verdicts and tables in Markdown, for notes and papers", ("RESULTS",)),
    "report": (_report, "join the reports of finished studies on one page, with their answers side by side", ("DIR",)),
    "collect": (_collect, "verify the complete seeds of a study and pack their CSVs for pages", ("RESULTS",)),
    "share": (_share, "pack the tickets of a finished study as a folder for others, or for the Hub", ("RESULTS",)),
    "log": (_log, "add the histories of a study to logs of TensorBoard or Weights & Biases", ("RESULTS",)),
    "redraw": (_redraw, "make tables and figures of pages from packed CSVs; check numbers in prose", ("PAGES",)),
}
"""Each command: function, help text, operands."""
