"""A network of the user's on trial, before anything is trained."""

import torch
from torch import Tensor, nn

from lth.config.data import Network
from lth.errors import UserError, reason
from lth.networks.build import holding, initial_weights, prunable_names
from lth.networks.own import is_plain
from lth.printable import printable

HOMOGENEOUS = (
    nn.Conv2d,
    nn.Linear,
    nn.BatchNorm1d,
    nn.BatchNorm2d,
    nn.ReLU,
    nn.MaxPool2d,
    nn.AvgPool2d,
    nn.AdaptiveAvgPool2d,
    nn.Dropout,
    nn.Dropout2d,
    nn.Flatten,
    nn.Identity,
    nn.Sequential,
)
"""Modules through which a scaled input gives a scaled output, as SynFlow needs it."""


def tried(spec: Network) -> nn.Module:
    """The network, once it has been seen to turn images into logits.

    Two images of noise are sent through it.

    Raises:
        UserError: it cannot be built, does not take its images, does not return logits, or has nothing to prune.
    """
    shown = f"network '{printable(spec.architecture)}'"
    network = holding(spec, initial_weights(spec, 0)).eval()
    if not prunable_names(network):
        raise UserError(f"{shown}: has no layer to prune; convolutions, linear layers and attention can be pruned")
    images = f"{spec.channels}x{spec.size}x{spec.size} images"
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            output = network(torch.randn(2, spec.channels, spec.size, spec.size))
    except Exception as error:
        raise UserError(f"{shown}: fails on {images} with {type(error).__name__}: {reason(error)}") from error
    if not isinstance(output, Tensor):
        raise UserError(f"{shown}: returns {type(output).__name__}, where one tensor of logits is needed")
    if output.shape != (2, spec.classes):
        raise UserError(
            f"{shown}: returns {list(output.shape)} for 2 {images}, where logits of [2, {spec.classes}] are needed, "
            f"one for each class"
        )
    if spec.classes > 1 and bool((output >= 0).all()) and output.sum(1).sub(1).abs().max() < 1e-4:
        raise UserError(f"{shown}: returns probabilities (each row sums to 1); return logits, without the softmax")
    return network


def is_homogeneous(network: nn.Module) -> bool:
    """Whether a network is known to be homogeneous: made of such modules of torch's only, without code of its own."""
    return is_plain(network) and all(isinstance(module, HOMOGENEOUS) for module in network.modules())
