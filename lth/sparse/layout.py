"""Where a network lies in flat arrays: from its operations and masks to the table that kernels go through."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from lth.sparse.operations import Node, Operations, Place, masks_its_input
from lth.sparse.table import DROPOUT, LINEAR, NARROW, NORM, OPERATION, PASS, POOL, SUM, WIDE, Arrays, Integers, Places


@dataclass
class Layout:
    """A network as arrays, and where its parameters are in the flat one."""

    arrays: Arrays
    width: int
    chunks: int
    images: Place
    logits: Place
    weights: dict[str, tuple[slice, NDArray[np.int64]]]
    """By parameter with a mask: where its kept weights are, and their indices in the flattened parameter."""
    others: dict[str, slice]
    """Biases and scales, whole."""
    running: dict[str, slice]
    """Means and variances of batch norms."""

    @property
    def capacity(self) -> int:
        """Images that it takes at once."""
        return self.width * self.chunks

    def parts(self) -> Iterator[tuple[str, slice, NDArray[np.int64] | slice]]:
        """Each parameter, where it is in the flat array, and which of its numbers are."""
        yield from ((name, part, kept) for name, (part, kept) in self.weights.items())
        yield from ((name, part, slice(None)) for name, part in self.others.items())

    def fill(self, state: Mapping[str, Tensor]) -> None:
        """Take parameters and statistics from a network's `state_dict`."""
        for name, part, kept in self.parts():
            self.arrays.parameters[part] = flat(state[name])[kept]
        for name, part in self.running.items():
            self.arrays.running[part] = state[name].numpy()


def lay_out(graph: Operations, masks: Mapping[str, Tensor], batch: int) -> Layout:
    """Arrays for a network under masks; parameters and statistics are zero still.

    Args:
        graph: the network.
        masks: bool, by parameter name; a weight without one is kept whole.
        batch: the most images of a step.
    """
    width = NARROW if batch < WIDE * 3 // 4 else WIDE
    chunks = -(-batch // width)
    at = 0
    for tensor in graph.tensors:
        at = tensor.lay(at, width, chunks)
    parts = _Parts(width, chunks)
    for node in graph.nodes:
        parts.add(node, masks)
    return Layout(
        arrays=parts.arrays(at),
        width=width,
        chunks=chunks,
        images=graph.tensors[0],
        logits=graph.nodes[-1].y,
        weights=parts.weights,
        others=parts.others,
        running=parts.running,
    )


class _Parts:
    """The arrays in pieces, as operations are added."""

    def __init__(self, width: int, chunks: int) -> None:
        self.width, self.chunks = width, chunks
        self.operations: list[dict[str, int]] = []
        self.passes: list[dict[str, int]] = []
        self.columns: list[Places] = []
        self.pointers: list[Integers] = []
        self.back_weights: list[Places] = []
        self.back_columns: list[Places] = []
        self.back_pointers: list[Integers] = [np.zeros(1, np.int64)]
        self.targets: list[Integers] = []
        self.weights: dict[str, tuple[slice, NDArray[np.int64]]] = {}
        self.others: dict[str, slice] = {}
        self.running: dict[str, slice] = {}
        self.parameters = self.pointed = self.placed = self.backward = self.picks = self.statistics = 0

    def add(self, node: Node, masks: Mapping[str, Tensor]) -> None:
        """One operation more."""
        x, y = node.x, node.y
        told = {
            **{"kind": node.kind, "channels": y.channels, "rows": y.rows, "columns": y.columns},
            **{"x": x.first(), "x_chunk": x.chunk, "x_row": x.row, "x_column": x.column},
            **{"y": y.first(), "y_chunk": y.chunk, "y_row": y.row, "y_column": y.column},
            **{"x_rows": x.rows, "x_columns": x.columns, "stride": node.stride, "window": node.window, "bias": -1},
            **{"x_gradient": node.x_gradient, "relu": y.relu},
            "x_relu": x.relu and masks_its_input(node),
            "masks": y.relu and not any(masks_its_input(user) for user in y.users),
        }
        self.operations.append(told)
        if node.kind == LINEAR:
            self._linear(node, told, masks)
        elif node.kind == POOL:
            told["picks"] = self.picks
            self.picks += self.chunks * y.channels * y.rows * y.columns * self.width
        elif node.kind == NORM:
            told |= {"scale": self.parameters, "running": self.statistics}
            for name in ("weight", "bias"):
                self._other(f"{node.name}.{name}", y.channels)
            for name in ("running_mean", "running_var"):
                self.running[f"{node.name}.{name}"] = slice(self.statistics, self.statistics + y.channels)
                self.statistics += y.channels
        elif node.kind in (SUM, DROPOUT):
            z = node.z
            assert z is not None
            told |= {"z": z.first(), "z_chunk": z.chunk, "z_channel": z.channel, "z_row": z.row}
            told |= {"z_column": z.column, "z_channels": z.channels, "z_gradient": node.z_gradient}
            told |= {"x_rows": z.rows, "x_columns": z.columns}

    def _other(self, name: str, size: int) -> None:
        self.others[name] = slice(self.parameters, self.parameters + size)
        self.columns.append(np.zeros(size, np.uint32))
        self.parameters += size

    def _linear(self, node: Node, told: dict[str, int], masks: Mapping[str, Tensor]) -> None:
        module, x, y = node.module, node.x, node.y
        assert isinstance(module, nn.Linear | nn.Conv2d)
        name = f"{node.name}.weight" if node.name else "weight"
        groups = 1 if isinstance(module, nn.Linear) else module.groups
        within = x.channels // groups  # channels of what goes in that an output looks at
        shape = (y.channels, within, *((x.rows, x.columns) if node.flat else node.kernel))
        mask = masks[name].detach().cpu().reshape(shape).numpy() if name in masks else np.ones(shape, bool)
        output, channel, row, column = mask.nonzero()
        base = self.parameters
        kept = np.ravel_multi_index((output, channel, row, column), shape)
        self.weights[name] = slice(base, base + len(kept)), kept.astype(np.int64)
        channel = channel + output // (y.channels // groups) * within
        self.columns.append((channel * x.channel + row * x.row + column * x.column).astype(np.uint32))
        counts = np.bincount(output, minlength=y.channels)
        told["x"] = x.at + x.inside(-node.padding, -node.padding)
        told["pointers"] = self.pointed
        self.pointers.append(base + np.concatenate([[0], np.cumsum(counts)]))
        self.pointed += y.channels + 1
        self.parameters += len(kept)
        if module.bias is not None:
            told["bias"] = self.parameters
            self._other(f"{node.name}.bias" if node.name else "bias", y.channels)
        told["passes"] = len(self.passes)
        if node.x_gradient:
            weights = base + np.arange(len(kept))
            if node.flat:
                size = x.rows, x.columns, x.channels
                place = np.ravel_multi_index((row, column, channel), size)
                places = np.unravel_index(np.arange(np.prod(size)), size)
                targets = places[0] * x.row + places[1] * x.column + places[2] * x.channel
                self._pass(weights, output * y.channel, place, targets, {"rows": 1, "columns": 1})
            else:
                for down, right in product(range(node.stride), repeat=2):
                    self._grid(node, told["x"], down, right, weights, output, channel, row, column)
        told["passes_end"] = len(self.passes)

    def _grid(
        self,
        node: Node,
        begin: int,
        down: int,
        right: int,
        weights: Integers,
        output: Integers,
        channel: Integers,
        row: Integers,
        column: Integers,
    ) -> None:
        """The pass of a convolution over every stride-th input, from a place on, and the weights that meet them."""
        x, y, stride = node.x, node.y, node.stride
        first = [(offset - node.padding) % stride for offset in (down, right)]
        counts = [len(range(start, size, stride)) for start, size in zip(first, (x.rows, x.columns), strict=True)]
        meets = (row % stride == down) & (column % stride == right)
        weights, output, channel, row, column = (part[meets] for part in (weights, output, channel, row, column))
        # the output that meets an input through a tap: (input + padding - tap) / stride
        high, wide = ((start + node.padding - tap) // stride for start, tap in zip(first, (row, column), strict=True))
        lowest = [int(part.min(initial=0)) for part in (high, wide)]
        back = output * y.channel + (high - lowest[0]) * y.row + (wide - lowest[1]) * y.column
        targets = x.at + x.inside(*first) - begin + x.channel * np.arange(x.channels)
        told = {"rows": counts[0], "columns": counts[1], "source": lowest[0] * y.row + lowest[1] * y.column}
        told |= {"target_row": stride * x.row, "target_column": stride * x.column}
        told |= {"source_row": y.row, "source_column": y.column}
        if all(counts):
            self._pass(weights, back, channel, targets, told)

    def _pass(
        self, weights: Integers, columns: Integers, places: Integers, targets: Integers, told: dict[str, int]
    ) -> None:
        """Sums over weights by the place that they go to."""
        order = np.argsort(places, kind="stable")
        self.back_weights.append(weights[order].astype(np.uint32))
        self.back_columns.append(columns[order].astype(np.uint32))
        ends = self.backward + np.cumsum(np.bincount(places, minlength=len(targets)))
        begin = self.placed
        self.back_pointers.append(ends)
        self.targets.append(targets)
        self.backward += len(order)
        self.placed += len(targets)
        self.passes.append({"pointers": begin, "pointers_end": self.placed, **told})

    def arrays(self, floats: int) -> Arrays:
        """All of them, for tensors of so many floats together."""

        def joined(parts: list[Any], dtype: Any) -> Any:
            return np.concatenate(parts).astype(dtype) if parts else np.zeros(0, dtype)

        return Arrays(
            operations=_table(self.operations, OPERATION),
            passes=_table(self.passes, PASS),
            activations=_aligned(floats),
            gradients=_aligned(floats),
            picks=np.zeros(self.picks, np.uint8),
            parameters=_aligned(self.parameters),
            parameter_gradients=_aligned(self.parameters),
            columns=joined(self.columns, np.uint32),
            pointers=joined(self.pointers, np.int64),
            back_values=np.zeros(self.backward, np.float32),
            back_weights=joined(self.back_weights, np.uint32),
            back_columns=joined(self.back_columns, np.uint32),
            back_pointers=joined(self.back_pointers, np.int64),
            targets=joined(self.targets, np.int64),
            running=np.zeros(self.statistics, np.float32),
            saved=np.zeros(self.statistics, np.float32),
        )


def _table(rows: list[dict[str, int]], kind: np.dtype[np.void]) -> NDArray[np.void]:
    table = np.zeros(max(len(rows), 1), kind)
    for number, row in enumerate(rows):
        for name, value in row.items():
            table[number][name] = value
    return table[: len(rows)]


def _aligned(floats: int) -> NDArray[np.float32]:
    """Zeros that begin where a line of the cache does."""
    whole = np.zeros(floats + 16, np.float32)
    skipped = (-whole.ctypes.data % 64) // 4
    return whole[skipped : skipped + floats]


def flat(tensor: Tensor) -> NDArray[np.float32]:
    """Its numbers in the order of their indices, whatever their order in memory."""
    found: NDArray[np.float32] = tensor.detach().contiguous().flatten().numpy()
    return found
