"""Which trainings run on sparse kernels: a fixed rule, so that the same study gives the same bytes everywhere."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.func import functional_call

from lth.config.training import Recipe
from lth.data.examples import Feed
from lth.data.feed import ImageFeed
from lth.machine import NO_NUMBA, has_numba
from lth.networks.calls import Call, Unread, calls_of
from lth.pruning.masks import kept, total
from lth.pruning.scores.passes import modes

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


def _has_gradient_hooks(network: nn.Module) -> bool:
    modules = any(one._backward_hooks or one._backward_pre_hooks for one in network.modules())
    return modules or any(one._backward_hooks or one._post_accumulate_grad_hooks for one in network.parameters())


def _has_modes_of_its_own(network: nn.Module) -> bool:
    """Whether a layer stays in evaluation mode while the network is trained, or `forward` does other things in it."""
    modes = [(module, module.training) for module in network.modules()]
    try:
        network.train()
        if not all(module.training for module in network.modules()):
            return True
        trained = [_step(call) for call in calls_of(network)]
        network.eval()
        return trained != [_step(call) for call in calls_of(network)]
    except Unread:  # in words of its own, where it is read
        return False
    finally:
        for module, mode in modes:
            module.training = mode


def _without_gradient(network: nn.Module, feed: ImageFeed) -> str:
    """A parameter that a pass in training mode has no gradient for, if there is one: a trace does not show where
    `forward` turns gradients off."""
    names, parameters = zip(*network.named_parameters(), strict=True)
    state = {name: buffer.clone() for name, buffer in network.named_buffers()}
    with modes(network, {*network.modules()}), torch.random.fork_rng(devices=[]), torch.enable_grad():
        out = functional_call(network, state, feed.inputs(torch.zeros(2, dtype=torch.int64)))
        gradients = torch.autograd.grad(out.sum(), parameters, allow_unused=True) if out.requires_grad else [None]
    return next((name for name, found in zip(names, gradients, strict=False) if found is None), "")


def _step(call: Call) -> tuple[object, ...]:
    """What a call computes, but for dropout, which is nothing in evaluation mode."""
    layer = nn.Identity if isinstance(call.layer, nn.Dropout) else type(call.layer)
    return call.kind, call.inputs, layer, call.number, call.name if call.layer and call.layer.state_dict() else ""


def operations_of(network: nn.Module, feed: Feed, recipe: Recipe, trains: str) -> "tuple[Operations | None, str]":
    """The network's operations if sparse kernels can train it, or none and what stands against it, in a phrase."""
    against = {
        NO_NUMBA: not has_numba(),
        f"they are for CPUs, and this training is on {feed.device.type}": feed.device.type != "cpu",
        f"they compute in fp32, and the recipe says {recipe.precision}": recipe.precision != "fp32",
        "only the last layer is trained": trains != "all",
        "some of its parameters are not trained": not all(one.requires_grad for one in network.parameters()),
        "its examples are texts": not isinstance(feed, ImageFeed),
        "it has hooks on gradients, which kernels would not call": _has_gradient_hooks(network),
    }
    for reason, applies in against.items():
        if applies:
            return None, reason
    if _has_modes_of_its_own(network):  # last, since the network is traced for it
        return None, "training mode is not all that it has while it is trained"
    from lth.sparse.operations import Operations, Unsupported

    _, channels, rows, columns = feed.inputs(torch.zeros(1, dtype=torch.int64)).shape
    try:
        operations = Operations.of(network, channels, rows, columns)
    except Unsupported as problem:
        return None, f"there is none for {problem}"
    if operations.normalises_images and recipe.has_single(len(feed.splits["train"])):
        return None, "batch norm has a batch of one image"  # which dense training refuses
    if unmoved := _without_gradient(network, feed):
        return None, f"{unmoved} gets no gradient"
    return operations, ""
