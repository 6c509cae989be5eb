"""torch's optimisers: their state and their fused kernels, without what they do around a kernel at every step.

For a small network that takes longer than the kernel: looking through the state of each weight, sorting tensors by
device and type (here all are alike), hooks, marks for the profiler. The first step, which makes the state, is torch's
own; each later one calls the kernel that torch would call, with what it would hand over, so every update is the same to
the last bit.

torch wraps these methods to import `torch._dynamo`, and with it sympy, at the first call: a second of every job that
trains, for a compiler that none of them uses. `inspect.unwrap` gives what is inside (or the function itself, should a
later torch wrap nothing).
"""

from collections.abc import Sequence
from inspect import unwrap
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from lth.config.training import Optimiser

KERNELS = all(hasattr(torch, kernel) for kernel in ("_fused_sgd_", "_fused_adam_", "_fused_adamw_", "_foreach_add_"))
"""Whether torch still has the kernels that are called here, which are no part of its interface. Without them every
step is torch's own: slower, with the same results."""


class _Bare(Optimizer):
    """What the optimisers share; the parameters of a group are on one device and of one type."""

    add_param_group = unwrap(Optimizer.add_param_group)

    def _patch_step_function(self) -> None:
        """Wrap nothing around steps: nobody hooks into them, or profiles them."""

    def zero_grad(self, set_to_none: bool = True) -> None:  # noqa: ARG002
        """Forget the gradients, as torch does unless told otherwise."""
        for group in self.param_groups:
            for weight in group["params"]:
                weight.grad = None

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override] # noqa: ARG002
        """Update all weights that have a gradient."""
        updates = []
        for group in self.param_groups:
            weights = [weight for weight in group["params"] if weight.grad is not None]
            states = [state for weight in weights if (state := self.state.get(weight))]
            if not KERNELS or len(states) != len(weights):
                self._own_step()
                return
            if weights:
                updates.append((group, weights, [weight.grad for weight in weights], states))
        for update in updates:
            self._update(*update)

    def _own_step(self) -> None:
        """torch's own step, which makes the state."""
        raise NotImplementedError

    def _update(
        self, group: dict[str, Any], weights: list[Tensor], gradients: list[Tensor], states: list[dict[str, Tensor]]
    ) -> None:
        """Call the kernel for weights that have state."""
        raise NotImplementedError


class SGD(_Bare, torch.optim.SGD):
    """Stochastic gradient descent. Without momentum it has no state, and every step is torch's."""

    _own_step = unwrap(torch.optim.SGD.step)

    def _update(
        self, group: dict[str, Any], weights: list[Tensor], gradients: list[Tensor], states: list[dict[str, Tensor]]
    ) -> None:
        torch._fused_sgd_(
            weights,
            gradients,
            [state["momentum_buffer"] for state in states],
            weight_decay=group["weight_decay"],
            momentum=group["momentum"],
            lr=group["lr"],
            dampening=group["dampening"],
            nesterov=group["nesterov"],
            maximize=group["maximize"],
            is_first_step=False,
        )


class Adam(_Bare, torch.optim.Adam):
    """Adam, with weight decay as part of the gradient."""

    _decoupled = False
    _own_step = unwrap(torch.optim.Adam.step)

    def _update(
        self, group: dict[str, Any], weights: list[Tensor], gradients: list[Tensor], states: list[dict[str, Tensor]]
    ) -> None:
        steps = [state["step"] for state in states]
        torch._foreach_add_(steps, 1)
        kernel = torch._fused_adamw_ if self._decoupled else torch._fused_adam_
        kernel(
            weights,
            gradients,
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [],
            steps,
            lr=group["lr"],
            beta1=group["betas"][0],
            beta2=group["betas"][1],
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            amsgrad=False,
            maximize=group["maximize"],
        )


class AdamW(Adam, torch.optim.AdamW):
    """Adam, with weight decay apart from the gradient."""

    _decoupled = True


def make_optimiser(
    spec: Optimiser, parameters: Sequence[nn.Parameter], undecayed: Sequence[nn.Parameter] = ()
) -> Optimizer:
    """The optimiser of a recipe, in torch's fused form (one kernel for all parameters, on CPU and GPU alike).

    Args:
        spec: its hyperparameters.
        parameters: those that decay, if any do.
        undecayed: those without weight decay; disjoint from the others.
    """
    rate, decay = spec.learning_rate, spec.weight_decay
    groups: list[dict[str, Any]] = [{"params": [*parameters]}, {"params": [*undecayed], "weight_decay": 0.0}]
    groups = [group for group in groups if group["params"]]
    if spec.name == "sgd":
        return SGD(groups, lr=rate, weight_decay=decay, momentum=spec.momentum, nesterov=spec.nesterov, fused=True)
    adam = AdamW if spec.name == "adamw" else Adam
    return adam(groups, lr=rate, weight_decay=decay, fused=True)


def trained_parameters(optimiser: Optimizer) -> list[nn.Parameter]:
    """All that an optimiser updates, group by group."""
    return [parameter for group in optimiser.param_groups for parameter in group["params"]]
