"""VGG with batch norm, in the forms that are used on CIFAR.

Four max-poolings and one pooling over all that is left, instead of five: on 32x32 images this is the same, and images
from 16 pixels a side fit. Convolutions have no bias, which the batch norm after them would take out again.
"""

from collections.abc import Sequence

from torch import nn

WIDTHS = (64, 128, 256, 512, 512)
"""Channels of the five stages (Simonyan & Zisserman 2015, table 1)."""


def vgg11(channels: int, _size: int, classes: int) -> nn.Module:
    """Eight convolutions and one dense layer: 9,228,362 parameters on CIFAR-10."""
    return nn.Sequential(*_convolutions((1, 1, 2, 2, 2), channels), *_average(classes))


def vgg13(channels: int, _size: int, classes: int) -> nn.Module:
    """Ten convolutions and one dense layer: 9,413,066 parameters on CIFAR-10."""
    return nn.Sequential(*_convolutions((2, 2, 2, 2, 2), channels), *_average(classes))


def vgg16(channels: int, _size: int, classes: int) -> nn.Module:
    """Thirteen convolutions and one dense layer: 14,724,042 parameters on CIFAR-10 (Frankle et al. 2020: 14.7M)."""
    return nn.Sequential(*_convolutions((2, 2, 3, 3, 3), channels), *_average(classes))


def vgg19(channels: int, _size: int, classes: int) -> nn.Module:
    """Sixteen convolutions and one dense layer: 20,035,018 parameters on CIFAR-10 (Liu et al. 2017: 20.04M)."""
    return nn.Sequential(*_convolutions((2, 2, 4, 4, 4), channels), *_average(classes))


def vgg_like(channels: int, size: int, classes: int, *, dropout: float = 0.0) -> nn.Module:
    """The convolutions of VGG-16, dense 512-classes: 14,987,210 parameters on CIFAR-10 (SNIP, Lee et al. 2019: 15.0M).

    SNIP's VGG-D has two hidden dense layers of 512 (15.2M), its VGG-like one. Both have batch norm and no dropout
    there; the network that VGG-like is modelled on (Zagoruyko 2015) drops half of the inputs of each dense layer, so
    that is where `dropout` acts.
    """
    return nn.Sequential(
        *_convolutions((2, 2, 3, 3, 3), channels),
        nn.MaxPool2d(size // 16),  # all that four halvings leave
        nn.Flatten(),
        nn.Dropout(dropout),
        nn.Linear(512, 512, bias=False),
        nn.BatchNorm1d(512),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(512, classes),
    )


def _convolutions(depths: Sequence[int], channels: int) -> list[nn.Module]:
    """The five stages, halved in size between them: [n, channels, size, size] -> [n, 512, size // 16, size // 16]."""
    layers: list[nn.Module] = []
    for depth, width in zip(depths, WIDTHS, strict=True):
        layers += [nn.MaxPool2d(2)] if layers else []
        for _ in range(depth):
            layers += [nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
            channels = width
    return layers


def _average(classes: int) -> list[nn.Module]:
    """Mean over what is left of the image, then one dense layer: [n, 512, side, side] -> [n, classes]."""
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, classes)]
