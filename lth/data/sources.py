"""Where images come from: the table of sources, with the facts that a study is checked against beforehand."""

from dataclasses import dataclass

from lth.registry import Entry, Registry


@dataclass(frozen=True, kw_only=True)
class Source(Entry):
    """A source of labelled square images, all of one size."""

    channels: int
    size: int
    classes: int
    train: int
    test: int


SOURCES = Registry(
    {
        "mnist": Source(
            target="lth.data.vision:mnist",
            about="handwritten digits (LeCun, Cortes, Burges)",
            channels=1,
            size=28,
            classes=10,
            train=60_000,
            test=10_000,
        ),
        "fashion_mnist": Source(
            target="lth.data.vision:fashion_mnist",
            about="articles of clothing (Xiao, Rasul, Vollgraf 2017)",
            channels=1,
            size=28,
            classes=10,
            train=60_000,
            test=10_000,
        ),
        "cifar10": Source(
            target="lth.data.vision:cifar10",
            about="colour photographs of animals and vehicles (Krizhevsky 2009)",
            channels=3,
            size=32,
            classes=10,
            train=50_000,
            test=10_000,
        ),
        "digits": Source(
            target="lth.data.digits:digits",
            about="scikit-learn's bundled 8x8 handwritten digits, scaled to 28x28; no download",
            channels=1,
            size=28,
            classes=10,
            train=1_297,
            test=500,
        ),
        "letters": Source(
            target="lth.data.letters:letters",
            about="letters A-J in matplotlib's bundled fonts, distorted and noisy; drawn from a seed, no download",
            channels=1,
            size=28,
            classes=10,
            train=4_000,
            test=1_000,
        ),
        "textures": Source(
            target="lth.data.textures:textures",
            about="ten kinds of texture in random shapes; drawn from a seed, no download",
            channels=1,
            size=28,
            classes=10,
            train=4_000,
            test=1_000,
        ),
    }
)
