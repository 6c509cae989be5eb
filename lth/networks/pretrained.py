"""What a network that starts from a pre-trained model tells of itself."""

from abc import abstractmethod

import torch
from torch import nn


class Pretrained(nn.Module):
    """A network that has initial weights of its own, and parts that are never pruned."""

    whole: tuple[str, ...]
    """Where parts are that are never pruned, as prefixes of names."""
    head: str
    """Where its classifier is, likewise."""
    pooler: str
    """Where the layer is that makes one vector of the encoder's output, likewise."""
    vocabulary: int
    """Tokens that it knows."""
    positions: int
    """Tokens of the longest text that it reads."""

    @abstractmethod
    def initialise(self, stream: torch.Generator, *, reinitialised: bool) -> None:
        """Give every parameter its initial value: the pre-trained one, and drawn ones where there is none.

        Args:
            stream: what is drawn comes from it.
            reinitialised: draw everything, as if there had been no pre-training.
        """
