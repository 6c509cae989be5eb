"""Scores: each against an independent computation, tensors by hand beside their masks, and what they leave alone."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import get_args

import pytest
import torch
from scored import CLASSES, convolutions, dense, drawn, evidence, half, scored
from small import at_density
from torch import Tensor, nn
from torch.nn import functional

from lth.catalog.scores import SCORES, When
from lth.errors import UserError
from lth.pruning.scores.evidence import Evidence
from lth.pruning.scores.grasp import hessian_gradient
from lth.pruning.scores.passes import AT_ONCE, losses
from lth.seeds import generator

# --- hand-written


def by_hand(weights: list[float], best: list[float]) -> Evidence:
    last = {"w": torch.tensor(weights)}
    what = evidence(dense(1, 1))
    return replace(what, weights=last, best={"w": torch.tensor(best)}, masks={"w": torch.ones(4, dtype=torch.bool)})


@pytest.mark.parametrize(
    ("name", "weights", "best", "expected"),
    [
        ("magnitude", [-3.0, 1.0, 2.0, -0.5], [0.0, 0.0, 0.0, 0.0], [1, 0, 1, 0]),
        ("stability", [-3.0, 1.0, 2.0, -0.5], [-3.0, 2.0, 1.5, 3.0], [1, 0, 1, 0]),
        ("stability", [1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0], [1, 1, 0, 0]),
    ],
)
def test_scores_of_weights_alone(name: str, weights: list[float], best: list[float], expected: list[int]) -> None:
    what = by_hand(weights, best)
    kept = at_density(scored(name, what), what.masks, Fraction(1, 2))
    assert kept["w"].int().tolist() == expected


def test_random_draws_in_network_order_from_its_stream_alone() -> None:
    what = evidence(dense(16, 5, 3))
    stream, state = generator(2, "stream"), torch.get_rng_state()
    for score in scored("random", what).values():
        assert torch.equal(score, torch.rand(score.shape, generator=stream, dtype=torch.float64))
    assert torch.equal(torch.get_rng_state(), state)


def test_what_is_needed_and_missing_is_said() -> None:
    what = evidence(dense(16, 3), best=None, sample=None)
    for name, said in (("stability", "best epoch"), ("snip", "needs images"), ("grasp", "needs images")):
        with pytest.raises(ValueError, match=said):
            scored(name, what)


# --- against finite differences, in float64


def loss_of(what: Evidence, weights: Mapping[str, Tensor], temperature: float = 1.0) -> Tensor:
    """Batch norm by the batch, no dropout, written out: the networks of these tests have seven layers at most."""
    assert what.sample is not None
    value, labels = what.sample(what.per_class)
    state = {**dict(what.network.named_parameters()), **weights}
    value = value.double()
    for name, layer in what.network.named_children():
        weight, bias = (state[f"{name}.{p}"].double() if f"{name}.{p}" in state else None for p in ("weight", "bias"))
        if isinstance(layer, nn.Conv2d):
            value = functional.conv2d(value, weight, bias, padding=1)
        elif isinstance(layer, nn.Linear):
            value = value @ weight.T + bias
        elif isinstance(layer, nn.BatchNorm2d):
            mean = value.mean((0, 2, 3), keepdim=True)
            value = (value - mean) / ((value - mean).square().mean((0, 2, 3), keepdim=True) + layer.eps).sqrt()
        elif not isinstance(layer, nn.Dropout):
            value = layer(value.clone())
    return -(value / temperature).log_softmax(1).gather(1, labels[:, None]).mean()


def slopes_of(what: Evidence, weights: Mapping[str, Tensor], temperature: float) -> list[Tensor]:
    leaves = {name: weight.double().requires_grad_() for name, weight in weights.items()}
    return list(torch.autograd.grad(loss_of(what, leaves, temperature), list(leaves.values())))


def differences(weights: Mapping[str, Tensor], value: Callable[[Mapping[str, Tensor]], float]) -> dict[str, Tensor]:
    """The slope of `value` along each weight times the weight, by central differences."""
    found = {name: torch.zeros(weight.shape, dtype=torch.float64) for name, weight in weights.items()}
    for name, weight in weights.items():
        for at in range(weight.numel()):
            ends = []
            for sign in (1, -1):
                moved = {n: w.double() for n, w in weights.items()}
                moved[name].view(-1)[at] *= 1 + sign * 1e-5
                ends.append(value(moved))
            found[name].view(-1)[at] = (ends[0] - ends[1]) / 2e-5
    return found


def test_snip_is_the_change_of_the_loss_to_first_order() -> None:
    what = evidence(drawn(convolutions()))
    expected = differences(what.weights, lambda weights: float(loss_of(what, weights).detach()))
    for name, score in scored("snip", what).items():
        torch.testing.assert_close(score.double(), expected[name].abs(), rtol=1e-3, atol=1e-6)


def test_the_gradient_is_the_slope_of_the_loss_whatever_the_weight_is() -> None:
    what = evidence(drawn(convolutions()))
    moved = differences(what.weights, lambda weights: float(loss_of(what, weights).detach()))  # g w
    for name, score in scored("gradient", what).items():
        torch.testing.assert_close(score.double(), (moved[name] / what.weights[name]).abs(), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("pruned", [False, True])
def test_grasp_is_what_the_gradients_norm_loses_to_first_order(pruned: bool) -> None:
    """Removing a weight moves it by -w: the norm's change is -2 w Hg, so half its slope along w, times w, is kept."""
    what = evidence(drawn(convolutions()))
    if pruned:
        what = evidence(what.network, masks=half(what))

    def flow(weights: Mapping[str, Tensor]) -> float:
        slopes = zip(slopes_of(what, weights, 200.0), what.masks.values(), strict=True)
        return 1e6 * sum(float((slope * mask).square().sum()) for slope, mask in slopes)

    expected = differences(what.weights, flow)
    found = scored("grasp", what)
    assert min(float(score.min()) for score in found.values()) < 0 < max(float(s.max()) for s in found.values())
    for name, score in found.items():
        torch.testing.assert_close(2e6 * score.double(), expected[name], rtol=2e-3, atol=2e-5)


def test_grasp_on_a_quadratic_where_the_answer_is_known() -> None:
    """L = w'Aw/2 - b'w: g = Aw - b, H = A. The removal that leaves the least gradient is that of the worthiest."""
    a = torch.tensor([[2.0, 0.0], [0.0, 0.5]], dtype=torch.float64)
    b = torch.tensor([0.5, -1.0], dtype=torch.float64)
    w = {"w": torch.tensor([1.0, 1.0], dtype=torch.float64).requires_grad_()}
    full = {"w": torch.ones(2, dtype=torch.bool)}
    parts = [lambda at: at["w"] @ a @ at["w"] / 2, lambda at: -(b @ at["w"])]
    product = hessian_gradient([lambda at: parts[0](at) + parts[1](at)], w, full)["w"]
    assert product.tolist() == [3.0, 0.75]  # A (Aw - b) = A (1.5, 1.5)
    left = [float(((a @ kept) - b).square().sum()) for kept in (torch.eye(2).double()[1], torch.eye(2).double()[0])]
    assert left[0] < left[1]  # without w_0: (-0.5, 1.5); without w_1: (1.5, 1.0)
    assert product[0] > product[1]


def test_synflow_is_the_sum_over_paths() -> None:
    """16 inputs of one, two layers: R = sum of |w2| |w1|, so that each weight's score is its share of it."""
    network = drawn(dense(16, 5, 3))
    what = evidence(network)
    first, second = (weight.double().abs() for weight in what.weights.values())
    found = list(scored("synflow", what).values())
    torch.testing.assert_close(found[0], first * second.sum(0)[:, None], rtol=1e-12, atol=0)
    torch.testing.assert_close(found[1], second * first.sum(1), rtol=1e-12, atol=0)


@pytest.mark.parametrize("pruned", [False, True])
def test_synflow_flows_through_each_layer_alike_whatever_batch_norm_has_seen(pruned: bool) -> None:
    """Each layer's scores sum to R (Tanaka et al. 2020, theorem 2)."""
    network = drawn(convolutions())
    what = evidence(network, masks=half(evidence(network)) if pruned else None)
    before = [float(score.sum()) for score in scored("synflow", what).values()]
    assert before[0] == pytest.approx(before[1], rel=1e-12)
    norm = network[1]
    assert isinstance(norm, nn.BatchNorm2d)
    with torch.no_grad():
        norm.running_mean.fill_(3.0)  # type: ignore[union-attr]
        norm.bias.fill_(-5.0)
        norm.weight.neg_()
    assert [float(score.sum()) for score in scored("synflow", what).values()] == before


def test_synflow_holds_where_float32_ends_and_says_where_float64_ends() -> None:
    deep = drawn(dense(16, *[64] * 40, 3))
    found = [float(score.sum()) for score in scored("synflow", evidence(deep)).values()]
    assert min(found) > torch.finfo(torch.float32).max
    assert max(found) == pytest.approx(min(found), rel=1e-9)
    with torch.no_grad():
        deep[1].weight.mul_(1e30), deep[3].weight.mul_(1e30)  # type: ignore[operator, union-attr]
        for layer in (layer for layer in deep if isinstance(layer, nn.Linear)):
            layer.weight.fill_(1e30)
    with pytest.raises(UserError, match="synflow: the flow through this network is too large"):
        scored("synflow", evidence(deep))


# --- what they leave alone


def state_of(network: nn.Module) -> dict[str, Tensor]:
    tensors = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    return {name: tensor.detach().clone() for name, tensor in tensors.items()}


@pytest.mark.parametrize("name", SCORES)
@pytest.mark.parametrize("training", [True, False])
def test_a_score_is_of_each_weights_shape_repeatable_and_leaves_no_trace(name: str, training: bool) -> None:
    network = drawn(convolutions()).train(training)
    network[1].train(not training)  # type: ignore[index]
    network[0].weight.grad = torch.full_like(network[0].weight, 7.0)  # type: ignore[index, arg-type]
    what = evidence(network, masks=half(evidence(network)))
    before, modes, random = state_of(network), [m.training for m in network.modules()], torch.get_rng_state()
    found = scored(name, what)
    again = scored(name, replace(what, stream=generator(2, "stream")))
    assert list(found) == list(what.masks)
    for layer, score in found.items():
        assert score.shape == what.masks[layer].shape
        assert torch.equal(score, again[layer])
        assert not score.requires_grad
        if name != "random":
            assert not score[~what.masks[layer]].any()
    assert [m.training for m in network.modules()] == modes
    assert all(torch.equal(tensor, before[key]) for key, tensor in state_of(network).items())
    grads = {key: p.grad for key, p in network.named_parameters() if p.grad is not None}
    assert list(grads) == ["0.weight"]
    assert bool((grads["0.weight"] == 7).all())
    assert torch.equal(torch.get_rng_state(), random)


def test_modes_come_back_even_after_an_error() -> None:
    network = drawn(convolutions()).train()
    what = evidence(network, sample=lambda n: (torch.zeros(n, 2, 4, 4), torch.zeros(n, dtype=torch.int64)))
    with pytest.raises(RuntimeError):
        scored("snip", what)
    assert all(module.training for module in network.modules())


def test_a_large_sample_is_scored_in_parts_that_each_hold_every_class() -> None:
    what = evidence(drawn(dense(16, 3)), per_class=AT_ONCE)
    parts = losses(what)
    assert len(parts) == CLASSES
    weights = {name: weight.requires_grad_() for name, weight in what.weights.items()}
    torch.testing.assert_close(sum(part(weights) for part in parts).double(), loss_of(what, weights))  # type: ignore[union-attr]


def test_the_table_says_what_each_score_needs() -> None:
    assert {name for name, score in SCORES.items() if score.images} == {"snip", "taylor", "gradient", "grasp"}
    assert {name for name, score in SCORES.items() if score.best} == {"stability"}
    assert {name for name, score in SCORES.items() if score.signed} == {"synflow"}
    for score in SCORES.values():
        assert score.when
        assert set(score.when) <= set(get_args(When))
