"""Do sparse kernels hold accuracy? The same tickets trained with sparse and with dense kernels on MNIST, in pairs.

`python benchmarks/kernels.py` writes a line a pair to a CSV file. The margin was stated before the first run.
"""

import argparse
import csv
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.machine import report, table
from benchmarks.precision import accuracies
from benchmarks.training import sparse_ticket
from lth.analysis.stats import paired
from lth.config.data import Dataset, Network
from lth.config.study import Compute
from lth.config.training import Optimiser, Recipe
from lth.data.images import Images
from lth.data.prepare import prepare
from lth.data.root import data_root
from lth.training.device import prepare_device
from lth.training.train import train

MARGIN = 0.2
"""Percentage points: the kernels are as accurate where the whole interval of the mean difference lies within them."""
NETWORKS = ("lenet_300_100", "lenet5_classic")
DENSITY = 0.107
RECIPE = Recipe(optimiser=Optimiser(name="adam", learning_rate=1.2e-3, weight_decay=1e-4), batch_size=60, epochs=3)
HEADER = ["network", "seed", "dense_accuracy_percent", "sparse_accuracy_percent", "dense_cpu_s", "sparse_cpu_s"]


def pair(architecture: str, images: Images, seed: int, recipe: Recipe) -> list[float]:
    """Test accuracy in percent at the best epoch, and seconds of processor time, each with dense and sparse kernels."""
    found, spent = [], []
    ticket = sparse_ticket(Network(architecture=architecture), DENSITY, seed)
    for kernels in ("dense", "sparse"):
        started, told = time.process_time(), recipe.model_copy(update={"kernels": kernels})
        device = prepare_device(Compute(device="cpu"))
        trained = train(ticket.module(), ticket.masks, images, told, seed=seed, device=device)
        found.append(accuracies(trained)[0])
        spent.append(time.process_time() - started)
    return [*found, *spent]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run all pairs, then report."""
    parser = argparse.ArgumentParser(description="Accuracy of sparse kernels against dense ones.")
    parser.add_argument("--seeds", type=int, default=10, help="pairs of each network (10)")
    parser.add_argument(
        "--csv", type=Path, default=Path(__file__).with_name("kernels.csv"), help="where pairs are kept"
    )
    parser.add_argument(
        "--quick", action="store_true", help="embedded data, two seeds, one epoch: only shows that it runs"
    )
    parser.add_argument("--out", type=Path, help="write the table to this file, too")
    chosen = parser.parse_args(arguments)
    spec = Dataset(source="digits", validation=60, train=60, test=60) if chosen.quick else Dataset(source="mnist")
    images = prepare("kernels", spec, None if chosen.quick else data_root(None))
    recipe, seeds = (RECIPE.model_copy(update={"epochs": 1}), 2) if chosen.quick else (RECIPE, chosen.seeds)
    lines = []
    with chosen.csv.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for architecture in NETWORKS:
            pairs = []
            for seed in range(seeds):
                pairs.append(pair(architecture, images, seed, recipe))
                writer.writerow([architecture, seed, *(f"{value:.6g}" for value in pairs[-1])])
                file.flush()
            dense, sparse, dense_seconds, sparse_seconds = zip(*pairs, strict=True)
            found = paired(sparse, dense).difference
            holds = found.low >= -MARGIN and found.high <= MARGIN
            lines.append([
                architecture,
                f"{sum(dense) / len(dense):.2f}",
                f"{found.mean:+.3f} ({found.low:+.3f} to {found.high:+.3f})",
                str(found.n),
                "yes" if holds else "not shown",
                f"{median(dense_seconds):.1f} / {median(sparse_seconds):.1f}",
            ])  # fmt: skip
    header = ["network", "dense accuracy (%)", "sparse - dense (points, 95 % t interval)", "pairs"]
    header += [f"within ±{MARGIN}?", "processor seconds a training, dense / sparse"]
    about = (
        f"{spec.source}, {100 * DENSITY:g} % of each layer, {recipe.epochs} epochs of batches of {recipe.batch_size}."
    )
    report("Sparse and dense kernels", [about, table(header, lines)], chosen.out)


if __name__ == "__main__":
    main()
