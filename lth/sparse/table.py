"""A network as a table of operations over flat arrays, which compiled kernels go through step by step.

Tensors are stored [chunk, row, column, channel, lane]: a batch is cut into chunks of `width` images, one a lane, and
the last chunk filled up. Rows and columns have a border of zeros, as wide as the convolutions around the tensor need
it, so that a convolution is a sum over kept weights whose inputs lie at fixed distances from each place. Gradients of
activations have the same layout in an array of their own.

All parameters that are trained are in one flat array: of a layer the kept weights, row by row, then its bias.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LINEAR, POOL, MEAN, NORM, SUM, DROPOUT = range(6)
"""Kinds of operations: a convolution or linear layer; max-pooling; the mean over all places; batch norm; two tensors
added; dropout."""

WIDE, NARROW = 64, 16
"""Images of a chunk, for large and for small batches."""

OPERATION = np.dtype(
    [
        (name, np.int64)
        for name in (
            "kind",
            # what goes in and what comes out: first place inside the border, floats of a chunk, to the next row and
            # column
            *("x", "x_chunk", "x_row", "x_column"),
            *("y", "y_chunk", "y_row", "y_column"),
            *("channels", "rows", "columns"),  # of what comes out
            *("x_rows", "x_columns"),  # places of what goes in
            "relu",  # what comes out is set to zero where it is not positive
            "masks",  # the gradient of what comes out is not masked by its ReLU yet
            "x_relu",  # the gradient of what goes in is to be masked: this operation alone uses it
            "x_gradient",  # 0: not needed, 1: the first to write it in a backward pass, 2: adds to it
            *("stride", "bias", "pointers"),  # bias: -1 for none
            *("passes", "passes_end"),
            *("window", "picks"),  # of pooling
            *("scale", "running"),  # of batch norm: gamma, then beta; mean, then variance
            *(
                "z",
                "z_chunk",
                "z_channel",
                "z_row",
                "z_column",
                "z_channels",
                "z_gradient",
            ),  # what is added, or factors
        )
    ]
)

PASS = np.dtype(
    [
        (name, np.int64)
        for name in (
            *("pointers", "pointers_end"),  # a row for each place in `targets`
            *("rows", "columns"),  # how many places further it is repeated
            *("target_row", "target_column", "source", "source_row", "source_column"),
        )
    ]
)
"""How the gradient of an input is made: sums over those kept weights that use it, for inputs that lie on one grid. A
linear layer has one pass, a convolution of stride s has s * s."""

Floats = NDArray[np.float32]
Places = NDArray[np.uint32]
Integers = NDArray[np.int64]


class Arrays(NamedTuple):
    """All that kernels work on."""

    operations: NDArray[np.void]
    passes: NDArray[np.void]
    activations: Floats
    gradients: Floats
    """Of the activations."""
    picks: NDArray[np.uint8]
    """Which place of its window each maximum was at."""
    parameters: Floats
    parameter_gradients: Floats
    columns: Places
    """Of each parameter that is a weight, the distance of its input from the place, in floats."""
    pointers: Integers
    """Where each output's weights begin and end in the array of parameters."""
    back_values: Floats
    """The weights in the order in which backward passes need them."""
    back_weights: Places
    """Which parameters these are."""
    back_columns: Places
    back_pointers: Integers
    targets: Integers
    """Where the first sum of each row of a pass goes, in floats from the chunk's beginning."""
    running: Floats
    """Means and variances of batch norms."""
    saved: Floats
    """Of each batch norm, mean and inverse deviation of the batch at hand."""
