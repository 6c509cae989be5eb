"""The README beside a study's packed data: what the files are, and which seeds are in them."""

from collections.abc import Mapping
from typing import Any

from lth.checks.wording import listed

_ABOUT = {
    "history": "loss and accuracy of each split at each scoring",
    "confusion": "counts of the test data by true and predicted class, at the selected step",
    "layers": "weights kept of each layer",
    "cost": "passes over data and theoretical FLOPs of each phase",
    "measured": "seconds and joules",
    "overlap": "weights that the masks of two tickets keep of each layer",
    "units": "what the mask of each arm leaves of each layer: units in use, weights on a path, initial size",
}


def guide(told: Mapping[str, Any], rows: Mapping[str, int]) -> str:
    """The page.

    Args:
        told: the contents of the data (`data.json`).
        rows: of each file.
    """
    lines = [f"# Per-seed data of the study `{told['study']}`", "", *partial_note(told)]
    lines += [
        f"Seeds {listed(map(str, told['seeds']), most=50)}. `data.json` lists the SHA-256 of each table's unpacked "
        "text (`zcat FILE | sha256sum`). `study.yaml` has all settings, defaults included.",
        "Tables and figures of the pages are made from these files: `lth redraw docs/results`.",
        *_runs(told),
        "",
        "| file | rows | what |",
        "|---|--:|---|",
    ]
    for name, count in rows.items():
        kind = name.rpartition("/")[2].partition(".")[0]
        lines.append(f"| `{name}` | {count:,} | {_ABOUT[kind]} |")
    return "\n".join([*lines, ""])


def _runs(told: Mapping[str, Any]) -> list[str]:
    """A sentence on seeds that were added later."""
    if "runs" not in told:
        return []
    first, *later = (listed(map(str, run), most=50) for run in told["runs"])
    return [f"Packed from {len(told['runs'])} runs: seeds {first}; then {'; then '.join(later)} (`collect --add`)."]


def partial_note(told: Mapping[str, Any]) -> list[str]:
    """A paragraph on the seeds that are missing; nothing if the study was finished."""
    if not told["missing"]:
        return []
    one = len(told["missing"]) == 1
    seeds, verb = f"seed{'s' * (not one)} {listed(told['missing'], most=50)}", "was" if one else "were"
    return [
        f"**The study was not finished: of its {len(told['planned_seeds'])} seeds, {seeds} {verb} not complete and "
        f"{verb} left out.**",
        "",
    ]
