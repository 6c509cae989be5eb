"""Masks with the same number of weights at every unit, at other places: what a mask's degrees alone are worth."""

import torch
from torch import Tensor

from lth.pruning.masks import Masks

SWEEPS = 30
"""In each, every kept weight is offered one exchange, of which half are made where they can be."""


def rewired(masks: Masks, generator: torch.Generator) -> dict[str, Tensor]:
    """Each mask rewired at random, with its number of weights at each output and each input.

    Two kept weights exchange their inputs (a double-edge swap, Maslov & Sneppen 2002) where both new places are free,
    many times over; then the weights between an output and an input of a convolution take random places of its kernel.
    Units that a mask leaves without a weight stay without one, so a rewired mask has about as many paths from input to
    output as the mask; a shuffled one has weights that lead nowhere. Of a grouped convolution inputs are exchanged
    within its shape: those of one group stand for those of the others.
    """
    return {name: _rewired(mask, generator) for name, mask in masks.items()}


def _rewired(mask: Tensor, generator: torch.Generator) -> Tensor:
    outputs, inputs = mask.shape[:2]
    taken = mask.reshape(outputs, inputs, -1).clone()
    places = taken.shape[2]
    edges = taken.nonzero()  # [kept, 3]: output, input, place in the kernel
    taken = taken.flatten()
    half = len(edges) // 2
    for _ in range(SWEEPS if 0 < len(edges) < mask.numel() else 0):
        pairs = torch.randperm(len(edges), generator=generator)[: 2 * half].view(2, half)
        held = edges[pairs]  # [2, half, 3]
        offered = held.clone()
        offered[:, :, 1] = held[:, :, 1].flip(0)
        old, new = ((of[..., 0] * inputs + of[..., 1]) * places + of[..., 2] for of in (held, offered))
        # a place that several exchanges would take goes to none of them
        wanted = torch.bincount(new.flatten(), minlength=mask.numel())
        accepted = ((wanted[new] == 1) & ~taken[new]).all(0)
        # half of them, or few weights would be exchanged back and forth in step
        accepted &= torch.rand(half, generator=generator) < 0.5
        taken[old[:, accepted]] = False
        taken[new[:, accepted]] = True
        edges[pairs[:, accepted]] = offered[:, accepted]
    between = taken.view(outputs, inputs, places).sum(2, keepdim=True)
    order = torch.rand(outputs, inputs, places, generator=generator).argsort(2)
    return (order < between).view_as(mask)
