"""Random erasing: a rectangle of an image is replaced by the mean of the data set."""

from math import log

import torch
from torch import Tensor

AREA = (0.02, 0.33)
"""Least and largest share of the image's area."""
ASPECT = (0.3, 3.3)
"""Least and largest height over width."""
ATTEMPTS = 10
"""Draws of a rectangle for one image, until one is smaller than the image; if none is, nothing is erased."""


def draw_rectangles(size: int, height: int, width: int, probability: float, stream: torch.Generator) -> Tensor:
    """Rectangles as torchvision's RandomErasing draws them: int32 [size, 4], top, left, height, width; 0 high is none.

    All attempts are drawn for every image, so that what one image gets does not depend on the luck of another.
    """

    def uniform(low: float, high: float, count: int) -> Tensor:
        return torch.empty(size, count, dtype=torch.float64).uniform_(low, high, generator=stream)

    chosen = uniform(0, 1, 1)[:, 0] < probability  # [N]
    area = uniform(*AREA, ATTEMPTS) * height * width  # [N, attempts]
    aspect = uniform(log(ASPECT[0]), log(ASPECT[1]), ATTEMPTS).exp()
    tall, wide = (area * aspect).sqrt().round(), (area / aspect).sqrt().round()
    fits = (tall < height) & (wide < width)
    first = fits.byte().argmax(1, keepdim=True)  # [N, 1]
    erased = chosen & fits.any(1)
    tall, wide = tall.gather(1, first)[:, 0] * erased, wide.gather(1, first)[:, 0] * erased  # [N]
    place = uniform(0, 1, 2)  # [N, 2]
    top, left = (place[:, 0] * (height - tall + 1)).floor(), (place[:, 1] * (width - wide + 1)).floor()
    return torch.stack([top, left, tall, wide], dim=1).int()


def erase(images: Tensor, rectangle: Tensor, mean: Tensor) -> Tensor:
    """Fill each image's rectangle with the mean, which normalisation then makes exactly 0.

    Args:
        images: uint8 or float32 [batch, channels, height, width].
        rectangle: int32 [batch, 4]: top, left, height, width, in pixels.
        mean: float32 [channels], in pixel units.

    Returns:
        float32, shaped as the images: a mean is seldom a whole number.
    """
    height, width = images.shape[-2:]
    top, left, tall, wide = rectangle[:, :, None].unbind(1)  # [B, 1] each
    rows = torch.arange(height, device=images.device) - top  # [B, H], from the rectangle's first
    columns = torch.arange(width, device=images.device) - left  # [B, W]
    in_rows, in_columns = (rows >= 0) & (rows < tall), (columns >= 0) & (columns < wide)
    inside = in_rows[:, None, :, None] & in_columns[:, None, None, :]  # [B, 1, H, W]
    # exact for weights of 0 and 1, and on a CPU four times as fast as `where`
    return torch.lerp(images.float(), mean.view(-1, 1, 1), inside.float())
