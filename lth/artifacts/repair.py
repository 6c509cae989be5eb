"""The command that makes damaged artifacts of a study again. Imports nothing heavy.

Deleting a damaged file and running Snakemake is not enough: where everything made from the file is newer, Snakemake
takes the file for an intermediate that nobody needs and does nothing. So each damaged file is named as a target. The
command works through the kinds of artifacts in the order in which they depend on each other, a run of Snakemake each:
within one run everything downstream of a job is made again, while a later run compares checksums and finds that a file
that has come out with the bytes it had before changes nothing.
"""

import os
import re
import shlex
from collections.abc import Iterable
from pathlib import Path

from lth.artifacts.origin import is_in_place, manifest_of, noted_run, study_options
from lth.artifacts.records import MANIFEST
from lth.snakefile import USUAL, snakefile

STAGES = (
    r"(data|models)/\w+\.safetensors",
    r"tickets/\w+/seed\d+/round\d+/(ticket\.safetensors|trained\.safetensors|\w+\.csv)",
    r"controls/[\w-]+/seed\d+/round\d+/ticket\.safetensors",
    r"evaluations/\w+/[\w-]+/seed\d+/(\w+\.csv|evaluation\.json|trained\.safetensors)",
    r"(tables|figures)/(\w+/)?\w+\.(csv|svg|pdf|png|txt)|(report|masks)\.html|manifest\.json",
)
"""Artifacts below `results/<study>`, each stage made from those before it."""


def is_artifact(name: str) -> bool:
    """Whether a path below `results/<study>` is one that the workflow makes."""
    return any(re.fullmatch(stage, name) for stage in STAGES)


def command(results: Path, names: Iterable[str]) -> str:
    """What to type to have artifacts made again, and all that depends on them made consistent.

    Args:
        results: `results/<study>`.
        names: damaged or missing artifacts, as paths below it; what is no artifact is left alone.

    Raises:
        ValueError: the folder is no `results/<study>`, so that a run would make the files elsewhere.
    """
    if not is_in_place(results):
        raise ValueError(f"{results} is not where its study is run")
    root, folder = results.absolute().parents[1], f"results/{results.absolute().name}"
    damaged = sorted({name for name in names if is_artifact(name)})
    there = [name for name in damaged if os.path.lexists(results / name)]
    steps = [] if Path.cwd() == root else [f"cd {shlex.quote(str(root))}"]
    if there:
        steps.append(f"rm -f -- {_quoted(folder, there)}")
    run = " ".join(filter(None, ["snakemake", _workflow(root), shlex.join(study_options(results)), "--cores 2"]))
    *earlier, last = ([name for name in damaged if re.fullmatch(stage, name)] for stage in STAGES)
    for stage in earlier:
        if targets := _targets(results, stage):
            steps.append(f"{run} -- {_quoted(folder, targets)}")
    targets = [name for name in _targets(results, last) if name not in ("report.html", MANIFEST)]
    steps.append(f"{run} -- {_quoted(folder, targets)} all" if targets else run)
    # Snakemake keeps the temporary output of a job that was itself asked for.
    beside = {f"{name.rpartition('/')[0]}/trained.safetensors" for name in damaged if name.startswith("tickets/")}
    if left := sorted(name for name in beside if _temporary(results, name)):
        steps.append(f"rm -f -- {_quoted(folder, left)}")
    return " && ".join(steps)


def _workflow(root: Path) -> str:
    """The option that names the workflow where the folder of the results has none."""
    found = snakefile()
    if found is None or any(map(Path.is_file, (root / name for name in USUAL))):
        return ""
    return f"--snakefile {shlex.quote(str(found))}"


def advice(*paths: Path) -> str:
    """How to have damaged artifacts of one study made again, as the end of a sentence; empty where none is one, or they
    are in a copy of its results."""
    found = [place for path in paths if (place := _place(path))]
    if not found or not is_in_place(found[0][0]):
        return ""
    results = found[0][0]
    return f"; to make it again: {command(results, (name for folder, name in found if folder == results))}"


def _quoted(folder: str, names: Iterable[str]) -> str:
    return shlex.join(f"{folder}/{name}" for name in names)


def _targets(results: Path, names: Iterable[str]) -> list[str]:
    """One damaged file of each job: with it, all others of the job are made again."""
    chosen: dict[str, str] = {}
    for name in names:
        folder = name if name.startswith(("data/", "models/")) or "/" not in name else name.rpartition("/")[0]
        if not _temporary(results, name):
            chosen.setdefault(folder, name)
    return list(chosen.values())


def _temporary(results: Path, name: str) -> bool:
    """Whether a file is made again only when another job needs it: trained weights of a round that does not keep them,
    as the last run has noted it, or else by the manifest."""
    found = re.fullmatch(r"tickets/(\w+)/seed\d+/round(\d+)/trained\.safetensors", name)
    if found is None:
        return False
    kept = noted_run(results).get("kept_weights")
    if isinstance(kept, dict) and found[1] in kept:
        return int(found[2]) not in kept[found[1]]
    listed = manifest_of(results).get("files")
    return isinstance(listed, dict) and name not in listed


def _place(path: Path) -> tuple[Path, str] | None:
    """The results that an artifact belongs to, and its path below them."""
    parts = path.absolute().parts
    for at in range(len(parts) - 2, 0, -1):
        if parts[at - 1] == "results" and is_artifact(name := "/".join(parts[at + 1 :])):
            return Path(*parts[: at + 1]), name
    return None
