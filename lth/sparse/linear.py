"""Convolutions and linear layers over their kept weights."""

from typing import Any

from lth.compiling import ZERO, compiled
from lth.sparse.inner_loops import (
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
    sum_of,
)
from lth.sparse.table import WIDE, Arrays


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
                        found[op.bias + output] += sum_of(outer, y + output * width, width)


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
