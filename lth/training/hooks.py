"""What a method may do around the steps of a training."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lth.training.history import Row
    from lth.training.loop import Loop


class Hook:
    """Does nothing; a method overrides what it needs."""

    def begin(self, history: "Sequence[Row]") -> None:
        """Before the training begins, or goes on after it was stopped. `history` has what was scored so far, and grows
        by what will be."""

    def next_action(self, loop: "Loop", step: int) -> int:
        """The first step, from this one on, at which the hook does something; those before may run on sparse kernels,
        where gradients of pruned weights do not exist, many in one call. Every step unless a method says otherwise."""
        return loop.steps if type(self) is Hook else step

    def before_step(self, loop: "Loop", step: int) -> None:
        """Before a batch goes forward; may change masks. Steps count from 0."""

    def after_backward(self, loop: "Loop", step: int) -> bool:  # noqa: ARG002
        """With the gradients of all weights, before they are masked; false if this step's update is to be left out."""
        return True
