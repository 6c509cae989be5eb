"""`lth.dataset` of sources that are files of the user's own, or have no test images, or no one size."""

from pathlib import Path

import numpy as np
import pytest

import lth
from lth.errors import UserError


@pytest.fixture
def file(tmp_path: Path) -> str:
    """200 images of four classes."""
    images, labels = np.zeros((200, 12, 14), np.uint8), np.arange(200) % 4
    np.savez(tmp_path / "mine.npz", train_images=images, train_labels=labels)
    return f"npz:{tmp_path / 'mine.npz'}"


def test_a_file_of_ones_own(file: str) -> None:
    made = lth.dataset(file, size=8)
    assert {name: tuple(split.images.shape) for name, split in made.splits.items()} == {
        "train": (160, 1, 8, 8),
        "validation": (20, 1, 8, 8),
        "test": (20, 1, 8, 8),
    }


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("npz:nowhere.npz", r"nowhere\.npz: cannot be read"),
        ("torchvision:food101", r"^data: `size` is missing: the images of 'torchvision:food101' differ"),
    ],
)
def test_what_is_wrong(source: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        lth.dataset(source)


def test_images_that_are_not_square_need_a_size(file: str) -> None:
    with pytest.raises(UserError, match=r"^data: `size` is missing"):
        lth.dataset(file)
