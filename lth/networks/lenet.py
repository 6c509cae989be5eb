"""The LeNet family."""

from torch import nn


def lenet_300_100(channels: int, size: int, classes: int) -> nn.Module:
    """784-300-100-10 on 28x28 grey images: 266,610 parameters (Frankle & Carbin 2019, figure 2)."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(channels * size * size, 300),
        nn.ReLU(),
        nn.Linear(300, 100),
        nn.ReLU(),
        nn.Linear(100, classes),
    )


def lenet5_classic(channels: int, size: int, classes: int) -> nn.Module:
    """Convolutions of 6 and 16 (5x5), dense 120-84: 61,706 parameters on 28x28 grey (LeCun et al. 1998, with ReLU)."""
    side = (size // 2 - 4) // 2
    return nn.Sequential(
        nn.Conv2d(channels, 6, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(16 * side * side, 120),
        nn.ReLU(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, classes),
    )


def lenet5_caffe(channels: int, size: int, classes: int) -> nn.Module:
    """Convolutions of 20 and 50 (5x5, no padding), dense 500: 431,080 parameters on 28x28 grey.

    Caffe's variant of LeNet-5, on which papers on pruning report results (Lee et al. 2019, section 5). Only its hidden
    dense layer is followed by a ReLU, in Caffe's definition as in SNIP's code.
    """
    side = ((size - 4) // 2 - 4) // 2
    return nn.Sequential(
        nn.Conv2d(channels, 20, 5),
        nn.MaxPool2d(2),
        nn.Conv2d(20, 50, 5),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(50 * side * side, 500),
        nn.ReLU(),
        nn.Linear(500, classes),
    )


def lenet5(channels: int, size: int, classes: int) -> nn.Module:
    """Two 3x3 convolutions of 64, pooled once, dense 256-256: 3,317,450 parameters on 28x28 grey images.

    The cross-dataset study's network: Conv-2 of Frankle & Carbin (2019), figure 2, with one input channel.
    """
    side = size // 2
    return nn.Sequential(
        nn.Conv2d(channels, 64, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(64, 64, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(64 * side * side, 256),
        nn.ReLU(),
        nn.Linear(256, 256),
        nn.ReLU(),
        nn.Linear(256, classes),
    )
