"""What the commands take: operands and options. Imports nothing heavy."""

from pathlib import Path
from typing import Any, get_args

from lth.export.options import Format, Moment

OPERANDS: dict[str, dict[str, Any]] = {
    "STUDIES": {
        "type": Path,
        "nargs": "+",
        "metavar": "STUDY",
        "help": "a study file; later files override keys of earlier ones",
    },
    "NAME": {"type": Path, "help": "the new study's name, or its file; `.yaml` may be left out"},
    "WHERE": {"type": Path, "help": "the results folder of a study, or its file"},
    "FILE": {
        "type": Path,
        "help": "an artifact: ticket, weights, prepared data set, table, figure, record or manifest",
    },
    "A": {"type": Path, "help": "a ticket file"},
    "B": {"type": Path, "help": "another ticket file"},
    "RESULTS": {"type": Path, "help": "the results folder of a study: results/STUDY"},
    "DIR": {"type": Path, "nargs": "+", "help": "results folders of finished studies: results/STUDY ..."},
    "PAGES": {"type": Path, "help": "the folder of the pages, with data/STUDY: docs/results"},
    "TICKET": {"type": Path, "help": "a ticket file: ticket.safetensors"},
    "TICKETS": {"type": Path, "nargs": "+", "help": "ticket files, or folders with tickets such as results/STUDY"},
    "NETWORK": {"type": Path, "help": "a ticket file, or the folder of an export"},
    "CHECKPOINT": {"type": Path, "help": "a checkpoint of another program: .pt, .pth, .safetensors or .npz"},
    "SHELL": {"choices": ("bash", "zsh"), "help": "bash or zsh"},
}
"""By name, as argparse takes them."""

_NEW_FOLDER = {"type": Path, "metavar": "FOLDER", "required": True, "help": "a new folder, made whole or not at all"}

COMMAND_OPTIONS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "new": [
        ("--source", {"metavar": "DATA", "help": "the data set that tickets are found on (lth list), or folder:PATH"}),
        ("--network", {"metavar": "NAME", "help": "the architecture (lth list), or MODULE:NAME of your own"}),
        ("--target", {"metavar": "DATA", "nargs": "+", "help": "the data sets that they are trained on"}),
        (
            "--method",
            {"metavar": "NAME", "help": "imp, one_shot, snip, grasp, synflow, random, progressive, set, ..."},
        ),
        ("--seeds", {"type": int, "metavar": "N", "help": "repetitions, paired by seed"}),
        ("--epochs", {"type": int, "metavar": "N", "help": "of each training (default: 10)"}),
        ("--rounds", {"type": int, "metavar": "N", "help": "prunings of 20 %% each (default: 10, to 10.7 %%)"}),
        ("--to", {"type": Path, "metavar": "FOLDER", "help": "where to write it (default: this folder)"}),
    ],
    "check": [
        ("--fast", {"action": "store_true", "help": "measure nothing: no hours, and no gigabytes of networks"}),
        ("--cores", {"type": int, "metavar": "N", "help": "hours on so many cores (default: all that there are)"}),
    ],
    "run": [
        ("--cores", {"type": int, "metavar": "N", "help": "cores to use (default: all that there are)"}),
        ("-n --dry-run", {"action": "store_true", "help": "only say what would run, and why"}),
        ("--plain", {"action": "store_true", "help": "Snakemake's own output, also on a terminal"}),
    ],
    "clean": [("--yes", {"action": "store_true", "help": "delete without asking"})],
    "collect": [
        ("--to", {"type": Path, "metavar": "FOLDER", "help": "where to pack them (default: docs/results/data/STUDY)"}),
        ("--study", {"type": Path, "metavar": "FILE", "help": "the study file; needed if the study is not finished"}),
        (
            "--add",
            {"action": "store_true", "help": "keep seeds that were packed before and that RESULTS does not have"},
        ),
    ],
    "report": [
        (
            "--to",
            {
                "type": Path,
                "metavar": "FILE",
                "default": Path("report.html"),
                "help": "the page (default: report.html)",
            },
        )
    ],
    "redraw": [
        ("--check", {"action": "store_true", "help": "write nothing; fail where a page is not as its data are"})
    ],
    "export": [
        ("--to", _NEW_FOLDER),
        ("--format", {"choices": get_args(Format), "default": "torch", "help": "default: torch"}),
        ("--compact", {"action": "store_true", "help": "remove units and channels that compute nothing"}),
        ("--weights", {"choices": get_args(Moment), "default": "trained", "help": "default: trained"}),
    ],
    "share": [
        ("--to", _NEW_FOLDER),
        (
            "--density",
            {
                "type": float,
                "nargs": "+",
                "metavar": "D",
                "default": [],
                "help": "of each ticket the rounds nearest to these shares of weights (default: all pruned rounds)",
            },
        ),
        ("--ticket", {"nargs": "+", "metavar": "NAME", "default": [], "help": "only these tickets (default: all)"}),
        ("--study", {"type": Path, "metavar": "FILE", "help": "the study file; needed if the study is not finished"}),
    ],
    "log": [
        ("--to", {"choices": ("tensorboard", "wandb"), "required": True, "help": "which kind of log"}),
        ("--folder", {"type": Path, "metavar": "FOLDER", "help": "where to write it (default: logs/STUDY)"}),
        ("--project", {"metavar": "NAME", "help": "of Weights & Biases (default: the study's name)"}),
    ],
    "import": [
        (
            "--network",
            {"metavar": "NAME", "required": True, "help": "its architecture: a name of `lth list`, or module:function"},
        ),
        ("--to", {"type": Path, "metavar": "FILE", "required": True, "help": "the new ticket file (.safetensors)"}),
        (
            "--masks",
            {"type": Path, "metavar": "FILE", "help": "masks of 0 and 1 (default: weights that are not 0)"},
        ),
        ("--weights", {"type": Path, "metavar": "FILE", "help": "the initial weights (default: the checkpoint's)"}),
        (
            "--shape",
            {
                "type": int,
                "nargs": 2,
                "metavar": ("C", "SIZE"),
                "default": [1, 28],
                "help": "images (default: 1 28)",
            },
        ),
    ],
    "masks": [
        (
            "--to",
            {
                "type": Path,
                "metavar": "FILE",
                "default": Path("masks.html"),
                "help": "a page (.html), or an animation of one ticket (.gif, .mp4 with ffmpeg; .png: its last frame); "
                "default: masks.html",
            },
        ),
        ("--training", {"action": "store_true", "help": "animate the training of the last round, epoch by epoch"}),
        (
            "--seeds",
            {"type": int, "nargs": "+", "metavar": "N", "default": [], "help": "of folders (default: the lowest one)"},
        ),
    ],
    "speed": [
        ("--rounds", {"type": int, "metavar": "N", "default": 100, "help": "timings of each engine (default: 100)"})
    ],
}
"""Options of commands, as argparse takes them; a short form stands before its option."""
