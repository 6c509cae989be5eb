"""DenseNet-BC in the form that is used on CIFAR: each layer reads what all layers of its block have made before it."""

from collections import OrderedDict

import torch
from torch import Tensor, nn

DENSE_BLOCKS = 3


def densenet_bc_40_12(channels: int, _size: int, classes: int) -> nn.Module:
    """40 layers, 12 channels each: 176,122 parameters on CIFAR-10 (the depth of table 2 without BC, made BC)."""
    return _densenet_bc(40, 12, channels, classes)


def densenet_bc_100_12(channels: int, _size: int, classes: int) -> nn.Module:
    """100 layers, 12 channels each: 769,162 parameters on CIFAR-10 (Huang et al. 2017, table 2: 0.8M)."""
    return _densenet_bc(100, 12, channels, classes)


class DenseLayer(nn.Module):
    """A bottleneck of 1x1 and a 3x3 convolution, each after batch norm and ReLU; its channels go behind its inputs.

    [n, before, size, size] -> [n, before + growth, size, size] (Huang et al. 2017, section 3, DenseNet-B).
    """

    def __init__(self, before: int, growth: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(before)
        self.conv1 = nn.Conv2d(before, 4 * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(4 * growth)
        self.conv2 = nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)
        self.relu = nn.ReLU()

    def forward(self, images: Tensor) -> Tensor:
        hidden = self.conv1(self.relu(self.norm1(images)))
        return torch.cat([images, self.conv2(self.relu(self.norm2(hidden)))], dim=1)


def _densenet_bc(depth: int, growth: int, channels: int, classes: int) -> nn.Module:
    """Three blocks of (depth - 4) / 6 layers, between them half the channels and size: [n, channels, size, size] ->
    [n, classes]."""
    width = 2 * growth
    parts: OrderedDict[str, nn.Module] = OrderedDict(conv=nn.Conv2d(channels, width, 3, padding=1, bias=False))
    for block in range(1, DENSE_BLOCKS + 1):
        layers = []
        for _ in range((depth - 4) // (2 * DENSE_BLOCKS)):
            layers.append(DenseLayer(width, growth))
            width += growth
        parts[f"block{block}"] = nn.Sequential(*layers)
        if block < DENSE_BLOCKS:
            parts[f"transition{block}"] = nn.Sequential(
                nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, width // 2, 1, bias=False), nn.AvgPool2d(2)
            )
            width //= 2
    parts |= OrderedDict(norm=nn.BatchNorm2d(width), relu=nn.ReLU(), pool=nn.AdaptiveAvgPool2d(1))
    return nn.Sequential(parts | OrderedDict(flatten=nn.Flatten(), output=nn.Linear(width, classes)))
