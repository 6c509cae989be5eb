"""A training's steps on sparse kernels: state from the network and its optimiser, many steps at once, and back."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lth.config.training import Recipe
from lth.data.augment import only_moves
from lth.data.batches import epoch_order
from lth.data.compiled_moves import Moves, Shape, moved, moves_of
from lth.data.examples import SplitName
from lth.data.feed import ImageFeed
from lth.data.images import Split
from lth.sparse import steps
from lth.sparse.dropout import draw_factors, dropouts_of
from lth.sparse.layout import flat, lay_out
from lth.sparse.operations import Operations
from lth.sparse.table import Arrays, Integers
from lth.sparse.update_rule import Rule, State

if TYPE_CHECKING:
    from lth.training.loop import Loop

MOMENTS = {"adam": ("exp_avg", "exp_avg_sq"), "adamw": ("exp_avg", "exp_avg_sq"), "sgd": ("momentum_buffer",)}
"""What torch calls the state of each update rule, as `State` has it."""
FREEZES = {"below": 1, "magnitude": 2}
STRETCH = 4e9
"""Arithmetic operations of a call at most, about a second's: between calls a job looks whether it is to stop."""

MOVED_AT_ONCE = 2**20
"""Bytes of images that are changed in one call: they stay in a core's cache until the steps read them."""

SCORED_AT_ONCE = 2000
"""Images that are scored in one call, for the same reason."""


class SparseTraining:
    """The network of a loop under its masks, as arrays of the kept weights alone."""

    def __init__(self, loop: "Loop", graph: Operations, masks: Mapping[str, Tensor]) -> None:
        assert isinstance(loop.feed, ImageFeed)
        self.loop, self.feed = loop, loop.feed
        self.layout = lay_out(graph, masks, loop.recipe.batch_size)
        self.dropouts = dropouts_of(graph.nodes)
        self.moves = self.feed.augment is not None and only_moves(self.feed.augment)
        """Whether the images are changed by compiled code, many steps at once."""
        self.parameters = dict(loop.network.named_parameters())
        self.frame = steps.frame_of(self.layout)
        self.mean = self.feed.mean.cpu().numpy()
        self.scale = (1 / self.feed.std).cpu().numpy()
        spec, size = loop.recipe.optimiser, len(self.layout.arrays.parameters)
        self.rule = _rule(loop.recipe)
        moments = [np.zeros(size, np.float32) for _ in MOMENTS[spec.name]]
        self.state = State(moments[0], moments[-1], *self._pieces())
        self.made = 0
        """Steps of the update rule so far."""
        self.changed = False
        """Whether the loop's network and optimiser are behind."""
        self._read()

    def _pieces(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_], Integers]:
        """Whether parameters decay and are weights, and where runs of them that are alike begin and end."""
        decaying = {
            id(weight)
            for group in self.loop.optimiser.param_groups
            if group["weight_decay"]
            for weight in group["params"]
        }
        found: list[tuple[bool, bool]] = []
        ends = [0]
        for name, part, _ in sorted(self.layout.parts(), key=lambda item: (item[1].start, item[1].stop)):
            alike = id(self.parameters[name]) in decaying, name in self.layout.weights
            if found and found[-1] == alike:
                ends[-1] = part.stop
            else:
                found.append(alike)
                ends.append(part.stop)
        decays, freezes = zip(*found, strict=True)
        return np.array(decays), np.array(freezes), np.array(ends)

    def _read(self) -> None:
        """Take weights, statistics and the optimiser's state from the loop."""
        self.layout.fill(self.loop.network.state_dict())
        moments, held = MOMENTS[self.loop.recipe.optimiser.name], (self.state.first, self.state.second)
        for name, part, kept in self.layout.parts():
            state = self.loop.optimiser.state.get(self.parameters[name], {})
            for key, numbers in zip(moments, held, strict=False):
                if key in state:
                    numbers[part] = flat(state[key])[kept]
            if "step" in state:
                self.made = int(state["step"])

    @torch.no_grad()
    def settle(self) -> None:
        """Bring the loop's network and optimiser up to date; pruned weights and their state are zero there."""
        if not self.changed:
            return
        arrays, optimiser = self.layout.arrays, self.loop.optimiser
        name_of_rule = self.loop.recipe.optimiser.name
        stateful = name_of_rule != "sgd" or self.rule.momentum > 0
        for name, part, kept in self.layout.parts():
            parameter = self.parameters[name]
            _write(parameter, arrays.parameters[part], kept)
            if stateful:
                state = optimiser.state[parameter]
                if name_of_rule != "sgd":
                    state["step"] = torch.tensor(float(self.made))
                for key, numbers in zip(MOMENTS[name_of_rule], (self.state.first, self.state.second), strict=False):
                    if key not in state:
                        state[key] = torch.zeros_like(parameter)
                    _write(state[key], numbers[part], kept)
        buffers = dict(self.loop.network.named_buffers())
        for name, part in self.layout.running.items():
            buffers[name].copy_(torch.from_numpy(arrays.running[part]))
        for name in buffers:
            if name.endswith("num_batches_tracked"):
                buffers[name] += self._unsettled
        self._unsettled = 0
        self.changed = False

    _unsettled = 0
    """Steps since the loop was brought up to date."""

    def run(self, first: int, until: int) -> int:
        """Some steps from `first` on, at most to `until`; the next one."""
        loop, batch = self.loop, self.loop.recipe.batch_size
        count = min(until - first, max(1, int(STRETCH / (loop.meter.per_step(batch) + 1))))
        if self.dropouts or not (self.feed.augment is None or self.moves):
            count = 1
        epoch, inside = divmod(first, loop.epoch_steps)
        count = min(count, loop.epoch_steps - inside)
        if self.moves:
            count = min(count, max(1, MOVED_AT_ONCE // (batch * self.feed.splits["train"].images[0].numel())))
        rates, train = np.array([loop.rate(step) for step in range(first, first + count)]), self.feed.splits["train"]
        if self.feed.augment is None or self.moves:
            order = self._order(epoch)[inside * batch : (inside + count) * batch]
            ends = np.minimum(np.arange(1, count + 1) * batch, len(order))
            images = len(order)
            self._draw(first, images)
            pixels, every = self._pixels(train), train.labels.numpy()
            if self.moves:
                shape = Shape(*train.images.shape[1:])
                here = moved(pixels.bytes, order, self._moves(epoch), inside * batch, shape)
                pixels, order, every = pixels._replace(bytes=here), np.arange(images), every[order]
            found, correct = steps.make_steps(pixels, order, ends, every, rates, self.made, *self._network())
        else:
            inputs, labels = loop.batch_of(first)
            images = len(labels)
            steps.put(inputs.contiguous().numpy(), self.layout.arrays, self.frame)
            self._draw(first, images)
            found, correct = steps.learn(labels.numpy(), rates[0], self.made + 1, *self._network())
        self.made += count
        self._unsettled += count
        self.changed = True
        loop.losses += found
        loop.correct += correct
        loop.images += images
        loop.meter.passed(images)
        return first + count

    def _draw(self, step: int, images: int) -> None:
        """Draw what a step drops, from the stream that dense kernels would have."""
        with self.loop.random_stream(step):
            draw_factors(self.layout, self.dropouts, images)

    def _network(self) -> tuple[Arrays, steps.Frame, State, Rule]:
        return self.layout.arrays, self.frame, self.state, self.rule

    def _order(self, epoch: int) -> Integers:
        """The order of an epoch, from 0."""
        if self._ordered[0] != epoch:
            size = len(self.feed.splits["train"])
            self._ordered = epoch, epoch_order(size, self.loop.seed, epoch + 1).numpy()
        return self._ordered[1]

    _ordered: tuple[int, Integers] = (-1, np.zeros(0, np.int64))

    def _moves(self, epoch: int) -> Moves:
        """What happens to the images of an epoch, from 0."""
        if self._moving is None or self._moving[0] != epoch:
            changes = self.feed.changes(self.loop.seed, epoch + 1)
            assert changes is not None
            size = len(self.feed.splits["train"])
            self._moving = epoch, moves_of(changes, size, self.loop.recipe.batch_size)
        return self._moving[1]

    _moving: tuple[int, Moves] | None = None

    def _pixels(self, split: Split) -> steps.Pixels:
        return steps.Pixels(split.images.contiguous().numpy().reshape(-1), self.mean, self.scale)

    def parts_of(self, name: SplitName) -> Iterator[tuple[Split, int, int]]:
        """A split in parts that are scored at once, each by its first image and the one after its last."""
        split = self.feed.splits[name]
        for first in range(0, len(split), SCORED_AT_ONCE):
            yield split, first, min(first + SCORED_AT_ONCE, len(split))

    def score(self, split: Split, first: int, last: int) -> tuple[float, Tensor]:
        """The sum of losses in nats over images of a split, and their predicted classes, int64 [images]."""
        predicted = np.empty(last - first, np.int64)
        labels, capacity = split.labels.numpy(), self.layout.capacity
        arrays, frame = self.layout.arrays, self.frame
        found = steps.score(self._pixels(split), first, last, capacity, labels, arrays, frame, predicted)
        return found, torch.from_numpy(predicted)


def _rule(recipe: Recipe) -> Rule:
    """torch's defaults are those of `make_optimiser`."""
    spec, freeze = recipe.optimiser, recipe.freeze
    return Rule(
        adam=spec.name != "sgd",
        decoupled=spec.name == "adamw",
        momentum=spec.momentum if spec.name == "sgd" else 0.9,
        beta2=0.999,
        nesterov=spec.nesterov,
        decay=spec.weight_decay,
        clip=recipe.clip_grad_norm or 0.0,
        smoothing=recipe.label_smoothing,
        freeze=FREEZES[freeze.rule] if freeze else 0,
        threshold=freeze.threshold if freeze else 0.0,
    )


def _write(tensor: Tensor, values: NDArray[np.float32], kept: NDArray[np.int64] | slice) -> None:
    """Zeros, but for these numbers."""
    whole = np.zeros(tensor.numel(), np.float32)
    whole[kept] = values
    tensor.copy_(torch.from_numpy(whole).view(tensor.shape))
