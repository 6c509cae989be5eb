"""What a study asks of data sets in the user's own files: that they are there, are what they should be, and suffice."""

from collections.abc import Iterator

from lth.config.base import Fault
from lth.config.study import Study
from lth.errors import UserError


def own_sources(study: Study) -> Iterator[Fault]:
    """Every fault of them; as long as there is one, nothing else can be said that needs their facts."""
    for name, dataset in study.datasets.items():
        if not dataset.is_own:
            continue
        try:
            faults = [*dataset.misuses()]
        except UserError as error:
            faults = [(("source",), str(error))]
        yield from ((("datasets", name, *path), message) for path, message in faults)
