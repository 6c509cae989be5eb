"""Where data come from: the table of sources, with the facts that a study is checked against beforehand."""

from dataclasses import dataclass
from typing import ClassVar

from lth.catalog.registry import Entry, Registry

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


@dataclass(frozen=True, kw_only=True)
class ImageSource(Source):
    """Square images, all of one size."""

    kind: ClassVar[str] = "dataset"
    channels: int
    size: int


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
        ),
        "fashion_mnist": ImageSource(
            target="lth.data.vision:fashion_mnist",
            about="articles of clothing (Xiao, Rasul, Vollgraf 2017)",
            channels=1,
            size=28,
            classes=10,
            train=60_000,
            test=10_000,
        ),
        "cifar10": ImageSource(
            target="lth.data.vision:cifar10",
            about="colour photographs of animals and vehicles (Krizhevsky 2009)",
            channels=3,
            size=32,
            classes=10,
            train=50_000,
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
        ),
        "letters": ImageSource(
            target="lth.data.letters:letters",
            about="letters A-J in matplotlib's bundled fonts, distorted and noisy; drawn from a seed, no download",
            channels=1,
            size=28,
            classes=10,
            train=4_000,
            test=1_000,
        ),
        "textures": ImageSource(
            target="lth.data.textures:textures",
            about="ten kinds of texture in random shapes; drawn from a seed, no download",
            channels=1,
            size=28,
            classes=10,
            train=4_000,
            test=1_000,
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
        ),
        "paraphrases": TextSource(
            target="lth.text.drawn:paraphrases",
            about="pairs of sentences that say the same or not; drawn from a seed, no download",
            classes=2,
            train=2_000,
            test=500,
        ),
    }
)
"""All sources by name."""
