"""The distortion and exposure that digits and letters share."""

import numpy as np
import pytest

from lth.data.digits import expose, warp

STILL = {"turn": 0, "shear": 0, "scale": (1, 1), "shift": 0}


def spot(row: int, column: int) -> np.ndarray:
    image = np.zeros((1, 28, 28))
    image[0, row, column] = 1
    return image


def centre(image: np.ndarray) -> np.ndarray:
    rows, columns = np.mgrid[:28, :28]
    return np.array([(rows * image).sum(), (columns * image).sum()]) / image.sum()


def test_without_distortion_an_image_stays_as_it_is() -> None:
    image = np.random.default_rng(0).random((3, 28, 28))
    np.testing.assert_allclose(warp(image, np.random.default_rng(0), **STILL), image, atol=1e-5)


def test_small_images_are_enlarged() -> None:
    enlarged = warp(np.ones((2, 8, 8)), np.random.default_rng(0), **STILL)
    assert enlarged.shape == (2, 28, 28)
    np.testing.assert_allclose(enlarged[:, 6:22, 6:22], 1, atol=1e-5)


@pytest.mark.parametrize("scale", [0.5, 1.25])
def test_scale_magnifies(scale: float) -> None:
    warped = warp(spot(10, 17), np.random.default_rng(0), **{**STILL, "scale": (scale, scale)})[0]
    np.testing.assert_allclose(centre(warped), 13.5 + scale * (np.array([10, 17]) - 13.5), atol=0.3)


def test_distortion_stays_within_its_bounds() -> None:
    """A turn keeps the distance from the middle; 20 degrees at a distance of 10 pixels move by at most 3.5."""
    images = np.repeat(spot(13, 23), 50, axis=0)
    warped = warp(images, np.random.default_rng(0), **{**STILL, "turn": 20})
    places = np.array([centre(image) for image in warped]) - 13.5
    np.testing.assert_allclose(np.hypot(*places.T), np.hypot(-0.5, 9.5), atol=0.4)
    angles = np.degrees(np.arctan2(*places.T))
    assert angles.max() - angles.min() < 45
    assert angles.std() > 5


def test_exposure_keeps_within_the_grey_scale_and_the_contrast() -> None:
    ink = np.zeros((200, 4, 4), np.float32)
    ink[:, 2:] = 1
    images = expose(ink, np.random.default_rng(0), contrast=(0.4, 0.6), noise=(0, 0))[:, 0].astype(int)
    spans = images[:, 3, 0] - images[:, 0, 0]
    assert 0.4 * 255 - 1 <= spans.min() < spans.max() <= 0.6 * 255 + 1
    assert expose(ink, np.random.default_rng(0), contrast=(0.4, 0.6), noise=(90, 90)).max() == 255
