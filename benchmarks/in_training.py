"""What methods that prune while they train add to a step, against the dense training of the same network.

`python benchmarks/in_training.py [--quick]`; what is compared, and what it means, stands in benchmarks/README.md.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.machine import report, table
from benchmarks.training import BATCH, Epoch, Times, dataset_spec, interleave, run_epoch, spread
from lth.catalog.methods import METHODS
from lth.config.study import Compute, Study
from lth.data.images import Images
from lth.data.prepare import prepare
from lth.methods.found import Found
from lth.methods.round import Round, RoundFiles
from lth.plan.plan import Plan
from lth.training.device import prepare_device
from lth.training.loop import Loop

STEPS = {"lenet_300_100": 200, "resnet20": 6}
"""Networks, and the steps of a timed epoch; with the hundreds of a real one, a pruning an epoch weighs less."""
TICKETS: dict[str, dict[str, Any]] = {
    "dense": {"method": "dense"},
    "progressive": {"method": "progressive", "scope": "global"},
    "set": {"method": "dynamic", "scope": "erk", "grow": "random", "update_interval": 100},
    "rigl": {"method": "dynamic", "scope": "erk", "grow": "gradient", "update_interval": 100},
}
OPTIMISER = {"name": "sgd", "learning_rate": 0.05, "momentum": 0.9}
NOWHERE = dict.fromkeys(("data", "ticket", "trained", "history", "confusion", "layers", "cost", "measured"), Path())


def plan(architecture: str, dataset: dict[str, Any], rounds: int) -> Plan:
    """A study of one ticket for each method; progressive pruning prunes before every epoch that is timed."""
    TICKETS["progressive"]["until_epoch"] = rounds + 1
    common = {"network": "network", "recipe": "train", "dataset": "data"}
    sparse = {"densities": [0.1]}
    study = {
        "study": "benchmark",
        "seeds": [0],
        "datasets": {"data": dataset},
        "networks": {"network": {"architecture": architecture}},
        "recipes": {"train": {"optimiser": OPTIMISER, "batch_size": BATCH, "epochs": rounds + 2, "kernels": "dense"}},
        "tickets": {
            name: {**common, **ticket, **({} if name == "dense" else sparse)} for name, ticket in TICKETS.items()
        },
    }
    return Plan(Study.model_validate(study))


def epochs(studied: Plan, name: str, images: Images) -> Epoch:
    """The training of a ticket, one epoch a call, with what its method does between steps."""
    device = prepare_device(Compute(device="cpu"))
    spec = studied.round_job(name, 0, studied.first_round(name))
    round_ = Round(spec, RoundFiles(**NOWHERE), images, device, lambda _: None)
    found: Found = METHODS[spec.method].load()(round_, studied.study.tickets[name].options)
    loop = Loop.start(found.ticket.module(), found.ticket.masks, images, spec.recipe, 0, device)

    def epoch(number: int) -> None:
        run_epoch(loop, number, found.hook)

    return epoch


def rows(architecture: str, times: dict[str, Times], steps: int) -> list[list[str]]:
    """A table row for each method: milliseconds a step, and the paired ratio to the dense training's."""
    found = []
    for name, ours in times.items():
        ratios = [o / d for o, d in zip(ours.cpu, times["dense"].cpu, strict=True)]
        found.append([architecture, name, f"{1000 * median(ours.cpu) / steps:.3g}", spread(ratios)])
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure all networks and print the table."""
    parser = argparse.ArgumentParser(description="Steps of methods that prune while they train.")
    parser.add_argument("--rounds", type=int, default=9, help="timings of each (9)")
    parser.add_argument("--quick", action="store_true", help="two rounds of two steps: only shows that it runs")
    parser.add_argument("--out", type=Path, help="write the table to this file, too")
    chosen = parser.parse_args(arguments)
    rounds, lines, source = (2 if chosen.quick else chosen.rounds), [], ""
    for architecture, wanted in STEPS.items():
        steps = 2 if chosen.quick else wanted
        spec, root = dataset_spec(steps)
        source, images = spec.source, prepare("benchmark", spec, root)
        studied = plan(architecture, spec.model_dump(), rounds)
        loops = {name: epochs(studied, name, images) for name in TICKETS}
        lines += rows(architecture, interleave(loops, rounds), steps)
    about = (
        f"{source}, batches of {BATCH}, one thread, fp32, epochs of {' / '.join(map(str, STEPS.values()))} steps. "
        f"Processor time, medians of {rounds} interleaved rounds; ratios are paired (and quartiles)."
    )
    report("Pruning while training", [about, table(["network", "method", "ms a step", "of dense"], lines)], chosen.out)


if __name__ == "__main__":
    main()
