"""Which study some results are of, and how it was run: by the note of its last run, its manifest, or the study files
beside it. Imports nothing heavy.
"""

import json
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from lth.artifacts.records import MANIFEST, RecordError, read_json
from lth.printable import printable

OPTIONS = "LTH_STUDY_OPTIONS"
"""Variable with the options of `snakemake` that name the study, as a JSON list; set by the Snakefile for its jobs."""
RERUN = "snakemake"
"""The entry of the manifest that holds the same."""
LAST_RUN = ".running/study.json"
"""Below `results/<study>`: the settings of the study as it was last run, on how many cores, and which rounds of its
tickets keep their trained weights."""


def noted_run(results: Path) -> dict[str, Any]:
    """What `LAST_RUN` says; empty if there is none that can be read."""
    with suppress(OSError, ValueError):
        told = json.loads((results / LAST_RUN).read_text(encoding="utf-8"))
        return told if isinstance(told, dict) else {}
    return {}


def manifest_of(results: Path) -> dict[str, Any]:
    """What the manifest says; empty if there is none that can be read, or it was altered."""
    with suppress(RecordError, OSError):
        return read_json(results / MANIFEST)
    return {}


def assessments_with(results: Path, file: str) -> tuple[list[str], list[str]]:
    """The evaluations and comparisons of which a file lies below `tables`: of the study in its order, and others.

    Others have been taken out of the study since, or the study has not been run to its end since they were added.
    Without a manifest it is not known which are of the study: all are then, by name.
    """
    there = sorted(path.parent.name for path in (results / "tables").glob(f"*/{file}"))
    study = manifest_of(results).get("study")
    if not isinstance(study, dict):
        return there, []
    listed = [*study.get("evaluations", ()), *study.get("comparisons", ())]
    return [name for name in listed if name in there], [name for name in there if name not in listed]


def left_out_words(names: Iterable[str]) -> str:
    """A line on evaluations and comparisons that are not of the study."""
    return f"not shown: {', '.join(map(printable, names))}, not in the study whose {MANIFEST} this folder has"


def is_in_place(results: Path) -> bool:
    """Whether a folder is called `results/<study>`, as far as it is known which study it is of: copies are not."""
    study = noted_run(results).get("study") or manifest_of(results).get("study")
    name = study.get("study") if isinstance(study, dict) else None
    return results.absolute().parent.name == "results" and name in (None, results.absolute().name)


def study_options(results: Path) -> list[str]:
    """The options of `snakemake` that name the study of some results: as its jobs were started, or as its manifest has
    them, or from the study files beside the results."""
    if (told := os.environ.get(OPTIONS)) is not None:
        return list(json.loads(told))
    if manifest := manifest_of(results):
        return list(map(str, manifest.get(RERUN, [])))
    root, name = results.absolute().parents[1], re.escape(results.absolute().name)
    for path in (root / "config.yaml", *sorted(root.glob("config/*.yaml")), *sorted(root.glob("*.yaml"))):
        with suppress(OSError, ValueError):
            if re.search(rf"^study: *[\"']?{name}[\"']? *(#.*)?$", path.read_text(encoding="utf-8"), re.MULTILINE):
                return [] if path == root / "config.yaml" else ["--configfile", str(path.relative_to(root))]
    return ["--configfile", "STUDY.yaml"]


def options_of(configfiles: Iterable[Path | str], overrides: Iterable[str]) -> list[str]:
    """The options of `snakemake` that name a study, as one types them.

    Args:
        configfiles: those given on the command line.
        overrides: the values of `--config`; where and on what the study runs is left out: no result depends on it.
    """
    absolute = [Path(path).absolute() for path in configfiles]
    files = [path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path for path in absolute]
    values = [value for value in overrides if value.partition("=")[0] not in ("compute", "data_root")]
    return [*(["--configfile", *map(str, files)] if files else []), *(["--config", *values] if values else [])]
