"""What a study asks of data sets in the user's own files: that they are there, are what they should be, and suffice."""

from collections.abc import Iterator

from lth.catalog.source import DATA_ROOT
from lth.config.base import Fault
from lth.config.study import Study
from lth.data.root import data_root
from lth.errors import UserError


def own_sources(study: Study) -> Iterator[Fault]:
    """Every fault of them; as long as there is one, nothing else can be said that needs their facts."""
    own = {name: dataset for name, dataset in study.datasets.items() if dataset.is_own}
    for name, dataset in own.items():
        try:
            DATA_ROOT.set(data_root(study.data_root))
            faults = [*dataset.misuses()]
        except UserError as error:
            faults = [(("source",), str(error))]
        yield from ((("datasets", name, *path), message) for path, message in faults)
