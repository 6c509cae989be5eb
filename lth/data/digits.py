"""scikit-learn's bundled 8x8 handwritten digits (UCI, Alpaydin and Kaynak 1998), scaled to 28x28 and distorted.

Without the distortion and the noise a small convolutional network gets nearly every test image right, which would leave
nothing to compare. The distortion is shared with the letters.
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import affine_grid, grid_sample

from lth.data.raw import RawImages
from lth.seeds import derive

_SIZE = 28
_TRAIN, _TEST = 1_297, 500


def digits(root: Path | None, seed: int) -> RawImages:  # noqa: ARG001  (nothing is read)
    """1,297 + 500 images of 28x28 grey, stratified; the split and the distortion come from the seed."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    pixels, labels = load_digits(return_X_y=True)
    random = np.random.default_rng(derive(seed, "digits"))
    ink = warp(pixels.reshape(-1, 8, 8) / 16, random, turn=8, shear=0.1, scale=(0.85, 1.05), shift=0.05)
    images = expose(ink, random, contrast=(0.7, 1.0), noise=(5, 20))
    train, test = train_test_split(
        np.arange(len(labels)),
        train_size=_TRAIN,
        test_size=_TEST,
        stratify=labels,
        random_state=derive(seed, "digits split") % 2**32,
    )
    return RawImages(
        train_images=images[train],
        train_labels=labels[train].astype(np.int64),
        test_images=images[test],
        test_labels=labels[test].astype(np.int64),
        classes=tuple(str(digit) for digit in range(10)),
    )


def warp(
    images: NDArray[np.float64],
    random: np.random.Generator,
    *,
    turn: float,
    shear: float,
    scale: tuple[float, float],
    shift: float,
) -> NDArray[np.float32]:
    """Each image under an affine map of its own, sampled (bicubic) at 28x28; black comes in from outside.

    Args:
        images: [images, height, width], square, 0 to 1.
        random: draws each image's map, uniformly within the bounds below.
        turn: degrees, either way.
        shear: horizontal displacement per vertical distance, either way.
        scale: smallest and largest magnification, drawn for each axis.
        shift: share of the half-width, either way, for each axis.

    Returns:
        float32 [images, 28, 28], 0 to 1.
    """
    count = len(images)
    angle = np.radians(random.uniform(-turn, turn, count))
    slant = random.uniform(-shear, shear, count)
    across, down = 1 / random.uniform(*scale, (2, count))
    # affine_grid wants the map from output to input coordinates, both from -1 to 1: turn, then shear, then scale.
    cos, sin = np.cos(angle), np.sin(angle)
    linear = np.array([[across * (cos + slant * sin), across * (slant * cos - sin)], [down * sin, down * cos]])
    offsets = random.uniform(-shift, shift, (2, 1, count))
    maps = torch.from_numpy(np.concatenate([linear, offsets], axis=1)).permute(2, 0, 1).float()  # [images, 2, 3]
    grid = affine_grid(maps, [count, 1, _SIZE, _SIZE], align_corners=False)
    inked = grid_sample(torch.from_numpy(images).float()[:, None], grid, mode="bicubic", align_corners=False)
    return inked[:, 0].clamp(0, 1).numpy()


def expose(
    ink: NDArray[np.float32], random: np.random.Generator, *, contrast: tuple[float, float], noise: tuple[float, float]
) -> NDArray[np.uint8]:
    """Grey images of ink on a dark ground, as a camera in poor light would take them.

    Args:
        ink: [images, height, width], 0 to 1.
        random: draws one contrast and one noise level an image, and the noise.
        contrast: bounds of the share of the grey scale between ground and ink; the ground takes any level that is left.
        noise: bounds of the noise's standard deviation, in grey levels.

    Returns:
        uint8 [images, 1, height, width].
    """
    each = (len(ink), 1, 1)
    span = random.uniform(*contrast, each)
    ground = random.uniform(0, 1, each) * (1 - span)
    grain = random.standard_normal(ink.shape, np.float32) * random.uniform(*noise, each)
    levels = 255 * (ground + span * ink) + grain
    return np.rint(levels).clip(0, 255).astype(np.uint8)[:, None]
