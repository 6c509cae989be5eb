"""Masks of a few weights, written by hand."""

from functools import partial

import pandas as pd
import torch
from torch import Tensor

from lth.analysis.pictures.rounds import Chain, PicturedRound
from lth.artifacts.tickets import Ticket

UNITS = [
    [[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]],
    [[1, 0, 1, 1], [0, 1, 1, 0], [0, 0, 1, 0]],
    [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]],
]
"""Of rounds 0 to 2: the inputs that each of three units keeps, of images of 2x2 pixels."""
HEADS = [[[1, 1, 1]] * 2, [[1, 1, 0], [0, 1, 1]], [[0, 1, 0], [0, 0, 1]]]
"""Of rounds 0 to 2: an output layer of two units."""


def chain_over_datasets() -> Chain:
    """A ticket whose round 0 is trained on `dots`, the others on `lines`; accuracies of 60, 30 and 40 %."""
    return Chain(
        name="chain",
        seed=0,
        rounds=tuple(
            PicturedRound(
                number=number,
                read=partial(ticket, {"1.weight": UNITS[number]}, dataset=dataset),
                history=partial(_history, accuracy),
            )
            for number, (dataset, accuracy) in enumerate([("dots", 60.0), ("lines", 30.0), ("lines", 40.0)])
        ),
    )


def _history(accuracy: float) -> pd.DataFrame:
    """Of a training that is scored once."""
    columns = ["epoch", "step", "kept", "split", "loss_nats", "accuracy_percent"]
    return pd.DataFrame([[0.0, 0, 12, split, 1.0, accuracy] for split in ("validation", "test")], columns=columns)


def ticket(masks: dict[str, list], *, channels: int = 1, size: int = 2, **told: object) -> Ticket:
    """A ticket whose kept weights are 0.1, 0.2, ... in each layer."""
    kept = {name: torch.tensor(mask, dtype=torch.bool) for name, mask in masks.items()}
    weights: dict[str, Tensor] = {}
    for name, mask in kept.items():
        weights[name] = (torch.arange(1, mask.numel() + 1) / 10).view(mask.shape) * mask
    network = {"architecture": "by_hand", "channels": channels, "size": size, "classes": 2}
    return Ticket(kept, weights, {"network": network, "ticket": "imp", "seed": 0, "dataset": "dots", **told})
