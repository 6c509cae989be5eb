"""Augmentation in compiled code: byte for byte what torch makes of the same changes."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lth.artifacts.tickets import Ticket
from lth.config.data import Network
from lth.config.training import Augmentation, Colour, Optimiser, Recipe
from lth.data import feed as subject
from lth.data.augment import augmented, draw_changes, moves_whole_pixels, only_moves, relocated
from lth.data.feed import ImageFeed
from lth.data.images import Images, Split
from lth.seeds import generator
from lth.training.train import train
from lth.training.trained import Trained

pytest.importorskip("numba")

from lth.data.compiled_moves import Shape, moved, moves_of


@settings(max_examples=60, deadline=None)
@given(
    shape=st.tuples(st.sampled_from([1, 3]), st.integers(1, 12), st.integers(1, 12)),
    crop=st.integers(0, 14),
    flip=st.booleans(),
    rotation=st.sampled_from([0.0, 10.0, 180.0]),
    shift=st.sampled_from([0.0, 0.1, 0.5]),
    batch=st.integers(1, 9),
    seed=st.integers(0, 1000),
)
def test_the_bytes_are_those_of_dense_kernels(
    shape: tuple[int, int, int], crop: int, flip: bool, rotation: float, shift: float, batch: int, seed: int
) -> None:
    spec = Augmentation(crop_padding=crop, flip=flip, rotation_degrees=rotation, shift=shift)
    images = torch.randint(0, 256, (20, *shape), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))
    changes = draw_changes(spec, 20, *shape[1:], seed=seed, epoch=1)
    order = np.random.default_rng(seed).permutation(20)
    moves = moves_of(changes, 20, batch)
    for first in range(0, 20, batch):
        rows = order[first : first + batch]
        here = augmented(images[torch.from_numpy(rows)], changes[first : first + batch], torch.zeros(shape[0]))
        found = moved(images.numpy().reshape(-1), rows, moves, first, Shape(*shape))
        assert found.tobytes() == here.numpy().tobytes()


def test_an_image_by_hand() -> None:
    """Mirrored, then down by one row: what is uncovered is black."""
    image = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], np.uint8)
    spec = Augmentation(flip=True, shift=0.34)
    changes = draw_changes(spec, 1, 3, 3, seed=0, epoch=1)
    assert changes.flip is not None
    assert changes.shift is not None
    changes.flip[:], changes.shift[:] = True, torch.tensor([1, 0])
    found = moved(image.reshape(-1), np.zeros(1, np.int64), moves_of(changes, 1, 1), 0, Shape(1, 3, 3))
    assert found.reshape(3, 3).tolist() == [[0, 0, 0], [3, 2, 1], [6, 5, 4]]


def test_other_changes_are_left_to_torch() -> None:
    assert only_moves(Augmentation(crop_padding=4, flip=True, rotation_degrees=10, shift=0.1))
    assert not only_moves(Augmentation(flip=True, colour=Colour(brightness=0.2)))
    assert not only_moves(Augmentation(flip=True, erasing=0.5))
    assert not only_moves(Augmentation(rotation_degrees=10, interpolation="bilinear"))
    assert not only_moves(Augmentation(shift=0.1, interpolation="bilinear"))
    assert moves_whole_pixels(Augmentation(flip=True, colour=Colour(brightness=0.2), erasing=0.5))
    assert not moves_whole_pixels(Augmentation(erasing=0.5))


def pictures(channels: int) -> Images:
    """Three classes of noise, 16x16."""
    shapes = {"train": 45, "validation": 10, "test": 10}
    splits = {
        name: Split(
            torch.randint(256, (size, channels, 16, 16), dtype=torch.uint8, generator=generator(0, name)),
            torch.arange(size) % 3,
        )
        for name, size in shapes.items()
    }
    return Images("noise", splits, ("a", "b", "c"), torch.full((channels,), 127.0), torch.full((channels,), 70.0))


def trained(network: Network, recipe: Recipe, log: list[str]) -> Trained:
    ticket = Ticket.dense(network, 0)
    images = pictures(network.channels)
    return train(ticket.module(), ticket.masks, images, recipe, seed=1, device=torch.device("cpu"), log=log.append)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize(
    ("architecture", "channels", "augment"),
    [
        ("lenet_300_100", 1, Augmentation(rotation_degrees=10, shift=0.1)),
        ("lenet5_classic", 3, Augmentation(crop_padding=2, flip=True)),  # whose convolutions take channels last
        ("lenet5_classic", 3, Augmentation(flip=True, rotation_degrees=20, colour=Colour(hue=0.1), erasing=0.5)),
    ],
)
def test_a_training_is_the_same_to_the_last_bit_with_and_without(
    architecture: str, channels: int, augment: Augmentation, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compiled, by torch since the training is short, and by torch since there is no numba, which alone is said."""
    network = Network(architecture=architecture, size=16, channels=channels, classes=3)
    sgd = Optimiser(name="sgd", learning_rate=0.05, momentum=0.9)
    recipe = Recipe(optimiser=sgd, augment=augment, batch_size=10, epochs=2, precision=precision, kernels="dense")
    calls: list[int] = []
    logs: list[list[str]] = [[], [], []]
    monkeypatch.setattr(subject, "relocated", lambda *given: calls.append(1) or relocated(*given))
    by_torch = trained(network, recipe, logs[0])
    assert calls
    calls.clear()
    monkeypatch.setattr(subject, "WORTH_COMPILING", 100)
    compiled = trained(network, recipe, logs[1])
    assert not calls
    monkeypatch.setattr(subject, "has_numba", lambda: False)
    without = trained(network, recipe, logs[2])
    assert calls
    for other in (compiled, without):
        assert other.history == by_torch.history
        assert all(tensor.equal(other.weights[name]) for name, tensor in by_torch.weights.items())
    assert logs[0] == logs[1] == [line for line in logs[2] if "augmentation" not in line]
    said = "augmentation by torch, the same and slower: numba is not installed (pip install numba)"
    assert [line for line in logs[2] if "augmentation" in line] == [said]


def test_nothing_is_compiled_where_nothing_moves_or_a_gpu_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that nobody needs numba for it, or waits for its import."""
    monkeypatch.setattr(subject, "has_numba", lambda: False)
    images, many = pictures(1), subject.WORTH_COMPILING
    moving = Augmentation(flip=True)
    assert ImageFeed(images, torch.device("cpu"), moving).compile_augmentation(many) != ""
    assert ImageFeed(images, torch.device("cpu"), moving).compile_augmentation(many - 1) == ""
    assert ImageFeed(images, torch.device("cpu")).compile_augmentation(many) == ""
    assert ImageFeed(images, torch.device("cpu"), Augmentation(erasing=0.5)).compile_augmentation(many) == ""
    assert ImageFeed(images, torch.device("meta"), moving).compile_augmentation(many) == ""
