"""Image files of more than 8 bits a channel: refused, also where Pillow would cut them to 8."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lth.data.pictures import picture, picture_shape
from lth.errors import UserError

COLOURS = {"grey": (0, 1), "RGB": (2, 3), "grey and transparency": (4, 2), "RGBA": (6, 4)}
"""By name: PNG's number of it, and channels."""


def png(bits: int, colour: str) -> bytes:
    """A PNG of 8x8 zeros."""
    number, channels = COLOURS[colour]
    rows = (b"\0" + bytes(8 * channels * bits // 8)) * 8

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", 8, 8, bits, number, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def tiff(bits: int, *, planes: bool = False) -> bytes:
    """An uncompressed TIFF of 8x8 zeros in RGB, its channels one after the other in each pixel, or in three planes."""
    size = 64 * bits // 8
    strips = [size] * 3 if planes else [3 * size]
    lists = {258: ("H", [bits] * 3), 273: ("I", [0] * len(strips)), 279: ("I", strips)}
    plain = {256: 8, 257: 8, 259: 1, 262: 2, 277: 3, 278: 8, 284: 2 if planes else 1}
    behind = 8 + 2 + 12 * 10 + 4
    begin = behind + 64
    lists[273] = ("I", [begin + sum(strips[:n]) for n in range(len(strips))])
    entries, more = b"", b""
    for tag in sorted({**lists, **plain}):
        kind, values = lists.get(tag) or ("H", [plain[tag]])
        packed = struct.pack(f"<{len(values)}{kind}", *values)
        if len(packed) > 4:
            where, more = behind + len(more), more + packed
            packed = struct.pack("<I", where)
        entries += struct.pack("<HHI", tag, {"H": 3, "I": 4}[kind], len(values)) + packed.ljust(4, b"\0")
    return b"II*\0\x08\0\0\0" + struct.pack("<H", 10) + entries + bytes(4) + more.ljust(64, b"\0") + bytes(sum(strips))


DEEP = {
    **{f"{colour}.png": png(16, colour) for colour in COLOURS},
    "RGB.tif": tiff(16),
    "planes.tif": tiff(16, planes=True),
    "RGB.ppm": b"P6\n8 8\n65535\n" + bytes(384),
    "10 bits.ppm": b"P6\n8 8\n1023\n" + bytes(384),
    "16 bits.pgm": b"P5\n8 8\n65535\n" + bytes(128),
    "12 bits.pgm": b"P5\n8 8\n4095\n" + bytes(128),
    "plain.ppm": b"P3\n8 8\n1023\n" + b"0 " * 192,
}
FLAT = {
    **{f"{colour}.png": png(8, colour) for colour in COLOURS},
    "RGB.tif": tiff(8),
    "planes.tif": tiff(8, planes=True),
    "RGB.ppm": b"P6\n8 8\n255\n" + bytes(192),
    "4 bits.ppm": b"P6\n8 8\n15\n" + bytes(192),
    "8 bits.pgm": b"P5\n8 8\n255\n" + bytes(64),
}


@pytest.mark.parametrize("name", DEEP)
def test_more_than_8_bits_a_channel_are_refused(name: str, tmp_path: Path) -> None:
    """They lost all but their high byte."""
    path = tmp_path / name
    path.write_bytes(DEEP[name])
    words = rf"^{path}: has more than 8 bits a channel \(.+\); convert it to 8-bit grey or RGB$"
    for look in (picture, picture_shape):
        with pytest.raises(UserError, match=words):
            look(path)


@pytest.mark.parametrize("name", FLAT)
def test_8_bits_and_fewer_are_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(FLAT[name])
    assert picture(path).shape == picture_shape(path)
    assert picture_shape(path)[1:] == (8, 8)


def test_a_bitmap_of_16_bits_a_pixel_has_fewer_a_channel(tmp_path: Path) -> None:
    path = tmp_path / "small.bmp"
    head = struct.pack("<IiiHHIIiiII", 40, 8, 8, 1, 16, 3, 128, 0, 0, 0, 0) + struct.pack("<III", 0xF800, 0x7E0, 0x1F)
    path.write_bytes(b"BM" + struct.pack("<IHHI", 66 + 128, 0, 0, 66) + head + bytes(128))
    with Image.open(path) as image:
        assert "BGR;16" in image.tile[0][3]
    assert np.array_equal(picture(path), np.zeros((3, 8, 8), np.uint8))
