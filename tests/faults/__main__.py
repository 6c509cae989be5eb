"""`python -m tests.faults`: attacks a finished study and prints what came of it; exits with 1 if a promise breaks."""

import argparse
import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # before libraries that read them
os.environ |= {f"{kind}_proxy": "http://127.0.0.1:9" for kind in ("http", "https", "HTTP", "HTTPS")}
os.environ |= {"HF_HUB_OFFLINE": "1"}
sys.path.insert(0, str(Path(__file__).parent))
from kills import STUDY as KILLED
from kills import trials
from meter import Meter
from tiny import STUDY, Project
from verdicts import Attack, describe, table

ABOUT = "Kills jobs and Snakemake, flips bits, edits tables and plants hostile files; judges what comes of it."


def main() -> None:
    """Attack as asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=ABOUT)
    parser.add_argument("--attack", action="store_true", help="200 kills, 500 flips, 200 edits, all hostile files")
    parser.add_argument("--short", action="store_true", help="with --attack: the short form, as in CI")
    parser.add_argument("--only", nargs="+", metavar="CLASS:N", default=[], help="these attacks alone (kills:17)")
    parser.add_argument("--classes", nargs="+", metavar="CLASS", help="with --attack: these classes alone")
    parser.add_argument("--kills", type=int, default=20, help="without --attack: so many kills of cold runs (20)")
    parser.add_argument("--seed", type=int, default=0, help="of all that is drawn (0)")
    parser.add_argument("--cores", type=int, default=2, help="attacks side by side (2)")
    parser.add_argument("--studies", type=Path, help="keep the two undisturbed studies here, or take them from here")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(_attack(chosen, Path(folder)) if chosen.attack or chosen.only else _kill(chosen, Path(folder)))


def _attack(chosen: argparse.Namespace, folder: Path) -> int:
    from attack import FULL, SHORT, Studies, finished, make, only

    started, meter, place = time.monotonic(), Meter(), chosen.studies or folder
    meter.start()
    studies = Studies(place / "finished", place / "whole")
    finished(studies, (STUDY, KILLED))
    counts = SHORT if chosen.short else FULL
    counts = {name: counts[name] for name in chosen.classes or counts}
    attacks, seed, stopped = list[Attack](), chosen.seed, False
    made = (
        only(chosen.only, seed, studies, folder) if chosen.only else make(counts, seed, studies, folder, chosen.cores)
    )
    try:
        for attack in made:
            attacks.append(attack)
            if attack.found:
                print(describe(attack, seed), flush=True)
    except KeyboardInterrupt:
        stopped = True
    print("\n".join(table(attacks)))
    print(f"{(time.monotonic() - started) / 60:.1f} min, {meter.seconds() / 60:.1f} min of processor time, seed {seed}")
    return int(stopped or any(attack.found for attack in attacks))


def _kill(chosen: argparse.Namespace, folder: Path) -> int:
    """Cold runs that are killed, one after the other, to the first promise that is not kept."""
    started, chance, found = time.monotonic(), random.Random(chosen.seed), Counter[str]()
    finished = Project.new(folder / "finished", KILLED)
    if (outcome := finished.run()).status:
        print(outcome.text)
        return 1
    for number, trial in enumerate(trials(finished, folder, chance, chosen.kills), 1):
        found += Counter(f"{kill.victim} {kill.number.name}" for kill in trial.kills)
        found += Counter({"killed": len(trial.kills), "runs": 1, "resumed": trial.resumed})
        print(f"{number}: {', '.join(map(str, trial.kills))}", flush=True)
    minutes = (time.monotonic() - started) / 60
    print(f"{found['killed']} kills in {minutes:.1f} min, every artifact as undisturbed: {dict(sorted(found.items()))}")
    return 0


if __name__ == "__main__":
    main()
