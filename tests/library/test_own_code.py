"""What networks of the user's do that nobody would see in their weights: each is right, or refused in a sentence."""

import copy
import importlib
from pathlib import Path
from typing import Any

import numpy as np
import own_scores
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrize, prune

import lth
from lth.data.images import Images
from lth.export.trace import graph_of
from lth.pruning.scores.evidence import Evidence

AT_INIT: dict[str, Any] = {"method": "at_init", "densities": [0.2]}


class Two(nn.Module):
    """Two layers, 784-16-10."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Linear(784, 16)
        self.b = nn.Linear(16, 10)

    def forward(self, images: Tensor) -> Tensor:
        return self.b(self.a(images.flatten(1)).relu())


class Shuffling(Two):
    """Draws what is in no state_dict: an order of pixels, and a buffer that is not saved."""

    noise: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.order = torch.randperm(784)
        self.register_buffer("noise", torch.randn(16), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        return self.b(self.a(images.flatten(1)[:, self.order]).add(self.noise).relu())


class ByNumpy(Two):
    def __init__(self) -> None:
        super().__init__()
        self.order = torch.from_numpy(np.random.permutation(784))


class Dropping(Two):
    def __init__(self, classes: int = 10, dropout: float = 0.5) -> None:
        super().__init__()
        self.drop = nn.Dropout(dropout)

    def forward(self, images: Tensor) -> Tensor:
        return self.b(self.drop(self.a(images.flatten(1)).relu()))


class HeadFirst(nn.Module):
    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.head = nn.Linear(32, classes)
        self.body = nn.Linear(784, 32)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.body(images.flatten(1)).relu())


class AlwaysDropping(Two):
    def forward(self, images: Tensor) -> Tensor:
        return self.b(functional.dropout(self.a(images.flatten(1)).relu(), 0.5))


class Squeezing(Two):
    def forward(self, images: Tensor) -> Tensor:
        return super().forward(images).squeeze()


class Frozen(Two):
    """The gradient of its first layer is zero, by a hook on the parameter."""

    def __init__(self) -> None:
        super().__init__()
        self.a.weight.register_hook(torch.zeros_like)


class Caching(Two):
    """Makes a table at its first call, as rotary embeddings do."""

    def __init__(self) -> None:
        super().__init__()
        self.table: Tensor | None = None

    def forward(self, images: Tensor) -> Tensor:
        if self.table is None:
            self.table = torch.cos(torch.arange(16.0))
        return self.b(self.a(images.flatten(1)).relu() * self.table)


class Otherwise(Two):
    """Does something else in training."""

    def forward(self, images: Tensor) -> Tensor:
        found = self.a(images.flatten(1))
        return self.b(found if self.training else found.relu())


class ThroughView(Two):
    def forward(self, images: Tensor) -> Tensor:
        found = self.a(images.flatten(1))
        return self.b(found + found.flatten(1).relu_())


class Doubled(nn.Module):
    def forward(self, bias: Tensor) -> Tensor:
        return 2 * bias + 1


class Computed(Two):
    def __init__(self) -> None:
        super().__init__()
        parametrize.register_parametrization(self.a, "bias", Doubled())


def test_what_a_constructor_draws_outside_of_the_weights_is_the_same_at_each_call(
    digits: Images, quick: lth.Recipe
) -> None:
    torch.manual_seed(1)
    first = lth.find_rounds(Shuffling, digits, recipe=quick, rounds=1, rate=0.5)[-1]
    torch.manual_seed(2)
    again = lth.find_rounds(Shuffling, digits, recipe=quick, rounds=1, rate=0.5)[-1]
    assert all(first.weights[name].equal(weight) for name, weight in again.weights.items())
    one, other = (result.module() for result in (first, again))
    assert one.order.equal(other.order)
    assert one.noise.equal(other.noise)


def test_a_rate_of_dropout_that_nobody_named_is_the_networks_own(digits: Images, quick: lth.Recipe) -> None:
    rates = [
        lth.find(model, digits, recipe=quick, **AT_INIT).module().drop.p for model in (Dropping, Dropping(10, 0.3))
    ]
    assert rates == [0.5, 0.3]


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (ByNumpy, "two calls give different 'order'; draw from torch's global random state"),
        (HeadFirst, r"'head\.weight' gives the logits, but 'body\.weight' was registered after it"),
        (
            AlwaysDropping,
            "two evaluations of the same images differ; forward must not draw random numbers in evaluation",
        ),
        (Squeezing, r"returns \[10\] for one image, where \[1, 10\] is needed; keep the first axis"),
        (Frozen(), "the parameter 'a.weight' has a hook, which a copy loses; give the class or function"),
    ],
)
def test_it_is_refused_before_anything_is_trained(model: Any, words: str, digits: Images, quick: lth.Recipe) -> None:
    with pytest.raises(lth.UserError, match=words):
        lth.find(model, digits, recipe=quick, **AT_INIT)


def test_a_module_that_cannot_be_copied_is_refused(digits: Images, quick: lth.Recipe) -> None:
    network = Two()
    prune.l1_unstructured(network.a, "weight", 0.5)
    network(torch.zeros(1, 1, 28, 28))
    with pytest.raises(lth.UserError, match=r"cannot be copied .*; give the class or function .*prune\.remove"):
        lth.find(network, digits, recipe=quick, **AT_INIT)


def test_hooks_on_parameters_are_called(digits: Images, quick: lth.Recipe) -> None:
    result = lth.find_rounds(Frozen, digits, recipe=quick, **AT_INIT)[-1]
    assert result.weights["a.weight"].equal(result.ticket.weights["a.weight"])
    assert not result.weights["b.weight"].equal(result.ticket.weights["b.weight"])


def test_what_forward_keeps_can_be_trained_with(digits: Images, quick: lth.Recipe) -> None:
    assert lth.find(Caching, digits, recipe=quick, rounds=1, rate=0.5).density == 0.5


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_the_callers_switches_change_nothing(context: Any, digits: Images, quick: lth.Recipe) -> None:
    plain = lth.find_rounds("lenet_300_100", digits, recipe=quick, **AT_INIT)[-1]
    torch.set_default_dtype(torch.float64)
    try:
        with context():
            other = lth.find_rounds("lenet_300_100", digits, recipe=quick, **AT_INIT)[-1]
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
    assert all(plain.weights[name].equal(weight) for name, weight in other.weights.items())


def test_a_network_is_exported_as_it_is_in_evaluation_mode() -> None:
    network = Otherwise()
    images = torch.randn(4, 1, 28, 28)
    graph = graph_of(network, (1, 28, 28), "mine")
    expected = copy.deepcopy(network).eval()(images)
    torch.testing.assert_close(graph.run(images)[graph.steps[-1].name], expected)


@pytest.mark.parametrize("model", [ThroughView, Computed])
def test_what_an_export_would_compute_otherwise_is_refused(model: type[nn.Module]) -> None:
    with pytest.raises(lth.UserError, match="cannot be exported"):
        graph_of(model(), (1, 28, 28), "mine")


def test_masks_of_biases_and_norms_in_a_checkpoint_are_applied() -> None:
    network = Two()
    prune.l1_unstructured(network.a, "weight", 0.5)
    prune.l1_unstructured(network.a, "bias", 0.5)
    ticket = lth.load(network.state_dict(), Two)
    assert int((ticket.weights["a.bias"] == 0).sum()) == 8
    assert int(ticket.masks["a.weight"].sum()) == 16 * 784 // 2
    only = Two()
    prune.l1_unstructured(only.a, "bias", 0.5)
    assert lth.load(only.state_dict(), Two).density == 1


def test_a_batch_norm_that_is_never_trained_normalises_as_in_training() -> None:
    class Still(own_scores.Normed):
        def train(self, mode: bool = True) -> "Still":
            super().train(mode)
            self.norm.eval()
            return self

    network = Still()
    network.norm.running_mean += 3
    network.norm.running_var *= 5
    weights = {name: weight.detach().clone() for name, weight in network.named_parameters()}
    masks = {name: torch.ones_like(weights[name], dtype=torch.bool) for name in ("first.weight", "out.weight")}
    sample = torch.randn(20, 1, 28, 28), torch.arange(20) % 10
    evidence = Evidence(
        network=network,
        masks=masks,
        weights=weights,
        shape=(1, 28, 28),
        stream=torch.Generator(),
        sample=lambda _: sample,
        per_class=2,
    )
    found = evidence.gradient()
    functional.cross_entropy(network.train()(sample[0]), sample[1]).backward()
    for name in masks:
        torch.testing.assert_close(found[name], network.get_parameter(name).grad)
    assert repr(evidence) == "<Evidence: 2 layers, 4764 of 4764 weights, 2 images a class>"


def test_a_negative_factor_may_be_a_whole_number() -> None:
    class Mirrored(Two):
        def __init__(self) -> None:
            super().__init__()
            self.b = nn.Linear(32, 10)

        def forward(self, images: Tensor) -> Tensor:
            found = self.a(images.flatten(1))
            return self.b(torch.cat([found.relu(), (found * -1).relu()], -1))

    digits = lth.dataset("digits", validation=60, limit=200)
    ticket = lth.find(Mirrored, digits, recipe=lth.recipe(epochs=1, batch_size=50), **AT_INIT)
    assert ticket.on_path() is None


def test_a_module_that_was_reloaded_is_the_new_one(
    digits: Images, quick: lth.Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "from torch import nn\ndef net(): return nn.Sequential(nn.Flatten(), nn.Linear(784, W), nn.Linear(W, 10))\n"
    monkeypatch.syspath_prepend(tmp_path)
    for width in (6, 7):
        (tmp_path / "reloaded_nets.py").write_text(code + f"W = {width}  # {'x' * width}\n")
        importlib.invalidate_caches()
        importlib.reload(importlib.import_module("reloaded_nets"))
        ticket = lth.find("reloaded_nets:net", digits, recipe=quick, **AT_INIT)
        assert ticket.masks["1.weight"].shape == (width, 784)


def test_slopes_that_are_drawn_are_drawn_from_the_trainings_stream(digits: Images, quick: lth.Recipe) -> None:
    def drawing() -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(784, 16), nn.RReLU(), nn.Linear(16, 10))

    before = torch.get_rng_state()
    first, again = (lth.find_rounds(drawing, digits, recipe=quick, **AT_INIT)[-1] for _ in range(2))
    assert torch.get_rng_state().equal(before)
    assert all(first.weights[name].equal(weight) for name, weight in again.weights.items())


def test_all_biases_are_left_out_of_the_decay() -> None:
    from lth.networks.build import names_of

    network = nn.ModuleDict({"lstm": nn.LSTM(3, 4), "attention": nn.MultiheadAttention(4, 2, add_bias_kv=True)})
    biases = {name for name, _ in network.named_parameters() if "bias" in name}
    assert names_of(network, ["bias"]) == biases
