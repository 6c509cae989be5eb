"""A data set of tokenised texts in memory."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from lth.artifacts import read_tensors, write_tensors
from lth.data.examples import SPLITS, Examples, SplitName


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

    kind: ClassVar[str] = "texts"
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

    def few(self, rows: Tensor) -> "Texts":
        """The same data set with these rows of its training split only."""
        train = self.splits["train"]
        return replace(self, splits={**self.splits, "train": TextSplit(train.tokens[rows], train.labels[rows])})
