"""A network as the operations that there are sparse kernels for, and the tensors between them."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

from torch import fx, nn

from lth.networks.calls import as_module, is_shape
from lth.networks.own import is_plain
from lth.networks.resnet import Block, Padded
from lth.sparse.table import DROPOUT, LINEAR, MEAN, NORM, POOL, SUM


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
        graph = cls()
        x = graph._tensor(channels, rows, columns)
        y = graph._walk("", network, x) if is_plain(network) else graph._follow(network, x)
        if not graph.nodes or y.rows * y.columns != 1:
            raise Unsupported("a network whose output is no logits")
        graph._finish()
        return graph

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

    def _walk(self, name: str, module: nn.Module, x: Place) -> Place:
        """What a module makes of a tensor."""
        if isinstance(module, nn.Sequential):
            for part, inner in module.named_children():
                x = self._walk(f"{name}.{part}" if name else part, inner, x)
            return x
        if isinstance(module, nn.Flatten | nn.Identity) or (isinstance(module, nn.Dropout) and module.p == 0):
            return x
        for kind, take in self._takes.items():
            if isinstance(module, kind):
                made: Place = take(self, name, module, x)
                return made
        raise Unsupported(f"{name or 'the network'} ({type(module).__name__})")

    def _follow(self, network: nn.Module, x: Place) -> Place:
        """What code of the user's makes of a tensor: one operation after the other, as torch.fx sees them."""
        try:
            traced = fx.symbolic_trace(network)
        except Exception as error:  # whatever that code may say to a stand-in for a tensor
            raise Unsupported(f"{type(network).__name__}, which cannot be traced ({type(error).__name__})") from None
        modules = dict(network.named_modules())
        before, seen = "", set[object]()
        for node in traced.graph.nodes:
            if is_shape(node) or node.op == "output":
                continue
            if node.op == "placeholder":
                before = node.name
                continue
            users = [user for user in node.args[0].users if not is_shape(user)] if node.args else []
            if not users or str(node.args[0]) != before or len(users) > 1 or node.target in seen & {*modules}:
                raise Unsupported(f"{node.name} (a network that is no chain of layers)")
            module = modules.get(node.target) if node.op == "call_module" else as_module(node)
            if module is None:
                raise Unsupported(f"{node.name} ({getattr(node.target, '__name__', node.target)})")
            x = self._walk(str(node.target) if node.op == "call_module" else node.name, module, x)
            before = node.name
            seen.add(node.target)
        return x

    def _relu(self, name: str, _module: nn.ReLU, x: Place) -> Place:
        if x.maker is None or x.users or x.maker.kind in (MEAN, DROPOUT):
            raise Unsupported(f"{name} (a ReLU that no layer comes right before)")
        x.relu = True
        return x

    def _dense(self, name: str, module: nn.Linear, x: Place) -> Place:
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
        if window != stride or not isinstance(window, int) or module.padding or module.ceil_mode:
            raise Unsupported(f"{name} (a max-pooling whose windows overlap or reach over the border)")
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

    def _block(self, name: str, block: Block, x: Place) -> Place:
        """A residual block: its two convolutions, and its shortcut added before the last ReLU."""
        hidden = self._walk(f"{name}.norm1", block.norm1, self._walk(f"{name}.conv1", block.conv1, x))
        hidden.relu = True
        hidden = self._walk(f"{name}.norm2", block.norm2, self._walk(f"{name}.conv2", block.conv2, hidden))
        stride, z = 1, x
        if isinstance(block.shortcut, Padded):
            stride = block.shortcut.stride
        else:
            z = self._walk(f"{name}.shortcut", block.shortcut, x)
        y = self._tensor(hidden.channels, hidden.rows, hidden.columns)
        y.relu = True
        return self._add(Node(SUM, hidden, y, block, name, z=z, stride=stride))

    _takes: ClassVar[dict[Any, Any]] = {
        nn.ReLU: _relu,
        nn.Linear: _dense,
        nn.Dropout: _dropout,
        nn.Conv2d: _convolution,
        nn.BatchNorm1d: _norm,
        nn.BatchNorm2d: _norm,
        nn.MaxPool2d: _pool,
        nn.AdaptiveAvgPool2d: _mean,
        Block: _block,
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
