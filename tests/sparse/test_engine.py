"""Trainings on sparse kernels: as good as dense ones, chosen by a fixed rule, and switched to within a training."""

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

pytest.importorskip("numba", reason="sparse kernels need numba")
sys.path.insert(0, str(Path(__file__).parents[1] / "core"))

from small import CPU, NETWORK, sparse_ticket, tiny_images

from lth.artifacts.tickets import Ticket
from lth.config.data import Network
from lth.config.training import Augmentation, Freeze, LearningRateSchedule, Optimiser, Recipe
from lth.errors import UserError
from lth.pruning.masks import random_like
from lth.seeds import generator
from lth.sparse import choice
from lth.training.hooks import Hook
from lth.training.loop import Loop
from lth.training.train import Keep, train
from lth.training.trained import Trained

RESNET = NETWORK.model_copy(update={"architecture": "resnet20"})
DROPOUT = NETWORK.model_copy(update={"architecture": "conv2", "dropout": 0.4})
SHUFFLENET = NETWORK.model_copy(update={"architecture": "torchvision:shufflenet_v2_x0_5"})
ADAM = Recipe(optimiser=Optimiser(name="adam", learning_rate=3e-3, weight_decay=1e-3), batch_size=20, epochs=2)
RECIPES = {
    "adam": ADAM,
    "adamw, decay excluded, clipped": Recipe(
        optimiser=Optimiser(name="adamw", learning_rate=3e-3, weight_decay=0.1, decay_exclude=("bias", "norm")),
        schedule=LearningRateSchedule(name="linear", warmup_epochs=0.5),
        clip_grad_norm=0.5,
        batch_size=20,
        iterations=8,
        evaluate_every=4,
    ),
    "sgd": Recipe(optimiser=Optimiser(name="sgd", learning_rate=0.05), batch_size=20, epochs=1),
    "momentum, smoothing": Recipe(
        optimiser=Optimiser(name="sgd", learning_rate=0.02, momentum=0.9, nesterov=True, weight_decay=1e-3),
        schedule=LearningRateSchedule(name="cosine"),
        label_smoothing=0.1,
        batch_size=64,
        epochs=3,
    ),
    "frozen below": ADAM.model_copy(update={"freeze": Freeze(rule="below")}),
    "frozen by magnitude": ADAM.model_copy(update={"freeze": Freeze(rule="magnitude", threshold=0.05)}),
    "augmented": ADAM.model_copy(update={"augment": Augmentation(rotation_degrees=10, flip=True)}),
}


def trained(recipe: Recipe, kernels: str, network: Network = NETWORK, **given: Any) -> Trained:
    ticket = Ticket.dense(network, 0)
    front = {n: (torch.arange(m.numel()) < 0.2 * m.numel()).view_as(m) for n, m in ticket.masks.items()}
    ticket = ticket.derive(random_like(front, generator(0, "mask")), ticket.weights)
    recipe = recipe.model_copy(update={"kernels": kernels})
    return train(ticket.module(), ticket.masks, tiny_images(), recipe, seed=1, device=CPU, **given)


def apart(first: dict[str, Tensor], second: dict[str, Tensor]) -> float:
    return max(float((first[name].double() - second[name].double()).abs().max()) for name in first)


@pytest.mark.parametrize("name", RECIPES)
def test_a_training_ends_where_one_on_dense_kernels_does(name: str) -> None:
    dense, sparse = (trained(RECIPES[name], kernels) for kernels in ("dense", "sparse"))
    assert apart(dense.weights, sparse.weights) < 2e-4
    assert [(row.step, row.kept, row.split) for row in dense.history] == [
        (row.step, row.kept, row.split) for row in sparse.history
    ]
    for a, b in zip(dense.history, sparse.history, strict=True):
        assert b.loss_nats == pytest.approx(a.loss_nats, abs=2e-4)
    assert dense.meter == sparse.meter
    for layer, mask in sparse.masks.items():
        assert not sparse.weights[layer][~mask].count_nonzero()


@pytest.mark.parametrize("augment", [None, Augmentation(flip=True)], ids=["", "augmented"])
def test_dropout_drops_what_it_drops_on_dense_kernels(augment: Augmentation | None) -> None:
    """Of other units weights would be some 0.01 apart."""
    recipe = ADAM.model_copy(update={"augment": augment})
    before = torch.get_rng_state()
    dense, sparse = (trained(recipe, kernels, DROPOUT) for kernels in ("dense", "sparse"))
    other = trained(recipe, "sparse", DROPOUT.model_copy(update={"dropout": 0.3}))
    assert apart(dense.weights, sparse.weights) < 2e-4 < apart(other.weights, sparse.weights)
    assert torch.get_rng_state().equal(before)


def test_batch_norm_ends_where_that_on_dense_kernels_does() -> None:
    slow = Optimiser(name="sgd", learning_rate=0.005)  # small networks in batch norm drift apart fast
    recipe = Recipe(optimiser=slow, iterations=2, batch_size=70)
    dense, sparse = (trained(recipe, kernels, RESNET) for kernels in ("dense", "sparse"))
    assert apart(dense.weights, sparse.weights) < 1e-3
    counted = [name for name in sparse.weights if name.endswith("num_batches_tracked")]
    assert counted
    assert all(int(sparse.weights[name]) == 2 for name in counted)


def test_early_and_best_weights_are_those_of_their_steps() -> None:
    recipe = ADAM.model_copy(update={"kernels": None, "iterations": 9, "epochs": None, "evaluate_every": 4})
    dense, sparse = (trained(recipe, kernels, keep=Keep(best=True, step=3)) for kernels in ("dense", "sparse"))
    assert apart(dense.early, sparse.early) < 1e-4
    assert apart(dense.best, sparse.best) < 1e-4


def test_a_method_that_acts_now_and_then_has_dense_gradients_there_and_sparse_steps_between() -> None:
    class EveryThird(Hook):
        def __init__(self) -> None:
            self.seen: list[tuple[int, int]] = []

        def next_action(self, loop: Loop, step: int) -> int:
            return -(-step // 3) * 3

        def after_backward(self, loop: Loop, step: int) -> bool:
            gradients = [p.grad for p in loop.masking.parameters.values()]
            self.seen.append((step, sum(int(g.count_nonzero()) for g in gradients if g is not None)))
            return True

    recipe = ADAM.model_copy(update={"iterations": 8, "epochs": None})
    hooks = {kernels: EveryThird() for kernels in ("dense", "sparse")}
    found = {kernels: trained(recipe, kernels, hook=hook) for kernels, hook in hooks.items()}
    assert [step for step, _ in hooks["sparse"].seen] == [0, 3, 6]
    assert [step for step, _ in hooks["dense"].seen] == list(range(8))
    kept = sum(int(mask.count_nonzero()) for mask in found["sparse"].masks.values())
    assert all(gradients > kept for _, gradients in hooks["sparse"].seen)  # of pruned weights as well
    assert apart(found["dense"].weights, found["sparse"].weights) < 1e-4


def test_a_hook_that_says_nothing_of_it_acts_at_every_step() -> None:
    class Counts(Hook):
        steps = 0

        def before_step(self, loop: Loop, step: int) -> None:
            self.steps += 1

    hook = Counts()
    trained(ADAM, "sparse", hook=hook)
    assert hook.steps == 8


def masks(share: float, convolution: bool) -> dict[str, Tensor]:
    shape = (4, 1, 5, 5) if convolution else (10, 10)
    return {"layer": (torch.arange(100) < round(100 * share)).view(shape)}


@pytest.mark.parametrize(
    ("share", "convolution", "kernels", "flops", "sparse"),
    [
        (0.6, False, None, 1e12, True),
        (0.61, False, None, 1e12, False),
        (0.3, True, None, 1e12, True),
        (0.31, True, None, 1e12, False),
        (0.1, True, None, 1e9, False),  # too short a training to be worth it
        (1.0, True, "sparse", 1.0, True),
        (0.01, False, "dense", 1e12, False),
    ],
)
def test_the_rule(share: float, convolution: bool, kernels: Any, flops: float, sparse: bool) -> None:
    recipe = ADAM.model_copy(update={"kernels": kernels})
    assert choice.sparse_enough(recipe, masks(share, convolution), int(flops)) == sparse


@pytest.mark.parametrize(
    ("network", "changes", "said"),
    [
        (SHUFFLENET, {}, "there is none for a network that computes cat"),
        (NETWORK, {"precision": "bf16"}, "they compute in fp32, and the recipe says bf16"),
    ],
)
def test_what_cannot_be_sparse_is_dense_and_says_why_once(network: Network, changes: Any, said: str) -> None:
    log: list[str] = []
    dense = trained(ADAM.model_copy(update=changes), "dense", network)
    found = trained(ADAM.model_copy(update=changes), "sparse", network, log=log.append)
    assert apart(dense.weights, found.weights) == 0
    assert [line for line in log if "kernels" in line] == [f"dense kernels, as there are no sparse ones here: {said}"]


def test_frozen_weights_stay_as_they_are_on_any_kernels() -> None:
    def ended(kernels: str, log: list[str]) -> dict[str, Tensor]:
        network, masks = sparse_ticket().module(), sparse_ticket().masks
        first = next(network.parameters()).requires_grad_(False)
        before = first.clone()
        recipe = ADAM.model_copy(update={"kernels": kernels, "epochs": 1})
        found = train(network, masks, tiny_images(), recipe, seed=1, device=CPU, log=log.append).weights
        assert found[next(iter(found))].equal(before)
        return found

    log: list[str] = []
    assert apart(ended("dense", []), ended("sparse", log)) == 0
    assert any("some of its parameters are not trained" in line for line in log)


@pytest.mark.parametrize("kernels", ["dense", "sparse"])
def test_batch_norm_of_one_value_is_refused_on_any_kernels(kernels: str) -> None:
    layers = [nn.Flatten(), nn.Linear(256, 8), nn.BatchNorm1d(8), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 3)]
    network = nn.Sequential(*layers)
    masks = {f"{place}.weight": torch.ones_like(layers[place].weight).bool() for place in (1, 3, 5)}
    recipe = ADAM.model_copy(update={"kernels": kernels, "batch_size": 23})  # 70 images: the last batch has one
    with pytest.raises(UserError, match="batch norm needs more than one image"):
        train(network, masks, tiny_images(), recipe, seed=1, device=CPU)


def test_without_numba_kernels_are_dense(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "has_numba", lambda: False)
    log: list[str] = []
    assert apart(trained(ADAM, "dense").weights, trained(ADAM, "sparse", log=log.append).weights) == 0
    assert sum("numba is not installed" in line for line in log) == 1


def test_what_is_held_falls_with_density() -> None:
    """Weights, their places, and the optimiser's state: at most a twentieth of the dense ones at 2 % density."""
    network = Network(architecture="lenet_300_100", size=16, classes=3)
    ticket = Ticket.dense(network, 0)
    front = {n: (torch.arange(m.numel()) < 0.02 * m.numel()).view_as(m) for n, m in ticket.masks.items()}
    recipe = ADAM.model_copy(update={"kernels": "sparse"})
    loop = Loop.start(ticket.module(), random_like(front, generator(0, "m")), tiny_images(), recipe, 0, CPU)
    engine = loop.engine()
    assert engine is not None
    a, s = engine.layout.arrays, engine.state
    sparse = sum(part.nbytes for part in (a.parameters, a.parameter_gradients, a.columns, s.first, s.second))
    dense = sum(4 * parameter.numel() * 4 for parameter in loop.network.parameters())  # and gradient, and two moments
    assert sparse < 0.05 * dense


def test_the_same_ticket_on_sparse_kernels_twice_gives_the_same_bytes() -> None:
    first, second = trained(ADAM, "sparse"), trained(ADAM, "sparse")
    assert all(first.weights[name].equal(second.weights[name]) for name in first.weights)
    assert sparse_ticket().density < 0.5
