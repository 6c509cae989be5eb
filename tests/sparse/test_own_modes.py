"""Networks whose training mode is not all that they have: sparse kernels leave them to torch, and the log says why."""

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

pytest.importorskip("numba", reason="sparse kernels need numba")
sys.path.insert(0, str(Path(__file__).parents[1] / "core"))

from small import CPU, tiny_images

from lth.config.training import Optimiser, Recipe
from lth.training.loop import Loop

RECIPE = Recipe(optimiser=Optimiser(name="sgd", learning_rate=0.05), batch_size=20, epochs=1, kernels="sparse")
IMAGES = tiny_images()
INPUTS = IMAGES.splits["train"].images[0].numel()


class Net(nn.Module):
    """Two linear layers with a norm and dropout between them."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.norm, self.dropout = nn.Linear(INPUTS, 8), nn.BatchNorm1d(8), nn.Dropout(0.2)
        self.b = nn.Linear(8, len(IMAGES.classes))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.b(self.dropout(self.norm(self.a(images.flatten(1))).relu()))
        return logits


class FrozenNorm(Net):
    """Batch norm in evaluation mode, as fine-tuning often has it."""

    def train(self, mode: bool = True) -> "FrozenNorm":
        super().train(mode)
        self.norm.eval()
        return self


class NormInTraining(Net):
    """Batch norm in training alone."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        hidden = self.a(images.flatten(1))
        hidden = self.norm(hidden) if self.training else hidden
        logits: torch.Tensor = self.b(hidden.relu())
        return logits


class Functional(Net):
    """Dropout as a function, which is nothing in evaluation mode; that is known."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        hidden = nn.functional.dropout(self.norm(self.a(images.flatten(1))).relu(), 0.2, self.training)
        logits: torch.Tensor = self.b(hidden)
        return logits


def hooked(kind: str) -> nn.Module:
    network = Net()
    if kind == "weight":
        network.a.weight.register_hook(lambda gradient: 10 * gradient)
    else:
        getattr(network.a, kind)(lambda *_: None)
    return network


def loop_of(network: nn.Module) -> Loop:
    masks = {name: torch.arange(p.numel()).view_as(p) % 3 == 0 for name, p in network.named_parameters() if p.ndim > 1}
    return Loop.start(network, masks, IMAGES, RECIPE, 0, CPU)


MODES, HOOKS = "training mode is not all that it has while it is trained", "it has hooks on gradients"


@pytest.mark.parametrize(
    ("make", "because"),
    [
        (Net, ""),
        (Functional, ""),
        (FrozenNorm, MODES),
        (NormInTraining, MODES),
        (lambda: hooked("weight"), HOOKS),
        (lambda: hooked("register_full_backward_hook"), HOOKS),
        (lambda: hooked("register_full_backward_pre_hook"), HOOKS),
    ],
    ids=["plain", "functional dropout", "frozen norm", "norm in training", "weight", "backward", "backward pre"],
)
def test_what_sparse_kernels_would_leave_out_is_trained_by_torch(make: Any, because: str) -> None:
    network = make()
    loop = loop_of(network)
    assert loop.dense_because.startswith(because)
    assert bool(loop.dense_because) == bool(because)
    frozen = isinstance(network, FrozenNorm)
    assert all(module.training for module in network.modules() if not (frozen and module is network.norm))
