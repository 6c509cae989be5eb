"""Networks as users write them: good ones, and ones that have to be refused."""

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrizations


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


class Attentive(nn.Module):
    """Rows of an image attend to each other: torch gives the weights of the output projection to a function."""

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(28, 2, batch_first=True)
        self.out = nn.Linear(28, classes)

    def forward(self, images: Tensor) -> Tensor:
        rows = images[:, 0]
        return self.out(self.attention(rows, rows, rows)[0].mean(1))


class ByFunction(nn.Module):
    """Gives weights to functions, where others call the layer."""

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(1, 2, 5, stride=4)
        self.out = nn.Linear(2 * 6 * 6, classes)

    def forward(self, images: Tensor) -> Tensor:
        found = functional.conv2d(images, self.convolution.weight, stride=4)
        return functional.linear(found.relu().flatten(1), self.out.weight, bias=self.out.bias)


class Logistic(nn.Linear):
    """Is itself its only layer."""

    def __init__(self, classes: int = 10) -> None:
        super().__init__(784, classes)

    def forward(self, images: Tensor) -> Tensor:
        return super().forward(images.flatten(1))


class Unused(nn.Module):
    """Has a layer that it does not use."""

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.out, self.aux = nn.Linear(784, classes), nn.Linear(16, 5)

    def forward(self, images: Tensor) -> Tensor:
        return self.out(images.flatten(1))


class Listed(nn.Module):
    """Its layers are in a list, too."""

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(784, 16), nn.Linear(16, classes)
        self.layers = nn.ModuleList([self.a, self.b])

    def forward(self, images: Tensor) -> Tensor:
        return self.layers[1](self.layers[0](images.flatten(1)).relu())


class Tied(nn.Module):
    """Two layers with the same weights."""

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.first, self.second, self.out = nn.Linear(784, 784), nn.Linear(784, 784), nn.Linear(784, classes)
        self.second.weight = self.first.weight

    def forward(self, images: Tensor) -> Tensor:
        return self.out(self.second(self.first(images.flatten(1)).relu()).relu())


class Counted(nn.Module):
    """Two batch norms that count in one buffer."""

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.first, self.second, self.out = nn.BatchNorm2d(1), nn.BatchNorm2d(1), nn.Linear(784, classes)
        self.second.running_mean = self.first.running_mean

    def forward(self, images: Tensor) -> Tensor:
        return self.out(self.second(self.first(images)).flatten(1))


def normed(classes: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), parametrizations.weight_norm(nn.Linear(784, classes)))


def without_biases(channels: int, size: int, classes: int) -> nn.Module:
    inputs = channels * size * size
    return nn.Sequential(nn.Flatten(), nn.Linear(inputs, 16, bias=False), nn.ReLU(), nn.Linear(16, classes, bias=False))


def plain(channels: int, size: int, classes: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(channels * size * size, 12), nn.ReLU(), nn.Linear(12, classes))


def anything(**keywords: float) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 8), nn.Dropout(keywords.get("dropout", 0.1)), nn.Linear(8, 10))


def half_trained(classes: int) -> nn.Module:
    network = nn.Sequential(nn.Flatten(), nn.Linear(784, 8), nn.ReLU(), nn.Linear(8, classes))
    network[1].weight.requires_grad_(False)
    return network


def frozen(classes: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(784, classes)).requires_grad_(False)


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
