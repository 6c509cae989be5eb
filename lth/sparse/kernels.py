"""What a step of sparse training consists of, compiled. All run on one thread, in a fixed order."""

from typing import Any

import numpy as np
from numba import njit

from lth.sparse.table import LINEAR, MEAN, NORM, POOL, WIDE, Arrays, Floats
from lth.sparse.vectors import (
    ADD,
    MASK,
    RELU,
    dots_narrow,
    dots_narrow_four,
    dots_wide,
    dots_wide_four,
    gather_narrow,
    gather_narrow_four,
    gather_wide,
    gather_wide_four,
    total,
)

compiled = njit(cache=True, boundscheck=False, nogil=True, error_model="numpy")
ZERO, ONE = np.float32(0), np.float32(1)
EPSILON, MOMENTUM = np.float32(1e-5), np.float32(0.1)
"""Of batch norm, as torch has them."""


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
        else:
            add_back(op, a, width, chunks)


@compiled
def linear(op: Any, a: Arrays, width: int, chunks: int) -> None:
    """A convolution or linear layer: for each place of the output, sums over the kept weights of each channel."""
    mode = RELU if op.relu else 0
    values, inputs = a.parameters, a.activations
    x_next, y_next = op.stride * op.x_column, op.y_column
    for chunk in range(chunks):
        for row in range(op.rows):
            column = 0
            while column < op.columns:
                here = 4 if op.columns - column >= 4 else 1
                x = op.x + chunk * op.x_chunk + op.stride * (row * op.x_row + column * op.x_column)
                y = op.y + chunk * op.y_chunk + row * op.y_row + column * op.y_column
                for output in range(op.channels):
                    bias = values[op.bias + output] if op.bias >= 0 else ZERO
                    start, stop = a.pointers[op.pointers + output], a.pointers[op.pointers + output + 1]
                    if width == WIDE:
                        if here == 4:
                            gather_wide_four(
                                values, a.columns, start, stop, inputs, x, x_next, inputs, y, y_next, bias, mode, inputs
                            )
                        else:
                            gather_wide(
                                values, a.columns, start, stop, inputs, x, x_next, inputs, y, y_next, bias, mode, inputs
                            )
                    elif here == 4:
                        gather_narrow_four(
                            values, a.columns, start, stop, inputs, x, x_next, inputs, y, y_next, bias, mode, inputs
                        )
                    else:
                        gather_narrow(
                            values, a.columns, start, stop, inputs, x, x_next, inputs, y, y_next, bias, mode, inputs
                        )
                    y += width
                column += here


@compiled
def linear_weights(op: Any, a: Arrays, width: int, chunks: int) -> None:
    """The gradients of the kept weights, and of the biases."""
    found, inputs, outer = a.parameter_gradients, a.activations, a.gradients
    x_next, y_next = op.stride * op.x_column, op.y_column
    more = False
    for chunk in range(chunks):
        for row in range(op.rows):
            column = 0
            while column < op.columns:
                here = 4 if op.columns - column >= 4 else 1
                x = op.x + chunk * op.x_chunk + op.stride * (row * op.x_row + column * op.x_column)
                y = op.y + chunk * op.y_chunk + row * op.y_row + column * op.y_column
                for output in range(op.channels):
                    start, stop = a.pointers[op.pointers + output], a.pointers[op.pointers + output + 1]
                    if width == WIDE:
                        if here == 4:
                            dots_wide_four(found, a.columns, start, stop, inputs, x, x_next, outer, y, y_next, more)
                        else:
                            dots_wide(found, a.columns, start, stop, inputs, x, x_next, outer, y, y_next, more)
                    elif here == 4:
                        dots_narrow_four(found, a.columns, start, stop, inputs, x, x_next, outer, y, y_next, more)
                    else:
                        dots_narrow(found, a.columns, start, stop, inputs, x, x_next, outer, y, y_next, more)
                    y += width
                column += here
                more = True
    if op.bias >= 0:
        found[op.bias : op.bias + op.channels] = ZERO
        for chunk in range(chunks):
            for row in range(op.rows):
                for column in range(op.columns):
                    y = op.y + chunk * op.y_chunk + row * op.y_row + column * op.y_column
                    for output in range(op.channels):
                        found[op.bias + output] += total(outer, y + output * width, width)


@compiled
def linear_inputs(op: Any, a: Arrays, width: int, chunks: int) -> None:
    """The gradients of what went in: sums over the kept weights that each input is used by."""
    mode = (MASK if op.x_relu else 0) | (ADD if op.x_gradient == 2 else 0)
    values, outer, inputs = a.back_values, a.gradients, a.activations
    for number in range(op.passes, op.passes_end):
        part = a.passes[number]
        for k in range(a.back_pointers[part.pointers], a.back_pointers[part.pointers_end]):
            values[k] = a.parameters[a.back_weights[k]]
        x_next, y_next = part.target_column, part.source_column
        for chunk in range(chunks):
            for row in range(part.rows):
                column = 0
                while column < part.columns:
                    here = 4 if part.columns - column >= 4 else 1
                    y = op.y + part.source + chunk * op.y_chunk + row * part.source_row + column * part.source_column
                    x = op.x + chunk * op.x_chunk + row * part.target_row + column * part.target_column
                    for place in range(part.pointers, part.pointers_end):
                        start, stop = a.back_pointers[place], a.back_pointers[place + 1]
                        to = x + a.targets[place]
                        if width == WIDE:
                            if here == 4:
                                gather_wide_four(
                                    values,
                                    a.back_columns,
                                    start,
                                    stop,
                                    outer,
                                    y,
                                    y_next,
                                    outer,
                                    to,
                                    x_next,
                                    ZERO,
                                    mode,
                                    inputs,
                                )
                            else:
                                gather_wide(
                                    values,
                                    a.back_columns,
                                    start,
                                    stop,
                                    outer,
                                    y,
                                    y_next,
                                    outer,
                                    to,
                                    x_next,
                                    ZERO,
                                    mode,
                                    inputs,
                                )
                        elif here == 4:
                            gather_narrow_four(
                                values,
                                a.back_columns,
                                start,
                                stop,
                                outer,
                                y,
                                y_next,
                                outer,
                                to,
                                x_next,
                                ZERO,
                                mode,
                                inputs,
                            )
                        else:
                            gather_narrow(
                                values,
                                a.back_columns,
                                start,
                                stop,
                                outer,
                                y,
                                y_next,
                                outer,
                                to,
                                x_next,
                                ZERO,
                                mode,
                                inputs,
                            )
                    column += here


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
                    dy[n] = dy[n] if y[n] > ZERO else ZERO


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
                            larger = other[n] > best[n]
                            best[n] = other[n] if larger else best[n]
                            picked[n] = np.uint8(place) if larger else picked[n]
                if op.relu:
                    for n in range(size):
                        best[n] = best[n] if best[n] > ZERO else ZERO
                pick += size


@compiled
def _largest_of_four(x: Floats, first: int, second: int, third: int, fourth: int, best: Floats, picked: Any) -> None:
    size = len(best)
    a, b, c, d = x[first : first + size], x[second : second + size], x[third : third + size], x[fourth : fourth + size]
    for n in range(size):
        high, low = max(a[n], b[n]), max(c[n], d[n])
        left = np.uint8(1) if b[n] > a[n] else np.uint8(0)
        right = np.uint8(3) if d[n] > c[n] else np.uint8(2)
        picked[n] = right if low > high else left
        best[n] = max(high, low)


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
                        dy[n] = dy[n] if y[n] > ZERO else ZERO
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
                        dx[n] = dy[n] * share if here[n] > ZERO else ZERO
                else:
                    for n in range(size):
                        dx[n] = dy[n] * share


@compiled
def _in_lanes(values: Floats, width: int) -> Floats:
    """A number a channel, repeated for all lanes."""
    found = np.empty(len(values) * width, np.float32)
    for channel in range(len(values)):
        found[channel * width : (channel + 1) * width] = values[channel]
    return found


@compiled
def norm(op: Any, a: Arrays, width: int, chunks: int, images: int, training: bool) -> None:
    """Batch norm: the biased variance normalises, the unbiased one is kept (as torch has it)."""
    size, middle = op.channels * width, op.running + op.channels
    means, inverses = a.saved[op.running : middle], a.saved[middle : middle + op.channels]
    running, spread = a.running[op.running : middle], a.running[middle : middle + op.channels]
    if training:
        count = images * op.rows * op.columns
        _moments(op, a, width, chunks, images, means, inverses)
        for channel in range(op.channels):
            running[channel] += MOMENTUM * (means[channel] - running[channel])
            unbiased = np.float32(inverses[channel] * (count / (count - 1)))
            spread[channel] += MOMENTUM * (unbiased - spread[channel])
    else:
        means[:] = running
        inverses[:] = spread
    slope, shift = np.empty(op.channels, np.float32), np.empty(op.channels, np.float32)
    for channel in range(op.channels):
        inverses[channel] = ONE / np.sqrt(inverses[channel] + EPSILON)
        slope[channel] = a.parameters[op.scale + channel] * inverses[channel]
        shift[channel] = a.parameters[op.scale + op.channels + channel]
    centre, slope, shift = _in_lanes(means, width), _in_lanes(slope, width), _in_lanes(shift, width)
    for chunk in range(chunks):
        for row in range(op.rows):
            for column in range(op.columns):
                x = op.x + chunk * op.x_chunk + row * op.x_row + column * op.x_column
                y = op.y + chunk * op.y_chunk + row * op.y_row + column * op.y_column
                inputs, outputs = a.activations[x : x + size], a.activations[y : y + size]
                if op.relu:
                    for n in range(size):
                        outputs[n] = max((inputs[n] - centre[n]) * slope[n] + shift[n], ZERO)
                else:
                    for n in range(size):
                        outputs[n] = (inputs[n] - centre[n]) * slope[n] + shift[n]


@compiled
def _moments(op: Any, a: Arrays, width: int, chunks: int, images: int, means: Floats, spreads: Floats) -> None:
    """The mean and biased variance of each channel over places and images."""
    size, count = op.channels * width, images * op.rows * op.columns
    centre, lanes = np.zeros(size, np.float32), np.empty(size, np.float32)
    for second in range(2):
        found = np.zeros(op.channels)
        for chunk in range(chunks):
            lanes[:] = ZERO
            for row in range(op.rows):
                for column in range(op.columns):
                    x = op.x + chunk * op.x_chunk + row * op.x_row + column * op.x_column
                    inputs = a.activations[x : x + size]
                    if second:
                        for n in range(size):
                            lanes[n] += (inputs[n] - centre[n]) * (inputs[n] - centre[n])
                    else:
                        for n in range(size):
                            lanes[n] += inputs[n]
            for channel in range(op.channels):
                for n in range(min(width, images - chunk * width)):
                    found[channel] += lanes[channel * width + n]
        for channel in range(op.channels):
            if second:
                spreads[channel] = np.float32(found[channel] / count)
            else:
                means[channel] = np.float32(found[channel] / count)
        centre = _in_lanes(means, width)


@compiled
def norm_back(op: Any, a: Arrays, width: int, chunks: int, images: int) -> None:
    """The gradients of a batch norm's scales and shifts, and of what went in; zero in lanes that have no image."""
    size, middle = op.channels * width, op.running + op.channels
    means, inverses = a.saved[op.running : middle], a.saved[middle : middle + op.channels]
    centre, plain, weighted = _in_lanes(means, width), np.empty(size, np.float32), np.empty(size, np.float32)
    d_beta, d_gamma = np.zeros(op.channels), np.zeros(op.channels)
    for chunk in range(chunks):
        plain[:] = ZERO
        weighted[:] = ZERO
        for row in range(op.rows):
            for column in range(op.columns):
                x = op.x + chunk * op.x_chunk + row * op.x_row + column * op.x_column
                y = op.y + chunk * op.y_chunk + row * op.y_row + column * op.y_column
                inputs, dy = a.activations[x : x + size], a.gradients[y : y + size]
                for n in range(size):
                    plain[n] += dy[n]
                    weighted[n] += dy[n] * (inputs[n] - centre[n])
        for channel in range(op.channels):
            for n in range(min(width, images - chunk * width)):
                d_beta[channel] += plain[channel * width + n]
                d_gamma[channel] += weighted[channel * width + n]
    count = np.float32(images * op.rows * op.columns)
    slope, shift = np.empty(op.channels, np.float32), np.empty(op.channels, np.float32)
    tilt = np.empty(op.channels, np.float32)
    for channel in range(op.channels):
        beta, gamma = np.float32(d_beta[channel]), np.float32(d_gamma[channel]) * inverses[channel]
        a.parameter_gradients[op.scale + channel] = gamma
        a.parameter_gradients[op.scale + op.channels + channel] = beta
        slope[channel] = a.parameters[op.scale + channel] * inverses[channel]
        shift[channel], tilt[channel] = beta / count, gamma * inverses[channel] / count
    slope, shift, tilt = _in_lanes(slope, width), _in_lanes(shift, width), _in_lanes(tilt, width)
    for chunk in range(chunks):
        inside = min(width, images - chunk * width)
        for row in range(op.rows):
            for column in range(op.columns):
                x = op.x + chunk * op.x_chunk + row * op.x_row + column * op.x_column
                y = op.y + chunk * op.y_chunk + row * op.y_row + column * op.y_column
                inputs, dy, dx = a.activations[x : x + size], a.gradients[y : y + size], a.gradients[x : x + size]
                for n in range(size):
                    dx[n] = slope[n] * (dy[n] - shift[n] - (inputs[n] - centre[n]) * tilt[n])
                if inside < width:
                    for channel in range(op.channels):
                        dx[channel * width + inside : (channel + 1) * width] = ZERO


@compiled
def add(op: Any, a: Arrays, width: int, chunks: int) -> None:
    """The end of a residual block: its shortcut, perhaps of every second place and of fewer channels, is added."""
    size, other = op.channels * width, op.z_channels * width
    for chunk in range(chunks):
        for row in range(op.rows):
            for column in range(op.columns):
                x = op.x + chunk * op.x_chunk + row * op.x_row + column * op.x_column
                y = op.y + chunk * op.y_chunk + row * op.y_row + column * op.y_column
                z = op.z + chunk * op.z_chunk + op.stride * (row * op.z_row + column * op.z_column)
                first, result = a.activations[x : x + size], a.activations[y : y + size]
                second = a.activations[z : z + other]
                for n in range(other):
                    result[n] = max(first[n] + second[n], ZERO)
                for n in range(other, size):
                    result[n] = max(first[n], ZERO)


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
                for n in range(size):
                    dx[n] = dy[n]
                if op.z_gradient == 1:
                    for n in range(other):
                        dz[n] = dy[n]
                elif op.z_gradient == 2:
                    for n in range(other):
                        dz[n] += dy[n]
