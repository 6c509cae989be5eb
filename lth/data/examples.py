"""What every data set in memory has, whether it holds images or texts, and how it is read from its artifact."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, Self

import torch
from torch import Tensor, nn

from lth.artifacts.repair import advice
from lth.artifacts.tensors import check_range, check_tensor, read_metadata
from lth.catalog.kinds import FEEDS, HELD
from lth.config.training import Augmentation
from lth.errors import UserError
from lth.printable import printable

SplitName = Literal["train", "validation", "test"]
SPLITS: tuple[SplitName, ...] = ("train", "validation", "test")


class Labelled(Protocol):
    """A split: inputs of some kind, and a label for each."""

    @property
    def labels(self) -> Tensor:
        """int64 [examples]."""

    def __len__(self) -> int: ...


class Examples(ABC):
    """A data set with its three splits; the training split trains, validation decides, the test split only reports."""

    kind: ClassVar[str]
    """What its artifact is called, and its entry in `lth.catalog.kinds`."""
    noun: ClassVar[str]
    """What its examples are called: images, sentences."""
    name: str
    classes: tuple[str, ...]
    """Class names; label i is `classes[i]`."""
    splits: Mapping[SplitName, Labelled]

    @abstractmethod
    def save(self, path: Path) -> None:
        """Write the artifact."""

    @classmethod
    @abstractmethod
    def load(cls, path: Path) -> Self:
        """Read the artifact; raises UserError where it is damaged."""

    def feed(self, device: torch.device, augment: Augmentation | None = None) -> "Feed":
        """The data set on a device, in batches. Through a table: who only prepares data does not depend on it."""
        found: Feed = FEEDS[self.kind].load()(self, device, augment)
        return found

    @abstractmethod
    def few(self, rows: Tensor) -> Self:
        """The same data set with these rows of its training split only: int64 [rows]."""


class Feed(ABC):
    """Batches for training, which the seed orders, and for scoring, which are all examples in order."""

    splits: Mapping[SplitName, Labelled]
    """On the device."""
    device: torch.device
    classes: int

    def epoch_steps(self, batch: int) -> int:
        """Batches in an epoch; the last may be smaller."""
        return -(-len(self.splits["train"]) // batch)

    def suit(self, network: nn.Module) -> None:  # noqa: B027
        """Lay batches out in memory as a network is fastest with, or as its code may expect them."""

    def compile_augmentation(self, images: int) -> str:  # noqa: ARG002
        """Augment by compiled code where that is possible and worth it; why it cannot though it would be, or nothing.

        Args:
            images: examples of the whole training.
        """
        return ""

    @abstractmethod
    def draws(self, batch: int, seed: int, first: int, steps: int) -> Iterator[Any]:
        """What the batches of steps `first` to `steps` - 1 are, before they are made: a few numbers, on the device once
        an epoch. Every training example once an epoch, in the seed's order."""

    @abstractmethod
    def made(self, drawn: Any) -> tuple[Any, Tensor]:
        """The batch of a draw: what the network takes, and labels int64 [B].

        Nothing is read back from the device for it, so that no step waits for a GPU.
        """

    @abstractmethod
    def scoring_batches(self, name: SplitName) -> Iterator[tuple[Any, Tensor]]:
        """Every example of a split once, in order."""

    @abstractmethod
    def weight_uses(self, network: nn.Module) -> dict[str, int]:
        """How often one example uses each weight of every prunable layer, by parameter name."""

    @abstractmethod
    def inputs(self, rows: Tensor) -> Any:
        """Training examples as the network takes them: int64 [rows] on the device."""

    def sampled(self, per_class: int) -> int:
        """How many examples `sample` gives."""
        counts = torch.bincount(self.splits["train"].labels, minlength=self.classes)  # [classes]
        return int(counts.clamp(max=per_class).sum())

    def sample(self, per_class: int, stream: torch.Generator) -> tuple[Any, Tensor]:
        """Training examples, equally many of each class (all of a class that has fewer), and their labels."""
        labels = self.splits["train"].labels.cpu()
        order = torch.randperm(len(labels), generator=stream)  # [examples]
        of_class = [order[labels[order] == label][:per_class] for label in range(self.classes)]
        rows = torch.cat(of_class).to(self.device)
        return self.inputs(rows), self.splits["train"].labels[rows]


def load_examples(path: Path) -> Examples:
    """Read a prepared data set of either kind; raises UserError where it is damaged, or is none."""
    kind = read_metadata(path)["kind"]
    held = HELD[kind].load() if kind in HELD else HELD["dataset"].load()  # which says what is wrong with it
    examples: Examples = held.load(path)
    return examples


def check_classes(path: Path, classes: Any) -> tuple[str, ...]:
    """The names of an artifact's classes; raises UserError where they are none."""
    if not isinstance(classes, list) or not classes or not all(isinstance(name, str) for name in classes):
        raise UserError(f"{printable(path)}: has no valid 'classes' in its metadata", advice(path))
    return tuple(classes)


def check_labels(path: Path, split: SplitName, tensors: Mapping[str, Tensor], examples: int, classes: int) -> Tensor:
    """The labels of a split of an artifact, int64 [examples]; raises UserError where they are none."""
    name = f"{split}/labels"
    labels = check_tensor(path, name, tensors.get(name), torch.int16, examples)
    return check_range(path, name, labels, 0, classes - 1).long()
