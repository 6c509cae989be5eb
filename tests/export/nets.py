"""Small networks of the project under masks, for tests of exports."""

import torch

from lth.artifacts.tickets import Ticket
from lth.config.data import Network
from lth.export.graph import Graph
from lth.export.trace import graph_of
from lth.networks.build import holding, layout, prunable_names

SIZES = {"lenet_300_100": 12, "lenet5_classic": 16, "lenet5": 8, "conv2": 8, "conv4": 8, "conv6": 8}
"""Pixels a side by architecture; 16 for all others."""


def spec(architecture: str, dropout: float = 0.0) -> Network:
    """Of three classes."""
    return Network(architecture=architecture, size=SIZES.get(architecture, 16), classes=3, channels=1, dropout=dropout)


def sparse(network: Network, density: float, seed: int = 0, empty: str = "") -> Ticket:
    """A ticket whose every parameter and buffer is drawn, so that no bias is zero, and whose masks have structure:
    densities of rows differ, some are empty; so is the whole layer `empty`."""
    stream = torch.Generator().manual_seed(seed)
    weights = {}
    for name, tensor in layout(network).state_dict().items():
        drawn = torch.randn(tensor.shape, generator=stream)
        if name.endswith("num_batches_tracked"):
            weights[name] = torch.zeros((), dtype=torch.int64)
        elif name.endswith("running_var"):
            weights[name] = 0.5 + drawn.abs()
        else:
            weights[name] = drawn / max(tensor[0].numel(), 1) ** 0.5 if tensor.ndim > 1 else 0.3 * drawn
    masks = {}
    for name in prunable_names(layout(network)):
        shape = weights[name].shape
        rows = torch.rand(len(weights[name]), generator=stream) * 2 * density
        mask = torch.rand(shape, generator=stream) < rows.view(-1, *[1] * (len(shape) - 1))
        masks[name] = mask & (name != empty)
    dense = Ticket(masks, weights, {"network": network.model_dump(), "seed": seed, "parent": None})
    return dense.derive(masks, weights)


def graph(ticket: Ticket) -> Graph:
    """The graph of a ticket's network."""
    network = Network.model_validate(ticket.provenance["network"])
    return graph_of(holding(network, ticket.weights), (network.channels, network.size, network.size), "it")
