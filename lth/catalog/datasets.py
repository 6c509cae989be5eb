"""Where data come from: the table of sources, with the facts that a study is checked against beforehand."""

from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any, ClassVar

from lth.catalog.registry import Entry, Family, Registry

TOKENS = 128
"""Of a text, at most, unless a study says otherwise: as in most work on GLUE."""


@dataclass(frozen=True, kw_only=True)
class Source(Entry):
    """A source of labelled examples, with so many of them for training and for testing."""

    kind: ClassVar[str]
    """How they are prepared and held: a name in `lth.catalog.kinds`."""
    classes: int
    train: int
    test: int
    licence: str = "not stated here: ask where the data come from"
    """Of the data, for whoever passes on what was made from them."""


@dataclass(frozen=True, kw_only=True)
class ImageSource(Source):
    """Square images, all of one size."""

    kind: ClassVar[str] = "dataset"
    channels: int
    size: int
    """Pixels a side; 0 where images differ in size or are not square, so that a study has to name a `size`."""


@dataclass(frozen=True, kw_only=True)
class FileSource(ImageSource):
    """Images that are read one by one, or in part, from files: only those that a study takes are held."""

    kind: ClassVar[str] = "files"


@dataclass(frozen=True, kw_only=True)
class OwnSource(FileSource):
    """A data set of the user's own, whose facts are found in its files; `test` is 0 where it has no test images."""

    which: str
    """What the study says of it: a path."""
    identity: str
    """`module:function` of that, which says what its files hold: equal for equal content, whatever their dates."""

    def load(self) -> Any:
        """The function that opens it; imports its module."""
        return partial(super().load(), self.which)

    def content(self) -> str:
        """What its files hold, as a digest."""
        module, _, attribute = self.identity.partition(":")
        found: str = getattr(import_module(module), attribute)(self.which)
        return found


@dataclass(frozen=True, kw_only=True)
class TextSource(Source):
    """Sentences, or pairs of sentences."""

    kind: ClassVar[str] = "texts"


SOURCES: Registry[Source] = Registry(
    {
        "mnist": ImageSource(
            target="lth.data.vision:mnist",
            about="handwritten digits (LeCun, Cortes, Burges)",
            channels=1,
            size=28,
            classes=10,
            train=60_000,
            test=10_000,
            licence="CC BY-SA 3.0",
        ),
        "fashion_mnist": ImageSource(
            target="lth.data.vision:fashion_mnist",
            about="articles of clothing (Xiao, Rasul, Vollgraf 2017)",
            channels=1,
            size=28,
            classes=10,
            train=60_000,
            test=10_000,
            licence="MIT",
        ),
        "cifar10": ImageSource(
            target="lth.data.vision:cifar10",
            about="colour photographs of animals and vehicles (Krizhevsky 2009)",
            channels=3,
            size=32,
            classes=10,
            train=50_000,
            test=10_000,
            licence="none stated by its authors, who ask to cite Krizhevsky (2009)",
        ),
        "cifar100": ImageSource(
            target="lth.data.vision:cifar100",
            about="colour photographs in 100 classes (Krizhevsky 2009)",
            channels=3,
            size=32,
            classes=100,
            train=50_000,
            test=10_000,
            licence="none stated by its authors, who ask to cite Krizhevsky (2009)",
        ),
        "cifar100_coarse": ImageSource(
            target="lth.data.vision:cifar100_coarse",
            about="the photographs of cifar100 in its 20 superclasses",
            channels=3,
            size=32,
            classes=20,
            train=50_000,
            test=10_000,
            licence="none stated by its authors, who ask to cite Krizhevsky (2009)",
        ),
        "tiny_imagenet": FileSource(
            target="lth.data.folders:tiny_imagenet",
            about="Tiny ImageNet, 200 classes of photographs, its validation images for testing (Le, Yang 2015)",
            channels=3,
            size=64,
            classes=200,
            train=100_000,
            test=10_000,
        ),
        "digits": ImageSource(
            target="lth.data.digits:digits",
            about="scikit-learn's bundled 8x8 handwritten digits, scaled to 28x28; no download",
            channels=1,
            size=28,
            classes=10,
            train=1_297,
            test=500,
            licence="CC BY 4.0 (UCI Machine Learning Repository)",
        ),
        "letters": ImageSource(
            target="lth.data.letters:letters",
            about="letters A-J in matplotlib's bundled fonts, distorted and noisy; drawn from a seed, no download",
            channels=1,
            size=28,
            classes=10,
            train=4_000,
            test=1_000,
            licence="generated by this project (MIT) from matplotlib's bundled fonts",
        ),
        "textures": ImageSource(
            target="lth.data.textures:textures",
            about="ten kinds of texture in random shapes; drawn from a seed, no download",
            channels=1,
            size=28,
            classes=10,
            train=4_000,
            test=1_000,
            licence="generated by this project (MIT)",
        ),
        "sst2": TextSource(
            target="lth.text.sources:sst2",
            about="GLUE's SST-2: film reviews' phrases, negative or positive (Socher et al. 2013)",
            classes=2,
            train=67_349,
            test=872,
        ),
        "qqp": TextSource(
            target="lth.text.sources:qqp",
            about="GLUE's QQP: pairs of questions, the same or not (Iyer et al. 2017)",
            classes=2,
            train=363_846,
            test=40_430,
        ),
        "qqp_subset": TextSource(
            target="lth.text.sources:qqp_subset",
            about="part of QQP in GLUE's columns, from a folder; figures on it are not GLUE QQP figures",
            classes=2,
            train=363_846,
            test=40_430,
        ),
        "opinions": TextSource(
            target="lth.text.drawn:opinions",
            about="short sentences for or against something; drawn from a seed, no download",
            classes=2,
            train=2_000,
            test=500,
            licence="generated by this project (MIT)",
        ),
        "paraphrases": TextSource(
            target="lth.text.drawn:paraphrases",
            about="pairs of sentences that say the same or not; drawn from a seed, no download",
            classes=2,
            train=2_000,
            test=500,
            licence="generated by this project (MIT)",
        ),
    },
    families={
        "folder": Family(
            target="lth.data.folders:folder_source",
            about="a folder of image files, one folder a class: PATH/train/CLASS/*.png, perhaps PATH/test/CLASS/*.png",
            form="folder:PATH",
        ),
        "npz": Family(
            target="lth.data.npz:npz_source",
            about="arrays in a file of numpy: train_images, train_labels, perhaps test_images, test_labels, classes",
            form="npz:PATH",
        ),
    },
)
"""All sources by name."""
