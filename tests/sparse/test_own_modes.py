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
from lth.training.hooks import Hook
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


class Deep(Net):
    """Stochastic depth: a trace would keep one of its two ways."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        hidden = self.a(images.flatten(1))
        hidden = hidden if self.training and torch.rand(()) < 0.5 else self.norm(hidden)
        logits: torch.Tensor = self.b(hidden.relu())
        return logits


class Fixed(Net):
    """Features that are not trained, which a trace does not show."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            hidden = self.norm(self.a(images.flatten(1))).relu()
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
        (Deep, "there is none for a network that draws random numbers"),
        (Fixed, "a.weight gets no gradient"),
        (lambda: hooked("weight"), HOOKS),
        (lambda: hooked("register_full_backward_hook"), HOOKS),
        (lambda: hooked("register_full_backward_pre_hook"), HOOKS),
    ],
    ids=[
        "plain",
        "functional dropout",
        "frozen norm",
        "norm in training",
        "random",
        "no gradient",
        "weight",
        "backward",
        "backward pre",
    ],
)
def test_what_sparse_kernels_would_leave_out_is_trained_by_torch(make: Any, because: str) -> None:
    network, drawn = make(), torch.get_rng_state()
    loop = loop_of(network)
    assert torch.get_rng_state().equal(drawn)
    assert loop.dense_because.startswith(because)
    assert bool(loop.dense_because) == bool(because)
    frozen = isinstance(network, FrozenNorm)
    assert all(module.training for module in network.modules() if not (frozen and module is network.norm))


def test_a_layer_without_gradients_stays_as_it_is_and_the_others_are_trained() -> None:
    network = Fixed()
    loop, parameters = loop_of(network), dict(network.named_parameters())
    for name, mask in loop.masking.masks.items():
        parameters[name].data.mul_(mask)
    before = {name: parameter.detach().clone() for name, parameter in parameters.items()}
    for step in range(loop.steps):
        loop.advance(step, step + 1, Hook())
    loop.masking.verify()
    for name, parameter in parameters.items():
        assert torch.equal(parameter, before[name]) == name.startswith(("a.", "norm."))
