"""What training costs: images through the network, and the arithmetic that the kept weights would take."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from lth.networks.build import prunable_names

BACKWARD = 2
"""A backward pass takes twice the arithmetic of a forward pass: gradients of the weights, and of the inputs."""


@dataclass
class Meter:
    """Counts passes and theoretical FLOPs; scoring on validation and test data is not counted.

    FLOPs are two (multiply, add) for each kept weight of a convolution or linear layer and each place that it is used
    at. They are what sparse hardware could do with; the dense kernels used here do more.
    """

    weight_uses: dict[str, int] = field(default_factory=dict)
    """By prunable layer: how often an image uses each weight (the output positions of a convolution)."""
    forward_images: int = 0
    backward_images: int = 0
    flops: int = 0
    _per_image: int = 0
    _absent: int = 0

    def use(self, masks: Mapping[str, Tensor]) -> None:
        """From here on, these weights are the kept ones."""
        self._per_image = 2 * sum(int(mask.count_nonzero()) * self.weight_uses[name] for name, mask in masks.items())
        self._absent = 2 * sum(mask.numel() * self.weight_uses[name] for name, mask in masks.items()) - self._per_image

    def per_step(self, images: int, *, dense: bool = False) -> int:
        """FLOPs of a forward and a backward pass over so many images, with the kept weights or (dense) with all."""
        return (1 + BACKWARD) * images * (self._per_image + self._absent * dense)

    def passed(self, images: int) -> None:
        """A forward and a backward pass over so many images."""
        self.forward_images += images
        self.backward_images += images
        self.flops += self.per_step(images)

    def needed_all_gradients(self, images: int) -> None:
        """In a pass over so many images the gradients of weights outside the masks were looked at, too."""
        self.flops += images * self._absent


@torch.inference_mode()
def weight_uses(network: nn.Module, image: Tensor) -> dict[str, int]:
    """How often one image uses each weight of every convolution and linear layer, by parameter name.

    Args:
        network: on the device of the image; its mode is left as it was.
        image: float [1, channels, height, width].
    """
    found: dict[str, int] = {}
    hooks = []
    for name in prunable_names(network):
        module = network.get_submodule(name.rpartition(".")[0])
        hooks.append(module.register_forward_hook(_counter(found, name, module)))
    training = network.training
    network.eval()(image)
    network.train(training)
    for hook in hooks:
        hook.remove()
    return found


def _counter(found: dict[str, int], name: str, module: nn.Module) -> Callable[[nn.Module, object, object], None]:
    outputs = module.embed_dim if isinstance(module, nn.MultiheadAttention) else len(module.get_parameter("weight"))

    def count(_: nn.Module, __: object, output: object) -> None:
        first = output[0] if isinstance(output, tuple) else output
        assert isinstance(first, Tensor)
        found[name] = found.get(name, 0) + first.numel() // outputs

    return count
