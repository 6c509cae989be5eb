"""What a page shows of a ticket: its layers over the rounds, with masks, counts and histograms of weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from lth.analysis.pictures.grids import Detail, cells
from lth.analysis.pictures.rounds import Chain, accuracies
from lth.analysis.tables.cells import layer_labels
from lth.artifacts.tickets import Ticket
from lth.errors import UserError
from lth.printable import printable

BINS = 61
"""Of a histogram; odd, so that one lies around 0."""


@dataclass(frozen=True, kw_only=True)
class Histogram:
    """How many weights lie in each of `BINS` equal parts of a range around 0; the outermost hold what lies beyond."""

    limit: float
    """The end of the range of initial weights: the largest of the first round that is shown."""
    reach: float
    """That of trained weights: all but a hundredth of them, of all rounds, lie within."""
    first: list[int]
    """The initial weights kept in the first round that is shown."""
    initial: list[list[int]]
    """Of each round the initial weights kept in it."""
    trained: list[list[int] | None]
    """Of each round the same weights after training; None where they were not kept."""


@dataclass(frozen=True, kw_only=True)
class DrawnLayer:
    """A layer of a ticket over its rounds."""

    name: str
    label: str
    shape: tuple[int, ...]
    image: tuple[int, int, int] | None
    """Channels, height and width of the images that its inputs are, if it is a linear layer that reads images."""
    kept: list[int]
    cells: NDArray[np.bool_] | NDArray[np.uint8]
    """[rounds, rows, columns], as `lth.analysis.pictures.grids.cells` makes them."""
    looks: NDArray[np.uint16] | None
    """[rounds, height, width]: kept weights of all units on each place of the image, all channels together."""
    weights: Histogram

    @property
    def total(self) -> int:
        """Kept and pruned weights."""
        return prod(self.shape)


@dataclass(frozen=True, kw_only=True)
class DrawnTicket:
    """A ticket over its rounds."""

    title: str
    datasets: list[str]
    """Of each round the one that it is trained on; empty where the file does not say."""
    rounds: list[int]
    accuracy: list[float | None]
    layers: list[DrawnLayer]

    @property
    def several_datasets(self) -> bool:
        """Whether its rounds are trained on different data sets, so that their accuracies are not comparable."""
        return len({*self.datasets}) > 1

    def density(self, place: int) -> float:
        """Share of weights kept in a round, by its place."""
        return sum(layer.kept[place] for layer in self.layers) / sum(layer.total for layer in self.layers)


def drawn_ticket(chain: Chain, detail: Detail) -> DrawnTicket:
    """Read a chain, one round at a time.

    Raises:
        UserError: a file is damaged, or rounds of the chain are of different networks.
    """
    layers: list[_Layer] = []
    datasets: list[str] = []
    reach = _reach(chain)
    for one in chain.rounds:
        ticket = one.read()
        datasets.append(printable(ticket.provenance.get("dataset") or "", 60))
        shapes = [(name, tuple(mask.shape)) for name, mask in ticket.masks.items()]
        if not layers:
            labels = labels_of(shapes)
            layers = [_Layer(name, label, shape, detail) for (name, shape), label in zip(shapes, labels, strict=True)]
            layers[0].image = images_read(ticket, *shapes[0])
            for layer in layers:
                layer.limit = float(ticket.weights[layer.name].abs().max()) or 1.0
                layer.reach = reach.get(layer.name, 1.0)
        if shapes != [(layer.name, layer.shape) for layer in layers]:
            raise UserError(f"{printable(chain.title)}: round {one.number} is of another network than the first one")
        trained = one.trained() if one.trained else None
        for layer in layers:
            layer.add(ticket.masks[layer.name], ticket.weights[layer.name], trained)
    return DrawnTicket(
        title=chain.title,
        datasets=datasets,
        rounds=[one.number for one in chain.rounds],
        accuracy=accuracies(chain),
        layers=[layer.drawn() for layer in layers],
    )


def labels_of(layers: Sequence[tuple[str, tuple[int, ...]]]) -> list[str]:
    """Short names of layers, given names and shapes: the module's, or `conv1`, `fc1`, ... where it has but a number."""
    counts: dict[str, int] = {}
    labels = []
    for (_, shape), label in zip(layers, layer_labels([name for name, _ in layers]), strict=True):
        kind = "fc" if len(shape) == 2 else "conv"
        counts[kind] = counts.get(kind, 0) + 1
        labels.append(f"{kind}{counts[kind]}" if label.startswith("layer ") else label)
    return labels


def images_read(ticket: Ticket, name: str, shape: Sequence[int]) -> tuple[int, int, int] | None:
    """Channels, height and width of the images whose pixels are the inputs of a layer, if it is linear and they fit."""
    told = ticket.provenance.get("network")
    channels, size = (told.get("channels"), told.get("size")) if isinstance(told, Mapping) else (None, None)
    if type(channels) is not int or type(size) is not int or name != next(iter(ticket.masks)):
        return None
    return (channels, size, size) if len(shape) == 2 and shape[1] == channels * size * size else None


def _reach(chain: Chain) -> dict[str, float]:
    """Of each parameter the size that all but a hundredth of its trained weights lie within."""
    reach: dict[str, float] = {}
    for one in chain.rounds:
        for name, weights in (one.trained() if one.trained else {}).items():
            moved = weights[weights != 0].abs().double().numpy()
            if moved.size:
                reach[name] = max(reach.get(name, 0.0), float(np.quantile(moved, 0.99)))
    return reach


class _Layer:
    """A layer while the rounds are read."""

    def __init__(self, name: str, label: str, shape: tuple[int, ...], detail: Detail) -> None:
        self.name, self.label, self.shape, self.detail = name, label, shape, detail
        self.image: tuple[int, int, int] | None = None
        self.limit = self.reach = 1.0
        self._kept: list[int] = []
        self._cells: list[Any] = []
        self._looks: list[NDArray[np.uint16]] = []
        self._initial: list[list[int]] = []
        self._trained: list[list[int] | None] = []

    def add(self, mask: Tensor, weights: Tensor, trained: Mapping[str, Tensor] | None) -> None:
        """The next round."""
        flat = mask.numpy().reshape(self.shape[0], -1)
        self._kept.append(int(flat.sum()))
        self._cells.append(cells(flat, self.detail))
        if self.image:
            self._looks.append(flat.sum(axis=0).reshape(self.image).sum(axis=0).astype(np.uint16))
        self._initial.append(_counts(weights[mask], self.limit))
        self._trained.append(_counts(trained[self.name][mask], self.reach) if trained else None)

    def drawn(self) -> DrawnLayer:
        """All rounds together."""
        return DrawnLayer(
            name=self.name,
            label=self.label,
            shape=self.shape,
            image=self.image,
            kept=self._kept,
            cells=np.stack(self._cells),
            looks=np.stack(self._looks) if self._looks else None,
            weights=Histogram(
                limit=self.limit,
                reach=self.reach,
                first=self._initial[0],
                initial=self._initial,
                trained=self._trained,
            ),
        )


def _counts(values: Tensor, limit: float) -> list[int]:
    places = (values.double().numpy() / limit + 1) / 2 * BINS
    return [int(count) for count in np.bincount(np.clip(places, 0, BINS - 1).astype(np.int64), minlength=BINS)]
