"""Captions: for `report.html`, and as files for Snakemake's report, which reads reStructuredText with Jinja markup."""

import re
from pathlib import Path

from lth.analysis.figures import FIGURES
from lth.analysis.figures.choice import figures_of
from lth.analysis.figures.facts import Facts
from lth.plan.plan import Plan


def captions(plan: Plan, assessment: str | None = None) -> dict[str, str]:
    """The captions of the figures of an evaluation or comparison, or of the study (None), by name."""
    facts = Facts(plan, assessment or "")
    return {name: FIGURES[name].caption(facts) for name in figures_of(plan, assessment)}


def write_captions(folder: Path, plan: Plan) -> None:
    """Write the caption of every figure to `folder`, where the figure is in the study's folder of figures.

    It is escaped so that it renders as plain text.
    """
    for assessment in (None, *plan.assessments):
        for name, words in captions(plan, assessment).items():
            path = folder / (assessment or "") / f"{name}.rst"
            path.parent.mkdir(exist_ok=True)
            path.write_text(as_rst(words), encoding="utf-8")


def as_rst(text: str) -> str:
    """Plain text as reStructuredText that Jinja leaves alone."""
    return "{% raw %}" + re.sub(r"([\\`*_|])", r"\\\1", text) + "{% endraw %}\n\n"
