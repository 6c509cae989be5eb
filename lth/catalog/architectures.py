"""Architectures as plain modules, and the table of their names (torch is imported only when one is built)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from lth.catalog.importing import names_own, users_code
from lth.catalog.registry import Entry, Registry
from lth.catalog.torchvision_names import TORCHVISION_FAMILIES


@dataclass(frozen=True, kw_only=True)
class Architecture(Entry):
    """A function `(channels, size, classes) -> nn.Module`, and which images and which uses it is made for."""

    smallest: int = 8
    """The fewest pixels a side of its images."""
    multiple: int = 1
    """What the pixels a side must be a multiple of (vision transformers cut images into patches)."""
    dropout: bool = False
    """It has a place for dropout: the function takes a keyword `dropout`, the share that is dropped."""
    text: bool = False
    """It reads texts and starts from a pre-trained model: a function `(model, classes, dropout) -> nn.Module`."""
    layers: tuple[str, ...] = ("first", "convolution", "dense", "output")
    """Kinds of prunable layers that it has, as a study file names them (of torchvision's, those that one may have)."""
    homogeneous: bool = True
    """Scaling the input scales each layer's output: it is made of convolutions, linear layers, batch norm, ReLU,
    pooling, dropout and sums only. With the absolute values of its parameters it then only adds and multiplies
    non-negative numbers, which SynFlow needs; it does not with GELU, SiLU, clipping, layer norm, gates or attention."""

    def misfit(self, size: int, dropout: float = 0.0) -> str | None:
        """Why it cannot be built for images of so many pixels a side and this dropout, or nothing if it can."""
        if size < self.smallest:
            return f"needs at least {self.smallest} pixels a side, found {size}"
        if size % self.multiple:
            return f"needs a multiple of {self.multiple} pixels a side, found {size}"
        if dropout and not self.dropout:
            return f"has no place for dropout, found {dropout:g}"
        return None


@dataclass(frozen=True, kw_only=True)
class TorchvisionArchitecture(Architecture):
    """One of torchvision's classifiers; all are built by one function, which is told the name first."""

    name: str
    """Its name in torchvision."""

    def load(self) -> Any:
        """The function for this name; imports torchvision."""
        return partial(super().load(), self.name)


IN_MEMORY: dict[str, Callable[..., Any]] = {}
"""Networks that this process was given as they are (`lth.find`), by the name that it gave them."""


@dataclass(frozen=True, kw_only=True)
class OwnArchitecture(Architecture):
    """A network of the user's: a function or class that is imported, or one that this process was given.

    It is called with those of the keywords `channels`, `size`, `classes` and `dropout` that it has parameters for.
    """

    smallest: int = 1
    dropout: bool = True

    def load(self) -> Any:
        """The function or class.

        Raises:
            UserError: there is no such module or name in it.
        """
        return users_code(self.target, IN_MEMORY)


def own_architecture(name: str) -> OwnArchitecture | None:
    """The network that an import path names, or that this process was given under a name."""
    if names_own(name, IN_MEMORY):
        return OwnArchitecture(target=name, about="a network of one's own")
    return None


POOLER = "encoder.pooler"
"""How the names of layers of the kind `pooler` begin, in networks that read texts."""
CONVOLUTIONAL = ("first", "convolution", "output")
"""Kinds of layers of networks with no other linear layer than the last."""

ARCHITECTURES = Registry(
    {
        "lenet_300_100": Architecture(
            target="lth.networks.lenet:lenet_300_100",
            about="784-300-100-10 on 28x28 (LeCun et al. 1998; Frankle & Carbin 2019)",
            layers=("dense", "output"),
        ),
        "mlp_7": Architecture(
            target="lth.networks.mlp:mlp_7",
            about="seven dense layers, 100 wide; 154,010 parameters on 32x32 grey (Lee et al. 2020)",
            layers=("dense", "output"),
        ),
        "lenet5": Architecture(
            target="lth.networks.lenet:lenet5",
            about="two 3x3 convolutions of 64, three dense layers of 256-256-10; 3.3M parameters on 28x28 grey",
        ),
        "lenet5_classic": Architecture(
            target="lth.networks.lenet:lenet5_classic",
            about="convolutions of 6 and 16, dense 120-84-10; 61,706 parameters on 28x28 grey (LeCun et al. 1998)",
            smallest=12,
        ),
        "lenet5_caffe": Architecture(
            target="lth.networks.lenet:lenet5_caffe",
            about="convolutions of 20 and 50, dense 500-10; 431,080 parameters on 28x28 grey (Lee et al. 2019)",
            smallest=16,
        ),
        "conv2": Architecture(
            target="lth.networks.conv:conv2",
            about="Conv-2: two convolutions, dense 256-256; 4.3M parameters on CIFAR-10 (Frankle & Carbin 2019)",
            dropout=True,
        ),
        "conv4": Architecture(
            target="lth.networks.conv:conv4",
            about="Conv-4: four convolutions, dense 256-256; 2.4M parameters on CIFAR-10 (Frankle & Carbin 2019)",
            dropout=True,
        ),
        "conv6": Architecture(
            target="lth.networks.conv:conv6",
            about="Conv-6: six convolutions, dense 256-256; 2.3M parameters on CIFAR-10 (Frankle & Carbin 2019)",
            dropout=True,
        ),
        "alexnet_s": Architecture(
            target="lth.networks.alexnet:alexnet_s",
            about="AlexNet for 28 or 32 pixels: batch norm, dense 1024-1024; 5.1M parameters (Lee et al. 2019)",
        ),
        "alexnet_b": Architecture(
            target="lth.networks.alexnet:alexnet_b",
            about="AlexNet for 28 or 32 pixels: batch norm, dense 2048-2048; 8.5M parameters (Lee et al. 2019)",
        ),
        "vgg11": Architecture(
            target="lth.networks.vgg:vgg11",
            about="VGG-11 for CIFAR: batch norm, one dense layer; 9.2M parameters",
            smallest=16,
            layers=CONVOLUTIONAL,
        ),
        "vgg13": Architecture(
            target="lth.networks.vgg:vgg13",
            about="VGG-13 for CIFAR: batch norm, one dense layer; 9.4M parameters",
            smallest=16,
            layers=CONVOLUTIONAL,
        ),
        "vgg16": Architecture(
            target="lth.networks.vgg:vgg16",
            about="VGG-16 for CIFAR: batch norm, one dense layer; 14.7M parameters (Frankle et al. 2020)",
            smallest=16,
            layers=CONVOLUTIONAL,
        ),
        "vgg19": Architecture(
            target="lth.networks.vgg:vgg19",
            about="VGG-19 for CIFAR: batch norm, one dense layer; 20.0M parameters (Liu et al. 2017)",
            smallest=16,
            layers=CONVOLUTIONAL,
        ),
        "vgg_like": Architecture(
            target="lth.networks.vgg:vgg_like",
            about="SNIP's VGG-like: VGG-16 with batch norm, dense 512-10; 15.0M parameters (Lee et al. 2019)",
            smallest=16,
            dropout=True,
        ),
        "resnet18": Architecture(
            target="lth.networks.resnet:resnet18",
            about="ResNet-18 with a 3x3 stem, for CIFAR; 11.2M parameters (He et al. 2016)",
            layers=CONVOLUTIONAL,
        ),
        "resnet20": Architecture(
            target="lth.networks.resnet:resnet20",
            about="ResNet-20 for CIFAR, shortcuts without parameters; 0.27M parameters (He et al. 2016)",
            layers=CONVOLUTIONAL,
        ),
        "resnet32": Architecture(
            target="lth.networks.resnet:resnet32",
            about="ResNet-32 for CIFAR, shortcuts without parameters; 0.46M parameters (He et al. 2016)",
            layers=CONVOLUTIONAL,
        ),
        "resnet56": Architecture(
            target="lth.networks.resnet:resnet56",
            about="ResNet-56 for CIFAR, shortcuts without parameters; 0.85M parameters (He et al. 2016)",
            layers=CONVOLUTIONAL,
        ),
        "resnet110": Architecture(
            target="lth.networks.resnet:resnet110",
            about="ResNet-110 for CIFAR, shortcuts without parameters; 1.7M parameters (He et al. 2016)",
            layers=CONVOLUTIONAL,
        ),
        "wrn_16_4": Architecture(
            target="lth.networks.wide_resnet:wrn_16_4",
            about="WRN-16-4 for CIFAR: 4 times wider; 2.7M parameters (Zagoruyko & Komodakis 2016)",
            dropout=True,
            layers=CONVOLUTIONAL,
        ),
        "wrn_16_8": Architecture(
            target="lth.networks.wide_resnet:wrn_16_8",
            about="WRN-16-8 for CIFAR: 8 times wider; 11.0M parameters (Zagoruyko & Komodakis 2016)",
            dropout=True,
            layers=CONVOLUTIONAL,
        ),
        "wrn_28_10": Architecture(
            target="lth.networks.wide_resnet:wrn_28_10",
            about="WRN-28-10 for CIFAR: 10 times wider; 36.5M parameters (Zagoruyko & Komodakis 2016)",
            dropout=True,
            layers=CONVOLUTIONAL,
        ),
        "wrn_40_2": Architecture(
            target="lth.networks.wide_resnet:wrn_40_2",
            about="WRN-40-2 for CIFAR: twice as wide; 2.2M parameters (Zagoruyko & Komodakis 2016)",
            dropout=True,
            layers=CONVOLUTIONAL,
        ),
        "densenet_bc_40_12": Architecture(
            target="lth.networks.densenet:densenet_bc_40_12",
            about="DenseNet-BC for CIFAR: 40 layers, growth 12; 0.18M parameters (Huang et al. 2017)",
            layers=CONVOLUTIONAL,
        ),
        "densenet_bc_100_12": Architecture(
            target="lth.networks.densenet:densenet_bc_100_12",
            about="DenseNet-BC for CIFAR: 100 layers, growth 12; 0.8M parameters (Huang et al. 2017)",
            layers=CONVOLUTIONAL,
        ),
        "mobilenet_v2": Architecture(
            target="lth.networks.mobilenet:mobilenet_v2",
            about="MobileNetV2 for CIFAR: first strides of 1; 2.2M parameters (Sandler et al. 2018)",
            layers=CONVOLUTIONAL,
            homogeneous=False,
        ),
    }
    | {
        "bert": Architecture(
            target="lth.text.bert:bert",
            about="a pre-trained encoder of the BERT family (`model`), pooled, and a classifier of two layers",
            dropout=True,
            text=True,
            layers=("dense", "pooler"),
            homogeneous=False,
        ),
    }
    | {
        f"torchvision:{name}": TorchvisionArchitecture(
            target="lth.networks.torchvision_models:torchvision_model",
            about=f"torchvision's {family.about}",
            name=name,
            smallest=family.smallest,
            multiple=family.multiple,
            dropout=family.dropout,
            homogeneous=family.homogeneous,
        )
        for family in TORCHVISION_FAMILIES
        for name in family.names
    },
    own_architecture,
)
