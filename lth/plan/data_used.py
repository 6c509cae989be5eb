"""The data that a ticket was found on."""

from dataclasses import dataclass

from lth.catalog.datasets import SOURCES
from lth.plan.plan import Plan


@dataclass(frozen=True)
class DataUsed:
    """A data set of a study."""

    dataset: str
    """Its name in the study."""
    source: str
    licence: str | None
    """None for the user's own data: it is not in their files, which may be gone."""
    about: str = ""
    """What a source's data are; of the user's own, nothing."""

    @classmethod
    def of(cls, dataset: str, source: str) -> "DataUsed":
        """The facts of a source."""
        if SOURCES.family_of(source):
            return cls(dataset, source, None)
        return cls(dataset, source, SOURCES[source].licence, SOURCES[source].about)


def data_used(plan: Plan, ticket: str, round_: int) -> list[DataUsed]:
    """The data sets that a round and all that it was made from are trained on, in the order of their last use.

    The last one is the round's own.
    """
    used = dict.fromkeys(plan.dataset(*place) for place in plan.lineage(ticket, round_))
    return [DataUsed.of(dataset, plan.study.datasets[dataset].source) for dataset in reversed(used)]
