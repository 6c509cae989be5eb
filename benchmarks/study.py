"""What sparse kernels bring to a study: all trainings that it plans, with the kernels that it gets and with dense ones.

`python benchmarks/study.py CONFIG [--rounds N] [--quick]`; what is compared stands in benchmarks/README.md.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.machine import report, table
from benchmarks.training import spread
from lth.checks.read import load_study
from lth.cli.takes import TrainingOfJob, training_seconds, trainings_of
from lth.config.study import Compute, Study
from lth.plan.forecast import planned_jobs
from lth.plan.paths import Paths
from lth.plan.plan import Plan
from lth.training.pace import Pace, Timed, paces

KERNELS = ("as planned", "dense")


def planned(study: Study) -> Counter[TrainingOfJob]:
    """How often each kind of training is made."""
    plan = Plan(study)
    return Counter(one for job in planned_jobs(Paths(plan)) for one in trainings_of(plan, job))


def measure(study: Study, training: TrainingOfJob, kernels: str) -> tuple[float, Pace]:
    """Processor seconds of a training, from the pace of some of its steps and of scoring."""
    recipe = study.recipes[training.recipe]
    if kernels == "dense":
        recipe = recipe.model_copy(update={"kernels": "dense"})
    network, dataset = study.networks[training.network], study.datasets[training.dataset]
    timed = Timed(network, recipe, dataset, training.density, training.scope, training.score)
    (pace,) = paces([timed], Compute(device="cpu"), 1)
    return training_seconds(study, replace(training, times=1), [pace]), pace


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure all trainings of a study of images and print the table."""
    parser = argparse.ArgumentParser(description="What sparse kernels bring to a whole study.")
    parser.add_argument("config", type=Path, help="the study file")
    parser.add_argument("--rounds", type=int, default=5, help="timings of each training (5)")
    parser.add_argument("--quick", action="store_true", help="one round, two densities: only shows that it runs")
    parser.add_argument("--out", type=Path, help="write the table to this file, too")
    chosen = parser.parse_args(arguments)
    study = load_study(chosen.config)
    counted = planned(study)
    order = sorted(counted, key=lambda one: (one.network, one.recipe, one.dataset, -one.density, one.examples or 0))
    order, rounds = (order[-2:], 1) if chosen.quick else (order, chosen.rounds)
    seconds: dict[str, dict[TrainingOfJob, list[float]]] = {kernels: {} for kernels in KERNELS}
    sparse: dict[TrainingOfJob, bool] = {}
    for training in order:
        for number in range(rounds):
            for kernels in KERNELS[:: 1 if number % 2 else -1]:  # each is the first in turn
                taken, pace = measure(study, training, kernels)
                seconds[kernels].setdefault(training, []).append(taken)
                sparse[training] = pace.sparse or sparse.get(training, False)
    totals = {
        kernels: [sum(counted[one] * one.times * seconds[kernels][one][n] for one in order) for n in range(rounds)]
        for kernels in KERNELS
    }
    lines = []
    for one in order:
        ours, dense = (seconds[kernels][one] for kernels in KERNELS)
        share = [a / b for a, b in zip(ours, dense, strict=True)]
        times = [f"{counted[one] * one.times}", f"{median(ours):.3g}", f"{median(dense):.3g}"]
        lines.append(
            [one.network, one.recipe, f"{100 * one.density:.3g} %", *times, spread(share) if sparse[one] else ""]
        )
    share = [a / b for a, b in zip(*(totals[kernels] for kernels in KERNELS), strict=True)]
    hours = [f"{median(totals[kernels]) / 3600:.2f} h" for kernels in KERNELS]
    lines.append(["all", "", "", f"{sum(counted[one] * one.times for one in order)}", *hours, spread(share)])
    header = ["network", "recipe", "density", "trainings", "as planned, s", "dense, s", "as planned / dense"]
    about = (
        f"Study `{study.study}`: processor seconds of each training on one thread, reckoned from the pace of its steps "
        f"and of scoring on random images of the data set's shape, median of {rounds} timings in turn (and quartiles "
        f"of the paired ratios; none where kernels are dense). The start of jobs is left out."
    )
    report("A whole study", [about, table(header, lines)], chosen.out)


if __name__ == "__main__":
    main()
