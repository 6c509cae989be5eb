"""Figures that nothing draws again have colours for dark pages, and nothing else of them changed."""

import re
from pathlib import Path

import pytest

from lth.analysis.figures.style import DARK, INK, PAPER
from tools.dark import contrast, dark

DOCS = Path(__file__).parents[1] / "docs"
OLD = """<?xml version="1.0"?>
<svg width="9pt" height="9pt">
 <defs>
 </defs>
 <path d="M 0 0 L 9 9" style="fill: #ffffff"/>
 <path d="M 1 1 L 2 2" style="fill: none; stroke: #332288; stroke-width: 1.6"/>
 <path d="M 1 1 L 2 2" style="fill: none; stroke: #0072B2"/>
 <text>n = 3</text>
</svg>
"""


def test_a_figure_gets_colours_for_dark_pages_once() -> None:
    found = dark(OLD)
    assert dark(found) == found
    head, style, rest = re.split(r'(<style type="text/css">.*</style>\n )', found)
    assert (head + rest).replace('style="fill: #000000" ', "") == OLD
    rules = dict(re.findall(r'\[style\*="([^"]*)"\]\{\w+:(#\w+)!important\}', style))
    assert rules["fill: #ffffff"] == DARK[PAPER].lower()
    assert rules["fill: #000000"] == DARK[INK].lower()  # of the root, from which text without a colour has it
    assert contrast("#332288", DARK[PAPER]) < 2 < 2.6 <= contrast(rules["stroke: #332288"], DARK[PAPER]) < 3
    assert "stroke: #0072b2" not in rules  # can be seen as it is


@pytest.mark.parametrize("path", sorted(DOCS.rglob("*.svg")), ids=lambda path: path.stem)
def test_every_figure_of_the_documentation_can_be_read_on_dark_pages(path: Path) -> None:
    """Otherwise: python -m tools.dark FILE"""
    text = path.read_text(encoding="utf-8")
    assert "@media (prefers-color-scheme:dark)" in text
    rules = dict(re.findall(r'\[style\*="((?:fill|stroke): #\w+)"\]\{\w+:(#\w+)!important\}', text))
    drawn = {rules.get(f"stroke: {colour}", colour) for colour in re.findall(r"; stroke: (#\w{6})", text)}
    assert [colour for colour in drawn - {"#3a3a40"} if contrast(colour, DARK[PAPER]) < 2.2] == []
