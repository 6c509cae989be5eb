"""A score that knows nothing: the control of all others."""

import torch
from torch import Tensor

from lth.pruning.masks import Masks
from lth.pruning.scores.evidence import Evidence


def uniform(evidence: Evidence) -> dict[str, Tensor]:
    """A uniform draw for each weight, whatever it is."""
    return draws(evidence.masks, evidence.stream)


def draws(masks: Masks, stream: torch.Generator) -> dict[str, Tensor]:
    """A uniform draw from [0, 1) for each weight, one draw of the stream a parameter, in network order.

    In float64: float32 has but 2^24 values there, so that among millions of weights many would tie, and ties go to
    the lower index.
    """
    return {
        name: torch.rand(mask.shape, generator=stream, dtype=torch.float64).to(mask.device)
        for name, mask in masks.items()
    }
