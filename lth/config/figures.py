"""In which formats figures are written."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from lth.config.base import Fault, Model, each_once


class Figures(Model):
    """How figures are written. Not part of any result's identity: changing it draws figures again and nothing else."""

    formats: Annotated[tuple[Literal["svg", "pdf", "png"], ...], Field(min_length=1), each_once] = ("svg",)
    """Files of each figure, side by side. `svg` is always one, since the report shows it; `pdf` for papers, `png`
    for slides (200 dots an inch), both on white."""

    def faults(self) -> Iterator[Fault]:
        """The report needs SVG."""
        if "svg" not in self.formats:
            yield ("formats",), f"must have `svg`, which the report shows, found only {', '.join(self.formats)}"

    @property
    def beside_svg(self) -> tuple[str, ...]:
        """The other formats."""
        return tuple(name for name in self.formats if name != "svg")
