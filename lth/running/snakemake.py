"""Starting Snakemake on a study, from any folder: which Snakefile, and with which options. Imports no Snakemake."""

import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from lth.errors import UserError
from lth.snakefile import snakefile

_GIVEN = ("--configfile", "--configfiles", "--snakefile", "-s")
"""Options that `lth run` gives itself; further study files stand before them."""


def snakemake_command(
    studies: Sequence[Path], cores: int | None, dry: bool, options: Sequence[str], quiet: bool = False
) -> list[str]:
    """The command line that runs a study in the current folder, where its results are made.

    Args:
        studies: the study file, and others that are laid over it: of a key that several have, the last counts.
        cores: of this machine; all that this process may use, if none are given.
        dry: only say what would run.
        options: further ones, passed on as they are.
        quiet: leave out what Snakemake says of each job; errors are the jobs' own sentences.

    Raises:
        UserError: Snakemake is not installed, or an option is one that is given here.
    """
    if find_spec("snakemake") is None:
        what = "it runs the jobs of a study, and is not installed"
        raise UserError(f"snakemake: {what}; pip install 'cross-dataset-lottery-tickets[workflow]'")
    if cores is not None and cores < 1:
        raise UserError(f"--cores: found {cores}; a number from 1 is needed")
    for option in options:
        if option.partition("=")[0] in _GIVEN:
            more = "name further study files after the first" if "configfile" in option else "call `snakemake` itself"
            raise UserError(f"{option}: is given by `lth run`; {more} to give another")
    workflow = snakefile()
    if workflow is None:
        raise UserError("lth run: the workflow is not beside the package; install the package anew")
    given = [] if cores is None and _has_cores(options) else ["--cores", str(cores or usable_cores())]
    ours = ["--configfile", *map(str, studies), *(("--quiet", "rules") if quiet else ()), "--snakefile", str(workflow)]
    # the first two take any number of values: a target must not follow them
    return [sys.executable, "-m", "snakemake", *ours, *given, *(["--dry-run"] if dry else []), *options]


def usable_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _has_cores(options: Sequence[str]) -> bool:
    """Whether the options say how much runs side by side: cores, or jobs of an executor or profile."""
    names = {option.partition("=")[0] for option in options}
    return bool(names & {"--cores", "-c", "--jobs", "-j", "--profile", "--workflow-profile"})
