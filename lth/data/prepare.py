"""From a source to a data set in memory: choose, turn grey, resize, and measure."""

from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from lth.catalog.datasets import SOURCES
from lth.config.data import Dataset
from lth.data.choose import choose
from lth.data.examples import SplitName
from lth.data.images import Images, Split
from lth.data.raw import RawImages

CHUNK = 1000
"""Images transformed at a time, so that wide intermediate numbers never exist for all at once."""


def prepare(name: str, spec: Dataset, root: Path | None) -> Images:
    """A study's data set `name`, as its entry describes it.

    Args:
        name: only for the artifact and for error sentences.
        spec: its entry in the study.
        root: where published data sets lie; generated ones need none.

    Raises:
        UserError: the source is not available, or has fewer images than the entry asks for.
    """
    raw: RawImages = SOURCES[spec.source].load()(root, spec.split_seed)
    splits: dict[SplitName, Split] = {}
    for split, chosen in choose(name, spec, raw).items():
        test = split == "test"
        images = torch.from_numpy(raw.test_images if test else raw.train_images)
        labels = torch.from_numpy(raw.test_labels if test else raw.train_labels)
        splits[split] = Split(transformed(images[chosen], grey=spec.grey, size=spec.size), labels[chosen])
    mean, std = statistics(splits["train"].images)
    if spec.normalise:
        mean, std = (255 * torch.tensor(given) for given in (spec.normalise.mean, spec.normalise.std))
    return Images(name, splits, raw.classes, mean, std)


def transformed(images: Tensor, *, grey: bool, size: int | None) -> Tensor:
    """Grey, then resized: uint8 [images, channels, height, width] to uint8 [images, 1 or channels, size, size]."""
    grey = grey and images.shape[1] == 3
    if not grey and size in (None, images.shape[-1]):
        return images
    chunks = images.split(CHUNK)
    return torch.cat([_resized(_grey(chunk) if grey else chunk, size) for chunk in chunks])


def _grey(images: Tensor) -> Tensor:
    """ITU-R 601-2 luma in whole numbers, byte for byte what Pillow's convert("L") gives."""
    red, green, blue = images.int().unbind(1)
    return ((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16).to(torch.uint8)[:, None]


def _resized(images: Tensor, size: int | None) -> Tensor:
    """Bilinear, and antialiased where it shrinks: each new pixel then weighs all old ones under it."""
    if size is None or size == images.shape[-1]:
        return images
    resized = interpolate(images.float(), size=(size, size), mode="bilinear", antialias=True)
    return resized.round_().clamp_(0, 255).to(torch.uint8)


def statistics(images: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each channel of uint8 [images, channels, height, width].

    Computed in float64 from counts of the 256 grey levels, so neither depends on the order of a sum.

    Returns:
        Two of float32 [channels], in pixel units; a constant channel gets the deviation 1, to be divided by.
    """
    levels = torch.arange(256, dtype=torch.float64)
    counts = torch.stack([torch.bincount(images[:, c].flatten(), minlength=256) for c in range(images.shape[1])])
    shares = counts.double() / counts.sum(1, keepdim=True)
    mean = shares @ levels
    std = (shares * (levels - mean[:, None]) ** 2).sum(1).sqrt()
    return mean.float(), torch.where(std > 0, std, 1.0).float()
