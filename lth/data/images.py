"""A data set of images in memory, as bytes with the numbers that normalise them."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from lth.artifacts.tensors import check_tensor, read_tensors, write_tensors
from lth.data.examples import SPLITS, Examples, SplitName, check_classes, check_labels


@dataclass(frozen=True)
class Split:
    """Labelled images."""

    images: Tensor
    """uint8 [images, channels, height, width]."""
    labels: Tensor
    """int64 [images]."""

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, repr=False)
class Images(Examples):
    """A data set of images."""

    kind: ClassVar[str] = "dataset"
    noun: ClassVar[str] = "images"
    name: str
    splits: dict[SplitName, Split]
    classes: tuple[str, ...]
    mean: Tensor
    """float32 [channels], of the training split, in pixel units (0 to 255)."""
    std: Tensor
    """float32 [channels], likewise."""

    def __repr__(self) -> str:
        sizes = ", ".join(f"{len(split)} {name}" for name, split in self.splits.items())
        shape = "x".join(map(str, self.splits["train"].images.shape[1:]))
        return f"<Images '{self.name}': {sizes}; {shape}, {len(self.classes)} classes>"

    def save(self, path: Path) -> None:
        """Write the artifact."""
        tensors = {"mean": self.mean, "std": self.std}
        for name, split in self.splits.items():
            tensors[f"{name}/images"] = split.images
            tensors[f"{name}/labels"] = split.labels.to(torch.int16)
        write_tensors(path, "dataset", tensors, {"name": self.name, "classes": list(self.classes)})

    @classmethod
    def load(cls, path: Path) -> "Images":
        """Read the artifact; raises UserError where it is damaged, or holds what no data set of images does."""
        tensors, metadata = read_tensors(path, "dataset")
        classes = check_classes(path, metadata["classes"])
        mean = check_tensor(path, "mean", tensors.get("mean"), torch.float32, None)
        std = check_tensor(path, "std", tensors.get("std"), torch.float32, len(mean))
        splits: dict[SplitName, Split] = {}
        for name in SPLITS:
            title = f"{name}/images"
            images = check_tensor(path, title, tensors.get(title), torch.uint8, None, len(mean), None, None)
            splits[name] = Split(images, check_labels(path, name, tensors, len(images), len(classes)))
        return cls(metadata["name"], splits, classes, mean, std)

    def few(self, rows: Tensor) -> "Images":
        """The same data set with these rows of its training split only."""
        train = self.splits["train"]
        return replace(self, splits={**self.splits, "train": Split(train.images[rows], train.labels[rows])})
