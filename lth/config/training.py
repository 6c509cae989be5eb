"""How networks are trained: optimiser, learning-rate schedule, data augmentation."""

from collections.abc import Iterator, Mapping
from math import ceil
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from lth.config.base import Count, Fault, Model, each_once

Capture = Literal["auto", "always", "never"]
"""Whether a GPU records a training step and repeats it."""


class Optimiser(Model):
    """The update rule."""

    name: Literal["adam", "adamw", "sgd"] = "adam"
    """`adam` adds weight decay to the gradient, `adamw` shrinks the weights instead."""
    learning_rate: Annotated[float, Field(gt=0, le=100)]
    """Step size, at its highest; the recipe's `schedule` says how it changes over training."""
    weight_decay: Annotated[float, Field(ge=0, le=10)] = 0.0
    """Coefficient of the decay, on every parameter that `decay_exclude` does not name."""
    decay_exclude: Annotated[tuple[Literal["bias", "norm"], ...], each_once] | None = None
    """What does not decay: all biases, all parameters of norms. BERT is fine-tuned with both (Chen et al. 2020)."""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """For `sgd`."""
    nesterov: bool = False
    """For `sgd` with momentum."""

    def faults(self) -> Iterator[Fault]:
        """Hyperparameters that the update rule would ignore."""
        for key in ("momentum", "nesterov"):
            if self.name != "sgd" and getattr(self, key):
                yield (key,), f"only `sgd` has it, and `name` is '{self.name}'; take it out, or set `name: sgd`"
        if self.name == "sgd" and self.nesterov and not self.momentum:
            yield ("nesterov",), "needs momentum, found none; set `momentum`, for instance 0.9, or take it out"
        if self.decay_exclude and not self.weight_decay:
            yield ("decay_exclude",), "has no effect without `weight_decay`; set that, or take it out"


class LearningRateSchedule(Model):
    """How the learning rate changes over training, after a linear warm-up."""

    later_keys: ClassVar = ("initial",)
    only: ClassVar = {
        "milestones": ("step",),
        "factor": ("step",),
        "period_epochs": ("cosine_restarts",),
        "period_growth": ("cosine_restarts",),
        "final": ("linear", "cosine", "cosine_restarts", "one_cycle"),
        "initial": ("one_cycle",),
    }
    """The schedules that a hyperparameter is for."""

    name: Literal["constant", "step", "linear", "cosine", "cosine_restarts", "one_cycle"] = "constant"
    """`step` falls at `milestones`, `linear` and `cosine` fall to `final`, `cosine_restarts` does so every `period`;
    `one_cycle` rises from `initial` over the warm-up and falls to `final`, both along half a cosine (Smith & Topin
    2018, as torch's `OneCycleLR` anneals; momentum stays as it is)."""
    warmup_epochs: Annotated[float, Field(ge=0)] = 0.0
    """Over how many epochs (parts of one count) the rate rises to its highest."""
    milestones: tuple[Annotated[float, Field(gt=0)], ...] = ()
    """For `step`: the epochs after which the rate is multiplied by `factor`."""
    factor: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """For `step`."""
    period_epochs: Annotated[float, Field(ge=0.001)] | None = None
    """For `cosine_restarts`: epochs of the first cycle."""
    period_growth: Annotated[float, Field(ge=1, le=10)] = 1.0
    """For `cosine_restarts`: how many times longer each cycle is than the one before."""
    final: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """For `linear`, `cosine`, `cosine_restarts` and `one_cycle`: the share of the highest rate that they end at."""
    initial: Annotated[float, Field(gt=0, lt=1)] | None = None
    """For `one_cycle`: the share of the highest rate that it begins at; without it 0.04, torch's 1/25."""

    @property
    def needed_epochs(self) -> Mapping[str, float]:
        """By key, the epochs that a training must be longer than for all of the schedule to happen."""
        last = max(self.milestones, default=0.0)
        return {"warmup_epochs": self.warmup_epochs, "milestones": last, "period_epochs": self.period_epochs or 0.0}

    def faults(self) -> Iterator[Fault]:
        """Hyperparameters that the schedule would ignore, or lacks."""
        for key, names in self.only.items():
            if self.name not in names and getattr(self, key) != type(self).model_fields[key].default:
                *most, last = [f"`{name}`" for name in names]
                fitting = f"{', '.join(most)} and {last} have it" if most else f"{last} has it"
                yield (key,), f"only {fitting}, and `name` is '{self.name}'; take it out"
        if self.name == "step" and not self.milestones:
            yield (), "`milestones` is missing: the epochs after which the rate falls"
        if self.name == "cosine_restarts" and self.period_epochs is None:
            yield (), "`period_epochs` is missing: how many epochs the first cycle has"
        if self.name == "one_cycle" and not self.warmup_epochs:
            yield (), "`warmup_epochs` is missing: the epochs over which the rate rises (a third of them, for instance)"
        if list(self.milestones) != sorted(set(self.milestones)):
            yield ("milestones",), f"must rise, found {', '.join(f'{epoch:g}' for epoch in self.milestones)}"


class Colour(Model):
    """Random changes of colour, in the amounts of torchvision's ColorJitter and in the order of these keys.

    Saturation and hue leave grey images as they are."""

    brightness: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Factor drawn from 1 minus this to 1 plus this."""
    contrast: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Likewise."""
    saturation: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Likewise."""
    hue: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """Turn of the hue, drawn from minus this to plus this, 1 being a full circle."""


class Augmentation(Model):
    """Random changes of training images, drawn anew for each image and epoch; made in the order of these keys."""

    crop_padding: Annotated[int, Field(ge=0, le=64)] = 0
    """Pad with this many black pixels a side, then crop back to the image's size at a random place."""
    flip: bool = False
    """Mirror each image left to right with probability one half."""
    rotation_degrees: Annotated[float, Field(ge=0, le=180)] = 0.0
    """Turn by an angle from minus this to plus this."""
    shift: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """Move in both directions by up to this share of the image's side."""
    colour: Colour | None = None
    """Brightness, contrast, saturation, hue."""
    erasing: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Probability that a random rectangle (2 to 33 % of the image) is erased to the mean that images are
    normalised with."""
    interpolation: Literal["nearest", "bilinear"] = "nearest"
    """For rotation and shift; `nearest` is torchvision's default."""

    def faults(self) -> Iterator[Fault]:
        """Interpolation of nothing."""
        if self.interpolation != "nearest" and not (self.rotation_degrees or self.shift):
            message = "only `rotation_degrees` and `shift` have it, found neither; take it out, or give one of them"
            yield ("interpolation",), message


class Freeze(Model):
    """Gradients set to zero by a weight's value instead of by a mask: a mistake of published code, to be repeated.

    Masks hold as ever: pruned weights stay exactly zero. The rule zeroes gradients of kept prunable weights as well;
    biases and norms have theirs. A gradient of zero is no frozen weight: `adam` adds weight decay to it and scales the
    sum, so that a weight that never had a gradient goes to zero by up to a learning rate a step, whatever the data say
    (from -0.05 in about 60 steps of 1.2e-3), and one that had gradients goes on by their moments."""

    rule: Literal["below", "magnitude"]
    """`below`: weights below `threshold`, which are all negative ones, too; `magnitude`: those whose absolute value is
    below it (which a mask makes superfluous)."""
    threshold: Annotated[float, Field(gt=0, le=1)] = 1e-6
    """Compared with a weight before each optimiser step."""


class Recipe(Model):
    """How a network is trained; tickets and evaluations name one."""

    optimiser: Optimiser
    """The update rule and its constants."""
    batch_size: Count
    """Images a step; the last batch of an epoch may be smaller, no image is left out."""
    epochs: Count | None = None
    """Passes over the training data; give this or `iterations`."""
    iterations: Count | None = None
    """Optimiser steps, where the source counts them; give this or `epochs`."""
    evaluate_every: Count | None = None
    """Score validation and test data every so many steps; without it after each epoch."""
    patience: Count | None = None
    """Early stopping: end a training after so many evaluations in a row (epochs, or every `evaluate_every` steps)
    without a lower validation loss. The learning rate keeps the schedule of the whole length. Never before a method
    has changed its masks for the last time, or before `rewind_step`."""
    schedule: LearningRateSchedule = LearningRateSchedule()
    """Of the learning rate."""
    clip_grad_norm: Annotated[float, Field(gt=0, le=1e6)] | None = None
    """Scale gradients down to this L2 norm over all trained parameters together, where it is above (BERT: 1). Gradients
    of pruned weights do not count: they are masked first."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the target that goes to all classes alike; reported losses are without it."""
    augment: Augmentation | None = None
    """Random changes of training images."""
    precision: Literal["fp32", "bf16"] = "fp32"
    """`bf16` computes layers in bfloat16 (weights, sums and updates stay fp32); see docs/benchmarks.md first."""

    kernels: Literal["sparse", "dense"] | None = None
    """`sparse` computes with the kept weights only, on CPUs, where the network's layers allow it; `dense` with all.
    Without it, sparse where at most 60 % of the weights are kept (30 % if there are convolutions) and the training
    takes more than 6e10 FLOPs with all weights. Results differ by rounding; see docs/benchmarks.md."""
    freeze: Freeze | None = None
    """Zero the gradients of kept weights by their value, to repeat what published code does; see below. Not for
    studies of one's own."""

    later_keys: ClassVar = ("freeze", "kernels", "patience")

    def steps(self, examples: int) -> tuple[int, int]:
        """Optimiser steps of a training on so many examples, and of one of its epochs."""
        epoch = ceil(examples / self.batch_size)
        return self.steps_in(epoch), epoch

    def steps_in(self, epoch_steps: int) -> int:
        """Optimiser steps of a training whose epochs have so many."""
        return self.iterations or (self.epochs or 0) * epoch_steps

    def has_single(self, examples: int) -> bool:
        """Whether an epoch of so many examples has a batch of a single one."""
        return self.batch_size == 1 or examples % self.batch_size == 1

    def faults(self) -> Iterator[Fault]:
        """One way to say how long the training is, and a schedule that ends before it."""
        if self.epochs is None and self.iterations is None:
            yield (), "does not say how long to train; give `epochs` or `iterations`"
        if self.epochs is not None and self.iterations is not None:
            yield ("iterations",), "given besides `epochs`; take one of them out"
        if self.kernels == "sparse" and self.precision == "bf16":
            yield ("kernels",), "sparse ones compute in fp32, found `precision: bf16`; take one of them out"
        if self.patience and self.epochs and not self.evaluate_every and self.patience >= self.epochs:
            message = f"must be below the {self.epochs} epochs to end a training early, found {self.patience}"
            yield ("patience",), message
        for key, epoch in self.schedule.needed_epochs.items():
            if self.epochs is not None and epoch >= self.epochs:
                yield ("schedule", key), f"must be below the {self.epochs} epochs of the recipe, found {epoch:g}"
