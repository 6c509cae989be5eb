"""Augmentation that only moves pixels (crop, flip, rotation, shift), compiled; the same bytes as `lth.data.moves`."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from lth.compiling import ONE, ZERO, compiled
from lth.data.augment import Changes
from lth.data.moves import FAR

Bytes = NDArray[np.uint8]
_FAR, _HALF = np.float32(FAR), np.float32(0.5)


class Shape(NamedTuple):
    """Of an image."""

    channels: int
    rows: int
    columns: int


class Moves(NamedTuple):
    """What is done to the images of an epoch, a row an image, in the order in which they are visited."""

    crops: bool
    offset: NDArray[np.int32]
    """[images, 2]: rows down, columns to the right."""
    flip: NDArray[np.bool_]
    turns: bool
    sine: NDArray[np.float32]
    cosine: NDArray[np.float32]
    shift: NDArray[np.int32]
    """[images, 2]: rows down, columns to the right."""


def moves_of(changes: Changes, images: int, batch: int) -> Moves:
    """The changes of an epoch as arrays.

    Args:
        changes: on the CPU; of those that only move pixels.
        images: how many there are.
        batch: images of a step.
    """
    nothing = np.zeros((images, 2), np.int32)
    turn = torch.zeros(images) if changes.angle is None else changes.angle.deg2rad()
    # by torch and batch by batch, as `lth.data.moves` has them, so that they are the same to the last bit
    sine, cosine = (torch.cat([function(part) for part in turn.split(batch)]) for function in (torch.sin, torch.cos))
    return Moves(
        crops=changes.offset is not None or changes.flip is not None,
        offset=nothing if changes.offset is None else changes.offset.numpy(),
        flip=np.zeros(images, np.bool_) if changes.flip is None else changes.flip.numpy(),
        turns=changes.angle is not None or changes.shift is not None,
        sine=sine.numpy(),
        cosine=cosine.numpy(),
        shift=nothing if changes.shift is None else changes.shift.numpy(),
    )


def moved(pixels: Bytes, order: NDArray[np.int64], moves: Moves, first: int, f: Shape) -> Bytes:
    """The pixels of some images after their moves.

    Args:
        pixels: uint8 [images * channels * rows * columns], of all images.
        order: int64, the images.
        moves: of the epoch.
        first: the place of the first image in the epoch.
        f: the shape of an image.

    Returns:
        uint8 [images of the order * channels * rows * columns].
    """
    found = np.empty(len(order) * f.channels * f.rows * f.columns, np.uint8)
    _move(pixels, order, moves, first, f, found)
    return found


@compiled
def _move(pixels: Bytes, order: NDArray[np.int64], moves: Moves, first: int, f: Shape, found: Bytes) -> None:
    """Each image cropped and mirrored, then turned and shifted, as `crop_and_flip` and `rotate_and_shift` do it."""
    plane = f.rows * f.columns
    size = f.channels * plane
    cut = np.empty(size, np.uint8)
    bordered = np.zeros((f.rows + 2) * (f.columns + 2), np.uint8)
    places = np.empty(plane, np.uint32)
    terms = np.empty((2, f.columns), np.float32)
    for n in range(len(order)):
        image, place = pixels[order[n] * size : (order[n] + 1) * size], first + n
        if moves.crops:
            _crop(image, moves.offset[place, 0], moves.offset[place, 1], moves.flip[place], f, cut)
            image = cut
        to = found[n * size : (n + 1) * size]
        if not moves.turns:
            for at in range(size):
                to[at] = image[at]
            continue
        down, right = moves.shift[place, 0], moves.shift[place, 1]
        _sources(moves.sine[place], moves.cosine[place], down, right, f, terms, places)
        for channel in range(f.channels):
            for row in range(f.rows):
                line = image[channel * plane + row * f.columns :]
                inner = bordered[(row + 1) * (f.columns + 2) + 1 :]
                for column in range(f.columns):
                    inner[column] = line[column]
            part = to[channel * plane : (channel + 1) * plane]
            for at in range(plane):
                part[at] = bordered[places[at]]


@compiled
def _crop(image: Bytes, down: int, right: int, mirrored: bool, f: Shape, cut: Bytes) -> None:
    """The image at an offset, black outside, then mirrored."""
    first, last = max(0, -right), min(f.columns, f.columns - right)  # columns of the crop that are in the image
    for at in range(len(cut)):
        cut[at] = 0
    for channel in range(f.channels):
        for row in range(max(0, -down), min(f.rows, f.rows - down)):
            line = image[(channel * f.rows + row + down) * f.columns + first + right :]
            to = cut[(channel * f.rows + row) * f.columns :]
            if mirrored:
                for column in range(last - first):
                    to[f.columns - 1 - first - column] = line[column]
            else:
                for column in range(last - first):
                    to[first + column] = line[column]


@compiled
def _sources(
    sine: float,
    cosine: float,
    down: int,
    right: int,
    f: Shape,
    terms: NDArray[np.float32],
    places: NDArray[np.uint32],
) -> None:
    """Where each pixel comes from in a plane with a border of one pixel; float32, in the order of `moves._sources`.

    Args:
        sine: of the angle.
        cosine: likewise.
        down: rows of the shift.
        right: columns of the shift.
        f: the shape of an image.
        terms: [2, columns], room for what only the column decides.
        places: [rows * columns].
    """
    half_rows, half_columns = np.float32(f.rows) * _HALF, np.float32(f.columns) * _HALF
    last_row, last_column = np.float32(f.rows + 1), np.float32(f.columns + 1)
    for column in range(f.columns):
        x = np.float32(column - right) + _HALF - half_columns
        terms[0, column] = x * sine
        terms[1, column] = x * cosine + (half_columns + ONE) if abs(x) <= half_columns else _FAR
    stride = np.int32(f.columns + 2)
    for row in range(f.rows):
        y = np.float32(row - down) + _HALF - half_rows
        row_term = y * cosine + (half_rows + ONE) if abs(y) <= half_rows else _FAR
        lift = y * sine
        line = places[row * f.columns : (row + 1) * f.columns]
        for column in range(f.columns):
            source = row_term + terms[0, column]
            source = source if source > ZERO else ZERO
            source = source if source < last_row else last_row
            across = terms[1, column] - lift
            across = across if across > ZERO else ZERO
            across = across if across < last_column else last_column
            line[column] = np.int32(source) * stride + np.int32(across)
