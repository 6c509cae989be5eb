"""Passes through a network that leave no trace in it: its loss on a sample, as a function of the weights to score."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.modules.batchnorm import _BatchNorm

if TYPE_CHECKING:
    from lth.pruning.scores.evidence import Evidence

AT_ONCE = 256
"""Images in one pass, so that a hundred classes do not need a hundred times the memory; ten classes fit whole."""

Loss = Callable[[Mapping[str, Tensor]], Tensor]
"""A scalar, given the prunable weights."""


@contextmanager
def modes(network: nn.Module, training: Collection[nn.Module] = ()) -> Iterator[None]:
    """The given modules in training mode, all others not; afterwards each is as it was."""
    before = {module: module.training for module in network.modules()}
    for module in before:
        module.training = module in training
    try:
        yield
    finally:
        for module, was in before.items():
            module.training = was


def prunable_weights(evidence: Evidence) -> dict[str, Tensor]:
    """The network's prunable weights, to differentiate by: they share its memory, but collect no gradient in it."""
    named = dict(evidence.network.named_parameters())
    return {name: named[name].detach().requires_grad_() for name in evidence.masks}


def losses(evidence: Evidence, temperature: float = 1.0) -> list[Loss]:
    """The mean cross-entropy over a class-balanced sample, in parts that sum to it.

    Batch norm normalises by the batch, as in training: before training its running statistics are those of nothing,
    and with them it would not normalise at all. It updates copies of them. Dropout is off: what a weight is worth
    should not hang on which activations one pass happens to drop, and it draws from the global random state.

    Args:
        evidence: with a sample.
        temperature: logits are divided by it.

    Raises:
        ValueError: the evidence has no sample.
    """
    if evidence.sample is None or evidence.per_class < 1:
        raise ValueError("this score needs images: say how many of each class (`per_class`)")
    inputs, labels = evidence.sample(evidence.per_class)
    by_class = labels.argsort(stable=True)
    count = -(-len(labels) // AT_ONCE)
    parts = [by_class[first::count] for first in range(count)]  # every class in each, as equally as can be
    return [_loss(evidence.network, inputs[p], labels[p], len(p) / len(labels), temperature) for p in parts]


def _normalising(network: nn.Module) -> set[nn.Module]:
    """The batch norms that normalise by the batch in training: one may have been left to its running statistics."""
    with modes(network):
        network.train()
        return {module for module in network.modules() if isinstance(module, _BatchNorm) and module.training}


def _loss(network: nn.Module, inputs: Tensor, labels: Tensor, share: float, temperature: float) -> Loss:
    normalising = _normalising(network)

    def loss(weights: Mapping[str, Tensor]) -> Tensor:
        buffers = {name: buffer.clone() for name, buffer in network.named_buffers()}
        # the quick kernels of attention have no second derivative, which GraSP takes
        with modes(network, normalising), sdpa_kernel(SDPBackend.MATH):
            own = inputs.clone() if isinstance(inputs, Tensor) else inputs  # `forward` may change images
            logits: Tensor = functional_call(network, {**buffers, **weights}, (own,))
        return share * functional.cross_entropy(logits / temperature, labels)

    return loss


def gradient(parts: Sequence[Loss], weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The gradient of the sum of the parts, one part in memory at a time; by name, of each weight's shape."""
    found = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    for part in parts:
        slopes = torch.autograd.grad(part(weights), [*weights.values()])
        found = {name: found[name] + slope for name, slope in zip(weights, slopes, strict=True)}
    return found
