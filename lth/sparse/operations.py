"""A network as the operations that there are sparse kernels for, and the tensors between them."""

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from torch import nn

from lth.networks.calls import Call, Unread, calls_of
from lth.sparse.table import DROPOUT, LINEAR, MEAN, NORM, POOL, SUM

_LARGEST_WINDOW = 16
"""Pixels a side of a max-pooling: which of them is largest is kept in eight bits."""


class Unsupported(Exception):
    """A module that sparse training has no kernel for; says which."""


@dataclass(eq=False)
class Place:
    """What lies between two operations."""

    channels: int
    rows: int
    columns: int
    border: int = 0
    relu: bool = False
    maker: "Node | None" = None
    users: "list[Node]" = field(default_factory=list)
    at: int = 0
    """Where it begins in the array of activations, its border included."""

    def lay(self, at: int, width: int, chunks: int) -> int:
        """Give it its place; where the next one begins."""
        self.at, self._width = at, width
        return at + chunks * self.chunk

    @property
    def chunk(self) -> int:
        """Floats of a chunk."""
        return (self.rows + 2 * self.border) * self.row

    @property
    def row(self) -> int:
        """Floats from a row to the next."""
        return (self.columns + 2 * self.border) * self.column

    @property
    def column(self) -> int:
        """Floats from a column to the next."""
        return self.channels * self.channel

    @property
    def channel(self) -> int:
        """Floats from a channel to the next: the images of a chunk."""
        return self._width

    def inside(self, row: int = 0, column: int = 0) -> int:
        """Floats from its beginning to a place in its first channel, counted from inside the border."""
        return (row + self.border) * self.row + (column + self.border) * self.column

    def first(self) -> int:
        """The place inside the border of the first channel, in the array of activations."""
        return self.at + self.inside()


@dataclass(eq=False)
class Node:
    """One operation, as `lth.sparse.table` has its kinds."""

    kind: int
    x: Place
    y: Place
    module: nn.Module | None = None
    name: str = ""
    z: Place | None = None
    window: int = 0
    stride: int = 1
    padding: int = 0
    kernel: tuple[int, int] = (1, 1)
    x_gradient: int = 0
    z_gradient: int = 0
    flat: bool = False
    """A linear layer: each channel and place of what goes in is an input of its own."""


@dataclass(frozen=True)
class Operand:
    """What a call gives: a tensor, with its ReLU or before it, and which view of it a shortcut takes."""

    place: Place
    relu: bool = False
    flat: bool = False
    """Channels and pixels are one dimension."""
    stride: int = 1
    extra: int = 0
    """Channels of zeros behind its own."""

    @property
    def shape(self) -> tuple[int, int, int, bool]:
        """Channels, rows, columns, and whether they are one dimension."""
        rows, columns = (-(-size // self.stride) for size in (self.place.rows, self.place.columns))
        return self.place.channels + self.extra, rows, columns, self.flat

    @property
    def viewed(self) -> bool:
        """Whether it is a shortcut's view, which only a sum takes."""
        return self.stride > 1 or self.extra > 0


@dataclass
class Operations:
    """The operations of a network in order, and the tensors between them."""

    nodes: list[Node] = field(default_factory=list)
    tensors: list[Place] = field(default_factory=list)

    @classmethod
    def of(cls, network: nn.Module, channels: int, rows: int, columns: int) -> "Operations":
        """Go through a network.

        Raises:
            Unsupported: a module that there is no kernel for.
        """
        try:
            calls = calls_of(network)
        except Unread as problem:
            raise Unsupported(f"a network that {problem}") from None
        graph, values = cls(), list[Operand]()
        for call in calls:
            values.append(graph._value(call, [values[one] for one in call.inputs], (channels, rows, columns)))
        last = values[-1]
        if (
            not graph.nodes
            or last.place is not graph.nodes[-1].y
            or last.viewed
            or last.place.rows * last.place.columns != 1
        ):
            raise Unsupported("a network whose output is no logits")
        for call in calls:
            for value in (values[one] for one in call.inputs):
                if value.relu != value.place.relu and not isinstance(call.layer, nn.ReLU | nn.Identity | nn.Flatten):
                    raise Unsupported(f"{call.name} (what comes before a ReLU that others take)")
        for node in graph.nodes:
            if node.kind in (POOL, MEAN, DROPOUT) and len(node.x.users) > 1:
                raise Unsupported(f"{node.name} (a pooling or dropout of what others take, too)")
        graph._finish()
        return graph

    @property
    def normalises_images(self) -> bool:
        """Whether a batch norm has one value of each image and channel, and so none to compare in a batch of one."""
        return any(node.kind == NORM and node.y.rows * node.y.columns == 1 for node in self.nodes)

    def _tensor(self, channels: int, rows: int, columns: int) -> Place:
        self.tensors.append(Place(channels, rows, columns))
        return self.tensors[-1]

    def _add(self, node: Node) -> Place:
        self.nodes.append(node)
        node.y.maker = node
        node.x.users.append(node)
        if node.z is not None:
            node.z.users.append(node)
        return node.y

    def _value(self, call: Call, given: list[Operand], shape: tuple[int, int, int]) -> Operand:
        """What a call makes of what it takes."""
        match call.kind:
            case "images":
                return Operand(self._tensor(*shape))
            case "add":
                return self._sum(call.name, *given)
            case "stride":
                return replace(given[0], stride=given[0].stride * call.number)
            case "pad":
                return replace(given[0], extra=given[0].extra + call.number)
            case "layer":
                return self._layer(call.name, call.layer, given[0])

    def _layer(self, name: str, layer: nn.Module | None, value: Operand) -> Operand:
        if value.viewed:
            raise Unsupported(f"{name} (a layer after a stride without a convolution)")
        match layer:
            case nn.Flatten(start_dim=1, end_dim=-1):
                return replace(value, flat=True)
            case nn.Identity() | nn.Dropout(p=0):
                return value
            case nn.ReLU():
                return self._relu(name, value)
        for kind, take in self._takes.items():
            if isinstance(layer, kind):
                place: Place = take(self, name, layer, value.place)
                # only a pooling over windows of one pixel gives the tensor that it takes
                return value if place is value.place else Operand(place, flat=value.flat)
        raise Unsupported(f"{name or 'the network'} ({type(layer).__name__})")

    def _relu(self, name: str, value: Operand) -> Operand:
        place = value.place
        if place.maker is None or place.users or place.maker.kind in (MEAN, DROPOUT):
            raise Unsupported(f"{name} (a ReLU that no layer comes right before)")
        place.relu = True
        return replace(value, relu=True)

    def _sum(self, name: str, first: Operand, second: Operand) -> Operand:
        """Two tensors added; one of them may be a shortcut's view."""
        x, z = (second, first) if first.viewed else (first, second)
        if x.viewed or x.shape != z.shape or x.place is z.place:
            raise Unsupported(f"{name} (a sum that is no residual connection)")
        y = self._tensor(x.place.channels, x.place.rows, x.place.columns)
        return Operand(self._add(Node(SUM, x.place, y, None, name, z=z.place, stride=z.stride)), flat=x.flat)

    def _dense(self, name: str, module: nn.Linear, x: Place) -> Place:
        if module.in_features != x.channels * x.rows * x.columns:
            raise Unsupported(f"{name} (a linear layer of a part of what comes in)")
        y = self._tensor(module.out_features, 1, 1)
        return self._add(Node(LINEAR, x, y, module, name, flat=True))

    def _dropout(self, name: str, module: nn.Dropout, x: Place) -> Place:
        if x.maker is None or x.rows * x.columns != 1:  # torch draws in an order that hangs on the layout in memory
            raise Unsupported(f"{name} (dropout of images)")
        factors = self._tensor(x.channels, 1, 1)
        return self._add(Node(DROPOUT, x, self._tensor(x.channels, 1, 1), module, name, z=factors))

    def _norm(self, name: str, module: nn.BatchNorm2d, x: Place) -> Place:
        if not module.affine or not module.track_running_stats or module.eps != 1e-5 or module.momentum != 0.1:
            raise Unsupported(f"{name} (a batch norm with other settings than torch's own)")
        if module.num_features != x.channels:
            raise Unsupported(f"{name} (a batch norm of pixels)")
        return self._add(Node(NORM, x, self._tensor(x.channels, x.rows, x.columns), module, name))

    def _pool(self, name: str, module: nn.MaxPool2d, x: Place) -> Place:
        window, stride = module.kernel_size, module.stride
        plain = not module.padding and module.dilation == 1 and not module.ceil_mode and not module.return_indices
        if window != stride or not isinstance(window, int) or not plain or window > _LARGEST_WINDOW:
            words = "with dilation, whose windows overlap or reach over the border, or of more than 256 pixels"
            raise Unsupported(f"{name} (a max-pooling {words})")
        if window == 1:
            return x
        y = self._tensor(x.channels, x.rows // window, x.columns // window)
        return self._add(Node(POOL, x, y, module, name, window=window, stride=window))

    def _mean(self, name: str, module: nn.AdaptiveAvgPool2d, x: Place) -> Place:
        if module.output_size not in (1, (1, 1)):
            raise Unsupported(f"{name} (an average over parts of the image)")
        return self._add(Node(MEAN, x, self._tensor(x.channels, 1, 1), module, name))

    def _convolution(self, name: str, module: nn.Conv2d, x: Place) -> Place:
        (high, wide), (stride, across) = module.kernel_size, module.stride
        padding = module.padding if isinstance(module.padding, tuple) else (-1, -1)
        plain = module.padding_mode == "zeros" and module.dilation == (1, 1)
        if not plain or stride != across or padding[0] != padding[1] or padding[0] < 0 or padding[0] >= min(high, wide):
            raise Unsupported(f"{name} (a convolution with dilation, unequal strides or wide padding)")
        rows = (x.rows + 2 * padding[0] - high) // stride + 1
        columns = (x.columns + 2 * padding[0] - wide) // stride + 1
        y = self._tensor(module.out_channels, rows, columns)
        node = Node(LINEAR, x, y, module, name, stride=stride, padding=padding[0], kernel=(high, wide))
        return self._add(node)

    _takes: ClassVar[dict[Any, Any]] = {
        nn.Linear: _dense,
        nn.Dropout: _dropout,
        nn.Conv2d: _convolution,
        nn.BatchNorm1d: _norm,
        nn.BatchNorm2d: _norm,
        nn.MaxPool2d: _pool,
        nn.AdaptiveAvgPool2d: _mean,
    }

    def _finish(self) -> None:
        """Borders, and who writes each gradient first."""
        for node in self.nodes:
            if node.kind == LINEAR and not node.flat:
                node.x.border = max(node.x.border, node.padding)
                node.y.border = max(node.y.border, *_reach(node))
        added: set[int] = set()
        for node in reversed(self.nodes):
            for which, tensor in (("x_gradient", node.x), ("z_gradient", node.z)):
                if tensor is not None and tensor.maker is not None:  # nobody needs the gradient of the images
                    setattr(node, which, 2 if id(tensor) in added else 1)
                    added.add(id(tensor))


def _reach(node: Node) -> list[int]:
    """How far beyond its output's border the gradient of a convolution's input looks."""
    found = []
    for size, before, after in zip(
        node.kernel, (node.x.rows, node.x.columns), (node.y.rows, node.y.columns), strict=True
    ):
        found.append(-(-(size - 1 - node.padding) // node.stride))
        found.append((before - 1 + node.padding) // node.stride - (after - 1))
    return found


def masks_its_input(node: Node) -> bool:
    """Whether an operation masks the gradient that it gives to its input, being the only one to use that."""
    return node.kind in (LINEAR, POOL, MEAN, DROPOUT) and len(node.x.users) == 1
