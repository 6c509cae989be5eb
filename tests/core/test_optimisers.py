"""The optimisers without their wrappers compute what torch's do, to the last bit."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from lth.config.training import Optimiser
from lth.networks.build import names_of
from lth.pruning.masking import Masking
from lth.training.optimisers import make_optimiser

PLAIN = {"sgd": torch.optim.SGD, "no momentum": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}


def named(kind: str) -> str:
    """As a recipe names it."""
    return "sgd" if kind == "no momentum" else kind


def trained(kind: str, bare: bool) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Weights and moments of a small layer after five steps."""
    torch.manual_seed(3)
    layer, images = nn.Linear(6, 4), torch.randn(5, 8, 6)
    momentum = {"momentum": 0.9, "nesterov": True} if kind == "sgd" else {}
    if bare:
        spec = Optimiser(name=named(kind), learning_rate=0.1, weight_decay=0.01, **momentum)
        optimiser = make_optimiser(spec, list(layer.parameters()))
    else:
        optimiser = PLAIN[kind](layer.parameters(), lr=0.1, weight_decay=0.01, fused=True, **momentum)
    for batch in images:
        optimiser.zero_grad()
        layer(batch).square().sum().backward()
        optimiser.step()
    return layer.weight.detach(), optimiser.state[layer.weight]


@pytest.mark.parametrize("kind", PLAIN)
def test_every_update_is_that_of_torch(kind: str) -> None:
    (weights, state), (expected, theirs) = trained(kind, True), trained(kind, False)
    assert torch.equal(weights, expected)
    assert state.keys() == theirs.keys()
    assert all(torch.equal(state[name], theirs[name]) for name in state)


@pytest.mark.parametrize("kind", PLAIN)
def test_without_the_kernels_every_step_is_torchs_own(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are no part of torch's interface; a version without them is slower and gives the same."""
    expected, _ = trained(kind, True)
    monkeypatch.setattr("lth.training.optimisers.KERNELS", False)
    assert torch.equal(trained(kind, True)[0], expected)


def test_what_is_excluded_from_decay_by_hand() -> None:
    """AdamW with a gradient of zero changes nothing but by decay: w (1 - rate decay)."""
    decayed, bias = nn.Parameter(torch.tensor([2.0])), nn.Parameter(torch.tensor([2.0]))
    spec = Optimiser(name="adamw", learning_rate=0.1, weight_decay=0.5, decay_exclude=("bias",))
    optimiser = make_optimiser(spec, [decayed], [bias])
    for _ in range(2):  # torch's own step, then the kernel
        decayed.grad, bias.grad = torch.zeros(1), torch.zeros(1)
        optimiser.step()
    assert decayed.item() == pytest.approx(2.0 * 0.95**2)
    assert bias.item() == 2.0
    optimiser.zero_grad()
    assert decayed.grad is None
    assert bias.grad is None


def test_biases_and_norms_of_a_network_by_name() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(2, 2), nn.LayerNorm(2))
    assert names_of(network, ("bias",)) == {"0.bias", "1.bias", "3.bias", "4.bias"}
    assert names_of(network, ("norm",)) == {"1.weight", "1.bias", "4.weight", "4.bias"}
    assert names_of(network, ()) == set()


def test_a_step_is_no_part_of_the_gradient() -> None:
    weight = nn.Parameter(torch.ones(3))
    optimiser = make_optimiser(Optimiser(name="adam", learning_rate=0.1), [weight])
    weight.sum().backward()
    optimiser.step()
    assert weight.is_leaf
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("kind", PLAIN)
def test_masks_may_change_before_the_first_step(kind: str) -> None:
    """A weight has no state then, and none is made of looking."""
    layer = nn.Linear(3, 2, bias=False)
    spec = Optimiser(name=named(kind), learning_rate=0.1, momentum=0.9 if kind == "sgd" else 0.0)
    optimiser = make_optimiser(spec, list(layer.parameters()))
    masking = Masking(layer, {"weight": torch.ones(2, 3).bool()}, optimiser, torch.device("cpu"))
    masking.change({"weight": torch.tensor([[True, False, True], [True, True, False]])})
    assert not optimiser.state
    for _ in range(2):  # torch's own step, then the kernel
        layer.weight.grad = torch.ones(2, 3)
        masking.mask_gradients()
        optimiser.step()
    masking.verify()
    assert not (layer.weight == 0)[0, ::2].any()


def test_training_imports_no_compiler() -> None:
    """`torch._dynamo` and sympy take a second, in every job; numba is imported by who compiles alone."""
    code = (
        "import sys\nfrom pathlib import Path\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from small import NETWORK, tiny_images\n"
        "from lth.config.study import Compute\nfrom lth.config.training import Optimiser, Recipe\n"
        "from lth.training.device import prepare_device\nfrom lth.artifacts.tickets import Ticket\n"
        "from lth.training.train import train\nimport lth.methods.round\n"
        "device, dense = prepare_device(Compute(device='cpu')), Ticket.dense(NETWORK, 0)\n"
        f"for name in {sorted({named(kind) for kind in PLAIN})}:\n"
        "    rule = Optimiser(name=name, learning_rate=0.01)\n"
        "    recipe = Recipe(optimiser=rule, batch_size=10, epochs=1, clip_grad_norm=1)\n"
        "    train(dense.module(), dense.masks, tiny_images(), recipe, seed=0, device=device)\n"
        "    compilers = {'sympy', 'torch._dynamo', 'torch._inductor', 'numba'} & sys.modules.keys()\n"
        "    print(name, sorted(compilers))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == "adam []\nadamw []\nsgd []\n", done.stderr
