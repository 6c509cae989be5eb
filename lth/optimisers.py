"""torch's optimisers, fused, without the wrappers that serve its compiler.

Those wrappers import `torch._dynamo`, and with it sympy, at the first call: a second of every job that trains, for a
compiler that none of them uses. What they wrap is torch's own code, taken by `inspect.unwrap` (which gives the function
itself, should a later torch wrap nothing), so every update is the same to the last bit.
"""

from inspect import unwrap

import torch
from torch import nn
from torch.optim import Optimizer

from lth.config.recipes import Optimiser


class _Bare(Optimizer):
    """The methods that all optimisers share."""

    add_param_group = unwrap(Optimizer.add_param_group)
    zero_grad = unwrap(Optimizer.zero_grad)


class SGD(_Bare, torch.optim.SGD):
    """Stochastic gradient descent."""

    step = torch.no_grad()(unwrap(torch.optim.SGD.step))


class Adam(_Bare, torch.optim.Adam):
    """Adam, with weight decay as part of the gradient."""

    step = torch.no_grad()(unwrap(torch.optim.Adam.step))


class AdamW(_Bare, torch.optim.AdamW):
    """Adam, with weight decay apart from the gradient."""

    step = torch.no_grad()(unwrap(torch.optim.AdamW.step))


def make_optimiser(spec: Optimiser, parameters: list[nn.Parameter]) -> Optimizer:
    """The optimiser of a recipe, in torch's fused form (one kernel for all parameters, on CPU and GPU alike)."""
    rate, decay = spec.learning_rate, spec.weight_decay
    if spec.name == "sgd":
        return SGD(parameters, lr=rate, weight_decay=decay, momentum=spec.momentum, nesterov=spec.nesterov, fused=True)
    adam = AdamW if spec.name == "adamw" else Adam
    return adam(parameters, lr=rate, weight_decay=decay, fused=True)
