"""Commands about study files: what one can name, whether it is sound, what it comes to."""

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

from lth.checks.wording import listed
from lth.config.study import Study
from lth.plan.forecast import job_counts
from lth.plan.plan import Arm, Plan
from lth.printable import aligned


def components(_: argparse.Namespace) -> Iterator[str]:
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
    from lth.cli.takes import takes

    study, warnings = read_study(None, arguments.STUDIES)
    yield from (f"warning: {warning}" for warning in warnings)
    yield from summary(study)
    yield from takes(study, arguments.cores, arguments.fast)


def summary(study: Study) -> Iterator[str]:
    """Summary of a study: tickets and their densities, arms, and number of jobs."""
    plan = Plan(study)
    yield f"study {study.study}: {len(study.seeds)} seeds ({listed(map(str, study.seeds))})"
    yield "tickets"
    yield from aligned([(f"  {name}", *_rounds(plan, name)) for name in study.tickets])
    for name, evaluation in study.evaluations.items():
        classes = evaluation.new_output
        new = "" if classes is None else f", with a new output layer for {classes} classes, which is not pruned"
        yield f"evaluation {name}: on {evaluation.dataset} at density {evaluation.density:g}{new}"
        yield from aligned([_arm(plan, arm) for arm in plan.arms(name)])
    counts = job_counts(plan)
    kinds = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    yield f"jobs before tables and report: {sum(counts.values())} ({kinds})"


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


def _new(arguments: argparse.Namespace) -> Iterator[str]:
    from lth.checks.draft import Draft, draft_path
    from lth.checks.drafted import drafted
    from lth.cli.questions import answers
    from lth.files import check_writable, write_text

    name, path = draft_path(arguments.NAME, arguments.to)
    check_writable(path.parent)
    asked = ("source", "network", "target", "method", "seeds", "epochs", "rounds")
    told = answers({key: getattr(arguments, key) for key in asked})
    given = {key: value for key, value in told.items() if value is not None and key != "target"}
    text = drafted(Draft(name=name, targets=tuple(told["target"]), **given), (path.parent / "schema.json").is_file())
    draft_path(arguments.NAME, arguments.to)  # while the questions were answered, somebody may have written it
    write_text(path, text)
    yield f"wrote {path}"
    yield f"to see what it takes: lth check {path}"
    yield f"to run it: lth run {path}"


STUDY_COMMANDS = {
    "new": (_new, "write a new study file: asks five questions, or takes options", ("NAME",)),
    "list": (
        components,
        "list architectures, data sources, methods, scores, scopes and schedules (the default command)",
        (),
    ),
    "check": (
        _check,
        "check a study file; print its errors, or what it comes to and takes",
        ("STUDIES",),
    ),
    "schema": (_schema, "print the JSON schema of study files, for editors", ()),
}
"""Each command: function, help text, operands."""
