"""Conv-2, Conv-4 and Conv-6: small VGG-like networks without batch norm."""

from collections.abc import Sequence

from torch import nn


def conv2(channels: int, size: int, classes: int, *, dropout: float = 0.0) -> nn.Module:
    """Convolutions 64-64, dense 256-256: 4,301,642 parameters on CIFAR-10 (Frankle & Carbin 2019, figure 2)."""
    return _conv((64,), channels, size, classes, dropout)


def conv4(channels: int, size: int, classes: int, *, dropout: float = 0.0) -> nn.Module:
    """Conv-2 with convolutions 128-128 after it: 2,425,930 parameters on CIFAR-10 (the same figure)."""
    return _conv((64, 128), channels, size, classes, dropout)


def conv6(channels: int, size: int, classes: int, *, dropout: float = 0.0) -> nn.Module:
    """Conv-4 with convolutions 256-256 after it: 2,262,602 parameters on CIFAR-10 (the same figure).

    The figure says 1.7M, of which 1.1M in convolutions. The convolutions agree; the layers that it lists have 1.1M
    more in the dense part (4x4x256 inputs to 256), as also Ramanujan et al. (2020) count.
    """
    return _conv((64, 128, 256), channels, size, classes, dropout)


def _conv(widths: Sequence[int], channels: int, size: int, classes: int, dropout: float) -> nn.Module:
    """Two 3x3 convolutions and a pooling for each width: [n, channels, size, size] -> [n, classes].

    Dropout acts on the two hidden dense layers, where Srivastava et al. (2014) put it; the lottery ticket paper names
    its rate (0.5, section 4) and no place. The modules are there at rate 0 too: names of layers do not depend on it.
    """
    layers: list[nn.Module] = []
    for width in widths:
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
        layers += [nn.Conv2d(width, width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        channels = width
    side = size // 2 ** len(widths)
    layers += [nn.Flatten(), nn.Linear(channels * side * side, 256), nn.ReLU(), nn.Dropout(dropout)]
    layers += [nn.Linear(256, 256), nn.ReLU(), nn.Dropout(dropout), nn.Linear(256, classes)]
    return nn.Sequential(*layers)
