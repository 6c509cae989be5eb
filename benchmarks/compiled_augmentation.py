"""A training step on dense kernels whose images are moved by compiled code, against one where torch moves them.

`python benchmarks/compiled_augmentation.py [--quick]`; what is compared, and what it means, stands in
benchmarks/README.md.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.machine import report, table
from benchmarks.training import Epoch, interleave, run_epoch, spread
from lth.artifacts.tickets import Ticket
from lth.config.data import Dataset, Network
from lth.config.study import Compute
from lth.config.training import Augmentation, Optimiser, Recipe
from lth.data import feed
from lth.data.images import Images
from lth.data.prepare import prepare
from lth.data.root import data_root
from lth.training.device import prepare_device
from lth.training.loop import Loop

BATCH = 128
TURNED, CROPPED = Augmentation(rotation_degrees=10, shift=0.1), Augmentation(crop_padding=4, flip=True)
CASES = (
    ("lenet_300_100", "mnist", TURNED, 150),
    ("lenet5_classic", "mnist", TURNED, 60),
    ("resnet20", "cifar10", CROPPED, 4),
)
"""Network, data, augmentation, and the steps of a timed epoch."""
FOLDERS = {"mnist": "MNIST/raw", "cifar10": "cifar-10-batches-py"}


def pictures(source: str, size: int) -> Images:
    """So many images: of the data set where its files are, else drawn ones of its shape."""
    root = data_root(None)
    if (root / FOLDERS[source]).is_dir():
        return prepare("benchmark", Dataset(source=source, train=size), root)
    drawn = {"mnist": "letters", "cifar10": "textures"}[source]
    return prepare("benchmark", Dataset(source=drawn, train=size, validation=60, test=60), None)


def epochs(images: Images, architecture: str, augment: Augmentation | None, *, batch: int, compiled: bool) -> Epoch:
    """The dense training, one epoch a call."""
    device, usual = torch.device("cpu"), feed.WORTH_COMPILING
    feed.WORTH_COMPILING = 0 if compiled else sys.maxsize
    size, channels = images.splits["train"].images.shape[-1], images.splits["train"].images.shape[1]
    network = Network(architecture=architecture, size=size, channels=channels, classes=len(images.classes))
    sgd = Optimiser(name="sgd", learning_rate=0.05, momentum=0.9)
    recipe = Recipe(optimiser=sgd, augment=augment, batch_size=batch, epochs=99, kernels="dense")
    dense = Ticket.dense(network, 0)
    loop = Loop.start(dense.module(), dense.masks, images, recipe, 0, device)
    feed.WORTH_COMPILING = usual
    return lambda number: run_epoch(loop, number)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure all networks and print the table."""
    parser = argparse.ArgumentParser(description="Compiled augmentation on dense kernels.")
    parser.add_argument("--rounds", type=int, default=15, help="timings of each (15)")
    parser.add_argument("--quick", action="store_true", help="two rounds of two small steps: only shows that it runs")
    parser.add_argument("--out", type=Path, help="write the table to this file, too")
    chosen = parser.parse_args(arguments)
    prepare_device(Compute(device="cpu", threads=1))
    rounds, batch, lines = (2 if chosen.quick else chosen.rounds), (16 if chosen.quick else BATCH), []
    for architecture, source, augment, wanted in CASES:
        steps = 2 if chosen.quick else wanted
        images = pictures(source, steps * batch)
        works = {
            "none": epochs(images, architecture, None, batch=batch, compiled=False),
            "torch": epochs(images, architecture, augment, batch=batch, compiled=False),
            "compiled": epochs(images, architecture, augment, batch=batch, compiled=True),
        }
        times = {name: found.cpu for name, found in interleave(works, rounds).items()}
        ratios = [old / new for old, new in zip(times["torch"], times["compiled"], strict=True)]
        milliseconds = [f"{1000 * median(found) / steps:.2f}" for found in times.values()]
        lines.append([architecture, source, *milliseconds, spread(ratios)])
    about = (
        f"Batches of {batch}, SGD with momentum, one thread, fp32, all weights. Processor time of a step (ms), medians "
        f"of {rounds} interleaved rounds; the ratios of torch to compiled are paired (and quartiles)."
    )
    header = ["network", "data", "no augmentation", "by torch", "compiled", "faster"]
    report("Augmentation on dense kernels", [about, table(header, lines)], chosen.out)


if __name__ == "__main__":
    main()
