"""Pruning at initialisation: score theta_0, prune it, train what is left (SNIP, GraSP, SynFlow, random, magnitude)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from lth.catalog.scores import SCORES, as_published, images_in_vain, score_faults, score_label
from lth.config.base import Fault, named_in
from lth.config.options import Context, Options
from lth.methods.found import Found

if TYPE_CHECKING:
    from lth.methods.round import Round
    from lth.pruning.masks import Masks
    from lth.pruning.scores.evidence import Evidence

LABELS = {"snip": "SNIP", "grasp": "GraSP", "synflow": "SynFlow", "random": "random"}
"""Scores that give the method its name."""


class AtInit(Options):
    """Score the untrained network, prune it, train what is left."""

    score: Annotated[str, named_in(SCORES, "score")] = "magnitude"
    """The saliency score: one of the names that `lth list` shows, or a function of one's own by its import
    path, `package.module:name` (docs/extending.md)."""
    iterations: Annotated[int, Field(ge=1, le=1000)] | None = None
    """In how many steps to prune, scoring again before each; without it as the score was published (SynFlow: 100)."""
    per_class: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Images of each class that the score sees. Without it 10 for GraSP, as published, and 13 for SNIP: 130 images of
    ten classes, where its paper takes one batch (100 of MNIST: `per_class: 10`; 128 of CIFAR-10, not balanced). A
    score of one's own sees none without it."""

    def told(self) -> dict[str, Any]:
        """With the images and steps of the score's paper where the study says none."""
        return super().told() | as_published(self.score, per_class=self.per_class, iterations=self.iterations)

    def faults(self) -> Iterator[Fault]:
        """Images only for scores that look at images."""
        yield from images_in_vain(self.score, self.per_class)

    def check(self, context: Context) -> Iterator[Fault]:
        """The score can score untrained weights of this network."""
        yield from score_faults(self.score, "at_init", "initial", context.network.architecture)

    def variant(self) -> str:
        """The score's name."""
        return LABELS.get(self.score, f"{score_label(self.score)} at init")

    def summary(self, rounds: str, scope: str) -> str:
        """The score and its scope."""
        return f"pruned before training by {self.score} ({scope}), {rounds}"


def find(round_: Round, options: AtInit) -> Found:
    """theta_0 under the masks that the score gives, in as many steps as the study or the score's paper says."""
    from lth.networks.cost import Meter
    from lth.pruning.scores.iterate import prune_at_init
    from lth.pruning.scores.own import scorer

    dense, known = round_.dense, SCORES[options.score]
    steps, seen = options.iterations or known.iterations, 0

    def evidence(masks: Masks) -> Evidence:
        nonlocal seen
        seen += round_.scored_feed.sampled(options.per_class or known.per_class) or int(known.signed)
        return round_.evidence(options.score, dense.weights, masks, options.per_class)

    masks = prune_at_init(scorer(options.score), evidence, dense.masks, steps, round_.allocate)
    meter = Meter(round_.weight_uses)
    meter.use(dense.masks)
    meter.passed(seen)  # at full density, which is what scoring starts with
    return Found(ticket=dense.derive(masks, dense.weights), costs=(("score", meter),))
