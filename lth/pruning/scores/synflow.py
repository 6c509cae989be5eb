"""SynFlow: a weight is worth the flow that passes through it, from an input of ones, all weights made positive."""

import torch
from torch import Tensor
from torch.func import functional_call

from lth.errors import UserError
from lth.pruning.scores.evidence import Evidence
from lth.pruning.scores.passes import modes

SHIFTS = ("bias", "running_mean")
"""What a layer adds to what flows through it, by the last part of its name."""


def synflow(evidence: Evidence) -> dict[str, Tensor]:
    """|w| dR/d|w|, R being the sum of the outputs for an input of ones (Tanaka et al. 2020, section 6).

    Every parameter is replaced by its absolute value, and what layers add is left out (biases, the shifts of
    batch norm): then R is the sum over paths of the products of their weights, each layer's scores sum to R, and no
    layer is emptied before the others are as thin. Batch norm scales by its running variance, as in evaluation; at
    initialisation it does nothing. The paper's code keeps the absolute biases, which are zero at initialisation here.

    In float64, scores too: R grows with depth, to 1e27 in VGG-19, 1e70 in ResNet-56 and 1e139 in ResNet-110 (Kaiming
    initialisation, 32x32 images), and float32 ends at 3e38.

    Raises:
        UserError: R is too large even so.
    """
    network = evidence.network
    named = [*network.named_parameters(), *network.named_buffers()]
    state = {name: _positive(name, tensor) for name, tensor in named}
    weights = {name: state[name].requires_grad_() for name in evidence.masks}
    ones = torch.ones(1, *evidence.shape, dtype=torch.float64, device=next(iter(weights.values())).device)
    with modes(network):
        flow = functional_call(network, state, (ones,)).sum()
    if not flow.isfinite():
        raise UserError("synflow: the flow through this network is too large to be computed; it is too deep for it")
    slopes = torch.autograd.grad(flow, [*weights.values()])
    scored = zip(weights.items(), slopes, strict=True)
    return {name: (weight * slope).detach().to(evidence.masks[name].device) for (name, weight), slope in scored}


def _positive(name: str, tensor: Tensor) -> Tensor:
    """A copy in float64 that adds nothing and changes no sign; counters are copied as they are."""
    if not tensor.is_floating_point():
        return tensor.detach().clone()
    found = tensor.detach().to(torch.float64, copy=True).abs_()
    return found.zero_() if name.rpartition(".")[2] in SHIFTS else found
