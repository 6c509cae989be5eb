"""What a score may look at."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lth.pruning.masks import Masks
from lth.pruning.scores.passes import gradient, losses, prunable_weights


@dataclass(frozen=True, kw_only=True, repr=False)
class Evidence:
    """A network at a moment of its pruning, and what is known of it then.

    A score changes nothing of it: neither weights, gradients, buffers (running statistics) nor modes. It draws from
    `stream` and `sample` alone.
    """

    network: nn.Module
    """Holds `weights`, pruned ones zero, on the device that scores are computed on."""
    masks: Masks
    """bool, by prunable parameter in network order: what is kept so far. Scores come on their device."""
    weights: Mapping[str, Tensor]
    """The weights to score, at least the prunable ones: trained, or initial."""
    shape: tuple[int, int, int]
    """Channels, height and width of an input."""
    stream: torch.Generator
    """For random scores; on the CPU."""
    best: Mapping[str, Tensor] | None = None
    """The weights at the epoch of least validation loss, where there was one."""
    sample: Callable[[int], tuple[Tensor, Tensor]] | None = None
    """Given n, n images of each class from a named stream, on the network's device: normalised float32
    [n * classes, channels, height, width], and int64 labels [n * classes]."""
    per_class: int = 0
    """The n to ask `sample` for."""

    def __repr__(self) -> str:
        kept, size = (sum(int(mask.sum()) for mask in self.masks.values()), sum(m.numel() for m in self.masks.values()))
        images = f"{self.per_class} images a class" if self.per_class else "no images"
        return f"<Evidence: {len(self.masks)} layers, {kept} of {size} weights, {images}>"

    def gradient(self) -> dict[str, Tensor]:
        """The gradient of the loss on `per_class` images of each class, by prunable weight and of its shape.

        The loss is the mean cross-entropy. Batch norm normalises by the batch, as in training; dropout is off. Weights
        that are pruned have a gradient, too.

        Raises:
            ValueError: there is no sample, or it is to have no images.
        """
        return gradient(losses(self), prunable_weights(self))


Scorer = Callable[[Evidence], dict[str, Tensor]]
"""Every score is one: the worth of each prunable weight, of its shape; larger is worth more."""
