"""The letters A to J in the fonts that matplotlib brings along, distorted, in several weights, contrasts and noises."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lth.data.digits import expose, warp
from lth.data.raw import RawImages
from lth.seeds import derive

_TRAIN, _TEST = 4_000, 1_000
LETTERS = "ABCDEFGHIJ"
FONTS = (
    *(f"DejaVuSans{style}" for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSansMono{style}" for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSerif{style}" for style in ("", "-Bold", "-Italic", "-BoldItalic")),
    *(f"STIXGeneral{style}" for style in ("", "Bol", "Italic", "BolIta")),
    *("cmb10", "cmmi10", "cmr10", "cmss10", "cmti10", "cmtt10"),
)
"""By name, so that a font that a later matplotlib adds does not change the data. Its other fonts lack these letters."""
STROKES = (0, 1, 2)
"""Pixels by which an outline is thickened, at the size of a master."""
MASTER = 56
"""Pixels a side of the masters: twice what is needed, so that no detail is lost before the distortion."""


def letters(root: Path | None, seed: int) -> RawImages:  # noqa: ARG001  (nothing is read)
    """4,000 + 1,000 images of 28x28 grey in ten equal classes; everything is drawn from the seed."""
    random = np.random.default_rng(derive(seed, "letters"))
    labels = np.concatenate([random.permutation(np.arange(count) % len(LETTERS)) for count in (_TRAIN, _TEST)])
    drawn = masters()
    chosen = drawn[labels, random.integers(drawn.shape[1], size=len(labels))]
    ink = warp(chosen, random, turn=15, shear=0.2, scale=(0.8, 1.15), shift=0.1)
    images = expose(ink, random, contrast=(0.5, 1.0), noise=(10, 30))
    return RawImages(
        train_images=images[:_TRAIN],
        train_labels=labels[:_TRAIN],
        test_images=images[_TRAIN:],
        test_labels=labels[_TRAIN:],
        classes=tuple(LETTERS),
    )


def masters() -> NDArray[np.float64]:
    """Every letter in every font and stroke, centred and upright: [letters, fonts x strokes, 56, 56], 0 to 1."""
    import matplotlib
    from PIL import Image, ImageDraw, ImageFont

    folder = Path(matplotlib.get_data_path(), "fonts", "ttf")
    # The basic layout engine needs no library that may or may not be installed, so it draws the same everywhere.
    fonts = [ImageFont.truetype(folder / f"{name}.ttf", 40, layout_engine=ImageFont.Layout.BASIC) for name in FONTS]
    drawn = []
    for letter in LETTERS:
        for font in fonts:
            for stroke in STROKES:
                image = Image.new("L", (MASTER, MASTER))
                left, top, right, bottom = font.getbbox(letter, stroke_width=stroke)
                corner = ((MASTER - left - right) / 2, (MASTER - top - bottom) / 2)
                ImageDraw.Draw(image).text(corner, letter, fill=255, font=font, stroke_width=stroke)
                drawn.append(np.asarray(image, np.float64) / 255)
    return np.stack(drawn).reshape(len(LETTERS), -1, MASTER, MASTER)
