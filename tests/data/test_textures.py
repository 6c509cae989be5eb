"""The textures are what their names say."""

import numpy as np
import pytest

from lth.data.textures import TEXTURES, Plane, _plane, _shapes


def flat_plane(count: int = 20) -> Plane:
    """Planes without any turn or phase, with a wavelength of 7 pixels."""
    line = (np.arange(28, dtype=np.float32) + 0.5) / 7
    across = np.broadcast_to(line, (count, 28, 28))
    return Plane(across, across.transpose(0, 2, 1), np.random.default_rng(0))


@pytest.mark.parametrize(
    ("name", "step"),
    [("level stripes", (0, 1)), ("upright stripes", (1, 0)), ("rising stripes", (-1, 1)), ("falling stripes", (1, 1))],
)
def test_stripes_do_not_change_along_their_direction(name: str, step: tuple[int, int]) -> None:
    image = TEXTURES[name](flat_plane(1))[0]
    moved = np.roll(image, step, axis=(0, 1))
    np.testing.assert_allclose(moved[2:-2, 2:-2], image[2:-2, 2:-2], atol=1e-4)
    assert image.std() > 0.5


@pytest.mark.parametrize("name", TEXTURES)
def test_values_are_about_minus_one_to_one(name: str) -> None:
    values = TEXTURES[name](_plane(50, np.random.default_rng(0)))
    assert values.shape == (50, 28, 28)
    assert values.dtype == np.float32
    assert 0.3 < values.std() < 0.9
    assert np.abs(values).mean() < 1


def test_shapes_leave_some_ground_and_show_some_texture() -> None:
    shares = _shapes(500, np.random.default_rng(0)).mean(axis=(1, 2))
    assert 0.1 < shares.min() < shares.max() <= 1
    assert 0.3 < shares.mean() < 0.7
