"""A data set of tokenised texts in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from lth.artifacts.tensors import check_range, check_tensor, read_tensors, write_tensors
from lth.data.examples import SPLITS, Examples, SplitName, check_classes, check_labels


@dataclass(frozen=True)
class Tokens:
    """Some texts as an encoder takes them, cut to the longest of them."""

    ids: Tensor
    """int32 [texts, tokens]: padded at the end."""
    lengths: Tensor
    """int16 [texts]: tokens of each, without padding."""
    second: Tensor
    """int16 [texts]: where the second text of a pair begins; the length, where there is none."""
    padded: bool | None = None
    """Whether any is shorter than the longest; None where that has to be looked up, for which a GPU is waited for."""

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, rows: Tensor | slice) -> "Tokens":
        """Some of them, cut to the longest of those."""
        ids, lengths, second = self.ids[rows], self.lengths[rows], self.second[rows]
        longest = int(lengths.max()) if len(lengths) else 0
        return Tokens(ids[:, :longest], lengths, second)

    def chosen(self, rows: Tensor, lengths: Tensor) -> "Tokens":
        """Some of them, cut to the longest of those, without reading anything back from their device.

        Args:
            rows: int64 [texts], on their device.
            lengths: of those texts, on the CPU; at least one.
        """
        longest, shortest = int(lengths.max()), int(lengths.min())
        ids, second = self.ids.index_select(0, rows)[:, :longest], self.second.index_select(0, rows)
        return Tokens(ids, self.lengths.index_select(0, rows), second, shortest < longest)

    def to(self, device: torch.device) -> "Tokens":
        """On a device."""
        return Tokens(self.ids.to(device), self.lengths.to(device), self.second.to(device), self.padded)

    @property
    def attended(self) -> Tensor | None:
        """bool [texts, tokens]: what is no padding; None where nothing is padding, which is faster."""
        padded = not bool((self.lengths == self.ids.shape[1]).all()) if self.padded is None else self.padded
        if not padded:
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
        """Read the artifact; raises UserError where it is damaged, or holds what no data set of texts does."""
        tensors, metadata = read_tensors(path, "texts")
        classes, vocabulary = check_classes(path, metadata["classes"]), int(metadata["vocabulary"])
        splits: dict[SplitName, TextSplit] = {}
        for name in SPLITS:
            tokens = _tokens(path, name, tensors, vocabulary)
            splits[name] = TextSplit(tokens, check_labels(path, name, tensors, len(tokens), len(classes)))
        return cls(metadata["name"], splits, classes, metadata["tokenizer"], vocabulary)

    def few(self, rows: Tensor) -> "Texts":
        """The same data set with these rows of its training split only."""
        train = self.splits["train"]
        return replace(self, splits={**self.splits, "train": TextSplit(train.tokens[rows], train.labels[rows])})


def _tokens(path: Path, split: SplitName, tensors: Mapping[str, Tensor], vocabulary: int) -> Tokens:
    """The tokens of a split, checked."""

    def found(part: str, dtype: torch.dtype, *shape: int | None) -> Tensor:
        return check_tensor(path, f"{split}/{part}", tensors.get(f"{split}/{part}"), dtype, *shape)

    ids = found("ids", torch.int32, None, None)
    texts, longest = ids.shape
    lengths, second = found("lengths", torch.int16, texts), found("second", torch.int16, texts)
    check_range(path, f"{split}/ids", ids, 0, vocabulary - 1)
    check_range(path, f"{split}/lengths", lengths, 1, longest)
    check_range(path, f"{split}/second", second, 0, longest)
    return Tokens(ids, lengths, second)
