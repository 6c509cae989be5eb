"""Progressive pruning: one training, pruned by magnitude before each of its epochs (Zhu & Gupta 2017).

With `wait_points` the schedule follows validation accuracy, which the weight-stability study names as future work.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import partial
from math import ceil
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from lth.config.base import Count, Fault, Rate
from lth.config.options import Context, Options
from lth.methods.found import Found
from lth.training.hooks import Hook

if TYPE_CHECKING:
    from lth.methods.round import Round
    from lth.training.history import Row
    from lth.training.loop import Loop


class Progressive(Options):
    """Prune by magnitude within one training, a little before each epoch, to the density asked for."""

    later_keys: ClassVar = ("from_density", "wait_points")

    shape: Literal["linear", "cubic"] = "linear"
    """How sparsity rises: evenly, or fast at first (Zhu & Gupta 2017)."""
    from_epoch: Annotated[int, Field(ge=0)] = 0
    """The epoch (from 1) after which sparsity begins to rise; 0 for the first."""
    until_epoch: Count
    """The epoch (from 1) whose sparsity is the final one, which is held from there on."""
    from_density: Rate | None = None
    """The density at `from_epoch`, which sparsity rises from: theta_0 is pruned to it, and trained at it until then
    (s_0 of Zhu & Gupta 2017). Without it the network is dense until then."""
    order: Literal["prune_train", "train_prune"] = "prune_train"
    """`prune_train`: an epoch is trained at its own sparsity (as published), up to `until_epoch` as the last one.
    `train_prune`: it is pruned to it afterwards, so that the first epoch is dense, and the next after `until_epoch` is
    the first at the final sparsity."""
    wait_points: Annotated[float, Field(gt=0, le=100)] | None = None
    """Percentage points. While validation accuracy lies more than this below its highest so far, nothing is pruned. The
    epochs that are left make up for it in equal shares, and `until_epoch` has the final sparsity in any case."""

    def faults(self) -> Iterator[Fault]:
        """Sparsity rises over at least one epoch."""
        if self.until_epoch <= self.from_epoch:
            yield ("until_epoch",), f"must be above `from_epoch` ({self.from_epoch}), found {self.until_epoch}"

    def check(self, context: Context) -> Iterator[Fault]:
        """At least the last epoch is trained at the final density, and that lies below the one it begins at."""
        if self.from_density is not None and (least := max(context.densities)) >= self.from_density:
            message = f"must be above the densities that are pruned to, the highest of which is {least:.4g}"
            yield ("from_density",), f"{message}; found {self.from_density:g}"
        for dataset in context.trained_on:
            steps, epoch = context.length(context.recipe, dataset)
            most = ceil(steps / epoch) - (self.order == "train_prune")
            if self.until_epoch > most:
                has = f"recipe '{context.recipe}' has {steps / epoch:.4g} epochs on '{dataset}'"
                yield (
                    ("until_epoch",),
                    f"must be at most {most} (`order: {self.order}`; {has}), found {self.until_epoch}",
                )

    def settled(self, steps: int, epoch_steps: int) -> int:  # noqa: ARG002
        """The last pruning."""
        return (self.until_epoch - (self.order == "prune_train")) * epoch_steps

    def summary(self, rounds: str, scope: str) -> str:  # noqa: ARG002
        """With the epochs over which it prunes."""
        late = ", after each" if self.order == "train_prune" else ""
        begin = f" from density {self.from_density:g}" if self.from_density is not None else ""
        waits = f", waits above {self.wait_points:g} points lost" if self.wait_points is not None else ""
        epochs = f"{self.shape}{begin}, epochs {self.from_epoch} to {self.until_epoch}{late}{waits}"
        return f"pruned by magnitude while training ({epochs}), {rounds}"


def find(round_: Round, options: Progressive) -> Found:
    """theta_0, unpruned; the masks come while it is trained, and what is pruned stays pruned."""
    return Found(ticket=round_.dense, hook=_BeforeEachEpoch(round_, options))


def density_at(options: Progressive, final: Fraction, epoch: int | Fraction) -> Fraction:
    """The density that belongs to an epoch (from 1; 0: before any): that of the beginning to `from_epoch`, `final` from
    `until_epoch` on. A fraction lies between two epochs (`reached`).

    In between sparsity rises evenly, or as s_f + (s_0 - s_f) (1 - x)^3 does (Zhu & Gupta 2017, section 3). A layer with
    a density of its own above that of the beginning has it from the beginning on.
    """
    begin = Fraction(1) if options.from_density is None else max(Fraction(str(options.from_density)), final)
    span = options.until_epoch - options.from_epoch
    done = min(max(Fraction(epoch - options.from_epoch, span), Fraction(0)), Fraction(1))
    risen = done if options.shape == "linear" else 1 - (1 - done) ** 3
    return begin - (begin - final) * risen


def reached(options: Progressive, lost: Sequence[float], epoch: int) -> Fraction:
    """How far pruning has come at an epoch: the epoch itself if pruning never waited, less otherwise.

    Args:
        options: those of the study.
        lost: percentage points by which validation accuracy lies below its highest so far; `lost[i]` when the masks of
            epoch i + 1 are due.
        epoch: the one (from 1) whose masks are due.
    """
    done = Fraction(options.from_epoch)
    for due in range(options.from_epoch + 1, epoch + 1):
        waits = options.wait_points is not None and lost[due - 1] > options.wait_points
        if not waits or due == options.until_epoch:
            done += (options.until_epoch - done) / (options.until_epoch - due + 1)
    return done


class _BeforeEachEpoch(Hook):
    def __init__(self, round_: Round, options: Progressive) -> None:
        self.round, self.options = round_, options
        self.late = options.order != "prune_train"
        self.history: Sequence[Row] = ()

    def begin(self, history: Sequence[Row]) -> None:
        """What is scored says whether pruning waits."""
        self.history = history

    def next_action(self, loop: Loop, step: int) -> int:
        """The next epoch, while sparsity rises."""
        epoch = -(-step // loop.epoch_steps)
        return epoch * loop.epoch_steps if epoch < self.options.until_epoch + self.late else loop.steps

    def before_step(self, loop: Loop, step: int) -> None:
        """Rank the active weights by magnitude and keep as many as the epoch's density says; before the first step, as
        many as the density of the beginning says."""
        epoch, inside = divmod(step, loop.epoch_steps)  # how many have been trained
        epoch += not self.late
        first = step == 0 and self.options.from_density is not None
        if inside or not (first or self.options.from_epoch < epoch <= self.options.until_epoch):
            return
        scores = {name: weight.detach().abs() for name, weight in loop.masking.parameters.items()}
        waits = self.options.wait_points is not None
        lost = [self._lost((due - (not self.late)) * loop.epoch_steps) for due in range(1, epoch + 1) if waits]
        at = partial(density_at, self.options, epoch=reached(self.options, lost, epoch))
        loop.change_masks(self.round.allocate(scores, loop.masking.masks, at))

    def _lost(self, step: int) -> float:
        """Percentage points of validation accuracy below the highest so far, at a step."""
        seen = [row.accuracy_percent for row in self.history if row.split == "validation" and row.step <= step]
        return max(seen) - seen[-1]
