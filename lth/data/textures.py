"""Ten kinds of texture, each seen through a random shape, in noise: what counts is the pattern, not the outline.

A texture is a function of the plane's coordinates, as an image of values from about -1 to 1; every image has its own
wavelength, phase, slight turn, shape, contrast and noise.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lth.data.raw import RawImages
from lth.seeds import derive

_SIZE = 28
_TRAIN, _TEST = 4_000, 1_000
JITTER = np.radians(8)
"""Largest turn of a texture from its class's own orientation, either way."""

_Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Plane:
    """Coordinates of some images' pixels, in wavelengths of each image's texture, and the generator that draws them."""

    across: _Floats
    """[images, 28, 28]; with an image's own turn and phase."""
    down: _Floats
    """[images, 28, 28], likewise."""
    random: np.random.Generator


def _grating(plane: Plane, degrees: float) -> _Floats:
    """A sine wave whose crests run at this angle to the horizontal."""
    angle = math.radians(degrees)  # a Python float: one of numpy would turn everything into float64
    wave: _Floats = np.sin(2 * np.pi * (plane.down * math.cos(angle) + plane.across * math.sin(angle)))
    return wave


def _checks(plane: Plane) -> _Floats:
    return 1.5 * _grating(plane, 0) * _grating(plane, 90)


def _dots(plane: Plane) -> _Floats:
    """Bright round spots on a lattice."""
    height = (_grating(plane, 0) + _grating(plane, 90)) / 2
    return (3 * height - 1).clip(-1, 1)


def _mesh(plane: Plane) -> _Floats:
    """Thin bright lines, crossing at right angles."""
    lines: _Floats = np.maximum(_grating(plane, 0), _grating(plane, 90)).clip(0, 1)
    return 2 * lines**3 - 1


def _rings(plane: Plane) -> _Floats:
    """Circles around a point within the image (the phase alone moves it by up to half a wavelength: too little)."""
    centre = plane.random.uniform(-0.8, 0.8, (2, len(plane.across), 1, 1)).astype(np.float32)
    rings: _Floats = np.sin(2 * np.pi * np.hypot(plane.across - centre[0], plane.down - centre[1]))
    return rings


def _waves(plane: Plane) -> _Floats:
    """Horizontal stripes that swing up and down."""
    wave: _Floats = np.sin(2 * np.pi * (plane.down + 0.3 * np.sin(2 * np.pi * 0.8 * plane.across)))
    return wave


def _grain(plane: Plane, blur: float) -> _Floats:
    """Noise with features of about `blur` pixels, of standard deviation 0.7 as a sine wave's."""
    from scipy.ndimage import gaussian_filter

    white = plane.random.standard_normal(plane.across.shape, np.float32)
    smooth: _Floats = gaussian_filter(white, (0, blur, blur), mode="wrap", truncate=3)
    smooth *= 0.7 / smooth.std(axis=(1, 2), keepdims=True)
    return smooth


TEXTURES: dict[str, Callable[[Plane], _Floats]] = {
    "level stripes": lambda plane: _grating(plane, 0),
    "upright stripes": lambda plane: _grating(plane, 90),
    "rising stripes": lambda plane: _grating(plane, 45),
    "falling stripes": lambda plane: _grating(plane, -45),
    "checks": _checks,
    "dots": _dots,
    "mesh": _mesh,
    "rings": _rings,
    "waves": _waves,
    "grain": lambda plane: _grain(plane, 1.2),
}


def textures(root: Path | None, seed: int) -> RawImages:  # noqa: ARG001  (nothing is read)
    """4,000 + 1,000 images of 28x28 grey in ten equal classes; everything is drawn from the seed."""
    random = np.random.default_rng(derive(seed, "textures"))
    labels = np.concatenate([random.permutation(np.arange(count) % len(TEXTURES)) for count in (_TRAIN, _TEST)])
    pattern = np.empty((len(labels), _SIZE, _SIZE), np.float32)
    for label, texture in enumerate(TEXTURES.values()):
        members = labels == label
        pattern[members] = texture(_plane(int(members.sum()), random))
    images = _expose(pattern, _shapes(len(labels), random), random)
    return RawImages(
        train_images=images[:_TRAIN],
        train_labels=labels[:_TRAIN],
        test_images=images[_TRAIN:],
        test_labels=labels[_TRAIN:],
        classes=tuple(TEXTURES),
    )


def _pixels(count: int, turns: NDArray[np.float64]) -> tuple[_Floats, _Floats]:
    """Coordinates of pixels from -1 to 1, turned by an angle an image: two of [images, 28, 28]."""
    line = (np.arange(_SIZE, dtype=np.float32) + 0.5) * (2 / _SIZE) - 1
    cos, sin = (f(turns).astype(np.float32).reshape(count, 1, 1) for f in (np.cos, np.sin))
    return line * cos - line[:, None] * sin, line * sin + line[:, None] * cos


def _plane(count: int, random: np.random.Generator) -> Plane:
    across, down = _pixels(count, random.uniform(-JITTER, JITTER, count))
    waves = random.uniform(1.8, 3.0, (count, 1, 1)).astype(np.float32)  # to half an image: of 7.8 to 4.7 pixels each
    phases = random.uniform(0, 1, (2, count, 1, 1)).astype(np.float32)
    return Plane(across * waves + phases[0], down * waves + phases[1], random)


def _shapes(count: int, random: np.random.Generator) -> _Floats:
    """Superellipses, from diamonds over discs to near-rectangles, at any angle: [images, 28, 28], 0 or 1."""
    across, down = _pixels(count, random.uniform(0, np.pi, count))
    centre = random.uniform(-0.3, 0.3, (2, count, 1, 1))
    radius = random.uniform(0.65, 1.0, (2, count, 1, 1))
    power = 2 ** random.uniform(0, 3, (count, 1, 1))
    reach = np.abs((across - centre[0]) / radius[0]) ** power + np.abs((down - centre[1]) / radius[1]) ** power
    inside: _Floats = (reach < 1).astype(np.float32)
    return inside


def _expose(pattern: _Floats, shape: _Floats, random: np.random.Generator) -> NDArray[np.uint8]:
    """Patterns within shapes on a plain ground, with noise over all: uint8 [images, 1, 28, 28]."""
    each = (len(pattern), 1, 1)
    ground, middle = random.uniform(60, 195, (2, *each)).astype(np.float32)
    swing = random.uniform(30, 80, each).astype(np.float32)
    noise = random.uniform(12, 40, each).astype(np.float32)
    levels: _Floats = ground + shape * (middle - ground + swing * pattern)
    levels += noise * random.standard_normal(pattern.shape, np.float32)
    return np.rint(levels).clip(0, 255).astype(np.uint8)[:, None]
