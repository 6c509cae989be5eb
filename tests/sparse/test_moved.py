"""Augmentation in compiled code: byte for byte what torch makes of the same changes."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lth.config.training import Augmentation, Colour
from lth.data.augment import augmented, draw_changes
from lth.sparse.moved import moved, moves_of, only_moves
from lth.sparse.steps import Frame

pytest.importorskip("numba")


def frame(channels: int, rows: int, columns: int) -> Frame:
    return Frame(
        width=16, channels=channels, rows=rows, columns=columns, x=0, x_chunk=0, x_row=0, classes=1, y=0, y_chunk=0
    )


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
        found = moved(images.numpy().reshape(-1), rows, moves, first, frame(*shape))
        assert found.tobytes() == here.numpy().tobytes()


def test_an_image_by_hand() -> None:
    """Mirrored, then down by one row: what is uncovered is black."""
    image = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], np.uint8)
    spec = Augmentation(flip=True, shift=0.34)
    changes = draw_changes(spec, 1, 3, 3, seed=0, epoch=1)
    assert changes.flip is not None
    assert changes.shift is not None
    changes.flip[:], changes.shift[:] = True, torch.tensor([1, 0])
    found = moved(image.reshape(-1), np.zeros(1, np.int64), moves_of(changes, 1, 1), 0, frame(1, 3, 3))
    assert found.reshape(3, 3).tolist() == [[0, 0, 0], [3, 2, 1], [6, 5, 4]]


def test_other_changes_are_left_to_torch() -> None:
    assert only_moves(Augmentation(crop_padding=4, flip=True, rotation_degrees=10, shift=0.1))
    assert not only_moves(Augmentation(flip=True, colour=Colour(brightness=0.2)))
    assert not only_moves(Augmentation(flip=True, erasing=0.5))
    assert not only_moves(Augmentation(rotation_degrees=10, interpolation="bilinear"))
    assert not only_moves(Augmentation(shift=0.1, interpolation="bilinear"))
    assert only_moves(Augmentation(flip=True, interpolation="bilinear"))
