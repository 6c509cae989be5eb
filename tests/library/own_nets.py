"""Networks as users write them: good ones, and ones that have to be refused."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class Wide(nn.Module):
    """A network with code of its own in `forward`, and a parameter that belongs to no layer."""

    def __init__(self, classes: int = 10, width: int = 12) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(1, 3, 3, padding=1)
        self.hidden = nn.Linear(3 * 14 * 14, width)
        self.out = nn.Linear(width, classes)
        self.scale = nn.Parameter(torch.full((1,), 0.5))

    def forward(self, images: Tensor) -> Tensor:
        found = functional.max_pool2d(functional.relu(self.convolution(images)), 2)
        found = functional.dropout(self.hidden(found.flatten(1)).relu(), 0.2, self.training)
        return self.out(found) * self.scale


class Viewed(nn.Module):
    """Says `view`, as most tutorials do."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(1, 4, 3)
        self.out = nn.Linear(4 * 13 * 13, 10)

    def forward(self, images: Tensor) -> Tensor:
        found = functional.max_pool2d(functional.relu(self.convolution(images)), 2)
        return self.out(found.view(found.size(0), -1))


def plain(channels: int, size: int, classes: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(channels * size * size, 12), nn.ReLU(), nn.Linear(12, classes))


def softmax(classes: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(784, classes), nn.Softmax(1))


def lazy(classes: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.LazyLinear(classes))


def half(classes: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(784, classes)).half()


def pair(classes: int) -> nn.Module:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(784, classes)

        def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
            found = self.layer(images.flatten(1))
            return found, found

    return Two()


def fewer() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 3))


def unprunable() -> nn.Module:
    return nn.Sequential(nn.AvgPool2d(28), nn.Flatten(), nn.BatchNorm1d(1), nn.Upsample(scale_factor=1))


def greedy(depth: int) -> nn.Module:
    raise AssertionError(depth)


def broken() -> nn.Module:
    raise RuntimeError("no such thing")


def nothing() -> None: ...


constant = 3
