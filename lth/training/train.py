"""The one way to train: a masked network, a data set in memory, a recipe. Methods differ in the hook put around it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Literal

import torch
from torch import Tensor, nn

from lth.config.training import Capture, Recipe
from lth.data.examples import Examples
from lth.errors import UserError
from lth.pruning.masks import kept, total
from lth.running.scratch import Saved, Scratch
from lth.running.stopping import Stopped, requested
from lth.training.history import Row
from lth.training.hooks import Hook
from lth.training.loop import Loop
from lth.training.resume import restore, snapshot
from lth.training.trained import Trained


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
    scratch: Scratch | None = None,
    more: bool = False,
    begin: int = 0,
    capture: Capture = "auto",
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
        scratch: keeps the state of the training, from which it goes on if it was stopped; without it, it begins anew.
        more: the job goes on to another training after this one, so what it has come to is kept in scratch.
        begin: the first step: of a network that has made those before it, as another one; learning rates, batches and
            epochs are those from there on.
        capture: whether a GPU records a step and repeats it (`compute.capture`).

    Raises:
        Stopped: this process was told to stop, and the state is on disk.
        UserError: a loss became NaN or infinite.
    """
    loop = Loop.start(network, masks, examples, recipe, seed, device, trains, capture)
    hook, keep = hook or Hook(), keep or Keep()
    if (late := max(begin, keep.step or 0)) >= loop.steps:
        raise UserError(f"rewind_step: the training has {loop.steps} steps, found {late}; must be below")
    every = recipe.evaluate_every or loop.epoch_steps
    trained = Trained(meter=loop.meter, best_step=begin)
    saved = scratch.training() if scratch else None
    first = _first_step(loop, trained, saved, begin, log)
    hook.begin(trained.history)
    if loop.dense_because:
        log(f"dense kernels, as there are no sparse ones here: {loop.dense_because}")
    if loop.augmented_by_torch:
        log(f"augmentation by torch, the same and slower: {loop.augmented_by_torch}")
    step = first
    while step <= loop.steps:
        if requested() or (saved and saved.due()):
            _save(saved, loop, trained, step)
        if step % every == 0 or step in (begin, loop.steps):
            try:
                log(_score(loop, trained, step, keep))
            except Stopped:
                _save(saved, loop, trained, step)
                raise
        if step == keep.step:
            trained.early = loop.weights()
        if step == loop.steps or _ends_early(loop, trained, hook, keep, step, log):
            break
        moments = (loop.steps, (step // every + 1) * every, keep.step or 0)
        step = loop.advance(step, min(moment for moment in moments if moment > step), hook)
        for note in loop.static.notes():
            log(note)
    loop.settle()
    if saved and (more or saved.scratch.keeps):
        _save(saved, loop, trained, loop.steps + 1)
    loop.masking.verify()
    trained.weights = loop.weights()
    trained.masks = {name: mask.cpu() for name, mask in loop.masking.masks.items()}
    return trained


def _first_step(loop: Loop, trained: Trained, saved: Saved | None, begin: int, log: Callable[[str], None]) -> int:
    """Where the training begins, or, put back to the state that it was stopped in, goes on."""
    if not saved or not (state := saved.read()):
        return begin
    first = restore(loop, trained, *state)
    log(f"goes on from step {first}/{loop.steps}" if first <= loop.steps else "was done before")
    return first


def _ends_early(loop: Loop, trained: Trained, hook: Hook, keep: Keep, step: int, log: Callable[[str], None]) -> bool:
    """Whether the recipe's patience is over, now that the step was scored. It follows from the history alone, so that a
    training which was stopped and goes on ends where it would have ended."""
    patience = loop.recipe.patience
    if not patience or trained.history[-1].step != step or trained.stalled < patience:
        return False
    if step < (keep.step or 0) or hook.next_action(loop, step) < loop.steps:
        return False
    left = (loop.steps - step) / loop.epoch_steps
    log(f"ends early: no lower validation loss in {patience} scorings; {left:.4g} epochs are not run")
    return True


def _save(saved: Saved | None, loop: Loop, trained: Trained, step: int) -> None:
    """Write the state before a step, and end here if that was asked for."""
    if saved:
        saved.write(*snapshot(loop, trained, step))
    if requested():
        raise Stopped(f"stopped before step {step}/{loop.steps}" + ("" if saved else ", and nothing is kept of it"))


def _score(loop: Loop, trained: Trained, step: int, keep: Keep) -> str:
    """Add a row for each split to the history, keep what is best so far, and say in a line how it goes."""
    rows, predictions = _rows(loop, step)
    loop.forget_seen()
    before = trained.least
    trained.history += rows
    if trained.least < before:
        trained.best_step, trained.predictions = step, predictions.cpu()
        trained.best = loop.weights() if keep.best else {}
    return _progress(loop, rows)


def _rows(loop: Loop, step: int) -> tuple[list[Row], Tensor]:
    """A row for each split (the training data as they went by), and the predicted classes of the test data."""
    found = {"train": loop.seen()} if loop.images else {}
    loss, accuracy, _ = loop.score("validation")
    found["validation"] = loss, accuracy
    loss, accuracy, predictions = loop.score("test")
    found["test"] = loss, accuracy
    epoch, left = step / loop.epoch_steps, kept(loop.masking.masks)
    if not all(isfinite(loss) for loss, _ in found.values()):
        raise UserError(f"training diverged: a loss is not finite in epoch {epoch:.4g}; lower optimiser.learning_rate")
    return [
        Row(epoch=epoch, step=step, kept=left, split=split, loss_nats=loss, accuracy_percent=accuracy)
        for split, (loss, accuracy) in found.items()
    ], predictions


def _progress(loop: Loop, rows: list[Row]) -> str:
    found = "  ".join(f"{row.split} {row.accuracy_percent:.2f} % (loss {row.loss_nats:.4f})" for row in rows)
    if loop.recipe.iterations:
        place = f"step {rows[-1].step}/{loop.steps}"
    else:
        place = f"epoch {rows[-1].epoch:.4g}/{loop.recipe.epochs}"
    return f"density {100 * rows[-1].kept / total(loop.masking.masks):.2f} %  {place}  {found}"
