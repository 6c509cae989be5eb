"""Brightness, contrast, saturation and hue of a batch of images, each image by its own amount.

The formulas are torchvision's for images of fractions, in units of pixels: nothing is rounded in between. They are
applied in one order, where ColorJitter draws an order for each image, because the order hardly matters: a different one
for each image would take four times the work. Brightness, contrast and saturation are linear and keep an image's
mean grey or scale it, so they commute but for values cut off at 0 and 255. A turn of the hue commutes with scaling, and
with adding the same to all channels. What is left is that a turn changes grey, to which contrast and saturation refer.
"""

import torch
from torch import Tensor

WHITE = 255.0


def brighten(images: Tensor, factor: Tensor) -> Tensor:
    """Every pixel times a factor.

    Args:
        images: float32 [batch, channels, height, width], 0 to 255; here as below.
        factor: float32 [batch], 0 or more; here as below.

    Returns:
        New images, shaped as the others, 0 to 255; here as below.
    """
    return (images * factor.view(-1, 1, 1, 1)).clamp_(0, WHITE)


def change_contrast(images: Tensor, factor: Tensor) -> Tensor:
    """Every pixel's distance from the image's mean grey times a factor."""
    return _blend(_grey(images).mean((1, 2, 3), keepdim=True), images, factor)


def saturate(images: Tensor, factor: Tensor) -> Tensor:
    """Every pixel's distance from its own grey times a factor; grey images stay as they are."""
    return images if images.shape[1] == 1 else _blend(_grey(images), images, factor)


def turn_hue(images: Tensor, turn: Tensor) -> Tensor:
    """Turn every pixel's hue, keeping its largest and smallest channel; grey images stay as they are.

    Args:
        images: as above.
        turn: float32 [batch], -0.5 to 0.5, 1 being the full circle.
    """
    if images.shape[1] == 1:
        return images
    red, green, blue = images.unbind(1)  # [B, H, W] each
    largest, smallest = images.amax(1), images.amin(1)
    chroma = largest - smallest
    divisor = chroma.clamp_min(torch.finfo(chroma.dtype).tiny)  # a grey pixel has differences of 0, and so hue 0
    hue = torch.where(largest == green, 2 + (blue - red) / divisor, 4 + (red - green) / divisor)
    hue = torch.where(largest == red, (green - blue) / divisor, hue)  # -1 to 5, a sixth of the circle being 1
    hue += 6 * turn.view(-1, 1, 1)
    return torch.stack([_channel(hue - own, largest, chroma) for own in (0, 2, 4)], dim=1)


def _channel(away: Tensor, largest: Tensor, chroma: Tensor) -> Tensor:
    """A channel's values: largest up to a sixth of the circle away from its own hue, smallest from two sixths on."""
    distance = away.sub_((away / 6).round_(), alpha=6).abs_()  # the short way round, 0 to 3
    return largest - chroma * distance.sub_(1).clamp_(0, 1)


def _grey(images: Tensor) -> Tensor:
    """float32 [batch, 1, height, width]: brightness as ITU-R BT.601 weighs the channels."""
    if images.shape[1] == 1:
        return images
    red, green, blue = images.unbind(1)
    return red.mul(0.2989).add_(green, alpha=0.587).add_(blue, alpha=0.114).unsqueeze(1)


def _blend(other: Tensor, images: Tensor, factor: Tensor) -> Tensor:
    """From `other` (0) to the images (1) and beyond."""
    share = factor.view(-1, 1, 1, 1)
    return (images * share).add_(other * (1 - share)).clamp_(0, WHITE)
