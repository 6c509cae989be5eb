"""Wide residual networks for CIFAR (Zagoruyko & Komodakis 2016): WRN-d-k has d layers and k times the channels."""

from collections import OrderedDict

from torch import Tensor, nn


def wrn_16_4(channels: int, _size: int, classes: int, *, dropout: float = 0.0) -> nn.Module:
    """Six blocks of 64, 128, 256 channels: 2,748,890 parameters on CIFAR-10."""
    return _wide(16, 4, channels, classes, dropout)


def wrn_16_8(channels: int, _size: int, classes: int, *, dropout: float = 0.0) -> nn.Module:
    """Six blocks of 128, 256, 512 channels: 10,961,370 parameters on CIFAR-10 (table 4: 11.0M)."""
    return _wide(16, 8, channels, classes, dropout)


def wrn_28_10(channels: int, _size: int, classes: int, *, dropout: float = 0.0) -> nn.Module:
    """Twelve blocks of 160, 320, 640 channels: 36,479,194 parameters on CIFAR-10 (the same table: 36.5M)."""
    return _wide(28, 10, channels, classes, dropout)


def wrn_40_2(channels: int, _size: int, classes: int, *, dropout: float = 0.0) -> nn.Module:
    """18 blocks of 32, 64, 128 channels: 2,243,546 parameters on CIFAR-10 (the same table: 2.2M)."""
    return _wide(40, 2, channels, classes, dropout)


class WideBlock(nn.Module):
    """Batch norm, ReLU and a 3x3 convolution, twice, with dropout before the second; a shortcut is added at the end.

    [n, before, size, size] -> [n, after, side, side], where side is size / stride, rounded up. Where the shape changes
    the shortcut is a 1x1 convolution of what the first batch norm and ReLU give, as in the authors' code.
    """

    def __init__(self, before: int, after: int, stride: int, dropout: float) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(before)
        self.conv1 = nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(after)
        self.dropout = nn.Dropout(dropout)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1, bias=False)
        self.same = before == after and stride == 1
        self.shortcut = nn.Identity() if self.same else nn.Conv2d(before, after, 1, stride=stride, bias=False)
        self.relu = nn.ReLU()

    def forward(self, images: Tensor) -> Tensor:
        active = self.relu(self.norm1(images))
        hidden = self.dropout(self.relu(self.norm2(self.conv1(active))))
        output: Tensor = self.conv2(hidden) + self.shortcut(images if self.same else active)
        return output


def _wide(depth: int, factor: int, channels: int, classes: int, dropout: float) -> nn.Module:
    """Three stages of (depth - 4) / 6 blocks, the last two halving the size: [n, channels, size, size] ->
    [n, classes]."""
    before = 16
    parts: OrderedDict[str, nn.Module] = OrderedDict(conv=nn.Conv2d(channels, before, 3, padding=1, bias=False))
    for stage, width in enumerate((16 * factor, 32 * factor, 64 * factor), start=1):
        blocks = []
        for place in range((depth - 4) // 6):
            blocks.append(WideBlock(before, width, 2 if stage > 1 and place == 0 else 1, dropout))
            before = width
        parts[f"stage{stage}"] = nn.Sequential(*blocks)
    parts |= OrderedDict(norm=nn.BatchNorm2d(before), relu=nn.ReLU(), pool=nn.AdaptiveAvgPool2d(1))
    return nn.Sequential(parts | OrderedDict(flatten=nn.Flatten(), output=nn.Linear(before, classes)))
