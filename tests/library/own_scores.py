"""Scores as users write them: good ones, and ones that have to be refused."""

import random

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import prune

from lth import Evidence


class Normed(nn.Module):
    """A network with state that a pass in training mode changes."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(784, 6)
        self.norm = nn.BatchNorm1d(6)
        self.out = nn.Linear(6, 10)

    def forward(self, images: Tensor) -> Tensor:
        return self.out(self.norm(self.first(images.flatten(1))).relu())


def last(evidence: Evidence) -> dict[str, Tensor]:
    """Worth is the index."""
    return {name: torch.arange(mask.numel()).view_as(mask) for name, mask in evidence.masks.items()}


def magnitude(evidence: Evidence) -> dict[str, Tensor]:
    return {name: evidence.weights[name].abs() for name in evidence.masks}


def sensitivity(evidence: Evidence) -> dict[str, Tensor]:
    return {name: (slope * evidence.weights[name]).abs() for name, slope in evidence.gradient().items()}


def by_hand(evidence: Evidence) -> dict[str, Tensor]:
    """As most people write it, leaving gradients, modes and running statistics behind."""
    assert evidence.sample is not None
    network = evidence.network.train()
    images, labels = evidence.sample(evidence.per_class)
    functional.cross_entropy(network(images), labels).backward()
    named = dict(network.named_parameters())
    found = {}
    for name in evidence.masks:
        slope = named[name].grad
        assert slope is not None
        found[name] = (slope * named[name]).abs()
    return found


def drawn(evidence: Evidence) -> dict[str, Tensor]:
    """From torch's global random state."""
    return {name: torch.rand(mask.shape) for name, mask in evidence.masks.items()}


def scribbling(evidence: Evidence) -> dict[str, Tensor]:
    """Changes the tensors that it is given, which are its own."""
    names = [*evidence.masks]
    for name in names:
        evidence.masks[name].zero_()
        evidence.weights[name].abs_()
    return {name: evidence.weights[name] for name in names}


def failing(_: Evidence) -> dict[str, Tensor]:
    raise KeyError("nothing here")


def listing(evidence: Evidence) -> list[Tensor]:
    return [*evidence.masks.values()]


def partial(evidence: Evidence) -> dict[str, Tensor]:
    return dict([*magnitude(evidence).items()][:-1])


def wordy(evidence: Evidence) -> dict[str, object]:
    return dict.fromkeys(evidence.masks, "much")


def flat(evidence: Evidence) -> dict[str, Tensor]:
    return {name: scores.flatten() for name, scores in magnitude(evidence).items()}


def nameless(evidence: Evidence) -> dict[str, Tensor]:
    return {**magnitude(evidence), "first.bias": torch.zeros(1)}


def undefined(evidence: Evidence) -> dict[str, Tensor]:
    return {name: (weight - weight) / 0 * 0 for name, weight in magnitude(evidence).items()}


def changing(evidence: Evidence) -> dict[str, Tensor]:
    with torch.no_grad():
        for parameter in evidence.network.parameters():
            parameter.abs_()
    return magnitude(evidence)


def curious(evidence: Evidence) -> dict[str, Tensor]:
    assert evidence.sample is not None
    evidence.sample(5)
    return magnitude(evidence)


def by_numpy(evidence: Evidence) -> dict[str, Tensor]:
    """From the global random states of numpy and Python."""
    return {
        name: torch.from_numpy(np.random.random(tuple(mask.shape))) + random.random()
        for name, mask in evidence.masks.items()
    }


def varying(evidence: Evidence) -> dict[str, Tensor]:
    """How much the input of a first layer varies within classes, three images of each."""
    assert evidence.sample is not None
    images, _ = evidence.sample(evidence.per_class)
    spread = images.view(10, 3, 784).std(1).mean(0)
    return {
        name: weight.abs() * spread if weight.shape[1] == 784 else weight.abs()
        for name, weight in magnitude(evidence).items()
    }


def equal(evidence: Evidence) -> dict[str, Tensor]:
    return {name: torch.ones_like(weight) for name, weight in magnitude(evidence).items()}


def pruning(evidence: Evidence) -> dict[str, Tensor]:
    found = magnitude(evidence)
    prune.l1_unstructured(evidence.network.first, "weight", 0.5)
    return found
