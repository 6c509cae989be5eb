"""The report: one self-contained HTML page with verdict, tables, figures, methods and provenance.

It contains no date and no path, so that equal tables and figures give an identical page.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lth.analysis.figures import FIGURES
from lth.analysis.tables import cells
from lth.analysis.tables.files import read_table
from lth.analysis.tables.matching import matching_notes
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
Seeds: n counts seeds ({seeds} in this study). Each seed is an independent repetition of the whole study, with its own
initialisation, batch order, pruning and controls. Data splits are the same for all seeds, so intervals do not cover
the choice of splits.

Model selection: accuracies are test accuracies at the early-stopping epoch (or iteration) unless a column says
otherwise. It is the one with the lowest validation loss, the earliest in case of ties, the untrained network included.
Where a method prunes during training, only epochs at final sparsity are eligible. Test data are never used for
selection.

Confidence intervals: Student's t over seeds, {confidence}, not adjusted for multiple comparisons.

Significance: the study file names the pairs to compare. Arms of a seed share their random streams and are compared
within the seed, with an exact two-sided sign-flip test over all 2^n sign patterns; p cannot be below 2/2^n. Holm's
correction (1979) controls the family-wise error rate of each evaluation and each comparison at {alpha}. A difference is
significant if its Holm-adjusted p is at most {alpha}: this test decides, while the intervals are uncorrected and
descriptive, and may exclude 0 where the test is not significant. "Not significant" means that the data do not decide,
not that the arms are equal.

Effect size d_z: mean / standard deviation of the paired differences, with Hedges' (1981) small-sample correction; "-"
if undefined.

Density: all sparse arms of an evaluation have the same density. Tickets in a comparison agree in density to within 2 %
by their pruning rates; unpruned layers and layers with rates of their own shift the total, and the tables give the
actual density. Random and shuffled masks of an evaluation have exactly the per-layer counts of their ticket.

Initial weights: the kept weights start from the initialisation of the seed, in reinitialised arms from a new one. They
start from trained weights only if the ticket's options say so (rewind, parent).

Mask overlap: Jaccard index per layer; chance is its exact expectation for independent random masks with the same
counts.

Cost: the training of the ticket and of every round that it was derived from, each counted once. Epochs are passes over
the training data, forward and backward, for training and for scoring or transforming weights before it. FLOPs are
theoretical: two per kept weight and use in the forward pass, four in the backward pass (also in the first layer, which
needs only half of that), and the full dense gradients where weights grow by gradient; the dense kernels that ran
executed more. Evaluation on validation and test data is not counted. Seconds and joules are of whole jobs on a shared
machine: they report what was spent here, not what a method needs. "Not measured" means that the machine has no energy
counter, not 0.
"""
"""The methods section; `{...}` is filled from the study."""
_EQUIVALENCE = """
Equivalence: the study file names a margin ({margins}). Each pair is tested against both ends of it: two one-sided
tests (Schuirmann 1987; Lakens 2017), here exact sign-flip tests at {alpha}, so that p, the larger of the two, cannot be
below 1/2^n. Holm's correction is over the equivalence tests of each evaluation and each comparison, a family apart from
the tests for a difference. Two arms are equivalent within the margin if this adjusted p is at most {alpha}. The
{confidence} intervals are uncorrected and descriptive: one lies within the margin exactly if both one-sided t-tests
reject at {alpha}. A pair can be both different and equivalent (a difference smaller than the margin); one that is
neither is inconclusive.
"""
"""Of the methods section, where the study names a margin."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A figure on the page."""

    name: str
    title: str
    caption: str
    of: str
    """Name of the evaluation or comparison; empty for a figure of the study."""
    source: str
    """The SVG file as a data URI."""


def write_report(study: Study, tables: Iterable[Path], figures: Iterable[Path], out: Path, artifacts: str) -> None:
    """Write the page.

    Args:
        study: its evaluations and comparisons are the sections of the page, in this order.
        tables: `.../<evaluation>/arms.csv` and `comparisons.csv` of each evaluation and comparison, `rounds.csv`
            and `matching.csv` of the study, or more.
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
        assessments=[_assessment(plan, name, given, drawn) for name in plan.assessments],
        round_notes=[
            *matching_notes(_table(study, given, "matching.csv")),
            *round_notes(_table(study, given, "rounds.csv")),
        ],
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
    """The table whose path ends with `name`."""
    for path in tables:
        if path.as_posix().endswith(f"/{name}"):
            return read_table(path, sealed=True)
    raise UserError(f"report of {study.study}: no table {name} among its inputs")


def _assessment(plan: Plan, name: str, tables: list[Path], figures: list[Path]) -> dict[str, object]:
    """The section of an evaluation or comparison."""
    arms, comparisons = (_table(plan.study, tables, f"{name}/{table}.csv") for table in ("arms", "comparisons"))
    header, rows, names = cells.arm_table(arms)
    equivalence_header, equivalence = cells.equivalence_table(comparisons)
    return {
        "kind": "Evaluation" if name in plan.study.evaluations else "Comparison",
        "name": name,
        "dataset": plan.assessment_dataset(name),
        "verdict": verdict(arms, comparisons),
        "header": header,
        "arms": rows,
        "names": names,
        "comparisons": [cells.comparison_cells(row) for row in comparisons.to_dict("records")],
        "equivalence_header": equivalence_header,
        "equivalence": equivalence,
        "margin": cells.within(comparisons["margin_points"].iloc[0]) if equivalence else "",
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
                shown_as = {"name": name, "title": drawing.about, "caption": drawing.caption, "of": evaluation or ""}
                shown.append(Shown(**shown_as, source=source))
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
    paragraphs = [" ".join(paragraph.split()) for paragraph in text.strip().split("\n\n")]
    at = next(place for place, paragraph in enumerate(paragraphs) if paragraph.startswith("Significance:"))
    return [*paragraphs[: at + 1], *_equivalence(study), *paragraphs[at + 1 :]]


def _equivalence(study: Study) -> list[str]:
    """The paragraph on equivalence, if any assessment names a margin."""
    named = {**study.evaluations, **study.comparisons}
    margins = {name: spec.equivalence_margin for name, spec in named.items() if spec.equivalence_margin is not None}
    if not margins:
        return []
    text = _EQUIVALENCE.format(
        margins=", ".join(f"{name}: {cells.within(margin)} percentage points" for name, margin in margins.items()),
        confidence=f"{100 * (1 - 2 * study.alpha):g} %",
        alpha=f"{study.alpha:g}",
    )
    return [" ".join(text.split())]
