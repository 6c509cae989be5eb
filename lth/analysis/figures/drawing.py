"""What is known of a figure before it is drawn."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from lth.analysis.figures.facts import Facts
from lth.catalog.registry import Entry

Need = Literal[
    "pairs",
    "transforms",
    "goal",
    "masks",
    "two masks",
    "costs",
    "encoder",
    "two classes",
    "rounds",
    "dense",
    "pruned in training",
    "one layer",
    "several targets",
]
"""What an evaluation or comparison must have: paired comparisons; a ticket with controls of its initialisation or mask;
a target accuracy; pruned tickets; two of one network; known costs; a text encoder. What a study must have: a data set
with two classes; a ticket with several rounds on one data set; a ticket whose dense network it trains; a ticket whose
weights are pruned while it is trained; one that prunes a single layer; two tickets that are both evaluated on two data
sets."""


@dataclass(frozen=True, kw_only=True)
class Drawing(Entry):
    """One figure: `target` maps tables (by name) and a palette to a Matplotlib figure."""

    caption: Callable[[Facts], str]
    """What is in the figure and how to read it, for `report.html` and Snakemake's own report."""
    tables: tuple[str, ...]
    """Names of the tables it reads."""
    of_evaluations: tuple[str, ...] = ()
    """Of a figure of the study: names of the tables that it reads of all evaluations, one below the other."""
    scope: Literal["study", "evaluation"] = "evaluation"
    """Whether there is one figure per study, or one per evaluation and comparison."""
    needs: tuple[Need, ...] = ()
    """Conditions under which it is drawn (`lth.analysis.figures.choice`)."""
