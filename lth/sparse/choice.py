"""Which trainings run on sparse kernels: a fixed rule, so that the same study gives the same bytes everywhere."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from lth.config.training import Recipe
from lth.data.examples import Feed
from lth.data.feed import ImageFeed
from lth.machine import NO_NUMBA, has_numba
from lth.pruning.masks import kept, total

if TYPE_CHECKING:
    from lth.sparse.operations import Operations

DENSITY, DENSITY_OF_CONVOLUTIONS = 0.6, 0.3
"""Up to which share of kept weights sparse kernels are used: for networks of linear layers, and with convolutions.
Below it they were faster on every network that was measured (docs/benchmarks.md); WRN-16-4 breaks even at 30 %."""
LEAST = 6e10
"""FLOPs of a training with all weights, below which starting the kernels takes longer than they save (a second)."""


def sparse_enough(recipe: Recipe, masks: Mapping[str, Tensor], dense_flops: int) -> bool:
    """Whether a training is to be sparse as far as its density and length go.

    Args:
        recipe: may decide it.
        masks: bool, by parameter name.
        dense_flops: what the whole training would take with all weights.
    """
    if recipe.kernels is not None:
        return recipe.kernels == "sparse"
    convolutional = any(mask.ndim > 2 for mask in masks.values())
    limit = DENSITY_OF_CONVOLUTIONS if convolutional else DENSITY
    return dense_flops >= LEAST and kept(masks) <= limit * total(masks)


def operations_of(network: nn.Module, feed: Feed, recipe: Recipe, trains: str) -> "tuple[Operations | None, str]":
    """The network's operations if sparse kernels can train it, or none and what stands against it, in a phrase."""
    against = {
        NO_NUMBA: not has_numba(),
        f"they are for CPUs, and this training is on {feed.device.type}": feed.device.type != "cpu",
        f"they compute in fp32, and the recipe says {recipe.precision}": recipe.precision != "fp32",
        "only the last layer is trained": trains != "all",
        "some of its parameters are not trained": not all(one.requires_grad for one in network.parameters()),
        "its examples are texts": not isinstance(feed, ImageFeed),
    }
    for reason, applies in against.items():
        if applies:
            return None, reason
    from lth.sparse.operations import Operations, Unsupported

    _, channels, rows, columns = feed.inputs(torch.zeros(1, dtype=torch.int64)).shape
    try:
        operations = Operations.of(network, channels, rows, columns)
    except Unsupported as problem:
        return None, f"there is none for {problem}"
    if operations.normalises_images and recipe.has_single(len(feed.splits["train"])):
        return None, "batch norm has a batch of one image"  # which dense training refuses
    return operations, ""
