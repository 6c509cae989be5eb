"""The loop that a reader of the papers would write: torchvision's data set, a DataLoader, Adam, masks after each step.

Nothing here is made slow on purpose, and nothing is tuned: every line is what the tutorials of torch and torchvision
show, at their defaults. Only the mask is ours to add, and it is multiplied into the weights after each step, as most
published code does.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms


class Pictures(Dataset[tuple[Tensor, int]]):
    """Images in memory, handed out as torchvision's MNIST does: through Pillow, then the transform.

    Stands in for it where there is no MNIST folder (embedded data).
    """

    def __init__(self, images: NDArray[np.uint8], labels: NDArray[np.int64], transform: Any) -> None:
        self.images, self.labels, self.transform = images, labels, transform

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        """Image `index`, float32 [1, height, width], and its label."""
        return self.transform(Image.fromarray(self.images[index])), int(self.labels[index])


def to_input(mean: float, std: float) -> transforms.Compose:
    """Pillow image to network input; mean and standard deviation of pixels between 0 and 1."""
    return transforms.Compose([transforms.ToTensor(), transforms.Normalize((mean,), (std,))])


def make_loader(dataset: Dataset[Any], batch: int, seed: int = 0) -> DataLoader[Any]:
    """Shuffled batches, loaded in the training process, which is the default."""
    return DataLoader(dataset, batch_size=batch, shuffle=True, generator=torch.Generator().manual_seed(seed))


def train_epoch(
    network: nn.Module,
    batches: Iterable[tuple[Tensor, Tensor]],
    optimiser: torch.optim.Optimizer,
    masks: Mapping[str, Tensor],
) -> tuple[float, float]:
    """One pass over the batches; mean loss in nats and accuracy in percent along the way.

    Args:
        network: trained in place.
        batches: usually a DataLoader.
        optimiser: over the network's parameters.
        masks: float32 0 or 1, by parameter name.
    """
    network.train()
    total_loss, correct, seen = 0.0, 0, 0
    for images, labels in batches:
        optimiser.zero_grad()
        logits = network(images)
        loss = functional.cross_entropy(logits, labels)
        loss.backward()
        optimiser.step()
        with torch.no_grad():
            for name, parameter in network.named_parameters():
                if name in masks:
                    parameter.mul_(masks[name])
        total_loss += loss.item() * len(labels)
        correct += (logits.argmax(1) == labels).sum().item()
        seen += len(labels)
    return total_loss / seen, 100 * correct / seen
