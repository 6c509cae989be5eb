"""What the commands of `python -m lth` take: operands and options. Imports nothing heavy."""

from pathlib import Path
from typing import Any, get_args

from lth.export.options import Format, Moment

OPERANDS = {
    "STUDY": "a study file",
    "FILE": "an artifact: ticket, weights, prepared data set, table, figure, record or manifest",
    "A": "a ticket file",
    "B": "another ticket file",
    "RESULTS": "the results folder of a study: results/STUDY",
    "PAGES": "the folder of the pages, with data/STUDY: docs/results",
    "TICKET": "a ticket file: ticket.safetensors",
    "NETWORK": "a ticket file, or the folder of an export",
}
"""By name: help text; all are paths."""

COMMAND_OPTIONS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "collect": [
        ("--to", {"type": Path, "metavar": "FOLDER", "help": "where to pack them (default: docs/results/data/STUDY)"}),
        ("--study", {"type": Path, "metavar": "FILE", "help": "the study file; needed if the study is not finished"}),
    ],
    "redraw": [
        ("--check", {"action": "store_true", "help": "write nothing; fail where a page is not as its data are"})
    ],
    "export": [
        (
            "--to",
            {"type": Path, "metavar": "FOLDER", "required": True, "help": "a new folder, made whole or not at all"},
        ),
        ("--format", {"choices": get_args(Format), "default": "torch", "help": "default: torch"}),
        ("--compact", {"action": "store_true", "help": "remove units and channels that compute nothing"}),
        ("--weights", {"choices": get_args(Moment), "default": "trained", "help": "default: trained"}),
    ],
    "speed": [
        ("--rounds", {"type": int, "metavar": "N", "default": 100, "help": "timings of each engine (default: 100)"})
    ],
}
"""Options of commands, as argparse takes them."""
