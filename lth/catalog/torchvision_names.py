"""The image classifiers of torchvision, by name, with the facts that a check needs before torchvision is imported.

A test compares the names with those that torchvision lists, and the facts with what its modules do.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Family:
    """Classifiers that differ in depth, width or a detail; the fields are those of `lth.networks.Architecture`."""

    about: str
    names: tuple[str, ...]
    smallest: int = 8
    multiple: int = 1
    dropout: bool = False
    homogeneous: bool = False


TORCHVISION_FAMILIES = (
    Family(
        about="AlexNet (Krizhevsky 2014)",
        names=("alexnet",),
        smallest=63,
        dropout=True,
        homogeneous=True,
    ),
    Family(
        about="VGG (Simonyan & Zisserman 2015), with its three dense layers",
        names=("vgg11", "vgg13", "vgg16", "vgg19"),
        smallest=32,
        dropout=True,
        homogeneous=True,
    ),
    Family(
        about="VGG with batch norm and its three dense layers",
        names=("vgg11_bn", "vgg13_bn", "vgg16_bn", "vgg19_bn"),
        smallest=32,
        dropout=True,
        homogeneous=True,
    ),
    Family(
        about="ResNet (He et al. 2016) with its ImageNet stem",
        names=("resnet18", "resnet34", "resnet50", "resnet101", "resnet152"),
        homogeneous=True,
    ),
    Family(
        about="ResNeXt (Xie et al. 2017)",
        names=("resnext50_32x4d", "resnext101_32x8d", "resnext101_64x4d"),
        homogeneous=True,
    ),
    Family(
        about="wide ResNet (Zagoruyko & Komodakis 2016)",
        names=("wide_resnet50_2", "wide_resnet101_2"),
        homogeneous=True,
    ),
    Family(
        about="DenseNet (Huang et al. 2017)",
        names=("densenet121", "densenet161", "densenet169", "densenet201"),
        smallest=29,
        dropout=True,
        homogeneous=True,
    ),
    Family(
        about="GoogLeNet (Szegedy et al. 2015), without auxiliary outputs",
        names=("googlenet",),
        smallest=15,
        dropout=True,
        homogeneous=True,
    ),
    Family(
        about="Inception v3 (Szegedy et al. 2016), without its auxiliary output",
        names=("inception_v3",),
        smallest=75,
        dropout=True,
        homogeneous=True,
    ),
    Family(
        about="SqueezeNet 1.0 (Iandola et al. 2016)",
        names=("squeezenet1_0",),
        smallest=21,
        dropout=True,
        homogeneous=True,
    ),
    Family(
        about="SqueezeNet 1.1",
        names=("squeezenet1_1",),
        smallest=17,
        dropout=True,
        homogeneous=True,
    ),
    Family(
        about="ShuffleNet v2 (Ma et al. 2018)",
        names=("shufflenet_v2_x0_5", "shufflenet_v2_x1_0", "shufflenet_v2_x1_5", "shufflenet_v2_x2_0"),
        homogeneous=True,
    ),
    Family(
        about="MNASNet (Tan et al. 2019)",
        names=("mnasnet0_5", "mnasnet0_75", "mnasnet1_0", "mnasnet1_3"),
        dropout=True,
        homogeneous=True,
    ),
    Family(about="MobileNet v2 (Sandler et al. 2018)", names=("mobilenet_v2",), dropout=True),
    Family(about="MobileNet v3 (Howard et al. 2019)", names=("mobilenet_v3_small", "mobilenet_v3_large"), dropout=True),
    Family(
        about="EfficientNet (Tan & Le 2019)",
        names=tuple(f"efficientnet_b{scale}" for scale in range(8)),
        dropout=True,
    ),
    Family(
        about="EfficientNet v2 (Tan & Le 2021)",
        names=("efficientnet_v2_s", "efficientnet_v2_m", "efficientnet_v2_l"),
        dropout=True,
    ),
    Family(
        about="RegNetX (Radosavovic et al. 2020)",
        names=tuple(f"regnet_x_{flops}" for flops in ("400mf", "800mf", "1_6gf", "3_2gf", "8gf", "16gf", "32gf")),
        homogeneous=True,
    ),
    Family(
        about="RegNetY: RegNetX with squeeze and excitation",
        names=tuple(
            f"regnet_y_{flops}" for flops in ("400mf", "800mf", "1_6gf", "3_2gf", "8gf", "16gf", "32gf", "128gf")
        ),
    ),
    Family(
        about="ConvNeXt (Liu et al. 2022)",
        names=("convnext_tiny", "convnext_small", "convnext_base", "convnext_large"),
        smallest=32,
    ),
    Family(
        about="vision transformer (Dosovitskiy et al. 2021), patches of 14",
        names=("vit_h_14",),
        smallest=14,
        multiple=14,
        dropout=True,
    ),
    Family(
        about="vision transformer (Dosovitskiy et al. 2021), patches of 16",
        names=("vit_b_16", "vit_l_16"),
        smallest=16,
        multiple=16,
        dropout=True,
    ),
    Family(
        about="vision transformer (Dosovitskiy et al. 2021), patches of 32",
        names=("vit_b_32", "vit_l_32"),
        smallest=32,
        multiple=32,
        dropout=True,
    ),
    Family(about="Swin transformer (Liu et al. 2021)", names=("swin_t", "swin_s", "swin_b"), dropout=True),
    Family(about="Swin transformer v2 (Liu et al. 2022)", names=("swin_v2_t", "swin_v2_s", "swin_v2_b"), dropout=True),
    Family(about="MaxViT (Tu et al. 2022)", names=("maxvit_t",), smallest=224, multiple=224, dropout=True),
)
