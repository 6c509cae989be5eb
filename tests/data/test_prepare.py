"""Splits, transforms and statistics of a prepared data set."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lth.config.data import Dataset
from lth.data.batches import normalise
from lth.data.choose import choose, stratified
from lth.data.examples import SPLITS
from lth.data.images import Images
from lth.data.prepare import prepare, statistics, transformed
from lth.data.raw import RawImages
from lth.data.root import data_root
from lth.errors import UserError
from lth.seeds import generator


def numbered(train: int = 400, test: int = 100) -> RawImages:
    """A raw data set in which every image shows its own number, with three classes of unequal sizes."""
    random = np.random.default_rng(0)

    def images(count: int, first: int) -> np.ndarray:
        numbers = np.arange(first, first + count)
        return np.stack([numbers // 256, numbers % 256], 1).astype(np.uint8).reshape(count, 1, 1, 2)

    return RawImages(
        train_images=images(train, 0),
        train_labels=random.choice(3, train, p=[0.6, 0.3, 0.1]),
        test_images=images(test, train),
        test_labels=random.choice(3, test, p=[0.6, 0.3, 0.1]),
        classes=("a", "b", "c"),
    )


class TestStratified:
    @given(labels=st.lists(st.integers(0, 6), min_size=1, max_size=120), share=st.floats(0, 1), seed=st.integers(0, 99))
    def test_counts(self, labels: list[int], share: float, seed: int) -> None:
        every, count = torch.tensor(labels), round(share * len(labels))
        chosen = stratified(every, count, generator(seed, "test"))
        assert len(chosen) == len(set(chosen.tolist())) == count
        assert chosen.tolist() == sorted(chosen.tolist())
        for label in range(7):
            exact = count * labels.count(label) / len(labels)
            assert abs(int((every[chosen] == label).sum()) - exact) < 1

    def test_largest_remainders_by_hand(self) -> None:
        labels = torch.tensor([0] * 5 + [1] * 3 + [2] * 2)  # 4 of 10: shares 2.0, 1.2, 0.8
        chosen = stratified(labels, 4, generator(0, "test"))
        assert labels[chosen].tolist() == [0, 0, 1, 2]

    def test_classes_that_have_one_more_are_drawn_in_proportion(self) -> None:
        """4 of 10 are 2.0, 1.2 and 0.8: one of the last two classes has one more, the second of them more often."""
        labels, drawn = torch.tensor([0] * 5 + [1] * 3 + [2] * 2), []
        for seed in range(400):
            chosen = stratified(labels, 4, generator(seed, "test"), generator(seed, "which"))
            drawn.append(torch.bincount(labels[chosen], minlength=3).tolist())
        assert {*map(tuple, drawn)} == {(2, 1, 1), (2, 2, 0)}
        assert drawn.count([2, 1, 1]) / 400 == pytest.approx(0.8, abs=0.06)

    def test_few_examples_are_of_other_classes_in_each_draw(self) -> None:
        labels, seen = torch.arange(10).repeat(20), torch.zeros(10, dtype=torch.int64)
        for draw in range(60):
            chosen = stratified(labels, 5, generator(0, draw), generator(0, draw, "which"))
            counts = torch.bincount(labels[chosen], minlength=10)
            assert int(counts.max()) == 1
            seen += counts
        assert seen.tolist() == pytest.approx([30] * 10, abs=14)

    def test_whole_shares_are_those_of_before(self) -> None:
        labels = torch.arange(10).repeat(20)
        both = [stratified(labels, 40, generator(3, "test"), which) for which in (None, generator(3, "which"))]
        assert both[0].equal(both[1])

    def test_every_image_of_a_class_may_be_chosen(self) -> None:
        labels = torch.zeros(6, dtype=torch.int64)
        chosen = torch.cat([stratified(labels, 2, generator(seed, "test")) for seed in range(40)])
        assert torch.bincount(chosen).tolist() == pytest.approx([80 / 6] * 6, rel=0.6)


class TestChoose:
    def test_validation_and_training_share_no_image(self) -> None:
        spec = Dataset(source="digits", validation=100)
        chosen = choose("d", spec, numbered())
        assert (len(chosen["train"]), len(chosen["validation"]), len(chosen["test"])) == (300, 100, 100)
        assert sorted(chosen["train"].tolist() + chosen["validation"].tolist()) == list(range(400))

    def test_subsets(self) -> None:
        spec = Dataset(source="digits", validation=50, train=120, test=30)
        raw = numbered()
        chosen = choose("d", spec, raw)
        assert (len(chosen["train"]), len(chosen["validation"]), len(chosen["test"])) == (120, 50, 30)
        assert not set(chosen["train"].tolist()) & set(chosen["validation"].tolist())
        sizes = np.bincount(raw.train_labels)
        for split, count in (("train", 120), ("validation", 50)):
            found = np.bincount(raw.train_labels[chosen[split].numpy()])
            assert np.abs(found - count * sizes / 400).max() < 2  # shares of shares: less than one each

    def test_a_smaller_training_set_changes_neither_validation_nor_test(self) -> None:
        whole = choose("d", Dataset(source="digits", validation=50), numbered())
        part = choose("d", Dataset(source="digits", validation=50, train=10), numbered())
        assert torch.equal(whole["validation"], part["validation"])
        assert torch.equal(whole["test"], part["test"])

    def test_split_seed_decides(self) -> None:
        first, again, other = (
            choose("d", Dataset(source="digits", validation=50, split_seed=seed), numbered()) for seed in (0, 0, 1)
        )
        assert all(torch.equal(first[split], again[split]) for split in SPLITS)
        assert not torch.equal(first["validation"], other["validation"])

    @pytest.mark.parametrize(("validation", "train"), [(400, None), (1296, None), (300, 101)])
    def test_too_many_training_images(self, validation: int, train: int | None) -> None:
        spec = Dataset(source="digits", validation=validation, train=train)
        with pytest.raises(
            UserError, match=rf"datasets\.d: {validation} validation and .* digits has only 400 .*lower"
        ):
            choose("d", spec, numbered())

    def test_too_many_test_images(self) -> None:
        with pytest.raises(UserError, match=r"datasets\.d: 101 test images are asked for, but digits has only 100"):
            choose("d", Dataset(source="digits", validation=5, test=101), numbered())

    def test_exactly_all_images(self) -> None:
        chosen = choose("d", Dataset(source="digits", validation=300, train=100, test=100), numbered())
        assert len(chosen["train"]) == 100


class TestTransform:
    def test_grey_is_pillows_byte_for_byte(self) -> None:
        pixels = np.random.default_rng(0).integers(0, 256, (1100, 16, 16, 3), np.uint8)  # more than one chunk
        pixels[0, :2, :4] = np.array(np.meshgrid([0, 255], [0, 255], [0, 255])).reshape(3, 8).T.reshape(2, 4, 3)
        expected = np.stack([np.asarray(Image.fromarray(image).convert("L")) for image in pixels])
        found = transformed(torch.from_numpy(pixels).permute(0, 3, 1, 2), grey=True, size=None)
        np.testing.assert_array_equal(found[:, 0].numpy(), expected)
        assert found.dtype == torch.uint8

    def test_grey_images_stay_grey(self) -> None:
        images = torch.randint(0, 256, (3, 1, 8, 8), dtype=torch.uint8)
        assert torch.equal(transformed(images, grey=True, size=8), images)

    @pytest.mark.parametrize("size", [20, 28, 48])
    def test_resizing_is_pillows_to_within_rounding(self, size: int) -> None:
        pixels = np.random.default_rng(0).integers(0, 256, (4, 32, 32), np.uint8)
        expected = [Image.fromarray(image).resize((size, size), Image.Resampling.BILINEAR) for image in pixels]
        found = transformed(torch.from_numpy(pixels)[:, None], grey=False, size=size)
        difference = found[:, 0].int().numpy() - np.stack([np.asarray(image) for image in expected]).astype(int)
        assert np.abs(difference).max() <= 1

    def test_a_plain_image_stays_plain(self) -> None:
        images = torch.full((1001, 3, 32, 32), 77, dtype=torch.uint8)
        found = transformed(images, grey=False, size=28)
        assert found.shape == (1001, 3, 28, 28)
        assert torch.equal(found.unique(), torch.tensor([77], dtype=torch.uint8))

    def test_halving_a_ramp(self) -> None:
        ramp = torch.arange(0, 32, dtype=torch.uint8).expand(1, 1, 32, 32) * 4
        found = transformed(ramp, grey=False, size=16)[0, 0, 8, 2:-2].int()
        assert (found - torch.arange(2, 14) * 8 - 2).abs().max() <= 1


class TestStatistics:
    def test_by_hand(self) -> None:
        images = torch.tensor([[[[0, 4]], [[7, 7]]], [[[0, 4]], [[7, 7]]]], dtype=torch.uint8)
        mean, std = statistics(images)
        assert mean.tolist() == [2, 7]
        assert std.tolist() == [2, 1]  # a constant channel is divided by one, not by nought

    def test_against_numpy(self) -> None:
        images = torch.from_numpy(np.random.default_rng(0).integers(0, 200, (50, 3, 9, 9), np.uint8))
        mean, std = statistics(images)
        np.testing.assert_allclose(mean, images.numpy().mean((0, 2, 3)), rtol=1e-6)
        np.testing.assert_allclose(std, images.numpy().std((0, 2, 3)), rtol=1e-6)
        assert mean.dtype == std.dtype == torch.float32


class TestDataRoot:
    def test_order(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("LTH_DATA", raising=False)
        assert data_root(None) == Path("data")
        assert data_root("study") == Path("study")
        monkeypatch.setenv("LTH_DATA", "variable")
        assert data_root("study") == Path("variable")
        monkeypatch.setenv("LTH_DATA", "")
        assert data_root("study") == Path("study")

    def test_home(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("LTH_DATA", raising=False)
        assert data_root("~/sets") == Path.home() / "sets"


class TestPrepare:
    def test_a_generated_set_from_entry_to_artifact(self, tmp_path: Path) -> None:
        spec = Dataset(source="letters", validation=200, train=600, test=100, size=20)
        images = prepare("abc", spec, None)
        assert images.name == "abc"
        assert images.classes == tuple("ABCDEFGHIJ")
        assert {split: len(images.splits[split]) for split in SPLITS} == {"train": 600, "validation": 200, "test": 100}
        for split in images.splits.values():
            assert split.images.shape == (len(split), 1, 20, 20)
            assert set(torch.bincount(split.labels).tolist()) == {len(split) // 10}
        assert torch.equal(images.mean, statistics(images.splits["train"].images)[0])
        images.save(tmp_path / "a.safetensors")
        prepare("abc", spec, None).save(tmp_path / "b.safetensors")
        assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
        loaded = Images.load(tmp_path / "a.safetensors")
        assert torch.equal(loaded.splits["test"].labels, images.splits["test"].labels)

    def test_images_keep_their_labels(self, monkeypatch: pytest.MonkeyPatch) -> None:
        raw = numbered()
        monkeypatch.setattr("lth.data.digits.digits", lambda root, seed: raw)
        prepared = prepare("d", Dataset(source="digits", validation=100, train=150, test=50), None)
        for name, split in prepared.splits.items():
            numbers = split.images[:, 0, 0, 0].long() * 256 + split.images[:, 0, 0, 1]
            source, first = (raw.test_labels, 400) if name == "test" else (raw.train_labels, 0)
            np.testing.assert_array_equal(source[numbers.numpy() - first], split.labels)

    @pytest.mark.real
    def test_grey_photographs(self, real_data: Callable[[str], Path]) -> None:
        spec = Dataset(source="cifar10", grey=True, size=28)
        images = prepare("grey", spec, real_data("cifar-10-batches-py"))
        assert {split: len(images.splits[split]) for split in SPLITS} == {
            "train": 45_000,
            "validation": 5_000,
            "test": 10_000,
        }
        assert images.splits["train"].images.shape[1:] == (1, 28, 28)
        assert set(torch.bincount(images.splits["validation"].labels).tolist()) == {500}
        assert images.mean.item() == pytest.approx(122.5, abs=0.5)


def test_given_constants_normalise_instead_of_the_data_set_s_own():
    """MNIST's constants, as published code has them: a white pixel becomes (1 - 0.1307) / 0.3081."""
    sizes = {"source": "textures", "train": 30, "validation": 10, "test": 10}
    own = prepare("own", Dataset(**sizes), None)
    given = prepare("given", Dataset(**sizes, normalise={"mean": [0.1307], "std": [0.3081]}), None)
    assert given.mean.tolist() == pytest.approx([33.3285])
    assert given.std.tolist() == pytest.approx([78.5655])
    assert own.mean.tolist() != given.mean.tolist()
    white = torch.full((1, 1, 1, 1), 255, dtype=torch.uint8)
    assert float(normalise(white, given.mean, given.std)) == pytest.approx(0.8693 / 0.3081, abs=1e-5)
    assert all(given.splits[split].images.equal(own.splits[split].images) for split in SPLITS)
