"""A training job as Snakemake starts it, ended after some steps: what `startup.py` runs in a process of its own.

Usage: training_job.py STARTED FOLDER STEPS [PACKAGE ...]; prints one line of JSON. The imports below are those of
workflow/scripts/round.py, behind Snakemake's own (the preamble that it puts before every script).
"""

import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

from snakemake import script  # type: ignore[import-untyped]  # noqa: F401  (the preamble's import)

from lth.config.study import Compute
from lth.methods.round import RoundFiles, run_round
from lth.plan.jobs import RoundJob
from lth.running.jobs import job


class Watch:
    """Counts steps, notes when the first one ended, and ends the process after the last."""

    def __init__(self, started: float, steps: int, unneeded: list[str]) -> None:
        self.started, self.left, self.unneeded = started, steps, unneeded
        self.first: dict[str, float] = {}

    def __call__(self) -> None:
        """Called after every step."""
        self.first = self.first or {"seconds": time.time() - self.started, "cpu": time.process_time()}
        self.left -= 1
        if self.left == 0:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            megabytes = peak * 1024 / 1e6 if sys.platform != "darwin" else peak / 1e6
            imported = ", ".join(name for name in self.unneeded if name in sys.modules)
            print(json.dumps(self.first | {"megabytes": megabytes, "unneeded": imported}), flush=True)
            os._exit(0)


def main(started: str, folder: str, steps: str, *unneeded: str) -> None:
    """Run the job in `folder`, watched."""
    at = Path(folder)
    spec = RoundJob.model_validate_json((at / "job.json").read_text(encoding="utf-8"))
    outputs = {name: at / name for name in ("ticket", "trained", "history", "confusion", "layers", "cost", "measured")}
    files = RoundFiles(data=at / "images.safetensors", **outputs)
    with job("benchmark", str(at / "log")) as running:
        from lth.training.loop import Loop

        watch, step = Watch(float(started), int(steps), list(unneeded)), Loop.step

        def watched(*given: Any) -> None:
            step(*given)
            watch()

        Loop.step = watched  # type: ignore[method-assign]
        run_round(spec, files, Compute(device="cpu"), running)


if __name__ == "__main__":
    main(*sys.argv[1:])
