"""Masks at work: what keeps pruned weights at exactly zero while the others are trained."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from lth.errors import UserError
from lth.printable import printable


class Masking:
    """The masks of a network in training, which a method may change between two steps.

    A pruned weight that is zero, with zero optimiser state, stays so under SGD (momentum, decay) and Adam if its
    gradient is zero. So gradients are masked *before* the step, which guards weight and state at once; masking weights
    after the step would leave momentum behind that revives them.
    """

    def __init__(
        self, network: nn.Module, masks: Mapping[str, Tensor], optimiser: torch.optim.Optimizer, device: torch.device
    ) -> None:
        named = dict(network.named_parameters())
        self.parameters = {name: named[name] for name in masks}
        """The prunable ones, in network order."""
        self.masks: dict[str, Tensor] = {}
        """bool, on the device."""
        self.layout = 0
        """Goes up when other layers than before have pruned weights, or their masks lie elsewhere in memory."""
        self._optimiser = optimiser
        self._sparse: list[nn.Parameter] = []
        self._factors: list[Tensor] = []
        self._install({name: mask.to(device) for name, mask in masks.items()})

    def gradient(self, name: str) -> Tensor:
        """The gradient of a layer's weights, pruned ones included, that a method moves them by.

        Raises:
            UserError: the layer is frozen, so it has none.
        """
        found = self.parameters[name].grad
        if found is None:
            frozen = not self.parameters[name].requires_grad
            why = "is frozen (requires_grad is False)" if frozen else "has no gradient in this step"
            raise UserError(
                f"'{printable(name)}' {why}, and this method moves the weights of all layers; let it be trained, or "
                f"use another method"
            )
        return found

    def change(self, masks: Mapping[str, Tensor]) -> None:
        """Put other masks to work: weights that leave are zeroed, and the optimiser state of all that come or go."""
        for name, mask in masks.items():
            moved = mask != self.masks[name]
            parameter = self.parameters[name]
            parameter.data.masked_fill_(~mask, 0.0)
            for state in self._optimiser.state.get(parameter, {}).values():  # indexing would make an empty one
                if isinstance(state, Tensor) and state.shape == parameter.shape:
                    state.masked_fill_(moved, 0.0)
        self._install(masks)

    def mask_gradients(self) -> None:
        """Zero the gradients of pruned weights."""
        pairs = [(p.grad, by) for p, by in zip(self._sparse, self._factors, strict=True) if p.grad is not None]
        if pairs:  # a step may leave a layer out
            gradients, factors = zip(*pairs, strict=True)
            torch._foreach_mul_(gradients, factors)

    def verify(self) -> None:
        """Fail loudly if a pruned weight ever moved."""
        for name, parameter in self.parameters.items():
            if parameter.detach()[~self.masks[name]].count_nonzero():
                raise AssertionError(f"a pruned weight of {name} is not zero")

    def _install(self, masks: Mapping[str, Tensor]) -> None:
        self.masks = dict(masks)
        sparse = [name for name, mask in masks.items() if self.parameters[name].requires_grad and not mask.all()]
        before, self._sparse = self._sparse, [self.parameters[name] for name in sparse]
        if self.layout and [*map(id, before)] == [*map(id, self._sparse)]:
            for name, factor in zip(sparse, self._factors, strict=True):
                factor.copy_(masks[name])  # in place: a captured step reads them where they are
        else:
            self._factors = [masks[name].to(self.parameters[name].dtype) for name in sparse]
            self.layout += 1
