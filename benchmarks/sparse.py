"""Training speed by density: sparse kernels against dense ones and the plain loop, interleaved on one thread.

`python benchmarks/sparse.py [--quick] [--figure FILE]`; what is compared stands in benchmarks/README.md.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.machine import report, table
from benchmarks.training import Times, dataset_spec, interleave, plain_epochs, project_epochs, sparse_ticket, spread
from lth.config.data import Network
from lth.config.study import Compute
from lth.data.prepare import prepare
from lth.training.device import prepare_device


@dataclass(frozen=True, kw_only=True)
class Case:
    """A network, how many steps a timing takes, and at which densities which ratio is asked for (0: none)."""

    architecture: str
    steps: int
    batch: int = 60
    densities: dict[float, float]


CASES = (
    Case(architecture="lenet_300_100", steps=200, densities={0.5: 0, 0.2: 0, 0.107: 5, 0.05: 0, 0.02: 15, 0.012: 0}),
    Case(architecture="lenet5_classic", steps=60, densities={0.3: 0, 0.107: 1.5, 0.02: 0}),
    Case(architecture="lenet5", steps=4, densities={0.3: 0, 0.109: 2.5, 0.025: 6}),
    Case(architecture="conv4", steps=4, densities={0.3: 0, 0.1: 1.5, 0.02: 3}),
    Case(architecture="resnet20", steps=2, batch=128, densities={0.3: 0, 0.1: 1.5, 0.02: 3}),
)


def measure(case: Case, quick: bool, rounds: int) -> tuple[dict[str, Times], int, str]:
    """The times of all loops by name, the images of each of their epochs, and the data set's name."""
    steps = 2 if quick else case.steps
    network = Network(architecture=case.architecture)
    spec, root = dataset_spec(steps, case.batch)
    images = prepare("benchmark", spec, root)
    dense = sparse_ticket(network, 1.0)
    loops = {"plain": plain_epochs(dense, network, spec, root, images, case.batch)}
    for precision in ("fp32", "bf16"):
        loops[precision] = project_epochs(dense, network, images, precision, batch=case.batch)
    for density in case.densities:
        ticket = sparse_ticket(network, density)
        loops[f"{density:g}"] = project_epochs(ticket, network, images, "fp32", "sparse", case.batch)
    return interleave(loops, rounds), len(images.splits["train"]), spec.source


def rows(case: Case, times: dict[str, Times], images: int) -> list[list[str]]:
    """A table row for each loop: its speed, and paired ratios of processor time to the dense loop's."""
    found, base = [], times["fp32"].cpu
    for name, taken in times.items():
        ratio = [b / t for b, t in zip(base, taken.cpu, strict=True)]
        goal = case.densities.get(float(name), 0) if name in map("{:g}".format, case.densities) else 0
        label = f"sparse, {100 * float(name):g} %" if name[0].isdigit() else f"dense, {name}"
        speed = f"{images / median(taken.cpu):,.0f}"
        found.append([case.architecture, label, speed, spread(ratio), f"{goal:g}" if goal else ""])
    return found


def draw(cost: dict[str, dict[float, float]], file: Path) -> None:
    """Cost of a step relative to the dense one against density, with the line of proportional cost."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    from lth.analysis.figures.colours import COLOURS
    from lth.analysis.figures.draw import save
    from lth.analysis.figures.style import GREY, SETTINGS

    with mpl.rc_context({**mpl.rcParamsDefault, **SETTINGS}):
        figure = Figure(figsize=(6, 4), layout="constrained")
        axes = figure.subplots()
        for colour, (name, points) in zip(COLOURS, cost.items(), strict=False):
            spots = [100 * density for density in points], [100 * part for part in points.values()]
            axes.loglog(*spots, color=colour, marker="o", label=name)
        axes.loglog([1, 100], [1, 100], color=GREY, linestyle=":", label="proportional")
        axes.set_xlabel("density (%)")
        axes.set_ylabel("processor time of a step (% of the dense one)")
        axes.set_xticks([1, 2, 5, 10, 20, 50, 100], ["1", "2", "5", "10", "20", "50", "100"])
        axes.set_yticks([2, 5, 10, 20, 50, 100], ["2", "5", "10", "20", "50", "100"])
        axes.minorticks_off()
        axes.legend()
    file.parent.mkdir(parents=True, exist_ok=True)
    save(figure, file)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure all networks and print the table."""
    parser = argparse.ArgumentParser(description="Training speed by density.")
    parser.add_argument("--rounds", type=int, default=9, help="timings of each loop (9)")
    parser.add_argument("--network", choices=[c.architecture for c in CASES], nargs="+", help="only these networks")
    parser.add_argument("--quick", action="store_true", help="two rounds of a few steps: only shows that it runs")
    parser.add_argument("--figure", type=Path, help="draw cost against density into this file")
    parser.add_argument("--out", type=Path, help="write the table to this file, too")
    chosen = parser.parse_args(arguments)
    prepare_device(Compute(device="cpu"))
    rounds, lines, source = (2 if chosen.quick else chosen.rounds), [], ""
    cost: dict[str, dict[float, float]] = {}
    for case in CASES:
        if chosen.network is None or case.architecture in chosen.network:
            times, images, source = measure(case, chosen.quick, rounds)
            lines += rows(case, times, images)
            base = times["fp32"].cpu
            cost[case.architecture] = {
                density: median(t / b for b, t in zip(base, times[f"{density:g}"].cpu, strict=True))
                for density in case.densities
            }
    about = (
        f"{source}, batches of 60 (ResNet-20: 128), one thread. Processor time: medians of {rounds} interleaved "
        "rounds, and medians of their paired ratios to the dense fp32 loop (and quartiles)."
    )
    header = ["network", "kernels", "images/s", "relative to dense fp32", "goal"]
    report("Training speed by density", [about, table(header, lines)], chosen.out)
    if chosen.figure:
        draw(cost, chosen.figure)


if __name__ == "__main__":
    main()
