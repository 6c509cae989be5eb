"""Write the report: a page of one study, or of several."""

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from markupsafe import escape

from lth.analysis.report.citation import citation
from lth.analysis.report.lines import CURVE_ROWS
from lth.analysis.report.looks import PAPERS, schemes
from lth.analysis.report.section import StudyFiles, part
from lth.analysis.report.vega import bundle
from lth.artifacts.records import seal_markup
from lth.config.study import Study
from lth.files import write_text

_MOST_BYTES = 4_900_000
"""Of a page: figures for which there is no room are links to their files."""


def write_report(study: Study, tables: Iterable[Path], figures: Iterable[Path], out: Path, artifacts: str) -> None:
    """Write the page of a study into its results folder.

    Args:
        study: its evaluations and comparisons are the sections of the page, in this order.
        tables: all of its tables, or those that the page needs.
        figures: its figures; those not given are left out.
        out: the HTML file.
        artifacts: the checksum of the study's settings and artifacts (`lth.verification.listing.artifacts_checksum`).

    Raises:
        UserError: a table is missing, or a table or figure was altered since it was written.
    """
    source = StudyFiles(study=study, tables=[*tables], figures=[*figures], artifacts=artifacts)
    write_page([source], out)


def write_page(sources: Sequence[StudyFiles], out: Path) -> None:
    """Write a page of one study or several; each of several has its name before its places in links."""
    several = sum(len(source.study.evaluations) + len(source.study.comparisons) + 1 for source in sources)
    parts = [
        part(source, f"{source.study.study}-" if len(sources) > 1 else "", CURVE_ROWS // several) for source in sources
    ]
    drawn = [chart for found in parts for chart in found.charts]
    folder = Path(__file__).parent
    told = {
        "studies": [found.told for found in parts],
        "citations": [citation(source.study.study, source.artifacts) for source in sources],
        "css": (folder / "report.css").read_text(encoding="utf-8"),
        "script": (folder / "report.js").read_text(encoding="utf-8"),
        "vega": bundle(),
        "colours": schemes(),
        "papers": PAPERS,
        "charts": _json({chart.name: chart.data() for chart in drawn}),
        "times": _json({chart.name: chart.times() for chart in drawn if chart.measured}),
    }
    page = _template(folder).render(told)
    room = _MOST_BYTES - len(page.encode())
    for shown in (shown for found in parts for shown in found.figures):
        text = shown.inlined()
        if len(text) <= room:
            page = page.replace(f'src="{escape(shown.link)}"', f'src="{text}"')
            room -= len(text)
    write_text(out, seal_markup(page.rstrip() + "\n"))


def _tied(text: str) -> str:
    """Without line breaks between a number and its unit, nor in `n = 8`."""
    return re.sub(r"(?<=\d) (?=%)|(?<=\bn) (?==)|(?<=\bn =) ", "\N{NO-BREAK SPACE}", text)


def _json(told: object) -> str:
    """JSON that can stand in a script element."""
    text = json.dumps(told, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.replace("<", "\\u003c")


def _template(folder: Path) -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["tied"] = _tied
    return environment.get_template("report.html.j2")
