"""Commands about runs of a study: start one, see how far it is, clear what it left."""

import argparse
import os
import sys
from collections.abc import Iterator


def _run(arguments: argparse.Namespace) -> Iterator[str]:
    from lth.checks.read import load_study
    from lth.running.snakemake import snakemake_command

    load_study(arguments.STUDY)
    command = snakemake_command(arguments.STUDY, arguments.cores, arguments.dry_run, arguments.passed_on)
    sys.stdout.flush()
    os.execv(command[0], command)  # no process of ours in between: signals and exit status are Snakemake's
    yield ""


RUN_COMMANDS = {
    "run": (
        _run,
        "run a study with Snakemake in this folder; its results are made in results/; options after `--` are its",
        ("STUDY",),
    ),
}
"""Each command: function, help text, operands."""
