"""Pruning at initialisation: score theta_0, prune it, train what is left (SNIP, GraSP, SynFlow, random, magnitude)."""

from lth.config.ways import AtInit
from lth.cost import Meter
from lth.masks import Masks
from lth.methods.round import Method, Round
from lth.scores import SCORES
from lth.scores.evidence import Evidence
from lth.scores.iterate import prune_at_init
from lth.tickets import Ticket


class AtInitialisation(Method):
    """Prune before any training."""

    def ticket(self, round_: Round) -> Ticket:
        """theta_0 under the masks that the score gives, in as many steps as the study or the score's paper says."""
        spec, dense = round_.spec, Ticket.dense(round_.spec.network, round_.spec.seed)
        known, options = SCORES[spec.score], spec.at_init or AtInit()
        steps, seen = options.iterations or known.iterations, 0

        def evidence(masks: Masks) -> Evidence:
            nonlocal seen
            seen += len(round_.examples.classes) * (options.per_class or known.per_class) or int(known.signed)
            return round_.evidence(dense.weights, masks, options.per_class)

        density = round_.density
        masks = prune_at_init(known.load(), evidence, dense.masks, density, steps, round_.allocate)
        meter = Meter(round_.places)
        meter.use(dense.masks)
        meter.passed(seen)  # at full density, which is what scoring starts with
        round_.before.append(("score", meter))
        return dense.derive(masks, dense.weights)
