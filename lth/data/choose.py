"""Which examples of a source each split takes."""

from typing import Protocol

import torch
from numpy.typing import NDArray
from torch import Tensor

from lth.config.data import Dataset
from lth.data.examples import SplitName
from lth.errors import UserError
from lth.seeds import generator


class Labels(Protocol):
    """What a source tells of its examples here."""

    @property
    def train_labels(self) -> NDArray: ...  # type: ignore[type-arg]

    @property
    def test_labels(self) -> NDArray: ...  # type: ignore[type-arg]


def choose(name: str, spec: Dataset, raw: Labels, noun: str = "images") -> dict[SplitName, Tensor]:
    """Which examples each split takes: ascending positions in the source; raises UserError if there are too few."""
    labels, test_labels = torch.from_numpy(raw.train_labels), torch.from_numpy(raw.test_labels)
    wanted, there = spec.validation + (spec.train or 1), len(labels)
    if wanted > there:
        raise UserError(
            f"datasets.{name}: {spec.validation} validation and {spec.train or 'some'} training {noun} are asked for, "
            f"but {spec.source} has only {there} to share out; lower `validation` or `train`"
        )
    if (spec.test or 0) > len(test_labels):
        raise UserError(
            f"datasets.{name}: {spec.test} test {noun} are asked for, but {spec.source} has only {len(test_labels)}; "
            f"lower `test` or leave it out"
        )
    validation = stratified(labels, spec.validation, generator(spec.split_seed, "validation split"))
    rest = torch.ones(there, dtype=torch.bool).index_fill_(0, validation, value=False).nonzero().flatten()
    train = stratified(labels[rest], spec.train or len(rest), generator(spec.split_seed, "training subset"))
    test = stratified(test_labels, spec.test or len(test_labels), generator(spec.split_seed, "test subset"))
    return {"train": rest[train], "validation": validation, "test": test}


def stratified(labels: Tensor, count: int, random: torch.Generator, which: torch.Generator | None = None) -> Tensor:
    """Positions of `count` examples, drawn so that each class has its share, to within less than one image.

    Shares are whole parts of count x class size / examples; what is missing to `count` goes, one each, to the classes
    with the largest remainders (the lower label first where they are equal), or to classes that are drawn.

    Args:
        labels: int64 [examples].
        count: at most as many as there are.
        random: decides which examples of a class.
        which: draws the classes that have one more, each with a probability in proportion to its remainder, so that
            over many draws each class has its share exactly. Without it they are the same in each draw.

    Returns:
        int64 [count], ascending.
    """
    sizes = torch.bincount(labels)
    shares, remainders = sizes * count // len(labels), sizes * count % len(labels)
    missing = count - int(shares.sum())
    if which is None:
        shares[remainders.argsort(descending=True, stable=True)[:missing]] += 1
    elif missing:
        shares[_drawn_in_proportion(remainders, len(labels), which)] += 1
    order = torch.randperm(len(labels), generator=random)
    drawn = [order[labels[order] == label][:share] for label, share in enumerate(shares.tolist())]
    return torch.cat(drawn).sort().values


def _drawn_in_proportion(remainders: Tensor, whole: int, random: torch.Generator) -> Tensor:
    """Different classes, each with the probability remainder / whole: systematic sampling in a random order.

    Args:
        remainders: int64 [classes], each below `whole`; their sum is a multiple of it, and says how many are drawn.
        whole: see there.
        random: draws the order and where the first one lies.
    """
    order = torch.randperm(len(remainders), generator=random)
    ends = remainders[order].cumsum(0)
    first = torch.randint(whole, (1,), generator=random)
    points = torch.arange(0, int(ends[-1]), whole) + first
    return order[torch.searchsorted(ends, points, right=True)]
