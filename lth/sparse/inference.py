"""A finished network on sparse kernels: images in, logits out."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from lth.sparse import kernels, steps
from lth.sparse.layout import Layout, lay_out
from lth.sparse.operations import Operations


def runner(network: nn.Module, shape: tuple[int, int, int]) -> Callable[[Tensor], Tensor]:
    """A function of float32 [n, channels, rows, columns] to logits [n, classes]; weights that are zero are left out.

    Args:
        network: in eval mode, on the CPU.
        shape: channels, rows and columns of an image.

    Raises:
        Unsupported: a module that there is no kernel for.
    """
    graph = Operations.of(network, *shape)
    state = network.state_dict()
    masks = {name: weight != 0 for name, weight in state.items() if weight.ndim > 1}
    laid: dict[int, Layout] = {}

    def run(images: Tensor) -> Tensor:
        batch = len(images)
        if batch not in laid:
            laid[batch] = lay_out(graph, masks, batch)
            laid[batch].fill(state)
        layout = laid[batch]
        arrays, frame = layout.arrays, steps.frame_of(layout)
        steps.put(images.contiguous().numpy(), arrays, frame)
        kernels.forward(arrays, layout.width, batch, False)
        found = arrays.activations[frame.y : frame.y + layout.chunks * frame.y_chunk]
        lanes = torch.from_numpy(found).view(layout.chunks, frame.classes, layout.width)
        return lanes.transpose(1, 2).reshape(-1, frame.classes)[:batch]

    return run
