"""Figures as PDF and PNG beside SVG: drawn again for that, and nothing else is made anew but what lists them."""

import json

import pytest
from tiny import Project, checksum, summaries

from lth.cli.program import main

pytestmark = pytest.mark.workflow


def test_other_formats_draw_figures_and_nothing_else(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: checksum(path) for path in project.results.glob("figures/**/*.svg")}
    page = checksum(project.results / "report.html")
    project.edit("study.yaml", "\nseeds:", "\nfigures: {formats: [svg, pdf, png]}\nseeds:")
    planned = project.planned()
    assert summaries(planned) == set(planned) == {"study_figures", "figures_of_transfer", "report", "manifest"}
    assert project.run().status == 0
    assert project.planned() == {}
    assert {path: checksum(path) for path in before} == before
    for path in before:
        assert path.with_suffix(".pdf").read_bytes().startswith(b"%PDF-")
        assert path.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert checksum(project.results / "report.html") == page  # and so its overall checksum
    listed = json.loads((project.results / "manifest.json").read_text())["files"]
    assert "figures/transfer/differences.pdf" in listed
    assert main(["verify", str(project.results)]) == 0
    altered = project.results / "figures/transfer/differences.pdf"
    altered.write_bytes(altered.read_bytes() + b" ")
    capsys.readouterr()
    assert main(["verify", str(project.results)]) == 1
    assert "figures/transfer/differences.pdf" in capsys.readouterr().out
