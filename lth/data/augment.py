"""Random changes of training images: drawn for a whole epoch at once, then made on whole batches, on any device.

Drawing and changing are separate: `draw_changes` knows seeds and probabilities and gives numbers, `augmented` is a
function of images and numbers alone. Every kind of change has a random stream of its own, so switching one on alters
no other, and all arms of a seed see the same images. A draw depends on nothing but seed and epoch, so training can go
on anywhere.

What a change does to an image, given its numbers, is what torchvision's transform of the name does, with two
exceptions: the order of changes of colour is fixed (`lth.data.colour` says why that hardly matters), and a bilinear
rotation blends with black once at the border, where torchvision's RandomRotation does so twice.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import torch
from torch import Tensor

from lth.config.training import Augmentation, Colour
from lth.data import colour, erasing, moves
from lth.data.batches import sent
from lth.seeds import generator


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What is done to each of some images, a row an image, in the order that training visits them; None is nothing."""

    offset: Tensor | None = None
    """int32 [images, 2]: rows down and columns to the right by which the crop is off the image."""
    flip: Tensor | None = None
    """bool [images]."""
    angle: Tensor | None = None
    """float32 [images], in degrees, counter-clockwise."""
    shift: Tensor | None = None
    """int32 [images, 2]: rows down, columns to the right."""
    brightness: Tensor | None = None
    """float32 [images]: a factor."""
    contrast: Tensor | None = None
    """float32 [images]: a factor."""
    saturation: Tensor | None = None
    """float32 [images]: a factor."""
    hue: Tensor | None = None
    """float32 [images]: a turn, 1 being the full circle."""
    rectangle: Tensor | None = None
    """int32 [images, 4]: top, left, height, width of what is erased; 0 high is nothing."""
    bilinear: bool = False
    """How rotation reads between pixels; the one value that is not drawn."""

    def __getitem__(self, rows: slice) -> Self:
        """The changes of some of the images, without a copy."""
        return self._each(lambda tensor: tensor[rows])

    def to(self, device: torch.device) -> Self:
        """On another device; once an epoch, so that no step waits for a transfer."""
        return self._each(lambda tensor: sent(tensor, device))

    def clone(self) -> Self:
        """A copy."""
        return self._each(torch.clone)

    def copy_(self, other: Self) -> None:
        """Take over the values of others of the same kinds, for as many images, in place."""
        for field in fields(self):
            if isinstance(own := getattr(self, field.name), Tensor):
                own.copy_(getattr(other, field.name))

    def _each(self, function: Callable[[Tensor], Tensor]) -> Self:
        """The same with a function applied to each tensor."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        changed: dict[str, Any] = {name: function(v) for name, v in values.items() if isinstance(v, Tensor)}
        return replace(self, **changed)


def draw_changes(spec: Augmentation, images: int, height: int, width: int, *, seed: int, epoch: int) -> Changes:
    """Draw an epoch's changes, on the CPU.

    Args:
        spec: the kinds of change and how far each goes.
        images: how many images the epoch visits.
        height: of the images, in pixels.
        width: likewise.
        seed: with the epoch, gives a stream for each kind.
        epoch: counted from 1, as in training.
    """

    def stream(kind: str) -> torch.Generator:
        return generator(seed, "augmentation", kind, epoch)

    def uniform(kind: str, reach: float, centre: float = 0.0) -> Tensor | None:
        drawn = torch.empty(images)
        return drawn.uniform_(centre - reach, centre + reach, generator=stream(kind)) if reach else None

    def rectangles() -> Tensor:
        return erasing.draw_rectangles(images, height, width, spec.erasing, stream("erasing"))

    tones, pad = spec.colour or Colour(), spec.crop_padding
    return Changes(
        offset=torch.randint(-pad, pad + 1, (images, 2), generator=stream("crop")).int() if pad else None,
        flip=torch.randint(2, (images,), generator=stream("flip")).bool() if spec.flip else None,
        angle=uniform("rotation", spec.rotation_degrees),
        shift=_draw_shift(images, height, width, spec.shift, stream("shift")) if spec.shift else None,
        brightness=uniform("brightness", tones.brightness, 1),
        contrast=uniform("contrast", tones.contrast, 1),
        saturation=uniform("saturation", tones.saturation, 1),
        hue=uniform("hue", tones.hue),
        rectangle=rectangles() if spec.erasing else None,
        bilinear=spec.interpolation == "bilinear",
    )


def augmented(images: Tensor, changes: Changes, mean: Tensor) -> Tensor:
    """Make the changes, in the order of the keys of `Augmentation`.

    Nothing here reads a value back from the device, and the images given are never written to.

    Args:
        images: uint8 [batch, channels, height, width], on any device; one channel, or red, green and blue.
        changes: as many rows as images, on their device.
        mean: float32 [channels], of the data set, in pixel units, on their device: what is erased becomes.

    Returns:
        Images of the same shape, 0 to 255, to be normalised: uint8 where pixels only move, float32 where colours change
        or rectangles are erased, the very images where nothing is to be done.
    """
    return recoloured(relocated(images, changes), changes, mean)


def relocated(images: Tensor, changes: Changes) -> Tensor:
    """Make the changes that move pixels: uint8, shaped as the images."""
    if changes.offset is not None or changes.flip is not None:
        images = moves.crop_and_flip(images, changes.offset, changes.flip)
    if changes.angle is not None or changes.shift is not None:
        images = moves.rotate_and_shift(images, changes.angle, changes.shift, bilinear=changes.bilinear)
    return images


def recoloured(images: Tensor, changes: Changes, mean: Tensor) -> Tensor:
    """Make the others: those of colour, and what is erased."""
    if changes.brightness is not None:
        images = colour.brighten(images.float(), changes.brightness)
    if changes.contrast is not None:
        images = colour.change_contrast(images.float(), changes.contrast)
    if changes.saturation is not None:
        images = colour.saturate(images.float(), changes.saturation)
    if changes.hue is not None:
        images = colour.turn_hue(images.float(), changes.hue)
    return images if changes.rectangle is None else erasing.erase(images, changes.rectangle, mean)


def moves_whole_pixels(spec: Augmentation) -> bool:
    """Whether an augmentation moves pixels, each as it is."""
    moves = spec.crop_padding or spec.flip or spec.rotation_degrees or spec.shift
    return bool(moves) and spec.interpolation == "nearest"


def only_moves(spec: Augmentation) -> bool:
    """Whether it does nothing else."""
    return moves_whole_pixels(spec) and spec.colour is None and not spec.erasing


def _draw_shift(images: int, height: int, width: int, share: float, stream: torch.Generator) -> Tensor:
    """Whole pixels nearest to shares of the sides: int32 [images, 2], down and to the right."""
    drawn = torch.empty(images, 2, dtype=torch.float64).uniform_(-share, share, generator=stream)
    return (drawn * torch.tensor([height, width])).round().int()
