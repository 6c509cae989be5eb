"""What it costs to write down where a training is, and to go on from there.

`python benchmarks/saving.py [--quick]`; what is measured, and what it means, stands in benchmarks/README.md.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.machine import report, table
from lth.artifacts.tickets import Ticket
from lth.catalog.datasets import SOURCES
from lth.catalog.kinds import PREPARED
from lth.config.data import Dataset, Network
from lth.config.study import Compute
from lth.config.training import Optimiser, Recipe
from lth.running.scratch import Scratch
from lth.training.device import prepare_device
from lth.training.hooks import Hook
from lth.training.loop import Loop
from lth.training.resume import restore, snapshot
from lth.training.trained import Trained

DIGITS = Dataset(source="digits", validation=60, train=64, test=60)
COLOURED = Dataset(source="textures", validation=60, train=64, test=60)
NETWORKS = {
    "lenet_300_100": (Network(architecture="lenet_300_100"), DIGITS),
    "lenet5": (Network(architecture="lenet5"), DIGITS),
    "resnet18": (Network(architecture="resnet18"), COLOURED),
    "vgg19": (Network(architecture="vgg19", size=32), COLOURED.model_copy(update={"size": 32})),
}
RECIPE = Recipe(optimiser=Optimiser(name="adam", learning_rate=1e-3), batch_size=32, epochs=1, kernels="dense")
"""Adam has the largest state: two values for each weight."""


def begun(network: Network, data: Dataset) -> Loop:
    """A training after its first step."""
    examples = PREPARED[SOURCES[data.source].kind].load()("benchmark", data, None)
    ticket, device = Ticket.dense(network, 0), prepare_device(Compute(device="cpu"))
    loop = Loop.start(ticket.module(), ticket.masks, examples, RECIPE, 0, device)
    loop.step(*loop.feed.made(next(loop.feed.draws(RECIPE.batch_size, 0, 0, loop.steps))), 0, Hook())
    return loop


def measure(loop: Loop, folder: Path, times: int) -> tuple[float, float, float]:
    """Megabytes of a state, and the median seconds of writing it and of going on from it."""
    writing, reading = [], []
    for _ in range(times):
        saved = Scratch(folder, "benchmark").training()
        started = time.perf_counter()
        saved.write(*snapshot(loop, Trained(), 1))
        written = time.perf_counter()
        state = saved.read()
        assert state is not None
        restore(loop, Trained(), *state)
        writing.append(written - started)
        reading.append(time.perf_counter() - written)
    return saved.path.stat().st_size / 1e6, median(writing), median(reading)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure all networks and print the table."""
    parser = argparse.ArgumentParser(description="Writing a training's state, and going on from it.")
    parser.add_argument("--times", type=int, default=9, help="measurements of each (9)")
    parser.add_argument("--quick", action="store_true", help="the smallest network, once: only shows that it runs")
    parser.add_argument("--out", type=Path, help="write the table to this file, too")
    chosen = parser.parse_args(arguments)
    between = 60 * Compute().save_minutes
    lines = []
    for name in list(NETWORKS)[: 1 if chosen.quick else None]:
        with tempfile.TemporaryDirectory() as folder:
            megabytes, written, read = measure(
                begun(*NETWORKS[name]), Path(folder), 1 if chosen.quick else chosen.times
            )
        share = f"{100 * written / between:.2g} %"
        lines.append([name, f"{megabytes:,.1f}", f"{written:.3f}", share, f"{read:.3f}"])
    about = (
        f"Adam, fp32, one thread; medians of {chosen.times}. A state is written, checksummed and synced every "
        f"{between / 60:g} minutes (`compute.save_minutes`)."
    )
    header = ["network", "megabytes", "seconds to write", "of the time between", "seconds to go on from it"]
    report("Saving the state of a training", [about, table(header, lines)], chosen.out)


if __name__ == "__main__":
    main()
