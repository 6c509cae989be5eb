"""What training costs: images through the network, and the arithmetic that the kept weights would take."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from lth.networks.build import prunable_names
from lth.pruning.scores.passes import modes

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


@torch.no_grad()  # not in inference mode: what `forward` keeps for later calls could not be trained with
def weight_uses(network: nn.Module, image: Tensor) -> dict[str, int]:
    """How often one image uses each weight of every convolution and linear layer in evaluation mode, by parameter name.

    A layer is used where `forward` calls it, or gives its weight to the function that computes such a layer, as the
    attention of ViT and Swin does; one that is not used has zero.

    Args:
        network: on the device of the image; the mode of each module is left as it was.
        image: float [1, channels, height, width].
    """
    called: dict[str, int] = {}
    weights = {name: network.get_parameter(name) for name in prunable_names(network)}
    given = _Given({id(weight): name for name, weight in weights.items()})
    with ExitStack() as stack:
        for name in weights:
            module = network.get_submodule(name.rpartition(".")[0])
            stack.enter_context(module.register_forward_hook(_counter(called, name, module)))
        stack.enter_context(modes(network))
        stack.enter_context(given)
        network(image)
    # a layer that is called gives its weight to a function, too: the same use
    return {name: called.get(name, given.found.get(name, 0)) for name in weights}


def _counter(found: dict[str, int], name: str, module: nn.Module) -> Callable[[nn.Module, object, object], None]:
    outputs = module.embed_dim if isinstance(module, nn.MultiheadAttention) else len(module.get_parameter("weight"))

    def count(_: nn.Module, __: object, output: object) -> None:
        found[name] = found.get(name, 0) + _first(output).numel() // outputs

    return count


class _Given(TorchFunctionMode):
    """Counts how often weights are used by functions that they are given to."""

    _LAST = (functional.linear, functional.multi_head_attention_forward)
    """Their outputs are [..., outputs]; of convolutions [images, outputs, ...]."""
    _SECOND = (functional.conv1d, functional.conv2d, functional.conv3d)

    def __init__(self, names: Mapping[int, str]) -> None:
        """Weights by their identity."""
        super().__init__()
        self.names, self.found = names, dict[str, int]()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        output = func(*args, **(kwargs or {}))
        if func in self._LAST or func in self._SECOND:
            first = _first(output)
            uses = first.numel() // first.shape[-1 if func in self._LAST else 1]
            for name in {self.names[id(one)] for one in (*args, *(kwargs or {}).values()) if id(one) in self.names}:
                self.found[name] = self.found.get(name, 0) + uses
        return output


def _first(output: object) -> Tensor:
    """What a layer computes, without the weights of an attention."""
    first = output[0] if isinstance(output, tuple) else output
    assert isinstance(first, Tensor)
    return first
