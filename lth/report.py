"""The report: one self-contained HTML page that leads with the verdict, and says how every number was made.

No date and no path goes in, so equal tables and figures give an equal page.
"""

import base64
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from lth.config.models import Study
from lth.config.plan import Plan
from lth.errors import UserError
from lth.figures import FIGURES
from lth.files import write_text
from lth.tables import cells
from lth.tables.files import read_table
from lth.tables.verdict import verdict

PACKAGES = ("torch", "numpy", "pandas", "scipy", "matplotlib", "cross-dataset-lottery-tickets")
"""Whose versions the page names."""


METHODS = """
n counts seeds. A seed repeats the whole study once ({seeds} here): initialisation, batch order, pruning, controls.
The splits of the data are the same for all seeds, so intervals do not cover their choice.

Best epoch: the one of least validation loss, the earlier of equal ones, the untrained network included. The test
images decide nothing; accuracies are those of the test images at the best epoch unless a column says otherwise.

Intervals: Student's t over seeds, {confidence}, each on its own (not widened for their number).

Comparisons: the pairs listed in the study file. Arms of one seed share their random streams and are compared within
it. Test: exact two-sided sign-flip over all 2^n patterns of signs, which cannot give less than 2/2^n. Holm (1979)
keeps the family-wise error of each evaluation at {alpha}.

"No difference shown" says that the data do not decide. It does not say that the two are equal.

Effect size d_z: mean over standard deviation of the paired differences, corrected for few seeds (Hedges 1981); "-"
where it is undefined.

All sparse arms of an evaluation have the same density; random and shuffled masks have the exact per-layer counts of
the ticket they are matched to. Surviving weights start from the seed's initialisation, in fresh arms from a newly
drawn one (and from trained weights only where a ticket asks for it: rewind, parent).

Masks: Jaccard index per layer; chance is its exact expectation for independent random masks of the same counts.
"""
"""How the numbers are made, a paragraph each."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A figure as the page shows it."""

    title: str
    caption: str
    of: str
    """The evaluation's name; empty for a figure of the study."""
    source: str
    """The SVG file as a data URI."""


def write_report(study: Study, tables: Iterable[Path], figures: Iterable[Path], out: Path) -> None:
    """Write the page.

    Args:
        study: its evaluations decide what is shown, and in which order.
        tables: `.../<evaluation>/arms.csv` and `comparisons.csv` of each evaluation, or more.
        figures: `.../<evaluation>/<figure>.svg`, and `.../<figure>.svg` of the study; those not given are left out.
        out: the HTML file.

    Raises:
        UserError: an evaluation has no table of arms or comparisons.
    """
    by_place = {(path.parent.name, path.stem): path for path in map(Path, tables)}
    drawn = list(map(Path, figures))
    page = _template().render(
        study=study,
        evaluations=[_evaluation(study, name, by_place, drawn) for name in study.evaluations],
        study_figures=_shown(drawn, None),
        arm_header=cells.ARM_HEADER,
        comparison_header=cells.COMPARISON_HEADER,
        methods=_methods(study),
        provenance=_provenance(study),
    )
    write_text(out, page)


def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("report.html.j2")


def _evaluation(
    study: Study, name: str, tables: Mapping[tuple[str, str], Path], figures: list[Path]
) -> dict[str, object]:
    try:
        arms, comparisons = (read_table(tables[name, table]) for table in ("arms", "comparisons"))
    except KeyError as error:
        raise UserError(f"report of {study.study}: no table {'/'.join(error.args[0])}.csv among its inputs") from None
    return {
        "name": name,
        "dataset": study.evaluations[name].dataset,
        "verdict": verdict(arms, comparisons),
        "arms": [cells.arm_cells(row) for row in arms.to_dict("records")],
        "comparisons": [cells.comparison_cells(row) for row in comparisons.to_dict("records")],
        "notes": cells.notes(arms, comparisons),
        "figures": _shown(figures, name),
    }


def _shown(figures: list[Path], evaluation: str | None) -> list[Shown]:
    """The figures of an evaluation, or (None) of the study, in the order of `FIGURES`."""
    scope = "evaluation" if evaluation else "study"
    shown = []
    for name, drawing in FIGURES.items():
        for path in figures:
            if drawing.scope == scope and path.stem == name and evaluation in (None, path.parent.name):
                source = "data:image/svg+xml;base64," + base64.b64encode(path.read_bytes()).decode()
                shown.append(Shown(title=drawing.about, caption=drawing.caption, of=evaluation or "", source=source))
    return shown


def _methods(study: Study) -> list[str]:
    text = METHODS.format(seeds=len(study.seeds), confidence=f"{100 * (1 - study.alpha):g} %", alpha=f"{study.alpha:g}")
    return [" ".join(paragraph.split()) for paragraph in text.strip().split("\n\n")]


def _provenance(study: Study) -> list[tuple[str, str]]:
    plan = Plan(study)
    seeds = ", ".join(map(str, study.seeds))
    arms = [
        (
            f"evaluation {name}",
            f"{len(plan.arms(name))} arms on {spec.dataset}, {100 * spec.density:.3g} % of weights kept",
        )
        for name, spec in study.evaluations.items()
    ]
    tickets = [(f"ticket {name}", _found(plan, name)) for name in study.tickets]
    versions = [("Python", platform.python_version()), *((name, _version(name)) for name in PACKAGES)]
    return [("study", study.study), ("seeds", seeds), *tickets, *arms, *versions]


def _found(plan: Plan, ticket: str) -> str:
    spec = plan.study.tickets[ticket]
    datasets = list(dict.fromkeys(plan.dataset(ticket, round_) for round_ in plan.rounds(ticket)))
    start = f"from {spec.start.ticket} after round {spec.start.round}, " if spec.start else ""
    rounds = f"rounds {plan.first_round(ticket)} to {plan.last_round(ticket)}"
    return f"{spec.network}; {start}{rounds} on {', '.join(datasets)}, {100 * spec.rate:g} % a round, {spec.score}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
