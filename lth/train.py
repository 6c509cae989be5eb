"""The one way to train: a masked network, images in memory, a recipe. Methods differ in the hook they put around it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Literal

import torch
from torch import Tensor, nn

from lth.config.recipes import Recipe
from lth.cost import Meter
from lth.data.examples import Examples
from lth.errors import UserError
from lth.history import Row
from lth.loop import Hook, Loop

Weights = dict[str, Tensor]


@dataclass
class Trained:
    """What training leaves behind: weights and masks on the CPU, pruned weights exactly zero."""

    weights: Weights = field(default_factory=dict)
    """After the last step."""
    best: Weights = field(default_factory=dict)
    """At the best step, if they were to be kept."""
    early: Weights = field(default_factory=dict)
    """After the step that was to be kept."""
    masks: dict[str, Tensor] = field(default_factory=dict)
    """bool, of the last step."""
    history: list[Row] = field(default_factory=list)
    best_step: int = 0
    """Of least validation loss, the earliest of several; step 0 is the untrained network."""
    predictions: Tensor = field(default_factory=lambda: torch.empty(0))
    """int64 [test images]: the classes predicted at the best step."""
    meter: Meter = field(default_factory=Meter)
    """What it cost."""

    def summary(self) -> str:
        """One phrase: the test accuracy at the best step."""
        found = next(row for row in self.history if row.step == self.best_step and row.split == "test")
        return f"test {found.accuracy_percent:.2f} % at best epoch {found.epoch:.4g}"


@dataclass(frozen=True, kw_only=True)
class Keep:
    """Which weights to keep besides the last ones."""

    best: bool = False
    """Those at the best step."""
    step: int | None = None
    """Those after so many steps."""


def train(
    network: nn.Module,
    masks: Mapping[str, Tensor],
    examples: Examples,
    recipe: Recipe,
    *,
    seed: int,
    device: torch.device,
    log: Callable[[str], None] = lambda _: None,
    hook: Hook | None = None,
    keep: Keep | None = None,
    trains: Literal["all", "head"] = "all",
) -> Trained:
    """Train a masked network in place, scoring validation and test examples after each epoch, or as the recipe says.

    Args:
        network: holds its initial weights, pruned ones already zero.
        masks: bool, by parameter name; pruned weights stay exactly zero, unless the hook changes masks.
        examples: the data set.
        recipe: optimiser, batch, epochs or iterations, precision, ...
        seed: gives batch order, augmentation and dropout, the same for every arm of the seed.
        device: where to compute.
        log: takes a line of progress at each scoring.
        hook: what a method does around the steps; nothing, if none is given.
        keep: which weights to keep besides the last ones.
        trains: `head` leaves all weights but those of the last layer as they are.

    Raises:
        UserError: a loss became NaN or infinite.
    """
    loop = Loop.start(network, masks, examples, recipe, seed, device, trains)
    hook, keep = hook or Hook(), keep or Keep()
    if keep.step is not None and keep.step > loop.steps:
        raise UserError(
            f"rewind_step: the dense training has {loop.steps} steps, found {keep.step}; must be at most that"
        )
    every = recipe.evaluate_every or loop.epoch_steps
    batches = loop.feed.training_batches(recipe.batch, seed, 0, loop.steps)
    trained, least = Trained(meter=loop.meter), float("inf")
    for step in range(loop.steps + 1):
        if step % every == 0 or step == loop.steps:
            found, predictions = _score(loop, step)
            trained.history += found
            loss = next(row.loss_nats for row in found if row.split == "validation")
            if loss < least:
                least, trained.best_step, trained.predictions = loss, step, predictions.cpu()
                trained.best = loop.weights() if keep.best else {}
            log(_progress(loop, found))
        if step == keep.step:
            trained.early = loop.weights()
        if step < loop.steps:
            loop.step(*next(batches), step, hook)
    loop.masking.verify()
    trained.weights = loop.weights()
    trained.masks = {name: mask.cpu() for name, mask in loop.masking.masks.items()}
    return trained


def _score(loop: Loop, step: int) -> tuple[list[Row], Tensor]:
    """A row for each split (the training images as they went by), and the predicted classes of the test images."""
    found = {"train": loop.running()} if step > 0 else {}
    loss, accuracy, _ = loop.score("validation")
    found["validation"] = loss, accuracy
    loss, accuracy, predictions = loop.score("test")
    found["test"] = loss, accuracy
    epoch = step / loop.epoch_steps
    if not all(isfinite(loss) for loss, _ in found.values()):
        raise UserError(f"training diverged: a loss is not finite in epoch {epoch:.4g}; lower optimiser.learning_rate")
    return [
        Row(epoch=epoch, step=step, split=split, loss_nats=loss, accuracy_percent=accuracy)
        for split, (loss, accuracy) in found.items()
    ], predictions


def _progress(loop: Loop, rows: list[Row]) -> str:
    found = "  ".join(f"{row.split} {row.accuracy_percent:.2f} % (loss {row.loss_nats:.4f})" for row in rows)
    if loop.recipe.iterations:
        return f"step {rows[-1].step}/{loop.steps}  {found}"
    return f"epoch {rows[-1].epoch:.4g}/{loop.recipe.epochs}  {found}"
