"""Frames as an animation: GIF, MP4 where there is ffmpeg, or the last frame as PNG; equal frames give equal bytes."""

import io
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lth.analysis.figures.colours import OKABE_ITO
from lth.errors import UserError
from lth.files import write_bytes
from lth.printable import printable

ANIMATIONS = (".gif", ".mp4", ".png")
"""What the names of their files end with."""
MOST_GIF = 2_000_000
"""Bytes of a GIF; frames are drawn smaller until it has no more."""
_SECONDS, _LAST = 0.5, 3.0
"""That a frame is shown, and that the last one is."""
_RAMPS = ((OKABE_ITO[0], 40), (OKABE_ITO[1], 12), ("#000000", 12))
"""A GIF's colours, the same in all: so many from white to each of these."""
Frames = Callable[[float], Sequence[NDArray[np.uint8]]]
"""Draws all frames [height, width, 3] at a resolution, in dots an inch."""


def write_animation(frames: Frames, to: Path) -> str:
    """Draw frames and write them; what the file shows, in words.

    Raises:
        UserError: there is no ffmpeg, or it refuses, for an MP4.
    """
    if to.suffix == ".gif":
        for resolution in (100, 75, 50):
            drawn = frames(resolution)
            content = gif(drawn)
            if len(content) <= MOST_GIF:
                break
        write_bytes(to, content)
        return f"{len(drawn)} frames of {drawn[0].shape[1]} by {drawn[0].shape[0]} pixels"
    drawn = frames(100)
    if to.suffix == ".mp4":
        _write_mp4(drawn, to)
        return f"{len(drawn)} frames"
    buffer = io.BytesIO()
    Image.fromarray(drawn[-1]).save(buffer, "PNG", optimize=True)
    write_bytes(to, buffer.getvalue())
    return f"the last of {len(drawn)} frames"


def gif(frames: Sequence[NDArray[np.uint8]]) -> bytes:
    """Frames as a GIF that goes on for ever; colours are the nearest of a fixed palette."""
    colours = np.concatenate([_ramp(colour, steps) for colour, steps in _RAMPS])
    first, *others = [_indexed(frame, colours) for frame in frames]
    milliseconds = [int(1000 * _SECONDS)] * len(others) + [int(1000 * _LAST)]
    buffer = io.BytesIO()
    first.save(buffer, "GIF", save_all=True, append_images=others, duration=milliseconds, loop=0, optimize=False)
    return buffer.getvalue()


def _ramp(colour: str, steps: int) -> NDArray[np.int64]:
    """So many colours [steps, 3], from white to a colour."""
    end = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)])
    return np.rint(255 + (end - 255) * np.arange(steps)[:, None] / (steps - 1)).astype(np.int64)


def _indexed(frame: NDArray[np.uint8], colours: NDArray[np.int64]) -> Image.Image:
    """A frame in the nearest of some colours [n, 3], the first of equally near ones (Pillow does it roughly)."""
    whole = frame.reshape(-1, 3).astype(np.int64) @ (1 << np.array([16, 8, 0]))
    values, places = np.unique(whole, return_inverse=True)
    found = values[:, None] >> np.array([16, 8, 0]) & 255
    nearest = ((found[:, None] - colours) ** 2).sum(axis=2).argmin(axis=1).astype(np.uint8)
    image = Image.fromarray(nearest[places].reshape(frame.shape[:2]))
    image.putpalette(colours.astype(np.uint8).tobytes())
    return image


def _write_mp4(frames: Sequence[NDArray[np.uint8]], to: Path) -> None:
    program = shutil.which("ffmpeg")
    if program is None:
        raise UserError(f"{printable(to)}: MP4 needs the program ffmpeg, which is not there; a .gif needs nothing else")
    height, width = (size // 2 * 2 for size in frames[0].shape[:2])  # the format has even sizes
    partial = to.with_name(f".{to.name}.{os.getpid()}.part.mp4")
    told = [
        *(program, "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"),
        *("-r", f"{1 / _SECONDS:g}", "-i", "-", "-map_metadata", "-1", "-threads", "1", "-pix_fmt", "yuv420p"),
        *("-fflags", "+bitexact", "-flags:v", "+bitexact", "-movflags", "+faststart", str(partial)),
    ]
    shown = [*frames, *[frames[-1]] * int(_LAST / _SECONDS - 1)]
    content = b"".join(np.ascontiguousarray(frame[:height, :width]).tobytes() for frame in shown)
    to.parent.mkdir(parents=True, exist_ok=True)
    try:
        done = subprocess.run(told, input=content, capture_output=True, check=False)
        if done.returncode:
            words = printable(done.stderr.decode(errors="replace").strip(), 300)
            raise UserError(f"{printable(to)}: ffmpeg failed: {words}")
        partial.replace(to)
    finally:
        partial.unlink(missing_ok=True)
