"""torchvision's data sets of labelled images, by name, with their facts; `lth.data.published` reads them.

Pixels a side are 0 where images differ in size, test images 0 where none are published. A published validation part
counts among the training images, since a study draws its own; where there are no other test images, it is these.
"""

from collections.abc import Mapping

from lth.catalog.source import UNSTATED, FileSource

_SETS: dict[str, tuple[str, int, int, int, int, int, str]] = {
    "caltech101": ("objects (Fei-Fei, Fergus, Perona 2004)", 3, 0, 101, 8_677, 0, "CC BY 4.0"),
    "caltech256": ("objects (Griffin, Holub, Perona 2007)", 3, 0, 257, 30_607, 0, "CC BY 4.0"),
    "country211": ("photographs by country (Radford et al. 2021)", 3, 0, 211, 42_200, 21_100, UNSTATED),
    "dtd": ("textures in words, first of ten splits (Cimpoi et al. 2014)", 3, 0, 47, 3_760, 1_880, UNSTATED),
    "emnist-balanced": ("letters and digits (Cohen et al. 2017)", 1, 28, 47, 112_800, 18_800, UNSTATED),
    "emnist-byclass": ("letters of both cases, digits", 1, 28, 62, 697_932, 116_323, UNSTATED),
    "emnist-bymerge": ("letters, alike cases merged, digits", 1, 28, 47, 697_932, 116_323, UNSTATED),
    "emnist-digits": ("digits", 1, 28, 10, 240_000, 40_000, UNSTATED),
    "emnist-letters": ("letters, cases merged", 1, 28, 26, 124_800, 20_800, UNSTATED),
    "emnist-mnist": ("digits, as many as MNIST has", 1, 28, 10, 60_000, 10_000, UNSTATED),
    "eurosat": ("land use from a satellite (Helber et al. 2019)", 3, 64, 10, 27_000, 0, "MIT"),
    "fgvc_aircraft": (
        "variants of aircraft (Maji et al. 2013)",
        3,
        0,
        100,
        6_667,
        3_333,
        "research only, not commercial",
    ),
    "flowers102": ("flowers (Nilsback, Zisserman 2008)", 3, 0, 102, 2_040, 6_149, UNSTATED),
    "food101": ("dishes (Bossard et al. 2014)", 3, 0, 101, 75_750, 25_250, UNSTATED),
    "gtsrb": ("German traffic signs (Stallkamp et al. 2012)", 3, 0, 43, 26_640, 12_630, UNSTATED),
    "imagenette": ("ten easy classes of ImageNet (Howard 2019)", 3, 0, 10, 9_469, 3_925, UNSTATED),
    "kmnist": ("Japanese characters (Clanuwat et al. 2018)", 1, 28, 10, 60_000, 10_000, "CC BY-SA 4.0"),
    "oxford_iiit_pet": ("cats and dogs by breed (Parkhi et al. 2012)", 3, 0, 37, 3_680, 3_669, "CC BY-SA 4.0"),
    "qmnist": ("MNIST made anew, 60,000 test images (Yadav, Bottou 2019)", 1, 28, 10, 60_000, 60_000, UNSTATED),
    "rendered_sst2": ("SST-2's phrases as pictures (Radford et al. 2021)", 3, 448, 2, 7_792, 1_821, UNSTATED),
    "semeion": ("digits of 16x16 (Buscema 1994)", 1, 16, 10, 1_593, 0, "CC BY 4.0 (UCI Machine Learning Repository)"),
    "stl10": ("the labelled part of STL-10 (Coates, Ng, Lee 2011)", 3, 96, 10, 5_000, 8_000, UNSTATED),
    "sun397": ("scenes (Xiao et al. 2010)", 3, 0, 397, 108_754, 0, UNSTATED),
    "svhn": ("house numbers (Netzer et al. 2011)", 3, 32, 10, 73_257, 26_032, "not for commercial use"),
    "usps": ("digits of 16x16 (Hull 1994)", 1, 16, 10, 7_291, 2_007, UNSTATED),
}
"""About, channels, pixels a side, classes, training images, test images, licence."""


def _entry(name: str) -> FileSource:
    about, channels, size, classes, train, test, licence = _SETS[name]
    return FileSource(
        target=f"lth.data.published:{name.replace('-', '_')}",
        about=about,
        channels=channels,
        size=size,
        classes=classes,
        train=train,
        test=test,
        licence=licence,
    )


TORCHVISION_SETS: Mapping[str, FileSource] = {f"torchvision:{name}": _entry(name) for name in _SETS}
"""By the name in a study."""
