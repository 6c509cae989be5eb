"""`torchvision:NAME`: image classification sets that torchvision knows, one function each.

A set is in a study's table (`lth.catalog.torchvision_sets`) with its facts; here is how its parts are made. All raise
UserError where the files are not available, or damaged.
"""

from pathlib import Path

from lth.data.opened import Opened
from lth.data.torchvision_files import PartOptions, read_arrays, read_photographs

_DIGITS = tuple(str(digit) for digit in range(10))
_BY_TRAIN: tuple[PartOptions, PartOptions] = {"train": True}, {"train": False}
_BY_SPLIT: tuple[PartOptions, PartOptions] = {"split": "train"}, {"split": "test"}
_TRAIN_AND_VAL: tuple[PartOptions, ...] = {"split": "train"}, {"split": "val"}


def caltech101(root: Path | None) -> Opened:
    """Objects in 101 classes, without the class of backgrounds; no test part is published."""
    return read_photographs("Caltech101", root, [{}])


def caltech256(root: Path | None) -> Opened:
    """Objects in 257 classes, clutter included; no test part is published."""
    return read_photographs("Caltech256", root, [{}])


def country211(root: Path | None) -> Opened:
    """Photographs by country."""
    return read_photographs("Country211", root, [{"split": "train"}, {"split": "valid"}], {"split": "test"})


def dtd(root: Path | None) -> Opened:
    """Textures; the first of ten published splits."""
    return read_photographs("DTD", root, _TRAIN_AND_VAL, {"split": "test"})


def emnist_balanced(root: Path | None) -> Opened:
    """Letters and digits, equally many of each; here as below upright as in MNIST, which they are not as published."""
    return _emnist("balanced", root)


def emnist_byclass(root: Path | None) -> Opened:
    """Capital and small letters, and digits."""
    return _emnist("byclass", root)


def emnist_bymerge(root: Path | None) -> Opened:
    """Letters, of which those that look alike in both cases are one class, and digits."""
    return _emnist("bymerge", root)


def emnist_digits(root: Path | None) -> Opened:
    """Digits."""
    return _emnist("digits", root)


def emnist_letters(root: Path | None) -> Opened:
    """Letters, both cases one class; published labels begin at 1, here at 0."""
    return _emnist("letters", root)


def emnist_mnist(root: Path | None) -> Opened:
    """Digits, as many as in MNIST."""
    return _emnist("mnist", root)


def eurosat(root: Path | None) -> Opened:
    """Land use from a satellite; no test part is published."""
    return read_photographs("EuroSAT", root, [{}], size=64)


def fgvc_aircraft(root: Path | None) -> Opened:
    """Variants of aircraft."""
    return read_photographs("FGVCAircraft", root, [{"split": "trainval"}], {"split": "test"})


def flowers102(root: Path | None) -> Opened:
    """Flowers."""
    return read_photographs("Flowers102", root, _TRAIN_AND_VAL, {"split": "test"})


def food101(root: Path | None) -> Opened:
    """Dishes."""
    return read_photographs("Food101", root, [{"split": "train"}], {"split": "test"})


def gtsrb(root: Path | None) -> Opened:
    """Traffic signs; their classes have numbers only."""
    return read_photographs("GTSRB", root, [{"split": "train"}], {"split": "test"}, tuple(map(str, range(43))))


def imagenette(root: Path | None) -> Opened:
    """Ten classes of ImageNet; the published validation part is the test part."""
    return read_photographs("Imagenette", root, [{"split": "train"}], {"split": "val"})


def kmnist(root: Path | None) -> Opened:
    """Japanese characters."""
    return read_arrays("KMNIST", root, _BY_TRAIN)


def oxford_iiit_pet(root: Path | None) -> Opened:
    """Cats and dogs by breed."""
    return read_photographs("OxfordIIITPet", root, [{"split": "trainval"}], {"split": "test"})


def qmnist(root: Path | None) -> Opened:
    """MNIST made anew from its source, with all 60,000 test images."""
    return read_arrays("QMNIST", root, ({"what": "train"}, {"what": "test"}))


def rendered_sst2(root: Path | None) -> Opened:
    """SST-2's phrases as pictures."""
    return read_photographs("RenderedSST2", root, _TRAIN_AND_VAL, {"split": "test"}, size=448)


def semeion(root: Path | None) -> Opened:
    """Digits; no test part is published."""
    return read_arrays("SEMEION", root, ({},), _DIGITS)


def stl10(root: Path | None) -> Opened:
    """The labelled images of STL-10."""
    return read_arrays("STL10", root, _BY_SPLIT)


def sun397(root: Path | None) -> Opened:
    """Scenes; no test part is read, since ten are published."""
    return read_photographs("SUN397", root, [{}])


def svhn(root: Path | None) -> Opened:
    """House numbers, the digit 0 with the label 0."""
    return read_arrays("SVHN", root, _BY_SPLIT, _DIGITS)


def usps(root: Path | None) -> Opened:
    """Digits from envelopes."""
    return read_arrays("USPS", root, _BY_TRAIN, _DIGITS)


def _emnist(split: str, root: Path | None) -> Opened:
    parts: tuple[PartOptions, ...] = tuple({"split": split, "train": train} for train in (True, False))
    return read_arrays("EMNIST", root, parts, upright=True, first_label=int(split == "letters"))
