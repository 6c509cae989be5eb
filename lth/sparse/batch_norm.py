"""Batch norm over the images of a batch, those that fill up its last chunk left out."""

from typing import Any

import numpy as np

from lth.compiling import ONE, ZERO, compiled
from lth.sparse.table import Arrays, Floats

EPSILON, MOMENTUM = np.float32(1e-5), np.float32(0.1)
"""Of batch norm, as torch has them."""


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
                        value = (inputs[n] - centre[n]) * slope[n] + shift[n]
                        outputs[n] = ZERO if value <= ZERO else value
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
                if op.x_gradient == 2:
                    for n in range(size):
                        dx[n] += slope[n] * (dy[n] - shift[n] - (inputs[n] - centre[n]) * tilt[n])
                else:
                    for n in range(size):
                        dx[n] = slope[n] * (dy[n] - shift[n] - (inputs[n] - centre[n]) * tilt[n])
                if inside < width:
                    for channel in range(op.channels):
                        dx[channel * width + inside : (channel + 1) * width] = ZERO
