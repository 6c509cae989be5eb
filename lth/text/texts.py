"""A data set of tokenised texts in memory, and in batches on a device that are no longer than they must be."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor, nn

from lth.artifacts import read_tensors, write_tensors
from lth.config.recipes import Augmentation
from lth.data.batches import epoch_order
from lth.data.examples import SPLITS, Examples, Feed, SplitName
from lth.errors import UserError
from lth.networks.build import prunable_names
from lth.networks.pretrained import Pretrained
from lth.seeds import generator

SCORING_BATCH = 64
"""Texts scored at once; they are sorted by length, so that a batch has hardly any padding."""
WINDOW = 50
"""Batches whose texts are sorted by length together: more would leave less padding and less chance in a batch."""


@dataclass(frozen=True)
class Tokens:
    """Some texts as an encoder takes them, cut to the longest of them."""

    ids: Tensor
    """int32 [texts, tokens]: padded at the end."""
    lengths: Tensor
    """int16 [texts]: tokens of each, without padding."""
    second: Tensor
    """int16 [texts]: where the second text of a pair begins; the length, where there is none."""

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, rows: Tensor | slice) -> "Tokens":
        """Some of them, cut to the longest of those."""
        ids, lengths, second = self.ids[rows], self.lengths[rows], self.second[rows]
        longest = int(lengths.max()) if len(lengths) else 0
        return Tokens(ids[:, :longest], lengths, second)

    def to(self, device: torch.device) -> "Tokens":
        """On a device."""
        return Tokens(self.ids.to(device), self.lengths.to(device), self.second.to(device))

    @property
    def attended(self) -> Tensor | None:
        """bool [texts, tokens]: what is no padding; None where nothing is padding, which is faster."""
        width = self.ids.shape[1]
        if bool((self.lengths == width).all()):
            return None
        return self._places < self.lengths[:, None]

    @property
    def types(self) -> Tensor:
        """int64 [texts, tokens]: 1 in the second text of a pair."""
        return ((self._places >= self.second[:, None]) & (self._places < self.lengths[:, None])).long()

    @property
    def _places(self) -> Tensor:
        return torch.arange(self.ids.shape[1], device=self.ids.device)


@dataclass(frozen=True)
class TextSplit:
    """Labelled texts, in order of their length."""

    tokens: Tokens
    labels: Tensor
    """int64 [texts]."""

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Texts(Examples):
    """A data set of tokenised texts."""

    noun: ClassVar[str] = "texts"
    name: str
    splits: dict[SplitName, TextSplit]
    classes: tuple[str, ...]
    tokenizer: str
    """The model whose tokenizer cut them."""
    vocabulary: int
    """Tokens that the tokenizer knows; ids are below that."""

    def save(self, path: Path) -> None:
        """Write the artifact."""
        tensors = {}
        for name, split in self.splits.items():
            tensors[f"{name}/ids"] = split.tokens.ids
            tensors[f"{name}/lengths"] = split.tokens.lengths
            tensors[f"{name}/second"] = split.tokens.second
            tensors[f"{name}/labels"] = split.labels.to(torch.int16)
        told = {"tokenizer": self.tokenizer, "vocabulary": self.vocabulary}
        write_tensors(path, "texts", tensors, {"name": self.name, "classes": list(self.classes), **told})

    @classmethod
    def load(cls, path: Path) -> "Texts":
        """Read the artifact; raises UserError where it is damaged."""
        tensors, metadata = read_tensors(path, "texts")
        splits: dict[SplitName, TextSplit] = {}
        for name in SPLITS:
            tokens = Tokens(tensors[f"{name}/ids"], tensors[f"{name}/lengths"], tensors[f"{name}/second"])
            splits[name] = TextSplit(tokens, tensors[f"{name}/labels"].long())
        return cls(
            metadata["name"], splits, tuple(metadata["classes"]), metadata["tokenizer"], int(metadata["vocabulary"])
        )

    def feed(self, device: torch.device, augment: Augmentation | None = None) -> Feed:
        """The texts on a device, in batches.

        Raises:
            ValueError: asked to augment them (the study's check does not let that through).
        """
        if augment is not None:
            raise ValueError("texts are not augmented")
        return TextFeed(self, device)

    def few(self, rows: Tensor) -> "Texts":
        """The same data set with these rows of its training split only."""
        train = self.splits["train"]
        return replace(self, splits={**self.splits, "train": TextSplit(train.tokens[rows], train.labels[rows])})


class TextFeed(Feed):
    """Texts as `Tokens`."""

    splits: dict[SplitName, TextSplit]

    def __init__(self, texts: Texts, device: torch.device) -> None:
        self.splits = {n: TextSplit(s.tokens.to(device), s.labels.to(device)) for n, s in texts.splits.items()}
        self.device, self.classes = device, len(texts.classes)
        self.name, self.vocabulary = texts.name, texts.vocabulary

    def inputs(self, rows: Tensor) -> Tokens:
        """Training texts, cut to the longest."""
        return self.splits["train"].tokens[rows]

    def training_batches(self, batch: int, seed: int, first: int, steps: int) -> Iterator[tuple[Tokens, Tensor]]:
        """The batches of steps `first` to `steps` - 1: every training text once an epoch, in the seed's order.

        An epoch's order is drawn; within windows of `WINDOW` batches texts are sorted by length, cut into batches, and
        the batches put into another drawn order, so that batches hardly have padding and lengths come as they may.
        """
        split, epoch_steps, step = self.splits["train"], self.epoch_steps(batch), first
        while step < steps:
            epoch, skipped = divmod(step, epoch_steps)
            batches = bucketed(split.tokens.lengths.cpu(), batch, seed, epoch + 1)
            for rows in batches[skipped : skipped + steps - step]:
                there = rows.to(self.device)
                yield split.tokens[there], split.labels[there]
                step += 1

    def scoring_batches(self, name: SplitName) -> Iterator[tuple[Tokens, Tensor]]:
        """Every text of a split once, in order, which is that of their length."""
        split = self.splits[name]
        for start in range(0, len(split), SCORING_BATCH):
            rows = slice(start, start + SCORING_BATCH)
            yield split.tokens[rows], split.labels[rows]

    def places(self, network: nn.Module) -> dict[str, int]:
        """How often a text uses each weight: once a token, on average over the training texts; the pooler's once.

        Raises:
            UserError: the network has fewer tokens than the texts' tokenizer.
        """
        known = network.vocabulary if isinstance(network, Pretrained) else 0
        if known < self.vocabulary:
            raise UserError(
                f"data set '{self.name}' has tokens up to {self.vocabulary - 1}, but the model knows only {known}: "
                f"its tokenizer belongs to another model; set the data set's `tokenizer` to the network's `model`"
            )
        tokens = round(float(self.splits["train"].tokens.lengths.double().mean()))
        return {name: 1 if "pooler" in name else tokens for name in prunable_names(network)}


def bucketed(lengths: Tensor, batch: int, seed: int, epoch: int) -> list[Tensor]:
    """An epoch's batches: rows int64, each text once; the same for every arm of a seed.

    Args:
        lengths: of all texts, on the CPU.
        batch: texts a batch; the one that is left over is smaller.
        seed: of the order.
        epoch: counted from 1.
    """
    order = epoch_order(len(lengths), seed, epoch)
    windows = [window[lengths[window].argsort(stable=True)] for window in order.split(WINDOW * batch)]
    batches = [rows for window in windows for rows in window.split(batch)]
    shuffled = torch.randperm(len(batches), generator=generator(seed, "bucket order", epoch)).tolist()
    return [batches[place] for place in shuffled]
