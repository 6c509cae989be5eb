"""`python -m lth`: list components, check studies, inspect artifacts and verify results. Trains nothing."""

import argparse
import io
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from lth.checks.wording import listed
from lth.config.study import Study
from lth.errors import UserError
from lth.operands import COMMAND_OPTIONS, OPERANDS
from lth.plan.paths import VERDICT
from lth.plan.plan import Arm, Plan
from lth.printable import aligned, escaped, printable

PROGRAM = "python -m lth"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. The exit status is 1, with a message on stderr, for errors that the user can fix."""
    out = sys.stdout
    if isinstance(out, io.TextIOWrapper) and out.encoding.lower() != "utf-8":  # the C locale, for one
        out.reconfigure(errors="backslashreplace")
    arguments = _parser().parse_args(argv)
    try:
        _print(arguments.command(arguments))
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _print(lines: Iterable[str]) -> None:
    """Write lines to standard output, with control characters escaped.

    Raises:
        UserError: standard output is closed or refuses.
    """
    for line in lines:
        if sys.stdout is None:
            raise UserError("standard output is closed; nothing can be printed")
        with _standard_output():
            print(escaped(line, keep="\n"))
    if sys.stdout is not None:
        with _standard_output():
            sys.stdout.flush()


@contextmanager
def _standard_output() -> Iterator[None]:
    """Turn errors of standard output into a UserError; exit if the reader (`head`) has closed the pipe."""
    try:
        yield
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter complains at its end
        if isinstance(error, BrokenPipeError):
            sys.exit(0)
        raise UserError(f"standard output: cannot be written: {error.strerror}") from None


class _Parser(argparse.ArgumentParser):
    """Escapes arguments in error messages."""

    def error(self, message: str) -> NoReturn:
        super().error(printable(message))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog=PROGRAM, usage=f"{PROGRAM} [-h] [COMMAND] ...", description=__doc__)
    parser.set_defaults(command=_list)
    commands = parser.add_subparsers(metavar="COMMAND", prog=PROGRAM)
    for name, (command, about, operands) in COMMANDS.items():
        sub = commands.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.")
        for operand in operands:
            sub.add_argument(operand, type=Path, help=OPERANDS[operand])
        for option, settings in COMMAND_OPTIONS.get(name, ()):
            sub.add_argument(option, **settings)
        sub.set_defaults(command=command)
    return parser


def _list(_: argparse.Namespace) -> Iterator[str]:
    from lth.catalog.architectures import ARCHITECTURES
    from lth.catalog.datasets import SOURCES
    from lth.catalog.methods import METHODS
    from lth.catalog.scores import SCORES
    from lth.pruning import schedules
    from lth.training import learning_rates as rates

    tables: dict[str, Mapping[str, Any]] = {
        "architectures (networks.NAME.architecture)": ARCHITECTURES,
        "sources (datasets.NAME.source)": SOURCES,
        "methods (tickets.NAME.method)": METHODS,
        "scores (tickets.NAME.score)": SCORES,
        "pruning scopes (tickets.NAME.scope)": schedules.PRUNING_SCOPES,
        "pruning schedules (keys of tickets.NAME)": schedules.PRUNING_SCHEDULES,
        "learning-rate schedules (recipes.NAME.schedule.name)": rates.LEARNING_RATE_SCHEDULES,
    }
    for title, table in tables.items():
        yield title
        rows = table.rows() if hasattr(table, "rows") else table.items()
        yield from aligned([(f"  {name}", about) for name, about in rows])


def _check(arguments: argparse.Namespace) -> Iterator[str]:
    from lth.checks.read import read_study

    study, warnings = read_study(None, [arguments.STUDY])
    yield from (f"warning: {warning}" for warning in warnings)
    yield from summary(study)


def summary(study: Study) -> Iterator[str]:
    """Summary of a study: tickets and their densities, arms, and number of jobs."""
    plan = Plan(study)
    yield f"study {study.study}: {len(study.seeds)} seeds ({listed(map(str, study.seeds))})"
    yield "tickets"
    yield from aligned([(f"  {name}", *_rounds(plan, name)) for name in study.tickets])
    for name, evaluation in study.evaluations.items():
        yield f"evaluation {name}: on {evaluation.dataset} at density {evaluation.density:g}"
        yield from aligned([_arm(plan, arm) for arm in plan.arms(name)])
    counts = job_counts(plan)
    kinds = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    yield f"jobs before tables and report: {sum(counts.values())} ({kinds})"


def job_counts(plan: Plan) -> dict[str, int]:
    """Number of jobs of each kind; a control that two evaluations share is made once."""
    study = plan.study
    seeds = len(study.seeds)
    arms = [arm for evaluation in study.evaluations for arm in plan.arms(evaluation)]
    return {
        "data sets": len(plan.used_datasets),
        **({"models": len(plan.used_models)} if plan.used_models else {}),
        "rounds": seeds * sum(len(plan.rounds(ticket)) for ticket in study.tickets),
        "controls": seeds * len({arm for arm in arms if arm.is_control}),
        "evaluations": seeds * len(arms),
    }


def _arm(plan: Plan, arm: Arm) -> tuple[str, str, str]:
    density = 1 if arm.kind == "dense" else float(plan.density(arm.ticket, arm.round))
    return f"  {arm.name}", f"round {arm.round}", f"density {density:.4g}"


def _rounds(plan: Plan, ticket: str) -> tuple[str, str, str]:
    rounds = plan.rounds(ticket)
    densities = [float(plan.density(ticket, round_)) for round_ in (rounds[0], rounds[-1])]
    data = dict.fromkeys(plan.dataset(ticket, round_) for round_ in rounds)
    span = f"rounds {rounds[0]} to {rounds[-1]}"
    return span, f"density {densities[0]:.4g} to {densities[1]:.4g}", f"on {', then '.join(data)}"


def _schema(_: argparse.Namespace) -> Iterator[str]:
    from lth.checks.schema import schema_text

    yield schema_text().rstrip("\n")


def _show(arguments: argparse.Namespace) -> Iterator[str]:
    from lth.verification.show import show

    yield from show(arguments.FILE)


def _compare(arguments: argparse.Namespace) -> Iterator[str]:
    from lth.verification.masks_of_two import compared_masks

    yield from compared_masks(arguments.A, arguments.B)


def _verdict(arguments: argparse.Namespace) -> Iterator[str]:
    from lth.artifacts.records import RecordError, unsealed_text
    from lth.artifacts.repair import advice

    results = _results(arguments.RESULTS)
    verdicts = sorted((results / "tables").glob(f"*/{VERDICT}"))
    if not verdicts:
        example = "results/demo, made by running the workflow"
        raise UserError(
            f"{results}: has no verdict; expected the results folder of a finished study, such as {example}"
        )
    for path in verdicts:
        try:
            yield unsealed_text(path)
        except RecordError as error:
            raise UserError(f"{path}: {error}", advice(path)) from None
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
    from lth.artifacts.records import read_json
    from lth.artifacts.repair import command, is_artifact
    from lth.verification.manifest import MANIFEST, verify

    results = _results(arguments.RESULTS)
    count, findings = verify(results)
    if not findings:
        yield f"{results}: all {count} artifacts verified: complete, unaltered and consistent"
        yield f"checksum (as in report.html): {read_json(results / MANIFEST)['artifacts']}"
        return
    yield from aligned([(finding.kind, finding.path, finding.words) for finding in findings])
    lost = {finding.path for finding in findings if finding.kind != "orphaned" and is_artifact(finding.path)}
    if lost:
        yield f"to regenerate {'it' if len(lost) == 1 else 'them'}:"
        yield command(results, lost)
    if others := {finding.path for finding in findings} - lost:
        yield f"not part of the study, and not changed by this command: {', '.join(sorted(others))}"
    paths = {finding.path for finding in findings}
    raise UserError(f"{results}: {len(paths)} artifact{'s' * (len(paths) > 1)} failed verification, {count} checked")


def _collect(arguments: argparse.Namespace) -> Iterator[str]:
    from lth.checks.read import load_study
    from lth.pages.pack import pack_study

    study = load_study(arguments.study) if arguments.study else None
    yield from pack_study(_results(arguments.RESULTS), study, arguments.to)


def _redraw(arguments: argparse.Namespace) -> Iterator[str]:
    from lth.pages.redraw import redraw

    yield from redraw(arguments.PAGES, check=arguments.check)


def _export(arguments: argparse.Namespace) -> Iterator[str]:
    from lth.export.folder import export

    told = {"compact": arguments.compact, "weights": arguments.weights}
    yield from export(arguments.TICKET, arguments.to, arguments.format, **told)


def _speed(arguments: argparse.Namespace) -> Iterator[str]:
    from lth.export.speed import speed

    if not 2 <= arguments.rounds <= 100_000:
        raise UserError(f"--rounds: found {arguments.rounds}; 2 to 100000 are allowed")
    yield from speed(arguments.NETWORK, arguments.rounds)


COMMANDS = {
    "list": (
        _list,
        "list architectures, data sources, methods, scores, scopes and schedules (the default command)",
        (),
    ),
    "check": (_check, "check a study file; print its errors, or a summary of tickets, arms and jobs", ("STUDY",)),
    "schema": (_schema, "print the JSON schema of study files, for editors", ()),
    "show": (_show, "show the content and provenance of an artifact", ("FILE",)),
    "compare": (
        _compare,
        "compare the masks of two tickets by layer: Jaccard index, and its expectation by chance",
        ("A", "B"),
    ),
    "verify": (
        _verify,
        "verify that the artifacts of a finished study are complete, unaltered and consistent",
        ("RESULTS",),
    ),
    "verdict": (_verdict, "print the verdicts of a finished study", ("RESULTS",)),
    "markdown": (_markdown, "print its verdicts and tables in Markdown, for notes and papers", ("RESULTS",)),
    "export": (
        _export,
        "write a ticket for other programs: torch, Hugging Face, ONNX, CSR; optionally compacted",
        ("TICKET",),
    ),
    "speed": (_speed, "time a ticket or an export: latency of dense and compacted networks", ("NETWORK",)),
    "collect": (_collect, "verify the complete seeds of a study and pack their CSVs for pages", ("RESULTS",)),
    "redraw": (_redraw, "make tables and figures of pages from packed CSVs; check numbers in prose", ("PAGES",)),
}
"""Each command: function, help text, operands."""
