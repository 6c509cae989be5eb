"""Image files, decoded one at a time: whatever Pillow reads of 8 bits a channel, grey or RGB."""

import io
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lth.errors import UserError, reason
from lth.printable import printable
from lth.reading import check_regular, read_regular

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".pgm", ".tif", ".tiff", ".webp")
"""Of the files that count as images, whatever the case."""
LARGEST = 200_000_000
"""Bytes of an image file."""
MOST_PIXELS = 80_000_000
"""Of an image; a small file can say that it has any number."""
_GREY = ("1", "L", "LA")
_DEEP = ("I", "F")
"""Modes of Pillow with more than 8 bits a channel; `I;16` is one of them, too."""
_CUT = re.compile(r";16[BLN]")
"""In what Pillow calls the values of a file (`RGB;16B`) that it cuts to their high bytes; `BGR;16` has fewer bits."""
_BITS_PER_SAMPLE = 258
"""A tag of TIFF."""


def picture(path: Path) -> NDArray[np.uint8]:
    """An image: uint8 [1, height, width] of a grey one, [3, height, width] of any other; transparency is left out.

    Raises:
        UserError: it is none, damaged, or has more than 8 bits a channel; the sentence names it.
    """
    return decoded_picture(path, read_regular(path, LARGEST))


def decoded_picture(where: Path | str, content: bytes) -> NDArray[np.uint8]:
    """The image in a file's content, as `picture` gives it; raises UserError, whose sentence begins with `where`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Pillow finds odd, such as damaged notes of a camera
        try:
            return pixels(where, _opened(where, io.BytesIO(content)))
        except UserError:
            raise
        except Exception as error:  # whatever a decoder makes of it
            raise _damaged(where, error) from None


def picture_shape(path: Path) -> tuple[int, int, int]:
    """Channels (1 or 3), height and width of an image, from its head; raises UserError as `picture` does."""
    try:
        check_regular(path)
        with warnings.catch_warnings(), path.open("rb") as file:
            warnings.simplefilter("ignore")
            image = _opened(path, file)
            return 1 if image.mode in _GREY else 3, image.height, image.width
    except UserError:
        raise
    except Exception as error:  # whatever a decoder makes of it
        raise _damaged(path, error) from None


def pixels(where: Path | str, image: Any) -> NDArray[np.uint8]:
    """An image of Pillow's as uint8 [1, height, width] or [3, height, width].

    Raises:
        UserError: it has more than 8 bits a channel; the sentence begins with `where`.
    """
    _check_depth(where, image)
    if image.mode in _GREY:
        return np.array(image.convert("L"), np.uint8)[None]
    if image.mode == "P":
        image = image.convert("RGBA")  # its palette may have transparent colours
    return np.array(image.convert("RGB"), np.uint8).transpose(2, 0, 1)


def _opened(path: Path | str, file: Any) -> Any:
    from PIL import Image

    try:
        image = Image.open(file)
    except Image.DecompressionBombError:
        image = None  # Pillow has a limit of its own, above ours
    if image is None or image.width * image.height > MOST_PIXELS:
        raise UserError(f"{printable(path)}: has more than {MOST_PIXELS:,} pixels; make it smaller")
    _check_depth(path, image)
    return image


def _check_depth(where: Path | str, image: Any) -> None:
    """Whether each channel has 8 bits or fewer: in Pillow's mode, and in the file that it is read from; raises
    UserError."""
    deep = image.mode.startswith(_DEEP)
    if deep or (bits := _bits(image)) > 8:
        found = f"Pillow calls it {image.mode}" if deep else f"{bits} bits"
        message = f"{printable(where)}: has more than 8 bits a channel ({found})"
        raise UserError(f"{message}; convert it to 8-bit grey or RGB")


def _bits(image: Any) -> int:
    """Bits a channel of the file behind an image, where its format can have more than 8: of 16 bits of colour, or of
    grey with transparency, Pillow keeps the high 8 and has no mode that says so. 8 where there is no such file."""
    tags = getattr(image, "tag_v2", {})  # of TIFF
    found: list[int] = [8, *(tags.get(_BITS_PER_SAMPLE) or ())]
    for _, _, _, told in getattr(image, "tile", ()):  # what the decoder is told
        for one in told if isinstance(told, tuple) else (told,):
            if isinstance(one, str) and _CUT.search(one):
                found.append(16)
            if isinstance(one, int) and image.format == "PPM":  # the largest value, of PGM as well
                found.append(one.bit_length())
    return max(found)


def _damaged(path: Path | str, error: Exception) -> UserError:
    from PIL import UnidentifiedImageError

    if isinstance(error, OSError) and error.strerror:
        return UserError(f"{printable(path)}: cannot be read: {error.strerror}")
    why = "" if isinstance(error, UnidentifiedImageError) else f" ({reason(error)})"
    return UserError(f"{printable(path)}: is damaged or no image{why}; replace it or take it out")
