"""Captions as files for Snakemake's report, which reads each caption from a reStructuredText file with Jinja markup."""

import re
from pathlib import Path

from lth.analysis.figures import FIGURES


def write_captions(folder: Path) -> None:
    """Write the caption of every figure to `<folder>/<figure>.rst`, escaped so that it renders as plain text."""
    for name, drawing in FIGURES.items():
        (folder / f"{name}.rst").write_text(as_rst(drawing.caption), encoding="utf-8")


def as_rst(text: str) -> str:
    """Plain text as reStructuredText that Jinja leaves alone."""
    return "{% raw %}" + re.sub(r"([\\`*_|])", r"\\\1", text) + "{% endraw %}\n\n"
