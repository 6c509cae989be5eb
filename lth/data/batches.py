"""What a training step needs of a data set in memory: an order, and images as numbers around zero."""

import torch
from torch import Tensor

from lth.seeds import generator


def epoch_order(size: int, seed: int, epoch: int) -> Tensor:
    """The order in which an epoch visits `size` images: int64 [size] on the CPU, the same for every arm of a seed."""
    return torch.randperm(size, generator=generator(seed, "batch order", epoch))


def sent(tensor: Tensor, device: torch.device) -> Tensor:
    """A tensor of the CPU on a device; to a GPU from pinned memory, so that neither waits for the other."""
    if device.type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


def normalise(images: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Bytes to numbers with mean 0 and standard deviation 1 over the training split, a channel at a time.

    In place after the conversion: for one channel this costs no more than Python scalars would, which on a GPU would
    also have to be read back at every step.

    Args:
        images: uint8 [batch, channels, height, width], on any device.
        mean: float32 [channels], in pixel units, on the device of the images.
        std: float32 [channels], likewise.

    Returns:
        float32, shaped as the images, on their device.
    """
    return images.float().sub_(mean.view(-1, 1, 1)).div_(std.view(-1, 1, 1))
