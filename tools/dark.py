"""Give committed figures that nothing draws again colours for dark pages: `python -m tools.dark FILE...`.

These are figures of pages without data, and of benchmarks. A figure that has such colours stays as it is; of the others
nothing changes but a style sheet, and the fill that text had by default.
"""

import re
import sys
from pathlib import Path

from lth.analysis.figures.draw import with_dark_scheme
from lth.analysis.figures.style import DARK, GREY, INK, PAPER
from lth.files import write_text

_BLACK = "#000000"
_GREYS = {_BLACK: DARK[INK], "#222222": DARK[INK], GREY.lower(): DARK[GREY], "#808080": DARK[GREY]}
_LEAST = 2.6
"""Contrast of lines and marks to dark pages, so that they can be seen."""


def dark(svg: str) -> str:
    """The figure with colours for dark pages, unless it has some."""
    if "prefers-color-scheme" in svg:
        return svg
    svg = svg.replace("<svg ", f'<svg style="fill: {_BLACK}" ', 1)  # text without a colour of its own takes this one
    used = sorted({colour.lower() for colour in re.findall(r"(?:fill|stroke): (#[0-9a-fA-F]{6})\b", svg)})
    known = {light.lower(): other for light, other in DARK.items()} | _GREYS
    return with_dark_scheme(svg, {colour: known.get(colour) or lighter(colour) for colour in used})


def lighter(colour: str) -> str:
    """The colour, with as little white as makes it visible on dark pages."""
    parts = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    mixed = (
        "#" + "".join(f"{round(part + (255 - part) * share / 100):02x}" for part in parts) for share in range(0, 101, 5)
    )
    return next(found for found in mixed if contrast(found, DARK[PAPER]) >= _LEAST)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours (WCAG 2): 1 to 21."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


if __name__ == "__main__":
    for file in map(Path, sys.argv[1:]):
        write_text(file, dark(file.read_text(encoding="utf-8")))
