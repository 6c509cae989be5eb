"""Residual networks in the forms that are used on CIFAR: a 3x3 stem that keeps the size, no pooling after it."""

from collections import OrderedDict
from collections.abc import Callable, Sequence

from torch import Tensor, nn
from torch.nn import functional

Shortcut = Callable[[int, int, int], nn.Module]
"""What makes the way around a block, from its channels before and after and its stride."""


def resnet18(channels: int, _size: int, classes: int) -> nn.Module:
    """Eight blocks of 64 to 512 channels, 1x1 convolutions as shortcuts: 11,173,962 parameters on CIFAR-10.

    ResNet-18 (He et al. 2016, table 1) with the stem of its CIFAR networks (section 4.2), as the pruning papers use it.
    """
    return _resnet((64, 128, 256, 512), 2, projected, channels, classes)


def resnet20(channels: int, _size: int, classes: int) -> nn.Module:
    """Nine blocks of 16, 32, 64 channels: 269,722 parameters on CIFAR-10 (He et al. 2016, table 6: 0.27M)."""
    return _resnet((16, 32, 64), 3, padded, channels, classes)


def resnet32(channels: int, _size: int, classes: int) -> nn.Module:
    """Fifteen blocks of 16, 32, 64 channels: 464,154 parameters on CIFAR-10 (the same table: 0.46M)."""
    return _resnet((16, 32, 64), 5, padded, channels, classes)


def resnet56(channels: int, _size: int, classes: int) -> nn.Module:
    """27 blocks of 16, 32, 64 channels: 853,018 parameters on CIFAR-10 (the same table: 0.85M)."""
    return _resnet((16, 32, 64), 9, padded, channels, classes)


def resnet110(channels: int, _size: int, classes: int) -> nn.Module:
    """54 blocks of 16, 32, 64 channels: 1,727,962 parameters on CIFAR-10 (the same table: 1.7M)."""
    return _resnet((16, 32, 64), 18, padded, channels, classes)


class Block(nn.Module):
    """Two 3x3 convolutions with batch norm, and a shortcut added before the last ReLU (He et al. 2016, figure 2).

    [n, before, size, size] -> [n, after, side, side], where side is size / stride, rounded up.
    """

    def __init__(self, before: int, after: int, stride: int, shortcut: Shortcut) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(after)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(after)
        self.shortcut = nn.Identity() if before == after and stride == 1 else shortcut(before, after, stride)
        self.relu = nn.ReLU()

    def forward(self, images: Tensor) -> Tensor:
        hidden = self.relu(self.norm1(self.conv1(images)))
        output: Tensor = self.relu(self.norm2(self.conv2(hidden)) + self.shortcut(images))
        return output


class Padded(nn.Module):
    """Option A: every stride-th pixel, and channels of zeros behind the ones that there are; no parameters."""

    def __init__(self, extra: int, stride: int) -> None:
        super().__init__()
        self.extra, self.stride = extra, stride

    def forward(self, images: Tensor) -> Tensor:
        return functional.pad(images[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.extra))


def padded(before: int, after: int, stride: int) -> nn.Module:
    """Option A of He et al. (2016), section 3.3: the shortcut of their CIFAR networks."""
    return Padded(after - before, stride)


def projected(before: int, after: int, stride: int) -> nn.Module:
    """Option B of the same section: a 1x1 convolution with batch norm, where the shape changes."""
    return nn.Sequential(nn.Conv2d(before, after, 1, stride=stride, bias=False), nn.BatchNorm2d(after))


def _resnet(widths: Sequence[int], blocks: int, shortcut: Shortcut, channels: int, classes: int) -> nn.Module:
    """Stages of so many blocks, all but the first halving the size: [n, channels, size, size] -> [n, classes]."""
    parts: OrderedDict[str, nn.Module] = OrderedDict(
        conv=nn.Conv2d(channels, widths[0], 3, padding=1, bias=False), norm=nn.BatchNorm2d(widths[0]), relu=nn.ReLU()
    )
    before = widths[0]
    for stage, width in enumerate(widths, start=1):
        strides = [1 if stage == 1 else 2, *[1] * (blocks - 1)]
        inputs = [before, *[width] * (blocks - 1)]
        sequence = [Block(i, width, stride, shortcut) for i, stride in zip(inputs, strides, strict=True)]
        parts[f"stage{stage}"] = nn.Sequential(*sequence)
        before = width
    parts |= OrderedDict(pool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten(), output=nn.Linear(before, classes))
    return nn.Sequential(parts)
