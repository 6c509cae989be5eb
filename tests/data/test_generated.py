"""What the sources that need no download promise alike; `digits`, `letters` and `textures` each pass every test."""

from functools import cache

import numpy as np
import pytest

from lth.catalog.datasets import SOURCES
from lth.data.raw import RawImages

NAMES = ("digits", "letters", "textures")


@cache
def made(name: str, seed: int) -> RawImages:
    raw: RawImages = SOURCES[name].load()(None, seed)
    return raw


@pytest.mark.parametrize("name", NAMES)
class TestGenerated:
    def test_sizes_are_those_of_the_table(self, name: str) -> None:
        entry, raw = SOURCES[name], made(name, 0)
        assert raw.train_images.shape == (entry.train, entry.channels, entry.size, entry.size)
        assert raw.test_images.shape == (entry.test, entry.channels, entry.size, entry.size)
        assert raw.train_labels.shape == (entry.train,)
        assert raw.test_labels.shape == (entry.test,)
        assert len(raw.classes) == entry.classes
        assert {raw.train_images.dtype, raw.test_images.dtype} == {np.dtype(np.uint8)}
        assert {raw.train_labels.dtype, raw.test_labels.dtype} == {np.dtype(np.int64)}

    def test_classes_are_balanced(self, name: str) -> None:
        raw = made(name, 0)
        for labels in (raw.train_labels, raw.test_labels):
            share = np.bincount(labels, minlength=10) / len(labels)
            assert np.abs(share - 0.1).max() < (0.005 if name == "digits" else 1e-9)

    def test_seed_alone_decides_every_byte(self, name: str) -> None:
        """The global random state is neither read nor changed."""
        first = made(name, 0)
        np.random.seed(1)
        before = np.random.get_state()[1].copy()
        again = SOURCES[name].load()(None, 0)
        np.testing.assert_array_equal(np.random.get_state()[1], before)
        for field in ("train_images", "train_labels", "test_images", "test_labels"):
            np.testing.assert_array_equal(getattr(again, field), getattr(first, field))

    def test_other_seed_other_images(self, name: str) -> None:
        assert (made(name, 0).train_images != made(name, 1).train_images).mean() > 0.5

    def test_no_image_is_blank_or_twice_there(self, name: str) -> None:
        raw = made(name, 0)
        images = np.concatenate([raw.train_images, raw.test_images]).reshape(-1, 784)
        assert images.std(axis=1).min() > 10
        assert len(np.unique(images, axis=0)) == len(images)

    def test_classes_can_be_told_apart_but_not_perfectly(self, name: str) -> None:
        """Class means are a poor classifier; where even they did well, networks would have nothing to learn."""
        raw = made(name, 0)
        train, test = (images.reshape(-1, 784) / 255 for images in (raw.train_images, raw.test_images))
        train, test = (x - x.mean(1, keepdims=True) for x in (train, test))
        means = np.stack([train[raw.train_labels == label].mean(0) for label in range(10)])
        nearest = ((test[:, None] - means) ** 2).sum(2).argmin(1)
        right = (nearest == raw.test_labels).mean()
        low, high = {"digits": (0.6, 0.95), "letters": (0.5, 0.9), "textures": (0.1, 0.5)}[name]
        assert low < right < high
