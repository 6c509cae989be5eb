"""`lth.dataset` of sources that are files of the user's own, or have no test images, or no one size."""

from pathlib import Path

import numpy as np
import pytest

import lth
from lth.data.npz import npz_content, open_npz
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
        (
            "npz:~nobodyxx/x.npz",
            r"^~nobodyxx/x\.npz: begins with the home folder of a user who does not exist, found '~n",
        ),
        ("folder:~nobodyxx/x", r"^~nobodyxx/x: begins with the home folder of a user who does not exist"),
        ("huggingface:~nobodyxx/x", r"^~nobodyxx/x: begins with the home folder of a user who does not exist"),
        ("npz:a\0b", r"^a\\x00b: holds a null byte, which no path can have$"),
        ("folder:a\0b", r"^a\\x00b: holds a null byte"),
        ("huggingface:./a\0b", r"^\./a\\x00b: holds a null byte"),
        (f"folder:{'a' * 300}", r": has a part that is longer than the 255 bytes that a folder's name may have"),
        ("npz:\ud800", r": holds a character that no path can have"),
    ],
)
def test_what_is_wrong(source: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        lth.dataset(source)


def test_images_that_are_not_square_need_a_size(file: str) -> None:
    with pytest.raises(UserError, match=r"^data: `size` is missing"):
        lth.dataset(file)


@pytest.mark.parametrize(
    ("root", "words"), [("~nobodyxx/x", "begins with the home folder of a user"), ("a\0b", "holds a null byte")]
)
def test_a_root_that_is_no_path_is_named(root: str, words: str) -> None:
    with pytest.raises(UserError, match=rf"^data: root: {words}"):
        lth.dataset("mnist", root=root)


def test_what_a_file_holds_is_asked_for_by_a_path(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        npz_content("~nobodyxx/x.npz")
    with pytest.raises(UserError, match="a null byte"):
        open_npz("a\0b", tmp_path)
