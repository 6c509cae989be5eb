"""Training speed: the project's loop against the plain loop, interleaved in one process on one thread.

`python benchmarks/training.py [--quick]`; what is compared, and what the numbers mean, stands in benchmarks/README.md.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Literal

import torch
from torch.utils.data import Dataset, Subset

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.machine import report, table
from benchmarks.plain_loop import Pictures, make_loader, to_input, train_epoch
from lth.artifacts.tickets import Ticket
from lth.catalog.datasets import SOURCES
from lth.config.data import Dataset as DatasetSpec
from lth.config.data import Network
from lth.config.study import Compute
from lth.config.training import Optimiser, Recipe
from lth.data.choose import choose
from lth.data.images import Images
from lth.data.prepare import prepare
from lth.data.root import data_root
from lth.networks.build import build, load_weights
from lth.pruning.allocation import Target, allocate
from lth.seeds import generator
from lth.training.device import prepare_device
from lth.training.hooks import Hook
from lth.training.loop import Loop

Precision = Literal["fp32", "bf16"]
PRECISIONS: tuple[Precision, ...] = ("fp32", "bf16")
DENSITY = 0.2
BATCH = 60
LEARNING_RATE = 1e-3
"""Adam's default, so that the plain loop names no constant at all."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A network, how many steps a timing takes, and the speed-up that the project asks of itself."""

    architecture: str
    steps: int
    target: float


CASES = (
    Case(architecture="lenet_300_100", steps=300, target=4.0),
    Case(architecture="lenet5_classic", steps=200, target=1.5),
    Case(architecture="lenet5", steps=15, target=2.0),
)

Epoch = Callable[[int], None]
"""Trains over all images once; takes the number of the epoch."""


@dataclass
class Times:
    """Seconds of one contender, a value a round."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    """Of this process: what a busy neighbour takes away isn't counted."""


def sparse_ticket(network: Network, density: float = DENSITY, seed: int = 0) -> Ticket:
    """A dense initialisation under random masks of one density in every layer."""
    dense = Ticket.dense(network, seed)
    if density >= 1:
        return dense
    stream, share = generator(seed, "benchmark masks"), Fraction(str(density))
    scores = {name: torch.rand(mask.shape, generator=stream) for name, mask in dense.masks.items()}
    return dense.derive(allocate(scores, dense.masks, Target(scope="layerwise", density=share)), dense.weights)


def dataset_spec(steps: int, batch: int = BATCH) -> tuple[DatasetSpec, Path | None]:
    """MNIST where its files are, else the embedded digits; as many training images as the steps take."""
    root = data_root(None)
    if (root / "MNIST" / "raw").is_dir():
        return DatasetSpec(source="mnist", train=steps * batch), root
    return DatasetSpec(source="digits", validation=97, train=min(steps, 20) * batch), None


def plain_epochs(
    ticket: Ticket, network: Network, spec: DatasetSpec, root: Path | None, images: Images, batch: int = BATCH
) -> Epoch:
    """The plain loop over the very images that `prepare` chose, at torch's own settings."""
    transform = to_input(float(images.mean) / 255, float(images.std) / 255)
    raw = SOURCES[spec.source].load()(root, spec.split_seed)
    positions = choose("benchmark", spec, raw)["train"].tolist()
    if spec.source == "mnist":
        from torchvision.datasets import MNIST

        dataset: Dataset[Any] = Subset(MNIST(str(root), train=True, transform=transform), positions)
    else:
        dataset = Pictures(raw.train_images[positions, 0], raw.train_labels[positions], transform)
    module = build(network)
    load_weights(module, ticket.weights)
    masks = {name: mask.float() for name, mask in ticket.masks.items()}
    loader, optimiser = make_loader(dataset, batch), torch.optim.Adam(module.parameters())

    def epoch(_: int) -> None:
        torch.use_deterministic_algorithms(False)
        torch.set_flush_denormal(False)
        train_epoch(module, loader, optimiser, masks)

    return epoch


def project_epochs(
    ticket: Ticket,
    network: Network,
    images: Images,
    precision: Precision,
    kernels: Literal["sparse", "dense"] = "dense",
    batch: int = BATCH,
) -> Epoch:
    """The project's loop, at the settings that its jobs run with (deterministic, denormals flushed)."""
    optimiser = Optimiser(learning_rate=LEARNING_RATE)
    recipe = Recipe(optimiser=optimiser, batch_size=batch, epochs=99, precision=precision, kernels=kernels)
    device = torch.device("cpu")
    module = build(network)
    load_weights(module, ticket.weights)
    loop = Loop.start(module, ticket.masks, images, recipe, 0, device)

    def epoch(number: int) -> None:
        prepare_device(Compute(device="cpu"))
        run_epoch(loop, number)

    return epoch


def run_epoch(loop: Loop, number: int, hook: Hook | None = None) -> tuple[float, float]:
    """One pass of the project's loop over the training images; its loss in nats and accuracy in percent."""
    step, last = number * loop.epoch_steps, (number + 1) * loop.epoch_steps
    while step < last:
        step = loop.advance(step, last, hook or Hook())
    found = loop.seen()
    loop.forget_seen()
    return found


def contenders(case: Case, steps: int) -> tuple[dict[str, Epoch], int, str]:
    """The loops by name, the images that each of their epochs takes, and the data set's name."""
    network = Network(architecture=case.architecture)
    spec, root = dataset_spec(steps)
    images, ticket = prepare("benchmark", spec, root), sparse_ticket(network)
    loops = {"plain": plain_epochs(ticket, network, spec, root, images)}
    loops |= {precision: project_epochs(ticket, network, images, precision) for precision in PRECISIONS}
    return loops, len(images.splits["train"]), spec.source


def interleave(loops: dict[str, Epoch], rounds: int) -> dict[str, Times]:
    """Time every loop once a round, each round starting with another one, after an untimed pass of each."""
    times, names = {name: Times() for name in loops}, list(loops)
    for number in range(rounds + 1):
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            wall, cpu = time.perf_counter(), time.process_time()
            loops[name](number)
            if number > 0:
                times[name].wall.append(time.perf_counter() - wall)
                times[name].cpu.append(time.process_time() - cpu)
    return times


def spread(values: Sequence[float]) -> str:
    """Median and the middle half of the values."""
    low, _, high = quantiles(values, n=4, method="inclusive") if len(values) > 1 else (values[0],) * 3
    return f"{median(values):.2f} ({low:.2f} to {high:.2f})"


def rows(case: Case, times: dict[str, Times], images: int) -> list[list[str]]:
    """A table row for each precision: speeds, paired ratios, target."""
    plain, found = times["plain"], []
    for precision in PRECISIONS:
        ours = times[precision]
        by_wall = [p / o for p, o in zip(plain.wall, ours.wall, strict=True)]
        by_cpu = [p / o for p, o in zip(plain.cpu, ours.cpu, strict=True)]
        speeds = [f"{images / median(seconds):,.0f}" for seconds in (plain.wall, ours.wall)]
        found.append([case.architecture, precision, *speeds, spread(by_wall), spread(by_cpu), f"{case.target:g}"])
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure all networks and print the table."""
    parser = argparse.ArgumentParser(description="Training speed against the plain loop.")
    parser.add_argument("--rounds", type=int, default=11, help="timings of each loop (11)")
    parser.add_argument("--network", choices=[c.architecture for c in CASES], nargs="+", help="only these networks")
    parser.add_argument("--quick", action="store_true", help="two rounds of a few steps: only shows that it runs")
    parser.add_argument("--out", type=Path, help="write the table to this file, too")
    chosen = parser.parse_args(arguments)
    prepare_device(Compute(device="cpu"))
    rounds, lines, source = (2 if chosen.quick else chosen.rounds), [], ""
    for case in CASES:
        if chosen.network is None or case.architecture in chosen.network:
            loops, images, source = contenders(case, 2 if chosen.quick else case.steps)
            lines += rows(case, interleave(loops, rounds), images)
    header = ["network", "precision", "plain (images/s)", "lth (images/s)", "speed-up", "by CPU time", "target"]
    about = (
        f"{source}, batches of {BATCH}, {100 * DENSITY:g} % density, one thread, fp32 in the plain loop. Speeds are "
        f"medians of {rounds} interleaved rounds; speed-ups are medians of their paired ratios (and quartiles)."
    )
    report("Training speed", [about, table(header, lines)], chosen.out)


if __name__ == "__main__":
    main()
