"""MobileNetV2 for small images: each block widens, convolves every channel by itself (depthwise), and narrows again."""

from collections import OrderedDict
from itertools import pairwise

from torch import Tensor, nn

INVERTED_STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 1),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
"""Expansion, channels, blocks, and the stride of the first (Sandler et al. 2018, table 2, but for a stride of 1 in the
second: with that of the first convolution, 32x32 images end at 4x4 pixels as 224x224 do at 7x7)."""
STEM, LAST = 32, 1280
"""Channels of the first and the last convolution."""


def mobilenet_v2(channels: int, _size: int, classes: int) -> nn.Module:
    """17 blocks: 2,236,682 parameters on CIFAR-10; of 1000 classes 3,504,872 (Sandler et al. 2018, table 4: 3.4M).

    [n, channels, size, size] -> [n, classes].
    """
    parts: OrderedDict[str, nn.Module] = OrderedDict(stem=_layer(channels, STEM, 3, 1, 1))
    before = STEM
    for stage, (expansion, width, depth, stride) in enumerate(INVERTED_STAGES, start=1):
        widths = [before, *[width] * depth]
        blocks = [
            InvertedBlock(i, o, stride if place == 0 else 1, expansion) for place, (i, o) in enumerate(pairwise(widths))
        ]
        parts[f"stage{stage}"] = nn.Sequential(*blocks)
        before = width
    parts |= OrderedDict(last=_layer(before, LAST, 1, 1, 1), pool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten())
    return nn.Sequential(parts | OrderedDict(output=nn.Linear(LAST, classes)))


class InvertedBlock(nn.Module):
    """1x1 convolution that widens, 3x3 one of each channel by itself, 1x1 one that narrows and has no activation.

    [n, before, size, size] -> [n, after, side, side], where side is size / stride, rounded up. What went in is added
    where it has the same shape (Sandler et al. 2018, section 3.4 and table 1).
    """

    def __init__(self, before: int, after: int, stride: int, expansion: int) -> None:
        super().__init__()
        width = before * expansion
        self.widen = _layer(before, width, 1, 1, 1) if expansion > 1 else nn.Identity()
        self.depthwise = _layer(width, width, 3, stride, width)
        self.narrow = nn.Sequential(nn.Conv2d(width, after, 1, bias=False), nn.BatchNorm2d(after))
        self.adds = before == after and stride == 1

    def forward(self, images: Tensor) -> Tensor:
        output: Tensor = self.narrow(self.depthwise(self.widen(images)))
        return images + output if self.adds else output


def _layer(before: int, after: int, kernel: int, stride: int, groups: int) -> nn.Module:
    """A convolution, batch norm and ReLU6."""
    convolution = nn.Conv2d(before, after, kernel, stride=stride, padding=kernel // 2, groups=groups, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(after), nn.ReLU6())
