"""Whole stretches of training, and whole passes over a split, in one compiled call each."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lth.compiling import ONE, ZERO, compiled
from lth.sparse.inner_loops import pixels_to_lanes
from lth.sparse.kernels import backward, forward
from lth.sparse.table import Arrays, Floats, Integers
from lth.sparse.update_rule import Rule, State, update
from lth.sparse.vectors import LANES

if TYPE_CHECKING:
    from lth.sparse.layout import Layout


class Frame(NamedTuple):
    """Where images go in and logits come out, in floats as in the table, and how many there are."""

    width: int
    channels: int
    rows: int
    columns: int
    x: int
    x_chunk: int
    x_row: int
    classes: int
    y: int
    y_chunk: int


def frame_of(layout: "Layout") -> Frame:
    """Where a network's images go in and its logits come out."""
    images, logits = layout.images, layout.logits
    return Frame(
        width=layout.width,
        channels=images.channels,
        rows=images.rows,
        columns=images.columns,
        x=images.first(),
        x_chunk=images.chunk,
        x_row=images.row,
        classes=logits.channels,
        y=logits.first(),
        y_chunk=logits.chunk,
    )


class Pixels(NamedTuple):
    """Images as bytes, and how these become numbers: (byte - mean) * scale."""

    bytes: NDArray[np.uint8]
    """[images * channels * rows * columns]."""
    mean: Floats
    """[channels]."""
    scale: Floats
    """[channels]."""


@compiled
def take(pixels: Pixels, rows: Integers, a: Arrays, f: Frame) -> None:
    """Put images into the first tensor, each byte as (byte - mean) * scale. Lanes that are left repeat the first one.

    Args:
        pixels: all images, and how their bytes become numbers.
        rows: int64, those of the batch.
        a: the tensors.
        f: where the first is.
    """
    padded = np.empty((len(rows) + LANES - 1) // LANES * LANES, np.int64)
    padded[:] = rows[0]
    padded[: len(rows)] = rows
    plane = f.rows * f.columns
    size = f.channels * plane
    column_step = f.channels * f.width
    for first in range(0, len(padded), LANES):
        start = f.x + (first // f.width) * f.x_chunk + first % f.width
        for channel in range(f.channels):
            mean, scale = pixels.mean[channel], pixels.scale[channel]
            for row in range(f.rows):
                pixel = channel * plane + row * f.columns
                at = start + channel * f.width + row * f.x_row
                column = 0
                if f.x_row == f.columns * column_step:  # no border: one long row
                    if row:
                        break
                    length = plane
                else:
                    length = f.columns
                while column + LANES <= length:
                    to = at + column * column_step
                    pixels_to_lanes(
                        pixels.bytes, size, padded, first, pixel + column, mean, scale, a.activations, to, column_step
                    )
                    column += LANES
                while column < length:
                    for n in range(LANES):
                        byte = np.float32(pixels.bytes[padded[first + n] * size + pixel + column])
                        a.activations[at + column * column_step + n] = (byte - mean) * scale
                    column += 1


@compiled
def put(inputs: NDArray[np.float32], a: Arrays, f: Frame) -> None:
    """Put float32 [batch, channels, rows, columns] into the first tensor."""
    column_step = f.channels * f.width
    for n in range(len(inputs)):
        start = f.x + (n // f.width) * f.x_chunk + n % f.width
        for channel in range(f.channels):
            for row in range(f.rows):
                at = start + channel * f.width + row * f.x_row
                for column in range(f.columns):
                    a.activations[at + column * column_step] = inputs[n, channel, row, column]


@compiled
def cross_entropies(labels: Integers, a: Arrays, f: Frame, smoothing: float, predicted: Integers) -> float:
    """The sum of the batch's cross-entropies in nats, without smoothing; and what they predict.

    Leaves the gradient of the mean of the smoothed ones in the gradient of the logits, zero in lanes without an image.
    """
    share = ONE / np.float32(len(labels))
    even = np.float32(smoothing / f.classes)
    chunks = (len(labels) + f.width - 1) // f.width
    found = 0.0
    for n in range(chunks * f.width):
        at = f.y + (n // f.width) * f.y_chunk + n % f.width
        if n >= len(labels):
            for c in range(f.classes):
                a.gradients[at + c * f.width] = ZERO
            continue
        best = 0
        for c in range(1, f.classes):
            if a.activations[at + c * f.width] > a.activations[at + best * f.width]:
                best = c
        largest = a.activations[at + best * f.width]
        total = ZERO
        for c in range(f.classes):
            chance = np.exp(a.activations[at + c * f.width] - largest)
            a.gradients[at + c * f.width] = chance
            total += chance
        for c in range(f.classes):
            chance = a.gradients[at + c * f.width] / total
            target = (np.float32(1 - smoothing) if c == labels[n] else ZERO) + even
            a.gradients[at + c * f.width] = (chance - target) * share
        found += np.float64(np.log(total) + largest - a.activations[at + labels[n] * f.width])
        predicted[n] = best
    return found


@compiled
def make_steps(
    pixels: Pixels,
    order: Integers,
    ends: Integers,
    labels: Integers,
    rates: NDArray[np.float64],
    made: int,
    a: Arrays,
    f: Frame,
    s: State,
    r: Rule,
) -> tuple[float, int]:
    """Some steps; the sum of their losses in nats over images, and how many images were classified correctly.

    Args:
        pixels: the training images.
        order: rows of the images, batch after batch.
        ends: where each batch ends in it.
        labels: of all images.
        rates: the learning rate of each step.
        made: steps that the update rule has made before.
        a: the network.
        f: where it begins and ends.
        s: the update rule's state.
        r: the update rule.
    """
    found, correct = 0.0, 0
    begin = 0
    for step in range(len(ends)):
        rows = order[begin : ends[step]]
        begin = ends[step]
        take(pixels, rows, a, f)
        some, right = learn(labels[rows], rates[step], made + step + 1, a, f, s, r)
        found += some
        correct += right
    return found, correct


@compiled
def learn(labels: Integers, rate: float, step: int, a: Arrays, f: Frame, s: State, r: Rule) -> tuple[float, int]:
    """One step with what is in the first tensor; as `make_steps` otherwise."""
    predicted = np.empty(len(labels), np.int64)
    forward(a, f.width, len(labels), True)
    found = cross_entropies(labels, a, f, r.smoothing, predicted)
    backward(a, f.width, len(labels))
    update(a, s, r, rate, step)
    correct = 0
    for n in range(len(labels)):
        correct += predicted[n] == labels[n]
    return found, correct


@compiled
def score(
    pixels: Pixels,
    first: int,
    last: int,
    capacity: int,
    labels: Integers,
    a: Arrays,
    f: Frame,
    predicted: Integers,
) -> float:
    """The sum of losses in nats over the images from `first` to `last`, and their predicted classes."""
    found = 0.0
    for begin in range(first, last, capacity):
        end = min(begin + capacity, last)
        take(pixels, np.arange(begin, end), a, f)
        forward(a, f.width, end - begin, False)
        found += cross_entropies(labels[begin:end], a, f, 0.0, predicted[begin - first : end - first])
    return found
