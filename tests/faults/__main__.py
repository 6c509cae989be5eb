"""`python -m tests.faults --kills 1000`: the long form; prints what was killed and what came of it."""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.faults.kills import STUDY, Project, trials


def main() -> None:
    """Kill as often as asked for, and stop at the first promise that is not kept."""
    parser = argparse.ArgumentParser(description="Kills jobs and Snakemake at random, and looks at what comes of it.")
    parser.add_argument("--kills", type=int, default=20, help="at least so many (20)")
    parser.add_argument("--seed", type=int, default=0, help="of what is killed, how and when (0)")
    chosen = parser.parse_args()
    started, chance, found = time.monotonic(), random.Random(chosen.seed), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        finished = Project.new(Path(folder) / "finished", STUDY)
        if (outcome := finished.run()).status:
            sys.exit(outcome.text)
        for number, trial in enumerate(trials(finished, Path(folder), chance, chosen.kills), 1):
            found += Counter(f"{kill.victim} {kill.number.name}" for kill in trial.kills)
            found += Counter({"killed": len(trial.kills), "runs": 1, "resumed": trial.resumed})
            print(f"{number}: {trial}", flush=True)
    minutes = (time.monotonic() - started) / 60
    print(f"{found['killed']} kills in {minutes:.1f} min, every artifact as undisturbed: {dict(sorted(found.items()))}")


if __name__ == "__main__":
    main()
