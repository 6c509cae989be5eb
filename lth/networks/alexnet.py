"""AlexNet in the two forms that SNIP prunes on small images: five convolutions that each halve the size, dense layers.

Lee et al. (2019), table 2, and their code. Layers that batch norm follows have no bias here, as in `lth.networks.vgg`;
the paper's have.
"""

from torch import nn

ALEXNET = ((96, 11), (256, 5), (384, 3), (384, 3), (256, 3))
"""Channels and kernel size (Krizhevsky et al. 2012, figure 2, without its two halves)."""


def alexnet_s(channels: int, size: int, classes: int) -> nn.Module:
    """Dense layers of 1024: 5,073,642 parameters on CIFAR-10 (SNIP's AlexNet-s: 5.1M)."""
    return _alexnet(1024, channels, size, classes)


def alexnet_b(channels: int, size: int, classes: int) -> nn.Module:
    """Dense layers of 2048: 8,495,850 parameters on CIFAR-10 (SNIP's AlexNet-b: 8.5M)."""
    return _alexnet(2048, channels, size, classes)


def _alexnet(width: int, channels: int, size: int, classes: int) -> nn.Module:
    """[n, channels, size, size] -> [n, classes]; five halvings, rounded up, leave one pixel of 28 and of 32."""
    layers: list[nn.Module] = []
    side = size
    for outputs, kernel in ALEXNET:
        layers += [nn.Conv2d(channels, outputs, kernel, stride=2, padding=kernel // 2, bias=False)]
        layers += [nn.BatchNorm2d(outputs), nn.ReLU()]
        channels, side = outputs, -(-side // 2)
    layers += [nn.Flatten()]
    for inputs in (channels * side * side, width):
        layers += [nn.Linear(inputs, width, bias=False), nn.BatchNorm1d(width), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(width, classes))
