"""Dropout: a multiplication by factors that torch has drawn, so that the same units drop as on dense kernels."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from lth.compiling import ZERO, compiled
from lth.sparse.layout import Layout
from lth.sparse.operations import Node
from lth.sparse.table import DROPOUT, Arrays


def draw_factors(layout: Layout, nodes: list[Node], images: int) -> None:
    """Draw the factors of a step's dropouts from torch's random state: 0, or 1 / (1 - rate).

    In the order of the network and of the shapes that torch would see, by the function that `nn.Dropout` calls.

    Args:
        layout: of the network; holds the factors of each dropout as a tensor.
        nodes: the dropouts.
        images: of the step; the factors of lanes without one are zero.
    """
    for node, lanes in zip(nodes, _lanes(layout, nodes), strict=True):
        assert isinstance(node.module, nn.Dropout)
        factors = torch.zeros(layout.capacity, node.y.channels)
        factors[:images] = functional.dropout(torch.ones(images, node.y.channels), node.module.p)
        lanes.copy_(factors.view(layout.chunks, layout.width, -1).transpose(1, 2))


def dropouts_of(nodes: list[Node]) -> list[Node]:
    """The dropouts among a network's operations."""
    return [node for node in nodes if node.kind == DROPOUT]


def _lanes(layout: Layout, nodes: list[Node]) -> Iterator[Tensor]:
    """The factors of each dropout, float32 [chunks, channels, width]."""
    for node in nodes:
        assert node.z is not None
        found = layout.arrays.activations[node.z.at : node.z.at + layout.chunks * node.z.chunk]
        yield torch.from_numpy(found).view(layout.chunks, node.z.channels, layout.width)


@compiled
def drop(op: Any, a: Arrays, width: int, chunks: int, training: bool) -> None:
    """Each number by its factor while training; as it is, otherwise."""
    size = op.channels * width
    for chunk in range(chunks):
        x, y, z = op.x + chunk * op.x_chunk, op.y + chunk * op.y_chunk, op.z + chunk * op.z_chunk
        before, after, factors = a.activations[x : x + size], a.activations[y : y + size], a.activations[z : z + size]
        for n in range(size):
            after[n] = before[n] * factors[n] if training else before[n]


@compiled
def drop_back(op: Any, a: Arrays, width: int, chunks: int) -> None:
    """The gradient by the same factors; none of what a ReLU before let not through."""
    size = op.channels * width
    for chunk in range(chunks):
        x, y, z = op.x + chunk * op.x_chunk, op.y + chunk * op.y_chunk, op.z + chunk * op.z_chunk
        before, dx = a.activations[x : x + size], a.gradients[x : x + size]
        dy, factors = a.gradients[y : y + size], a.activations[z : z + size]
        for n in range(size):
            found = ZERO if op.x_relu and before[n] <= ZERO else dy[n] * factors[n]
            dx[n] = dx[n] + found if op.x_gradient == 2 else found
