"""The report: one self-contained HTML page that leads with the verdict, and says how every number was made.

No date and no path goes in, so equal tables and figures give an equal page.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lth.analysis.figures import FIGURES
from lth.analysis.tables import cells
from lth.analysis.tables.files import read_table
from lth.analysis.tables.notes import notes, round_notes
from lth.analysis.tables.provenance import provenance
from lth.analysis.tables.verdict import verdict
from lth.artifacts.records import RecordError, check_markup, seal_markup
from lth.artifacts.repair import advice
from lth.config.study import Study
from lth.errors import UserError
from lth.files import write_text
from lth.plan.plan import Plan

if TYPE_CHECKING:
    import pandas as pd

_METHODS = """
n counts seeds. A seed repeats the whole study once ({seeds} here): initialisation, batch order, pruning, controls.
The splits of the data are the same for all seeds, so intervals do not cover their choice.

Best epoch (or step, where scores are taken more often): the one of least validation loss, the earlier of equal
ones, the untrained network included; where pruning is part of training, one after the last pruning. The test data
decide nothing; accuracies are those of the test data at the best epoch unless a column says otherwise.

Intervals: Student's t over seeds, {confidence}, each on its own (not widened for their number).

Comparisons: the pairs listed in the study file. Arms of one seed share their random streams and are compared within
it. Test: exact two-sided sign-flip over all 2^n patterns of signs, which cannot give less than 2/2^n. Holm (1979)
keeps the family-wise error of each evaluation and of each comparison of tickets at {alpha}.

"No difference shown" says that the data do not decide. It does not say that the two are equal.

Effect size d_z: mean over standard deviation of the paired differences, corrected for few seeds (Hedges 1981); "-"
where it is undefined.

All sparse arms of an evaluation have the same density; so do tickets that are compared as they were found, to within
2 % of it by their rates (layers left whole, or pruned at rates of their own, shift what is left of the whole; tables
give that). Of an evaluation, random and shuffled masks have the exact per-layer counts of
the ticket they are matched to. Surviving weights start from the seed's initialisation, in fresh arms from a newly
drawn one (and from trained weights only where a ticket asks for it: rewind, parent).

Masks: Jaccard index per layer; chance is its exact expectation for independent random masks of the same counts.

Cost: what the ticket's own training took, together with all rounds that it was made from, each once and whole:
pruning once more costs one training more. Epochs are passes over the training data, forward and backward, in
training and to score or transform weights before it. FLOPs are theoretical: two for each kept weight and place it is
used at, in the backward pass twice those of the forward pass (of the first layer, too, which needs only half of that),
and where weights grow by gradient those of all gradients; the dense kernels that were run took more. Scoring
validation and test data is in none of them. Seconds and joules are of whole jobs, which ran side by side on a shared
machine: they say what was spent there, not what a method must take. Energy that the machine does not tell is "not
measured", which is not 0.
"""
"""How the numbers are made, a paragraph each."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A figure as the page shows it."""

    name: str
    title: str
    caption: str
    of: str
    """The name of the evaluation or comparison; empty for a figure of the study."""
    source: str
    """The SVG file as a data URI."""


def write_report(study: Study, tables: Iterable[Path], figures: Iterable[Path], out: Path, artifacts: str) -> None:
    """Write the page.

    Args:
        study: its evaluations and comparisons decide what is shown, and in which order.
        tables: `.../<evaluation>/arms.csv` and `comparisons.csv` of each evaluation and comparison, and `rounds.csv` of
            the study, or more.
        figures: `.../<evaluation>/<figure>.svg`, and `.../<figure>.svg` of the study; those not given are left out.
        out: the HTML file.
        artifacts: the checksum of the study's settings and artifacts (`lth.verification.listing.artifacts_checksum`).

    Raises:
        UserError: one of these tables is missing, or a table or figure was altered since it was written.
    """
    given, plan = list(map(Path, tables)), Plan(study)
    drawn = list(map(Path, figures))
    page = _template().render(
        study=study,
        trials=[_trial(plan, name, given, drawn) for name in plan.assessments],
        found=round_notes(_table(study, given, "rounds.csv")),
        study_figures=_shown(drawn, None),
        comparison_header=cells.COMPARISON_HEADER,
        methods=_methods(study),
        provenance=provenance(plan),
        artifacts=artifacts,
        results=plan.results,
    )
    write_text(out, seal_markup(page.rstrip() + "\n"))


def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("report.html.j2")


def _table(study: Study, tables: list[Path], name: str) -> "pd.DataFrame":
    """The table of which the path ends so."""
    for path in tables:
        if path.as_posix().endswith(f"/{name}"):
            return read_table(path, sealed=True)
    raise UserError(f"report of {study.study}: no table {name} among its inputs")


def _trial(plan: Plan, name: str, tables: list[Path], figures: list[Path]) -> dict[str, object]:
    """What the page shows of an evaluation or a comparison."""
    arms, comparisons = (_table(plan.study, tables, f"{name}/{table}.csv") for table in ("arms", "comparisons"))
    header, rows, names = cells.arm_table(arms)
    return {
        "kind": "Evaluation" if name in plan.study.evaluations else "Comparison",
        "name": name,
        "dataset": plan.assessment_dataset(name),
        "verdict": verdict(arms, comparisons),
        "header": header,
        "arms": rows,
        "names": names,
        "comparisons": [cells.comparison_cells(row) for row in comparisons.to_dict("records")],
        "notes": notes(arms, comparisons),
        "figures": _shown(figures, name),
    }


def _shown(figures: list[Path], evaluation: str | None) -> list[Shown]:
    """The figures of an evaluation or comparison, or (None) of the study, in the order of `FIGURES`."""
    scope = "evaluation" if evaluation else "study"
    shown = []
    for name, drawing in FIGURES.items():
        for path in figures:
            if drawing.scope == scope and path.stem == name and evaluation in (None, path.parent.name):
                _check_figure(path)
                source = "data:image/svg+xml;base64," + base64.b64encode(path.read_bytes()).decode()
                told = {"name": name, "title": drawing.about, "caption": drawing.caption, "of": evaluation or ""}
                shown.append(Shown(**told, source=source))
    return shown


def _check_figure(path: Path) -> None:
    try:
        check_markup(path)
    except RecordError as error:
        raise UserError(f"{path}: {error}", advice(path)) from None


def _methods(study: Study) -> list[str]:
    text = _METHODS.format(
        seeds=len(study.seeds), confidence=f"{100 * (1 - study.alpha):g} %", alpha=f"{study.alpha:g}"
    )
    return [" ".join(paragraph.split()) for paragraph in text.strip().split("\n\n")]
