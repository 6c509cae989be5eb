"""Iterative magnitude pruning (Frankle & Carbin 2019, section 1): train, prune, rewind, and again.

A round is one job: it prunes with the weights that training its parent gave, rewinds the survivors and trains them.
The parent is the round before, or (one shot) the dense network. The criterion need not be magnitude.
"""

from collections.abc import Mapping

from torch import Tensor

from lth.masks import Masks
from lth.methods.round import Method, Round
from lth.networks.build import initial_weights
from lth.scores import SCORES
from lth.seeds import derive
from lth.tickets import Ticket


class Imp(Method):
    """Train, prune, rewind."""

    def ticket(self, round_: Round) -> Ticket:
        """Dense, taken over, or pruned and rewound."""
        spec = round_.spec
        if round_.files.parent is None:
            return Ticket.dense(spec.network, spec.seed)
        parent = round_.parent
        if spec.rewind == "trained":
            round_.order = round_.further("round", spec.round)
        if spec.rewind == "parent":  # in all rounds the same trained weights, once trained further
            round_.order = round_.further("start")
        if spec.prunes:
            return parent.derive(next_masks(round_, parent), rewound(round_, parent))
        return parent.derive(parent.masks, round_.trained.last if spec.rewind == "parent" else parent.weights)


def next_masks(round_: Round, parent: Ticket) -> Masks:
    """The masks of a round: as many weights as its density keeps, all of them kept before.

    Stability has nothing to go by where the best step was the last one; such a round prunes nothing, says so, and the
    next one makes up for it. It draws its batches in another order: in the same one, from the same weights, training
    would end where the parent's did, and no later round could prune either.
    """
    trained = round_.trained
    if SCORES[round_.spec.score].best and _equal(trained.best, trained.last):
        round_.say("prunes nothing: the best step was the last one, so that no weight has moved since")
        round_.order = derive(round_.spec.seed, "another order", round_.spec.ticket, round_.spec.round)
        return parent.masks
    scores = SCORES[round_.spec.score].load()(round_.evidence(trained.last, parent.masks))
    return round_.allocate(scores, parent.masks)


def rewound(round_: Round, parent: Ticket) -> Mapping[str, Tensor]:
    """The weights that the survivors start from.

    Rewinding to theta_0 is multiplying: a parent carries its own initial weights, so the survivors keep theta_0 bit
    for bit through any chain, whatever data sets it was trained on. `step` puts the weights of the dense training's
    early step in their place, once; later rounds carry those. `trained` goes on from where the parent ended (with
    `retrain`: fine-tuning, or learning-rate rewinding; Renda et al. 2020, section 2).
    """
    spec = round_.spec
    if spec.rewind == "fresh":
        return initial_weights(spec.network, spec.seed, "fresh initialisation", spec.round)
    if spec.rewind == "trained":
        return round_.trained.last
    return round_.trained.early or parent.weights


def _equal(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> bool:
    return all(bool((tensor == second[name]).all()) for name, tensor in first.items())
