"""Tiny networks, and evidence about them, for the tests of scores."""

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise

import torch
from small import at_density
from torch import Tensor, nn

from lth.catalog.scores import SCORES
from lth.pruning.masks import Masks
from lth.pruning.scores.evidence import Evidence
from lth.seeds import generator

CLASSES = 3


def convolutions() -> nn.Module:
    """Everything that a score could disturb: batch norm, dropout, pooling, an ReLU in place."""
    return nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1),
        nn.BatchNorm2d(3),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(12, CLASSES),
    )


def dense(*widths: int, bias: bool = True) -> nn.Module:
    """Fully connected layers between the given widths, with ReLU."""
    layers: list[nn.Module] = [nn.Flatten()]
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after, bias=bias), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def drawn(network: nn.Module, seed: int = 0) -> nn.Module:
    """Weights and biases from a stream; norms as they are."""
    stream = generator(seed, "test")
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.Linear | nn.Conv2d):
                for parameter in module.parameters():
                    parameter.copy_(torch.randn(parameter.shape, generator=stream) / 2)
    return network


def sample(side: int) -> Callable[[int], tuple[Tensor, Tensor]]:
    """The same images at each call, class after class."""

    def draw(each: int) -> tuple[Tensor, Tensor]:
        labels = torch.arange(CLASSES).repeat_interleave(each)
        return torch.randn(len(labels), 1, side, side, generator=generator(1, "images")), labels

    return draw


def evidence(network: nn.Module, side: int = 4, masks: Masks | None = None, **parts: object) -> Evidence:
    """Of a network with everything kept, unless masks are given, which its weights then follow."""
    named = {n: p for n, p in network.named_parameters() if p.dim() > 1}
    masks = masks or {name: torch.ones_like(weight, dtype=torch.bool) for name, weight in named.items()}
    with torch.no_grad():
        for name, mask in masks.items():
            named[name].copy_(torch.where(mask, named[name], torch.zeros(())))
    weights = {name: weight.detach().clone() for name, weight in named.items()}
    given = {"best": {n: w * 0.9 for n, w in weights.items()}, "sample": sample(side), "per_class": 4, **parts}
    stream = generator(2, "stream")
    return Evidence(network=network, masks=masks, weights=weights, shape=(1, side, side), stream=stream, **given)  # type: ignore[arg-type]


def scored(name: str, what: Evidence) -> dict[str, Tensor]:
    """The scores of that name."""
    found: dict[str, Tensor] = SCORES[name].load()(what)
    return found


def half(what: Evidence) -> dict[str, Tensor]:
    """Random masks that keep half of each layer."""
    return at_density(scored("random", what), what.masks, Fraction(1, 2))
