"""The training loop: pruned weights stay exactly zero under every optimiser, arms of a seed see the same batches, and
the result is the one that a plain loop gives."""

from pathlib import Path
from typing import Any

import pytest
import torch
from small import CPU, NETWORK, sparse_ticket, tiny_images
from torch import nn

from lth.artifacts.tickets import Ticket
from lth.config.data import Network
from lth.config.study import Compute
from lth.config.training import LearningRateSchedule, Optimiser, Recipe
from lth.data import feed
from lth.data.images import Images
from lth.errors import UserError
from lth.networks.build import build, load_weights
from lth.pruning.masking import Masking
from lth.seeds import generator
from lth.training.device import prepare_device
from lth.training.train import Keep, train
from lth.training.trained import Trained

OPTIMISERS = {
    "sgd": Optimiser(name="sgd", learning_rate=0.05, weight_decay=5e-4),
    "momentum": Optimiser(name="sgd", learning_rate=0.05, momentum=0.9, weight_decay=5e-4),
    "nesterov": Optimiser(name="sgd", learning_rate=0.05, momentum=0.9, nesterov=True, weight_decay=5e-4),
    "adam": Optimiser(name="adam", learning_rate=3e-3, weight_decay=1e-2),
    "adamw": Optimiser(name="adamw", learning_rate=3e-3, weight_decay=1e-2),
}


def run(ticket: Ticket, optimiser: Optimiser, *, epochs: int = 3, seed: int = 0, precision: str = "fp32") -> Trained:
    network = build(NETWORK)
    load_weights(network, ticket.weights)
    recipe = Recipe(optimiser=optimiser, batch_size=16, epochs=epochs, precision=precision)
    return train(network, ticket.masks, tiny_images(), recipe, seed=seed, device=CPU)


def test_reported_losses_are_without_label_smoothing() -> None:
    """Trained with it the loss that is told of the training data is their cross-entropy, comparable with the others."""
    ticket, images = sparse_ticket(), tiny_images()
    images.splits["validation"] = images.splits["train"]
    for smoothing in (0.0, 0.5):
        network = build(NETWORK)
        load_weights(network, ticket.weights)
        rule = Optimiser(name="sgd", learning_rate=1e-12)  # so slow that the loss stays what it was
        recipe = Recipe(optimiser=rule, batch_size=16, epochs=1, label_smoothing=smoothing)
        rows = train(network, ticket.masks, images, recipe, seed=0, device=CPU).history
        losses = {row.split: row.loss_nats for row in rows if row.step > 0}
        assert losses["train"] == pytest.approx(losses["validation"], rel=1e-5)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("name", list(OPTIMISERS))
def test_pruned_weights_are_zero_after_every_step_and_only_they_are_frozen(
    name: str, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket, seen = sparse_ticket(), []
    original = Masking.mask_gradients

    def spy(self: Masking) -> None:
        self.verify()  # before this step: after every step but the last, which `train` itself verifies
        original(self)
        seen.append(sum(int(self.parameters[n].grad[~mask].count_nonzero()) for n, mask in self.masks.items()))

    monkeypatch.setattr(Masking, "mask_gradients", spy)
    trained = run(ticket, OPTIMISERS[name], precision=precision)
    assert len(seen) == 3 * 5
    assert set(seen) == {0}
    for layer, mask in ticket.masks.items():
        assert not trained.weights[layer][~mask].any()
        moved = trained.weights[layer][mask] != ticket.weights[layer][mask]
        negative = ticket.weights[layer][mask] < 0
        assert moved[negative].float().mean() > 0.9  # a widely copied loop freezes every negative weight
        assert moved[~negative].float().mean() > 0.9


@pytest.mark.parametrize("name", list(OPTIMISERS))
def test_equals_a_plain_loop_that_masks_weights_gradients_and_state(name: str) -> None:
    """An independent loop, written the long way with torch's unfused optimisers, reaches the same weights.

    Channels go last in both: another order of sums changes last bits, and Adam's first steps blow those up.
    """
    ticket, images, spec = sparse_ticket(), tiny_images(), OPTIMISERS[name]
    network = build(NETWORK).to(memory_format=torch.channels_last)
    load_weights(network, ticket.weights)
    classes = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}
    extra = {"momentum": spec.momentum, "nesterov": spec.nesterov} if spec.name == "sgd" else {}
    optimiser = classes[spec.name](
        network.parameters(), lr=spec.learning_rate, weight_decay=spec.weight_decay, foreach=False, **extra
    )
    named, split = dict(network.named_parameters()), images.splits["train"]
    pixels = ((split.images.float() - 90.0) / 60.0).contiguous(memory_format=torch.channels_last)
    for epoch in (1, 2, 3):
        order = torch.randperm(70, generator=generator(0, "batch order", epoch))
        for rows in order.split(16):
            optimiser.zero_grad()
            nn.functional.cross_entropy(network(pixels[rows]), split.labels[rows]).backward()
            for layer, mask in ticket.masks.items():
                named[layer].grad[~mask] = 0
            optimiser.step()
            with torch.no_grad():
                for layer, mask in ticket.masks.items():
                    named[layer][~mask] = 0
    trained = run(ticket, spec)
    for parameter, weight in named.items():
        torch.testing.assert_close(trained.weights[parameter], weight.detach(), rtol=2e-3, atol=2e-5)


def test_gradients_are_clipped_by_their_norm_without_pruned_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """By hand: with SGD and a rate of 1 an update is the gradient, masked and then scaled to the norm."""
    ticket, kept, limit = sparse_ticket(), [], 1e-3
    original = Masking.mask_gradients

    def spy(self: Masking) -> None:
        original(self)
        kept.append({n: p.grad.clone() for n, p in network.named_parameters()})

    monkeypatch.setattr(Masking, "mask_gradients", spy)
    network = build(NETWORK)
    load_weights(network, ticket.weights)
    before = {name: parameter.detach().clone() for name, parameter in network.named_parameters()}
    recipe = Recipe(
        optimiser=Optimiser(name="sgd", learning_rate=1.0), batch_size=16, iterations=1, clip_grad_norm=limit
    )
    trained = train(network, ticket.masks, tiny_images(), recipe, seed=0, device=CPU)
    norm = sum(float(gradient.double().square().sum()) for gradient in kept[0].values()) ** 0.5
    assert norm > limit
    for name, gradient in kept[0].items():
        torch.testing.assert_close(
            trained.weights[name], before[name] - gradient * (limit / norm), rtol=1e-5, atol=1e-7
        )


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_batches() -> None:
    ticket = sparse_ticket()
    first, again, other = (run(ticket, OPTIMISERS["adam"], seed=seed) for seed in (0, 0, 1))
    assert first.history == again.history
    assert all(torch.equal(first.weights[n], again.weights[n]) for n in first.weights)
    assert first.history != other.history


def test_two_arms_with_one_seed_see_the_same_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[int]] = []

    def spy(size: int, seed: int, epoch: int) -> torch.Tensor:
        order = torch.randperm(size, generator=generator(seed, "batch order", epoch))
        seen.append(order.tolist())
        return order

    monkeypatch.setattr(feed, "epoch_order", spy)
    for ticket in (sparse_ticket(), Ticket.dense(NETWORK, 0)):
        run(ticket, OPTIMISERS["adam"])
    assert seen[:3] == seen[3:]
    assert all(sorted(order) == list(range(70)) for order in seen)  # no image is left out
    assert seen[0] != seen[1]


def test_history_scores_every_image_of_every_split_each_epoch() -> None:
    trained = run(sparse_ticket(), OPTIMISERS["adam"], epochs=2)
    assert [(row.epoch, row.step, row.split) for row in trained.history] == [
        (0, 0, "validation"),
        (0, 0, "test"),
        *[(epoch, 5 * epoch, split) for epoch in (1, 2) for split in ("train", "validation", "test")],
    ]
    for row in trained.history:
        size = {"train": 70, "validation": 20, "test": 25}[row.split]
        assert row.accuracy_percent * size / 100 == pytest.approx(round(row.accuracy_percent * size / 100), abs=1e-6)


def test_it_learns_and_validation_decides_the_best_epoch() -> None:
    trained = run(Ticket.dense(NETWORK, 0), OPTIMISERS["adam"], epochs=6)
    validation = [row.loss_nats for row in trained.history if row.split == "validation"]
    assert trained.best_step == 5 * validation.index(min(validation))
    test = next(r for r in trained.history if r.split == "test" and r.step == trained.best_step)
    labels = tiny_images().splits["test"].labels
    assert 100 * (trained.predictions == labels).float().mean().item() == pytest.approx(test.accuracy_percent, abs=1e-4)
    assert test.accuracy_percent > 90


def test_early_stopping_ends_after_so_many_scorings_without_a_lower_validation_loss() -> None:
    """By hand from the whole training's history; up to there every number is the same, and the costs are what ran."""
    ticket, noisy = sparse_ticket(), tiny_images(noise=200)

    def trained(patience: int | None, **more: Any) -> tuple[Trained, list[str]]:
        network, log = build(NETWORK), []  # type: ignore[var-annotated]
        load_weights(network, ticket.weights)
        recipe = Recipe(
            optimiser=Optimiser(learning_rate=0.02),
            batch_size=16,
            epochs=8,
            evaluate_every=2,
            patience=patience,
            schedule=LearningRateSchedule(name="cosine"),
        )
        found = train(network, ticket.masks, noisy, recipe, seed=0, device=CPU, log=log.append, **more)
        return found, log

    whole, _ = trained(None)
    losses = {row.step: row.loss_nats for row in whole.history if row.split == "validation"}
    ends = next(step for step in losses if step - min((s for s in losses if s <= step), key=losses.__getitem__) >= 6)
    assert ends < 40
    early, log = trained(3)
    assert early.history == [row for row in whole.history if row.step <= ends]
    assert early.meter.backward_images < whole.meter.backward_images
    assert log[-1] == f"ends early: no lower validation loss in 3 scorings; {(40 - ends) / 5:.4g} epochs are not run"
    kept, _ = trained(3, keep=Keep(step=39))
    assert kept.history == whole.history  # the weights of step 39 are needed, and after it there is one scoring


def test_divergence_is_one_sentence() -> None:
    huge = Ticket.dense(NETWORK, 0)
    huge.weights["11.weight"].mul_(float("inf"))
    with pytest.raises(UserError, match=r"training diverged: a loss is not finite in epoch 0; lower"):
        run(huge, OPTIMISERS["adam"])


def test_a_last_batch_of_one_image_under_batch_norm_is_one_sentence() -> None:
    network = Network(architecture="vgg_like", size=16, classes=3)
    recipe = Recipe(optimiser=OPTIMISERS["adam"], batch_size=23, epochs=1)
    dense = Ticket.dense(network, 0)
    with pytest.raises(UserError, match=r"the last batch of an epoch has one: change recipe.batch_size \(23\)"):
        train(dense.module(), dense.masks, tiny_images((24, 6, 6)), recipe, seed=0, device=CPU)


def test_asking_for_a_gpu_where_there_is_none_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match="torch sees no GPU"):
        prepare_device(Compute(device="cuda"))
    assert prepare_device(Compute(device="auto")).type == "cpu"


def test_images_survive_the_disk(tmp_path: Path) -> None:
    images = tiny_images()
    images.save(tmp_path / "d")
    loaded = Images.load(tmp_path / "d")
    assert loaded.classes == images.classes
    for name, split in images.splits.items():
        assert torch.equal(loaded.splits[name].images, split.images)
        assert torch.equal(loaded.splits[name].labels, split.labels)
