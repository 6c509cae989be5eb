"""Images on a device, and how their batches become network input."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lth.config.training import Augmentation
from lth.data.augment import Changes, draw_changes, moves_whole_pixels, recoloured, relocated
from lth.data.batches import epoch_order, normalise, sent
from lth.data.examples import Feed, SplitName
from lth.data.images import Images, Split
from lth.machine import NO_NUMBA, has_numba
from lth.networks.cost import weight_uses
from lth.networks.own import memory_layout

_SCORING_BATCH = 125
"""Images scored at once; with 500, activations outgrow the cache and `lenet5` takes half as long again."""
_SCORING_BATCH_ON_GPU = 1000
"""A GPU has no such cache, and each batch costs it the start of every kernel."""
WORTH_COMPILING = 500_000
"""Training images of a training from which on augmentation is compiled: each saves some 4 microseconds, and starting
numba takes half a second. Who moves pixels changes no byte."""


@dataclass(frozen=True)
class Drawn:
    """What the images of a batch are, before they are made: a few numbers for each, on the device."""

    rows: Tensor
    """int64 [B]: which training images."""
    changes: Changes | None
    """What augmentation does to them."""

    def __len__(self) -> int:
        return len(self.rows)

    def clone(self) -> "Drawn":
        """A copy."""
        return Drawn(self.rows.clone(), self.changes and self.changes.clone())

    def copy_(self, other: "Drawn") -> None:
        """Take over the numbers of another batch of the same size, in place."""
        self.rows.copy_(other.rows)
        if self.changes and other.changes:
            self.changes.copy_(other.changes)


class ImageFeed(Feed):
    """Images as network input: float32 [B, C, H, W], mean 0 and standard deviation 1."""

    splits: dict[SplitName, Split]

    def __init__(self, images: Images, device: torch.device, augment: Augmentation | None = None) -> None:
        self.splits = {n: Split(s.images.to(device), s.labels.to(device)) for n, s in images.splits.items()}
        self.mean, self.std, self.device = images.mean.to(device), images.std.to(device), device
        self.classes, self.augment = len(images.classes), augment
        self._layout = torch.channels_last
        self._pixels: NDArray[np.uint8] | None = None  # of all training images, where compiled code moves them

    def suit(self, network: nn.Module) -> None:
        """Channels last in memory, with which convolutions run faster; code of the user's may say `view`, which fails
        on what comes of them, so its images are as torch has them by default."""
        self._layout = memory_layout(network)

    def inputs(self, rows: Tensor) -> Tensor:
        """Training images as the network takes them."""
        return self._normalised(self.splits["train"].images[rows])

    def weight_uses(self, network: nn.Module) -> dict[str, int]:
        """How often one image uses each weight, found by sending one through."""
        return weight_uses(network, self._normalised(self.splits["train"].images[:1]))

    def _normalised(self, images: Tensor) -> Tensor:
        """uint8 to float32 [B, C, H, W]."""
        found = normalise(images, self.mean, self.std).contiguous(memory_format=self._layout)
        if self._layout is torch.contiguous_format:  # images of one channel count as both, whatever their strides
            return found.flatten().view(found.shape)
        return found

    def draws(self, batch: int, seed: int, first: int, steps: int) -> Iterator[Drawn]:
        """The images of steps `first` to `steps` - 1: every training image once an epoch, in the seed's order."""
        size, epoch_steps, step = len(self.splits["train"]), self.epoch_steps(batch), first
        while step < steps:
            epoch, skipped = divmod(step, epoch_steps)
            order = sent(epoch_order(size, seed, epoch + 1), self.device)
            changes = self.changes(seed, epoch + 1)
            for number, rows in enumerate(order.split(batch)[skipped : skipped + steps - step], start=skipped):
                yield Drawn(rows, changes[number * batch : (number + 1) * batch] if changes else None)
                step += 1

    def made(self, drawn: Drawn) -> tuple[Tensor, Tensor]:
        """Those images as the network's input, augmented, and their labels."""
        split = self.splits["train"]
        images = self._moved(drawn)
        if drawn.changes:
            images = recoloured(images, drawn.changes, self.mean)
        return self._normalised(images), split.labels.index_select(0, drawn.rows)

    def _moved(self, drawn: Drawn) -> Tensor:
        """uint8 [B, C, H, W]: the images of a draw, cropped, mirrored, turned and shifted."""
        images, changes = self.splits["train"].images, drawn.changes
        if changes and self._pixels is not None:
            from lth.data.compiled_moves import Shape, moved, moves_of

            size, shape = len(drawn), Shape(*images.shape[1:])
            found = moved(self._pixels, drawn.rows.numpy(), moves_of(changes, size, size), 0, shape)
            return torch.from_numpy(found).view(size, *shape)
        # ten times faster than indexing, which has to allow for more than one row of indices
        chosen = images.index_select(0, drawn.rows)
        return relocated(chosen, changes) if changes else chosen

    def compile_augmentation(self, images: int) -> str:
        """Move pixels by compiled code from here on, to the same bytes, where augmentation moves pixels on a CPU and so
        many images are worth the start of it."""
        if self.augment is None or not moves_whole_pixels(self.augment):
            return ""
        if self.device.type != "cpu" or images < WORTH_COMPILING:
            return ""
        if not has_numba():
            return NO_NUMBA
        self._pixels = self.splits["train"].images.contiguous().numpy().reshape(-1)
        return ""

    def changes(self, seed: int, epoch: int) -> Changes | None:
        """What augmentation does to the images of an epoch (from 1), in the order in which they are visited."""
        if self.augment is None:
            return None
        images = self.splits["train"].images  # [images, channels, height, width]
        return draw_changes(self.augment, len(images), images.shape[2], images.shape[3], seed=seed, epoch=epoch).to(
            self.device
        )

    def scoring_batches(self, name: SplitName) -> Iterator[tuple[Tensor, Tensor]]:
        """Every image of a split once, in order."""
        split, batch = self.splits[name], _SCORING_BATCH if self.device.type == "cpu" else _SCORING_BATCH_ON_GPU
        for start in range(0, len(split), batch):
            rows = slice(start, start + batch)
            yield self._normalised(split.images[rows]), split.labels[rows]
