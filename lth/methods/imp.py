"""Iterative magnitude pruning (Frankle & Carbin 2019, section 1): train, prune, rewind, and again.

A round is one job: it prunes with the weights that training its parent gave, rewinds the survivors and trains them.
The parent is the round before, or (one shot) the dense network. The saliency score need not be magnitude.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from lth.catalog.scores import SCORES, as_published, images_in_vain, score_faults, score_label
from lth.config.base import Fault, named_in
from lth.config.options import RATE_REWOUND, Context, Options
from lth.errors import UserError
from lth.methods.found import Found

if TYPE_CHECKING:
    from torch import Tensor

    from lth.artifacts.tickets import Ticket
    from lth.methods.round import Round
    from lth.networks.cost import Meter
    from lth.pruning.masks import Masks


class Imp(Options):
    """Train, prune, rewind, and again."""

    later_keys: ClassVar = ("per_class",)

    score: Annotated[str, named_in(SCORES, "score")] = "magnitude"
    """The saliency score: one of the names that `lth list` shows, or a function of one's own by its import
    path, `package.module:name` (docs/extending.md)."""
    rewind: Literal["initial", "step", "trained", "reinitialised", "parent"] = "initial"
    """Where pruned networks start from. `initial`: theta_0, also after `start`. `step`: theta at `rewind_step` of the
    dense training. `trained`: the trained weights (fine-tuning, or learning-rate rewinding: see `retrain`).
    `reinitialised`: newly drawn ones. `parent`: the trained weights of the `start` round (pre-training): the
    first round trains those under the start's mask and prunes nothing; each later one prunes by what the round before
    trained, and begins at the start's trained weights again."""
    rewind_step: Annotated[int, Field(ge=1)] | None = None
    """For `rewind: step`: the optimiser step of the dense training that is rewound to. Weights, learning rate and
    batches are those of that step; momentum and Adam's moments begin at zero, as in the paper's code (open_lth).
    Tickets that are derived from this one, or start from its weights, begin their training there, too."""

    per_class: Annotated[int, Field(ge=1, le=1000)] | None = None
    """For `taylor` and `gradient`: images of each class that the score sees; without it 13. A score of one's own sees
    none without it."""

    def told(self) -> dict[str, Any]:
        """With the images of the score's paper where the study says none."""
        return super().told() | as_published(self.score, per_class=self.per_class)

    def faults(self) -> Iterator[Fault]:
        """`rewind_step` for `rewind: step`, and only there; images only for scores that look at images."""
        yield from images_in_vain(self.score, self.per_class)
        if self.rewind == "step" and self.rewind_step is None:
            yield (), "`rewind_step` is missing, which says how far back `rewind: step` goes"
        if self.rewind != "step" and self.rewind_step is not None:
            yield ("rewind_step",), f"only `rewind: step` has it, and `rewind` is '{self.rewind}'; take it out"

    def check(self, context: Context) -> Iterator[Fault]:
        """The score fits, and what is rewound to exists."""
        yield from score_faults(self.score, "imp", "trained", context.network.architecture)
        if self.rewind == "parent" and not context.has_start:
            yield ("rewind",), "'parent' needs a `start` to rewind to, found none; add one, or use 'initial'"
        if self.rewind == "step" and context.has_start:
            yield ("rewind",), "'step' needs a dense training of its own, found `start`; take one of them out"
        elif self.rewind_step is not None:
            dataset = context.trained_on[0]
            steps, _ = context.length(context.recipe, dataset)
            if self.rewind_step >= steps:
                message = f"recipe '{context.recipe}' has {steps} steps on '{dataset}', found {self.rewind_step}"
                yield ("rewind_step",), f"{message}; must be below that"
        if SCORES[self.score].best:
            yield from self._check_best(context)

    def _check_best(self, context: Context) -> Iterator[Fault]:
        """The best epoch can be another one than the first and the last, and a later round can make up for it."""
        for recipe, datasets in context.trainings.items():
            for dataset in datasets:
                steps, epoch = context.length(recipe, dataset)
                if (context.recipes[recipe].evaluate_every or epoch) >= steps:
                    message = f"'{self.score}' needs a best step before the last, and recipe '{recipe}' is scored only"
                    advice = "train longer or set its `evaluate_every`"
                    yield ("score",), f"{message} at its end on '{dataset}'; {advice}"
                    return

    @property
    def early_step(self) -> int | None:
        """The step of the dense training that later rounds rewind to."""
        return self.rewind_step

    @property
    def trains_as_parent(self) -> bool:
        """With `rewind: initial`, which keeps the parent's initial weights, whatever they are."""
        return self.rewind == "initial"

    def further(self, round_: int) -> tuple[str | int, ...] | None:
        """With `rewind: parent` the same for all rounds, which begin at the same trained weights."""
        orders: dict[str, tuple[str | int, ...]] = {"trained": ("round", round_), "parent": ("start",)}
        return orders.get(self.rewind)

    @property
    def scores_images(self) -> bool:
        """With the gradient's scores, and those of the user's that ask for images."""
        return SCORES[self.score].images or self.per_class is not None

    @property
    def starts_from_trained(self) -> bool:
        """With `rewind: parent`."""
        return self.rewind == "parent"

    def variant(self) -> str:
        """IMP, and what differs from magnitude pruning rewound to theta_0."""
        rewound = {
            "initial": "",
            "step": f"k = {self.rewind_step}",
            "trained": RATE_REWOUND,
            "reinitialised": "reinitialised",
        }
        score = score_label(self.score) if self.score != "magnitude" else ""
        return ", ".join(filter(None, ["IMP", score, rewound.get(self.rewind, "from trained weights")]))

    def summary(self, rounds: str, scope: str) -> str:
        """The score, its scope, and what is rewound to."""
        to = {
            "initial": "theta_0",
            "step": f"theta at step {self.rewind_step}",
            "trained": "the trained weights",
            "reinitialised": "newly drawn weights",
            "parent": "the trained weights of the start",
        }[self.rewind]
        return f"{rounds}, {self.score} ({scope}), rewound to {to}"

    def initial_weights(self, ticket: str) -> str | None:
        """theta_0 (or those of the start), or what is rewound to."""
        if self.rewind in ("initial", "step"):
            return None
        return f"weights of its own ('{ticket}' has `rewind: {self.rewind}`)"


def find(round_: Round, options: Imp) -> Found:
    """Dense, taken over, or pruned and rewound."""
    spec = round_.spec
    if round_.files.parent is None:
        return Found(ticket=round_.dense)
    parent = round_.parent
    own = options.further(spec.round) if spec.prunes or options.starts_from_trained else None
    which = own or spec.further
    order = round_.further(*which) if which else None
    if not spec.prunes:
        weights = round_.trained.last if options.rewind == "parent" else parent.weights
        return Found(ticket=parent.derive(parent.masks, weights), data_order=order)
    weights = rewound(round_, options, parent)
    if SCORES[options.score].best and _equal(round_.trained.best, round_.trained.last):
        if spec.one_shot:
            message = (
                "the best step of the dense training was its last, so that no weight has moved since, and no round"
            )
            raise UserError(
                f"{options.score}: {message} of `one_shot` can prune; train longer, or give the recipe a "
                "`patience` that ends it before its last epoch"
            )
        return _waiting(round_, parent.derive(parent.masks, weights))
    ticket = parent.derive(next_masks(round_, options, parent), weights)
    return Found(ticket=ticket, data_order=order, costs=score_costs(round_, options, parent.masks))


def _waiting(round_: Round, ticket: Ticket) -> Found:
    """A round that prunes nothing, because the best step was the last one and stability has nothing to compare.

    The next round makes up for it. This one draws its batches in another order: in the same one, from the same weights,
    training would end where the parent's did, and no later round could prune either.
    """
    from lth.seeds import derive

    note = "prunes nothing: the best step was the last one, so that no weight has moved since"
    order = derive(round_.spec.seed, "another order", round_.spec.ticket, round_.spec.round)
    return Found(ticket=ticket, data_order=order, notes=(note,))


def next_masks(round_: Round, options: Imp, parent: Ticket) -> Masks:
    """The masks of a round: as many weights as its density keeps, all of them kept before."""
    from lth.pruning.scores.own import scorer

    evidence = round_.evidence(options.score, round_.trained.last, parent.masks, options.per_class)
    return round_.allocate(scorer(options.score)(evidence), parent.masks)


def score_costs(round_: Round, options: Imp, masks: Masks) -> tuple[tuple[str, Meter], ...]:
    """The pass over images of a score that looks at them, at the density of the parent; nothing for others."""
    from lth.networks.cost import Meter

    if not options.scores_images:
        return ()
    meter = Meter(round_.weight_uses)
    meter.use(masks)
    meter.passed(round_.scored_feed.sampled(options.per_class or SCORES[options.score].per_class))
    return (("score", meter),)


def rewound(round_: Round, options: Imp, parent: Ticket) -> Mapping[str, Tensor]:
    """The weights that the survivors start from.

    Rewinding to theta_0 is multiplying: a parent carries its own initial weights, so the survivors keep theta_0 bit
    for bit through any chain, whatever data sets it was trained on. `step` puts the weights of the dense training's
    early step in their place, once; later rounds carry those. The optimiser begins anew there, without the moments of
    that step: Frankle et al. 2020 (algorithm 1) rewind weights alone, and open_lth makes a new optimiser for each level
    and advances nothing but learning rates and batches, as we do (`train`'s `begin`). `trained` goes on from where the
    parent ended (with `retrain`: fine-tuning, or learning-rate rewinding; Renda et al. 2020, section 2).
    """
    from lth.networks.build import initial_weights

    spec = round_.spec
    if options.rewind == "reinitialised":
        return initial_weights(spec.network, spec.seed, "fresh initialisation", spec.round)
    if options.rewind == "trained":
        return round_.trained.last
    early = round_.trained.early if options.rewind == "step" else {}  # another ticket may prune this dense network, too
    return early or parent.weights


def _equal(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> bool:
    return all(bool((tensor == second[name]).all()) for name, tensor in first.items())
