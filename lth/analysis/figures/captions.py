"""Captions: for `report.html`, and as files for Snakemake's report, which reads reStructuredText with Jinja markup."""

import re
from collections.abc import Mapping
from pathlib import Path

from lth.analysis.figures import FIGURES
from lth.analysis.figures.choice import figures_of
from lth.analysis.figures.facts import Facts
from lth.plan.plan import Plan


def captions(plan: Plan, assessment: str | None = None) -> dict[str, str]:
    """The captions of the figures of an evaluation or comparison, or of the study (None), by name."""
    facts = Facts(plan, assessment or "")
    return {name: FIGURES[name].caption(facts) for name in figures_of(plan, assessment)}


def all_captions(plan: Plan) -> dict[str, dict[str, str]]:
    """The captions of all figures: those of the study ("") and of each evaluation and comparison, by name."""
    return {assessment or "": captions(plan, assessment) for assessment in (None, *plan.assessments)}


def write_captions(folder: Path, found: Mapping[str, Mapping[str, str]]) -> None:
    """Write the caption of every figure to `folder`, where the figure is in the study's folder of figures.

    It is escaped so that it renders as plain text.
    """
    for assessment, of_figures in found.items():
        for name, words in of_figures.items():
            path = folder / assessment / f"{name}.rst"
            path.parent.mkdir(exist_ok=True)
            path.write_text(as_rst(words), encoding="utf-8")


def as_rst(text: str) -> str:
    """Plain text as reStructuredText that Jinja leaves alone."""
    return "{% raw %}" + re.sub(r"([\\`*_|])", r"\\\1", text) + "{% endraw %}\n\n"
