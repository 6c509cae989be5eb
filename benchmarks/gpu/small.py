"""Small trainings for checks on a device: images of three classes, tickets of half the weights, and a loop."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from lth.artifacts.tickets import Ticket
from lth.config.data import Network
from lth.config.training import Augmentation, Capture, Colour, LearningRateSchedule, Optimiser, Recipe
from lth.data.images import Images, Split
from lth.networks.build import build, load_weights
from lth.pruning.masks import random_like
from lth.seeds import generator
from lth.training.hooks import Hook
from lth.training.loop import Loop

CPU = torch.device("cpu")
BATCH = 16
EVERYTHING = Augmentation(
    crop_padding=2,
    flip=True,
    rotation_degrees=10,
    shift=0.1,
    colour=Colour(brightness=0.2, contrast=0.2, saturation=0.2, hue=0.1),
    erasing=0.5,
)
RULES = {
    "sgd": Optimiser(name="sgd", learning_rate=0.05, weight_decay=5e-4),
    "momentum": Optimiser(name="sgd", learning_rate=0.05, momentum=0.9, weight_decay=5e-4),
    "nesterov": Optimiser(name="sgd", learning_rate=0.05, momentum=0.9, nesterov=True, weight_decay=5e-4),
    "adam": Optimiser(name="adam", learning_rate=1e-3, weight_decay=1e-4),
    "adamw": Optimiser(name="adamw", learning_rate=1e-3, weight_decay=1e-2),
}


@dataclass(frozen=True)
class Setting:
    """A small training."""

    rule: str = "momentum"
    architecture: str = "lenet5_classic"
    channels: int = 3
    size: int = 16
    dropout: float = 0.0
    augment: Augmentation | None = EVERYTHING
    precision: Any = "fp32"
    capture: Capture = "never"

    @property
    def network(self) -> Network:
        """Of three classes."""
        return Network(
            architecture=self.architecture, channels=self.channels, size=self.size, classes=3, dropout=self.dropout
        )

    @property
    def recipe(self) -> Recipe:
        """Three epochs of five steps, the last of each with fewer images."""
        return Recipe(
            optimiser=RULES[self.rule],
            schedule=LearningRateSchedule(name="cosine", warmup_epochs=0.5),
            batch_size=BATCH,
            epochs=3,
            label_smoothing=0.1,
            clip_grad_norm=5.0,
            augment=self.augment,
            precision=self.precision,
            kernels="dense",
        )


def pictures(channels: int, size: int, count: int = 70, classes: int = 3) -> Images:
    """Images of some classes: noise, and a band at a height of its own each."""
    draw = generator(0, "small pictures")
    splits: Any = {}
    for name, images in (("train", count), ("validation", 30), ("test", 30)):
        labels = torch.arange(images) % classes
        pixels = torch.randint(0, 120, (images, channels, size, size), generator=draw)
        for row, label in enumerate(labels.tolist()):
            pixels[row, :, label * size // classes : (label + 1) * size // classes] += 90
        splits[name] = Split(pixels.to(torch.uint8), labels)
    names = tuple(f"band {label}" for label in range(classes))
    return Images("small", splits, names, torch.full((channels,), 90.0), torch.full((channels,), 60.0))


def half_ticket(network: Network, seed: int = 0) -> Ticket:
    """theta_0 under random masks that keep half of each layer."""
    dense = Ticket.dense(network, seed)
    front = {n: (torch.arange(m.numel()) < m.numel() // 2).view_as(m) for n, m in dense.masks.items()}
    return dense.derive(random_like(front, generator(seed, "half")), dense.weights)


def begun(setting: Setting, device: torch.device) -> Loop:
    """A training before its first step."""
    ticket, images = half_ticket(setting.network), pictures(setting.channels, setting.size)
    module = build(setting.network)
    load_weights(module, ticket.weights)
    return Loop.start(module, ticket.masks, images, setting.recipe, 1, device, capture=setting.capture)


def stepped(loop: Loop, first: int, last: int, hook: Hook | None = None) -> Loop:
    """The loop after some steps."""
    step = first
    while step < last:
        step = loop.advance(step, last, hook or Hook())
    return loop


def weights_after(setting: Setting, device: torch.device, steps: int) -> dict[str, Tensor]:
    """Weights and buffers on the CPU after so many steps from theta_0."""
    return stepped(begun(setting, device), 0, steps).weights()


def difference(found: dict[str, Tensor], expected: dict[str, Tensor]) -> float:
    """The largest distance of a tensor from another, relative to its norm; 0 where all bits are the same.

    Norms below 0.01 count as that: a bias that batch norm takes away again has a gradient of nothing but rounding.
    """
    distances = [
        float((found[name].double() - tensor.double()).norm() / tensor.double().norm().clamp_min(1e-2))
        for name, tensor in expected.items()
    ]
    if not all(distance == distance for distance in distances):  # noqa: PLR0124  (NaN)
        raise AssertionError("a weight is NaN")
    return max(distances)


def same_bits(found: dict[str, Tensor], expected: dict[str, Tensor]) -> bool:
    """Whether all tensors are equal."""
    return found.keys() == expected.keys() and all(torch.equal(found[name], expected[name]) for name in expected)
