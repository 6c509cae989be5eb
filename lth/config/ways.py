"""The constants of each way to find a ticket, a model for each; which one counts is a ticket's `method`."""

from typing import Annotated, Literal

from pydantic import Field

from lth.config.base import Count, Model, Name


class AtInit(Model):
    """`at_init`: score the untrained network, prune it, train what is left (SNIP, GraSP, SynFlow, random, ...)."""

    iterations: Annotated[int, Field(ge=1, le=1000)] | None = None
    """In how many steps to prune, scoring again before each; without it as the score was published (SynFlow: 100)."""
    per_class: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Images a class that the score sees; without it as the score was published (GraSP: 10)."""


class Progressive(Model):
    """`progressive`: prune by magnitude within one training, a little before each epoch, to the density asked for."""

    shape: Literal["linear", "cubic"] = "linear"
    """How the sparsity rises: evenly, or fast at first (Zhu & Gupta 2017)."""
    from_epoch: Annotated[int, Field(ge=0)] = 0
    """The epochs trained before the sparsity begins to rise."""
    until_epoch: Count
    """The epochs trained when it reaches its end; it is held from there on."""


class Dynamic(Model):
    """`dynamic`: a mask that moves while training: drop the smallest weights, grow as many elsewhere (SET, RigL)."""

    grow: Literal["random", "gradient"] = "gradient"
    """Where weights grow: at random (SET, Mocanu et al. 2018), or by dense gradients (RigL, Evci et al. 2020)."""
    every: Count = 100
    """Optimiser steps between updates of the mask."""
    fraction: Annotated[float, Field(gt=0, lt=1)] = 0.3
    """Share of a layer's weights that the first update drops; cosine-decayed to 0."""
    until: Annotated[float, Field(gt=0, le=1)] = 0.75
    """The share of training after which the mask rests."""


class Penalty(Model):
    """A growing L2 penalty: the gradient of each masked weight w gains lambda times w; lambda starts from 0."""

    shape: Literal["linear", "quadratic", "exponential"] = "linear"
    """How lambda gets from 0 to `limit`: by `rise` each time, or slowly first, in as many rises."""
    rise: Annotated[float, Field(ge=1e-12, le=1e6)] = 1e-4
    """What lambda gains at each rise."""
    every: Count = 5
    """Optimiser steps from rise to rise."""
    limit: Annotated[float, Field(gt=0, le=1e6)] = 1.0
    """Lambda rises until it is above this, then it is held."""


class Dual(Model):
    """`dual`: random sparse networks made trainable by moving what they know out of the masked weights (RST)."""

    recipe: Name
    """One of `recipes`: the training under the penalty, in each cycle, before the masked weights are removed."""
    penalty: Penalty = Penalty()
    """On the masked weights, from 0 in each cycle."""
    cycles: Annotated[int, Field(ge=1, le=50)] = 1
    """1 is RST; n is RST Iter-n: cycle c masks 1 - density^(c/n), those masked before and random others."""
    remove_between: bool = False
    """Remove the masked weights after each cycle, not only after the last."""
    choice: Literal["random", "smallest"] = "random"
    """Which weights are masked: random ones (the paper), or those smallest at initialisation (its code)."""


class Derived(Model):
    """`derived`: another ticket's masks, round by round, with one thing changed: a control trained like the ticket."""

    ticket: Name
    """The ticket whose rounds are followed."""
    kind: Literal["fresh", "shuffled", "random"] = "fresh"
    """`fresh`: newly drawn weights; `shuffled`: masks permuted within layers; `random`: masks of equal counts."""
    draw: Annotated[int, Field(ge=0, le=1000)] = 0
    """Which of several independent draws of weights or masks a seed gets."""


class Combined(Model):
    """`combined`: the masks of two tickets of one network and seed made into one, over the weights of the first."""

    tickets: Annotated[tuple[Name, Name], Field(min_length=2, max_length=2)]
    """The two tickets; rounds of equal number are combined."""
    rule: Literal["union", "intersection"] = "union"
    """Kept by either, or kept by both."""
    weights: Literal["initial", "first", "mean"] = "initial"
    """What training starts from. `initial`: the weights that both were found from. `first`: the trained weights of the
    first ticket, and of the second where only that keeps one. `mean`: likewise, and their mean where both keep one."""
