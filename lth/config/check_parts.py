"""Rules of data sets and networks, and whether a data set fits a network."""

from collections.abc import Iterator

from lth.config.check_texts import (
    TEXT_DATASET_RULES,
    TEXT_NETWORK_RULES,
    text_misfit,
)
from lth.config.lookup import architecture_of, source_of
from lth.config.models import Dataset, Network, Study
from lth.config.problems import Fault
from lth.config.wording import listed
from lth.data.sources import ImageSource, Source
from lth.networks import ARCHITECTURES


def misfit(study: Study, dataset: str, network: str) -> str | None:
    """Why the examples of a data set cannot go into a network, or nothing if they can."""
    images, net = study.datasets[dataset], study.networks[network]
    source = source_of(images)
    if not isinstance(source, ImageSource) or architecture_of(net).text:
        return text_misfit(study, dataset, network)
    given = (1 if images.grey else source.channels, images.size or source.size, source.classes)
    if given == (net.channels, net.size, net.classes):
        return None
    advice = [f"`channels: {given[0]}` on the network"] if given[0] != net.channels else []
    if given[0] > net.channels == 1:
        advice = ["`grey: true` on the data set"]
    advice += [f"`size: {net.size}` on the data set"] if given[1] != net.size else []
    advice += [f"`classes: {given[2]}` on the network"] if given[2] != net.classes else []
    return (
        f"data set '{dataset}' has {_shape(*given)}, but network '{network}' takes "
        f"{_shape(net.channels, net.size, net.classes)}; set {' and '.join(advice)}"
    )


def _noun(source: Source) -> str:
    return "images" if isinstance(source, ImageSource) else "texts"


def _shape(channels: int, size: int, classes: int) -> str:
    return f"{channels}x{size}x{size} images in {classes} classes"


def _training_examples(_: Study, name: str, dataset: Dataset) -> Iterator[Fault]:
    """Validation and training examples come from the same source, and none twice."""
    source, path = source_of(dataset), ("datasets", name)
    if dataset.train is None and dataset.validation >= source.train:
        message = f"leaves no training {_noun(source)}: '{dataset.source}' has {source.train}"
        yield (*path, "validation"), f"{message}, found {dataset.validation}; must be below that"
    elif dataset.train is not None and dataset.validation + dataset.train > source.train:
        message = (
            f"more {_noun(source)} than there are: '{dataset.source}' has {source.train} for training and validation"
        )
        left = f"{dataset.train} and {dataset.validation} are asked for; the two must not exceed that"
        yield (*path, "train"), f"{message}, {left}"


def _test_examples(_: Study, name: str, dataset: Dataset) -> Iterator[Fault]:
    source = source_of(dataset)
    if dataset.test is not None and dataset.test > source.test:
        noun = _noun(source)
        message = f"more {noun} than there are: '{dataset.source}' has {source.test} test {noun}"
        yield ("datasets", name, "test"), f"{message}, found {dataset.test}; must be at most that"


def _buildable(_: Study, name: str, network: Network) -> Iterator[Fault]:
    """The architecture is made for images of this size, and has a place for dropout if there is to be some."""
    architecture = architecture_of(network)
    for key, dropout in {"size": 0.0, "dropout": network.dropout}.items():
        if problem := architecture.misfit(network.size, dropout):
            having = [other for other, entry in ARCHITECTURES.items() if entry.dropout]
            others = f"; {listed(having)} have one" if key == "dropout" else ""
            yield ("networks", name, key), f"'{network.architecture}' {problem}{others}"
            return


DATASET_RULES = (_training_examples, _test_examples, *TEXT_DATASET_RULES)
NETWORK_RULES = (_buildable, *TEXT_NETWORK_RULES)
