"""Images on a device, and how their batches become network input."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from lth.config.training import Augmentation
from lth.data.augment import Changes, augmented, draw_changes
from lth.data.batches import epoch_order, normalise
from lth.data.examples import Feed, SplitName
from lth.data.images import Images, Split
from lth.networks.cost import weight_uses
from lth.networks.own import memory_layout

_SCORING_BATCH = 125
"""Images scored at once; with 500, activations outgrow the cache and `lenet5` takes half as long again."""


class ImageFeed(Feed):
    """Images as network input: float32 [B, C, H, W], mean 0 and standard deviation 1."""

    splits: dict[SplitName, Split]

    def __init__(self, images: Images, device: torch.device, augment: Augmentation | None = None) -> None:
        self.splits = {n: Split(s.images.to(device), s.labels.to(device)) for n, s in images.splits.items()}
        self.mean, self.std, self.device = images.mean.to(device), images.std.to(device), device
        self.classes, self.augment = len(images.classes), augment
        self._layout = torch.channels_last

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

    def training_batches(self, batch: int, seed: int, first: int, steps: int) -> Iterator[tuple[Tensor, Tensor]]:
        """The batches of steps `first` to `steps` - 1: every training image once an epoch, in the seed's order."""
        split, epoch_steps, step = self.splits["train"], self.epoch_steps(batch), first
        while step < steps:
            epoch, skipped = divmod(step, epoch_steps)
            order = epoch_order(len(split), seed, epoch + 1).to(self.device)
            changes = self._changes(seed, epoch + 1)
            for number, rows in enumerate(order.split(batch)[skipped : skipped + steps - step], start=skipped):
                # ten times faster than indexing, which has to allow for more than one row of indices
                images = split.images.index_select(0, rows)
                if changes:
                    images = augmented(images, changes[number * batch : (number + 1) * batch], self.mean)
                yield self._normalised(images), split.labels.index_select(0, rows)
                step += 1

    def _changes(self, seed: int, epoch: int) -> Changes | None:
        """What augmentation does to the images of an epoch, in the order in which they are visited."""
        if self.augment is None:
            return None
        images = self.splits["train"].images  # [images, channels, height, width]
        return draw_changes(self.augment, len(images), images.shape[2], images.shape[3], seed=seed, epoch=epoch).to(
            self.device
        )

    def scoring_batches(self, name: SplitName) -> Iterator[tuple[Tensor, Tensor]]:
        """Every image of a split once, in order."""
        split = self.splits[name]
        for start in range(0, len(split), _SCORING_BATCH):
            rows = slice(start, start + _SCORING_BATCH)
            yield self._normalised(split.images[rows]), split.labels[rows]
