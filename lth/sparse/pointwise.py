"""What lies between layers: ReLU, pooling, means over places, and the sums of residual blocks.

What is not a number stays so, as in torch: a ReLU is 0 where its input is at most 0, not where it is not above 0.
"""

from typing import Any

import numpy as np

from lth.compiling import ONE, ZERO, compiled
from lth.sparse.table import Arrays, Floats


@compiled
def mask_back(op: Any, a: Arrays, width: int, chunks: int) -> None:
    """The gradient of a ReLU: nothing where it let nothing through."""
    size = op.channels * width
    for chunk in range(chunks):
        for row in range(op.rows):
            for column in range(op.columns):
                at = op.y + chunk * op.y_chunk + row * op.y_row + column * op.y_column
                y, dy = a.activations[at : at + size], a.gradients[at : at + size]
                for n in range(size):
                    dy[n] = ZERO if y[n] <= ZERO else dy[n]


@compiled
def pool(op: Any, a: Arrays, width: int, chunks: int) -> None:
    """Max-pooling; where several are largest, the first in the window has it, as in torch."""
    size, pick = op.channels * width, op.picks
    for chunk in range(chunks):
        for row in range(op.rows):
            for column in range(op.columns):
                x = op.x + chunk * op.x_chunk + op.stride * (row * op.x_row + column * op.x_column)
                y = op.y + chunk * op.y_chunk + row * op.y_row + column * op.y_column
                best, picked = a.activations[y : y + size], a.picks[pick : pick + size]
                if op.window == 2:
                    _largest_of_four(
                        a.activations, x, x + op.x_column, x + op.x_row, x + op.x_row + op.x_column, best, picked
                    )
                else:
                    best[:] = a.activations[x : x + size]
                    picked[:] = np.uint8(0)
                    for place in range(1, op.window * op.window):
                        here = x + (place // op.window) * op.x_row + (place % op.window) * op.x_column
                        other = a.activations[here : here + size]
                        for n in range(size):
                            larger = other[n] > best[n] or np.isnan(other[n])
                            best[n] = other[n] if larger else best[n]
                            picked[n] = np.uint8(place) if larger else picked[n]
                if op.relu:
                    for n in range(size):
                        best[n] = ZERO if best[n] <= ZERO else best[n]
                pick += size


@compiled
def _largest_of_four(x: Floats, first: int, second: int, third: int, fourth: int, best: Floats, picked: Any) -> None:
    size = len(best)
    a, b, c, d = x[first : first + size], x[second : second + size], x[third : third + size], x[fourth : fourth + size]
    for n in range(size):
        in_left, in_right = b[n] > a[n] or np.isnan(b[n]), d[n] > c[n] or np.isnan(d[n])
        high, low = b[n] if in_left else a[n], d[n] if in_right else c[n]
        left = np.uint8(1) if in_left else np.uint8(0)
        right = np.uint8(3) if in_right else np.uint8(2)
        below = low > high or np.isnan(low)
        picked[n] = right if below else left
        best[n] = low if below else high


@compiled
def pool_back(op: Any, a: Arrays, width: int, chunks: int) -> None:
    """Windows do not overlap, so each input has at most one gradient. If a ReLU came before, the largest of a window
    has been let through where it is positive."""
    size, pick = op.channels * width, op.picks
    for chunk in range(chunks):
        for row in range(op.rows):
            for column in range(op.columns):
                x = op.x + chunk * op.x_chunk + op.stride * (row * op.x_row + column * op.x_column)
                at = op.y + chunk * op.y_chunk + row * op.y_row + column * op.y_column
                dy, y, picked = a.gradients[at : at + size], a.activations[at : at + size], a.picks[pick : pick + size]
                if op.x_relu:
                    for n in range(size):
                        dy[n] = ZERO if y[n] <= ZERO else dy[n]
                for place in range(op.window * op.window):
                    here = x + (place // op.window) * op.x_row + (place % op.window) * op.x_column
                    dx, number = a.gradients[here : here + size], np.uint8(place)
                    for n in range(size):
                        dx[n] = dy[n] if picked[n] == number else ZERO
                pick += size


@compiled
def mean(op: Any, a: Arrays, width: int, chunks: int) -> None:
    """The mean over all places of each channel."""
    size, share = op.channels * width, ONE / np.float32(op.x_rows * op.x_columns)
    for chunk in range(chunks):
        at = op.y + chunk * op.y_chunk
        y = a.activations[at : at + size]
        y[:] = ZERO
        for row in range(op.x_rows):
            for column in range(op.x_columns):
                x = op.x + chunk * op.x_chunk + row * op.x_row + column * op.x_column
                here = a.activations[x : x + size]
                for n in range(size):
                    y[n] += here[n]
        for n in range(size):
            y[n] *= share


@compiled
def mean_back(op: Any, a: Arrays, width: int, chunks: int) -> None:
    """Of the gradient of a mean each place has its share."""
    size, share = op.channels * width, ONE / np.float32(op.x_rows * op.x_columns)
    for chunk in range(chunks):
        at = op.y + chunk * op.y_chunk
        dy = a.gradients[at : at + size]
        for row in range(op.x_rows):
            for column in range(op.x_columns):
                x = op.x + chunk * op.x_chunk + row * op.x_row + column * op.x_column
                dx, here = a.gradients[x : x + size], a.activations[x : x + size]
                if op.x_relu:
                    for n in range(size):
                        dx[n] = ZERO if here[n] <= ZERO else dy[n] * share
                else:
                    for n in range(size):
                        dx[n] = dy[n] * share


@compiled
def add(op: Any, a: Arrays, width: int, chunks: int) -> None:
    """A residual connection: a shortcut, perhaps of every second place and of fewer channels, is added."""
    size, other = op.channels * width, op.z_channels * width
    for chunk in range(chunks):
        for row in range(op.rows):
            for column in range(op.columns):
                x = op.x + chunk * op.x_chunk + row * op.x_row + column * op.x_column
                y = op.y + chunk * op.y_chunk + row * op.y_row + column * op.y_column
                z = op.z + chunk * op.z_chunk + op.stride * (row * op.z_row + column * op.z_column)
                first, result = a.activations[x : x + size], a.activations[y : y + size]
                second = a.activations[z : z + other]
                if op.relu:
                    for n in range(other):
                        value = first[n] + second[n]
                        result[n] = ZERO if value <= ZERO else value
                    for n in range(other, size):
                        result[n] = ZERO if first[n] <= ZERO else first[n]
                else:
                    for n in range(other):
                        result[n] = first[n] + second[n]
                    result[other:] = first[other:]


@compiled
def add_back(op: Any, a: Arrays, width: int, chunks: int) -> None:
    """Both summands have the sum's gradient, the shortcut zeros at the places that it skipped."""
    size, other = op.channels * width, op.z_channels * width
    for chunk in range(chunks):
        if op.stride > 1 and op.z_gradient == 1:
            for row in range(op.x_rows):
                z = op.z + chunk * op.z_chunk + row * op.z_row
                a.gradients[z : z + op.x_columns * op.z_column] = ZERO
        for row in range(op.rows):
            for column in range(op.columns):
                x = op.x + chunk * op.x_chunk + row * op.x_row + column * op.x_column
                y = op.y + chunk * op.y_chunk + row * op.y_row + column * op.y_column
                z = op.z + chunk * op.z_chunk + op.stride * (row * op.z_row + column * op.z_column)
                dy, dx, dz = a.gradients[y : y + size], a.gradients[x : x + size], a.gradients[z : z + other]
                if op.x_gradient == 1:
                    for n in range(size):
                        dx[n] = dy[n]
                elif op.x_gradient == 2:
                    for n in range(size):
                        dx[n] += dy[n]
                if op.z_gradient == 1:
                    for n in range(other):
                        dz[n] = dy[n]
                elif op.z_gradient == 2:
                    for n in range(other):
                        dz[n] += dy[n]
