"""Which trainings run on sparse kernels: a fixed rule, so that the same study gives the same bytes everywhere."""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING

from torch import Tensor, nn

from lth.config.training import Recipe
from lth.data.examples import Feed
from lth.pruning.masks import kept, total

if TYPE_CHECKING:
    from lth.sparse.program import Graph

DENSITY, DENSITY_OF_CONVOLUTIONS = 0.6, 0.3
"""Up to which share of kept weights sparse kernels are used: for networks of linear layers, and with convolutions.
Below it they were faster on every network that was measured (docs/benchmarks.md)."""
LEAST = 1e11
"""Multiplications and additions of a training with all weights, below which starting the kernels takes longer than they
save (a second or two)."""
INSTALLED = find_spec("numba") is not None


def sparse_enough(recipe: Recipe, masks: Mapping[str, Tensor]) -> bool:
    """Whether a training is to be sparse as far as its density goes."""
    convolutional = any(mask.ndim > 2 for mask in masks.values())
    limit = DENSITY_OF_CONVOLUTIONS if convolutional else DENSITY
    if recipe.kernels == "sparse":
        limit = 1.0
    return recipe.kernels != "dense" and kept(masks) <= limit * total(masks)


def graph_of(network: nn.Module, feed: Feed, recipe: Recipe, trains: str) -> "tuple[Graph | None, str]":
    """The network's operations if sparse kernels can train it, or none and what stands against it, in a phrase."""
    if not INSTALLED:
        return None, "numba is not installed (pip install numba)"
    if feed.device.type != "cpu":
        return None, f"they are for CPUs, and this training is on {feed.device.type}"
    if recipe.precision != "fp32":
        return None, f"they compute in fp32, and the recipe says {recipe.precision}"
    if trains != "all":
        return None, "only the last layer is trained"
    from lth.data.feed import ImageFeed
    from lth.sparse.program import Graph, Unsupported

    if not isinstance(feed, ImageFeed):
        return None, "the examples are texts"
    _, channels, rows, columns = feed.splits["train"].images.shape
    try:
        return Graph.of(network, channels, rows, columns), ""
    except Unsupported as problem:
        return None, f"there is none for {problem}"
