"""What a training leaves behind."""

from dataclasses import dataclass, field
from math import inf

import torch
from torch import Tensor

from lth.networks.cost import Meter
from lth.training.history import Row

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
    """Of least validation loss, the earliest of several, among those with the fewest weights: what the network could do
    before it was pruned is not what the pruned one can. The first step is the network before this training."""
    predictions: Tensor = field(default_factory=lambda: torch.empty(0))
    """int64 [test data]: the classes predicted at the best step."""
    meter: Meter = field(default_factory=Meter)
    """What it cost."""

    @property
    def least(self) -> tuple[float, float]:
        """The weights kept and the validation loss in nats at the best step so far."""
        return min(((r.kept, r.loss_nats) for r in self.history if r.split == "validation"), default=(inf, inf))

    @property
    def stalled(self) -> int:
        """How many scorings have come since the best one."""
        return sum(row.split == "validation" and row.step > self.best_step for row in self.history)

    def summary(self) -> str:
        """One phrase: the test accuracy at the best step."""
        found = next(row for row in self.history if row.step == self.best_step and row.split == "test")
        return f"test {found.accuracy_percent:.2f} % at best epoch {found.epoch:.4g}"
