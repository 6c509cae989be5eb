"""What the names of sources and architectures in a study stand for, where there is one of that name."""

from lth.config.draft import Unknown
from lth.config.models import Dataset, Network
from lth.data.sources import SOURCES, Source
from lth.networks import ARCHITECTURES, Architecture


def source_of(dataset: Dataset) -> Source:
    """The source of a data set; raises Unknown if there is none of that name."""
    if dataset.source not in SOURCES:
        raise Unknown
    return SOURCES[dataset.source]


def architecture_of(network: Network) -> Architecture:
    """The architecture of a network; raises Unknown if there is none of that name."""
    if network.architecture not in ARCHITECTURES:
        raise Unknown
    return ARCHITECTURES[network.architecture]
