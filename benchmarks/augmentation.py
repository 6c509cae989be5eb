"""The cost of augmentation, beside a training step of the smallest network, the plain way and torchvision's.

`python benchmarks/augmentation.py [--quick]`; what is compared, and what the numbers mean, stands in
benchmarks/README.md.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

import torch
from torch import Tensor
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.machine import report, table
from lth.config.data import Network
from lth.config.study import Compute
from lth.config.training import Augmentation, Colour
from lth.data.augment import Changes, augmented, draw_changes
from lth.data.batches import normalise
from lth.networks.build import build
from lth.training.device import prepare_device

BATCH = 128
CALLS = 10
"""Timed together, so that the clock's own cost is lost in them."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """Images of one shape, and what is done to them."""

    name: str
    shape: tuple[int, int, int]
    spec: Augmentation


MOVES = Case(name="rotation 10°, shift 10 %", shape=(1, 28, 28), spec=Augmentation(rotation_degrees=10.0, shift=0.1))
EVERYTHING = Case(
    name="crop + 4, flip, rotation 15°, colour, erasing",
    shape=(3, 32, 32),
    spec=Augmentation(
        crop_padding=4,
        flip=True,
        rotation_degrees=15.0,
        colour=Colour(brightness=0.2, contrast=0.2, saturation=0.2, hue=0.1),
        erasing=0.5,
    ),
)

Contender = Callable[[], object]
"""Does its work on one batch."""


def pictures(case: Case) -> Tensor:
    """A batch of noise: uint8 [batch, channels, height, width]; no contender's time depends much on what it shows."""
    stream = torch.Generator().manual_seed(0)
    return torch.randint(256, (BATCH, *case.shape), dtype=torch.uint8, generator=stream)


def training_step() -> Contender:
    """A step of LeNet-300-100 on grey images of 28x28, as the training loop makes it, normalisation included."""
    network = build(Network(architecture="lenet_300_100"))
    optimiser = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4, fused=True)
    images, mean, std = pictures(MOVES), torch.tensor([127.5]), torch.tensor([73.9])
    labels = torch.arange(BATCH) % 10

    def step() -> None:
        functional.cross_entropy(network(normalise(images, mean, std)), labels).backward()
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)

    return step


def ours(case: Case) -> Contender:
    """`lth.data.augment`, with an epoch of 50 batches drawn beforehand, a batch of it used."""
    images, mean = pictures(case), torch.full((case.shape[0],), 127.5)
    changes = draw_changes(case.spec, 50 * BATCH, *case.shape[1:], seed=0, epoch=1)
    return lambda: augmented(images, changes[BATCH : 2 * BATCH], mean)


def drawing(case: Case) -> Contender:
    """The drawing, a fiftieth of an epoch of 50 batches: one batch's share of it, in a call of its own."""
    numbers = iter(range(1, sys.maxsize))

    def share() -> Changes | None:
        number = next(numbers)
        return draw_changes(case.spec, 50 * BATCH, *case.shape[1:], seed=0, epoch=number) if number % 50 == 0 else None

    return share


def plain_grid(case: Case) -> Contender:
    """Rotation and shift the plain way, on a batch: one `affine_grid` and one `grid_sample`, in floating point."""
    images = pictures(case)
    changes = draw_changes(case.spec, BATCH, *case.shape[1:], seed=0, epoch=1)
    assert changes.angle is not None
    assert changes.shift is not None
    angle, (down, right) = changes.angle.deg2rad(), changes.shift.unbind(1)

    def sample() -> Tensor:
        sine, cosine, (height, width) = angle.sin(), angle.cos(), case.shape[1:]
        x, y = -2 * right / width, -2 * down / height
        across = torch.stack([cosine, -sine, cosine * x - sine * y], dim=1)  # [B, 3]
        along = torch.stack([sine, cosine, sine * x + cosine * y], dim=1)
        grid = functional.affine_grid(torch.stack([across, along], dim=1), list(images.shape), align_corners=False)
        return functional.grid_sample(images.float(), grid, mode="nearest", align_corners=False)

    return sample


def torchvisions(case: Case) -> Contender:
    """torchvision's random transforms of tensors, an image at a time."""
    from torchvision import transforms

    spec, steps = case.spec, []
    if spec.crop_padding:
        steps.append(transforms.RandomCrop(case.shape[1:], padding=spec.crop_padding))
    if spec.flip:
        steps.append(transforms.RandomHorizontalFlip())
    if spec.rotation_degrees:
        steps.append(transforms.RandomRotation(spec.rotation_degrees))
    if spec.shift:
        steps.append(transforms.RandomAffine(0, translate=(spec.shift, spec.shift)))
    if spec.colour is not None:
        steps.append(transforms.ColorJitter(**spec.colour.model_dump()))
    if spec.erasing:
        steps.append(transforms.RandomErasing(spec.erasing))
    images, change = pictures(case), transforms.Compose(steps)
    return lambda: torch.stack([change(image) for image in images])


def contenders() -> dict[tuple[str, str], Contender]:
    """By what is done, and how."""
    found: dict[tuple[str, str], Contender] = {("LeNet-300-100", "training step"): training_step()}
    for case in (MOVES, EVERYTHING):
        found[case.name, "lth"] = ours(case)
        found[case.name, "lth, drawing"] = drawing(case)
        if case is MOVES:
            found[case.name, "`affine_grid`, `grid_sample`"] = plain_grid(case)
        found[case.name, "torchvision, image by image"] = torchvisions(case)
    return found


def interleave(works: dict[tuple[str, str], Contender], rounds: int) -> dict[tuple[str, str], list[float]]:
    """Milliseconds a batch, a value a round; each round starts with another contender, after an untimed one of all."""
    times: dict[tuple[str, str], list[float]] = {name: [] for name in works}
    names = list(works)
    for number in range(rounds + 1):
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            calls = {"torchvision, image by image": 1, "lth, drawing": 50}.get(name[1], CALLS)
            start = time.perf_counter()
            for _ in range(calls):
                works[name]()
            if number > 0:
                times[name].append(1000 * (time.perf_counter() - start) / calls)
    return times


def spread(values: Sequence[float]) -> str:
    """Median and the middle half of the values."""
    low, _, high = quantiles(values, n=4, method="inclusive") if len(values) > 1 else (values[0],) * 3
    return f"{median(values):.3f} ({low:.3f} to {high:.3f})"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure all contenders and print the table."""
    parser = argparse.ArgumentParser(description="The cost of augmentation.")
    parser.add_argument("--rounds", type=int, default=31, help="timings of each contender (31)")
    parser.add_argument("--quick", action="store_true", help="one round: only shows that it runs")
    parser.add_argument("--out", type=Path, help="write the table to this file, too")
    chosen = parser.parse_args(arguments)
    prepare_device(Compute(device="cpu", threads=1))
    rounds = 1 if chosen.quick else chosen.rounds
    times = interleave(contenders(), rounds)
    step = next(iter(times.values()))
    lines = [
        [what, how, spread(found), f"{median([one / base for one, base in zip(found, step, strict=True)]):.2f}"]
        for (what, how), found in times.items()
    ]
    about = (
        f"Batches of {BATCH}, one thread; grey 28x28 for the step and the first changes, colour 32x32 for the others. "
        f"Medians (and quartiles) of {rounds} interleaved rounds; the last column is the median of paired ratios."
    )
    report("Augmentation", [about, table(["what", "how", "ms a batch", "training steps"], lines)], chosen.out)


if __name__ == "__main__":
    main()
