"""A network forward and backward, compiled: operation after operation, on one thread, in a fixed order."""

from lth.compiling import compiled
from lth.sparse.batch_norm import norm, norm_back
from lth.sparse.dropout import drop, drop_back
from lth.sparse.linear import linear, linear_inputs, linear_weights
from lth.sparse.pointwise import add, add_back, mask_back, mean, mean_back, pool, pool_back
from lth.sparse.table import DROPOUT, LINEAR, MEAN, NORM, POOL, Arrays


@compiled
def forward(a: Arrays, width: int, images: int, training: bool) -> None:
    """Send what is in the first tensor through the network."""
    chunks = (images + width - 1) // width
    for number in range(len(a.operations)):
        op = a.operations[number]
        if op.kind == LINEAR:
            linear(op, a, width, chunks)
        elif op.kind == POOL:
            pool(op, a, width, chunks)
        elif op.kind == MEAN:
            mean(op, a, width, chunks)
        elif op.kind == NORM:
            norm(op, a, width, chunks, images, training)
        elif op.kind == DROPOUT:
            drop(op, a, width, chunks, training)
        else:
            add(op, a, width, chunks)


@compiled
def backward(a: Arrays, width: int, images: int) -> None:
    """From the gradient of the logits those of all parameters."""
    chunks = (images + width - 1) // width
    for number in range(len(a.operations) - 1, -1, -1):
        op = a.operations[number]
        if op.masks:
            mask_back(op, a, width, chunks)
        if op.kind == LINEAR:
            linear_weights(op, a, width, chunks)
            if op.x_gradient:
                linear_inputs(op, a, width, chunks)
        elif op.kind == POOL:
            pool_back(op, a, width, chunks)
        elif op.kind == MEAN:
            mean_back(op, a, width, chunks)
        elif op.kind == NORM:
            norm_back(op, a, width, chunks, images)
        elif op.kind == DROPOUT:
            drop_back(op, a, width, chunks)
        else:
            add_back(op, a, width, chunks)
