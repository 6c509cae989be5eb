"""Torchvision's image classifiers, untrained, for images of any number of channels."""

from typing import Any

from torch import nn
from torchvision import models

WITHOUT_AUXILIARIES = {"aux_logits": False, "init_weights": False}
"""One output, as all others have it; and no initial weights drawn, which for these two takes a minute."""


def torchvision_model(name: str, channels: int, size: int, classes: int, *, dropout: float = 0.0) -> nn.Module:
    """One of torchvision's classifiers by its name there: [n, channels, size, size] -> [n, classes].

    Args:
        name: such as `resnet50`; `lth.catalog.torchvision_names` lists them.
        channels: of the images; other than three, the first convolution is replaced by one that takes them.
        size: pixels a side; only vision transformers and MaxViT are built for one size.
        classes: outputs.
        dropout: takes the place of torchvision's rate in every `nn.Dropout` of the network (AlexNet and VGG have 0.5
            there), and of DenseNet's. Stochastic depth stays as torchvision has it.
    """
    network: nn.Module = models.get_model(name, weights=None, num_classes=classes, **_keywords(name, size, dropout))
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = dropout
    if channels != 3:
        _take(network, channels)
    return network


def _keywords(name: str, size: int, dropout: float) -> dict[str, Any]:
    """What only some of the constructors are told."""
    if name in ("googlenet", "inception_v3"):
        return WITHOUT_AUXILIARIES
    if name.startswith("vit_"):
        return {"image_size": size}
    if name.startswith("maxvit_"):
        return {"input_size": (size, size)}
    return {"drop_rate": dropout} if name.startswith("densenet") else {}


def _take(network: nn.Module, channels: int) -> None:
    """Replace the first convolution by one for so many input channels, alike in all else."""
    path, first = next((path, module) for path, module in network.named_modules() if isinstance(module, nn.Conv2d))
    parent, _, name = path.rpartition(".")
    replacement = nn.Conv2d(
        channels,
        first.out_channels,
        first.kernel_size,  # type: ignore[arg-type]  # torch types it as a tuple of any length
        stride=first.stride,  # type: ignore[arg-type]
        padding=first.padding,  # type: ignore[arg-type]
        bias=first.bias is not None,
    )
    setattr(network.get_submodule(parent), name, replacement)
