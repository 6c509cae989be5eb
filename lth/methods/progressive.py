"""Progressive pruning: one training, and before each of its epochs a little of the network goes, by magnitude."""

from fractions import Fraction

from lth.config.ways import Progressive
from lth.loop import Hook, Loop
from lth.methods.round import Method, Round
from lth.tickets import Ticket


class ProgressivePruning(Method):
    """Prune while training; what is pruned stays pruned."""

    def ticket(self, round_: Round) -> Ticket:
        """theta_0, whole: the masks come while it is trained."""
        return Ticket.dense(round_.spec.network, round_.spec.seed)

    def hook(self, round_: Round) -> Hook:
        """Prunes before each epoch."""
        return _BeforeEachEpoch(round_)


def density_at(options: Progressive, final: Fraction, epoch: int) -> Fraction:
    """The share of weights kept in an epoch (counted from 0): 1 until `from_epoch`, `final` from `until_epoch` on.

    In between the sparsity rises evenly, or as s_f (1 - (1 - x)^3) does (Zhu & Gupta 2017, section 3).
    """
    span = options.until_epoch - options.from_epoch
    done = min(max(Fraction(epoch - options.from_epoch, span), Fraction(0)), Fraction(1))
    risen = done if options.shape == "linear" else 1 - (1 - done) ** 3
    return 1 - (1 - final) * risen


class _BeforeEachEpoch(Hook):
    def __init__(self, round_: Round) -> None:
        assert round_.spec.progressive is not None
        self.round, self.options = round_, round_.spec.progressive

    def before_step(self, loop: Loop, step: int) -> None:
        """Rank the active weights by magnitude and keep as many as the epoch's density says."""
        epoch, inside = divmod(step, loop.epoch_steps)
        if inside or not self.options.from_epoch < epoch <= self.options.until_epoch:
            return
        scores = {name: weight.detach().abs() for name, weight in loop.masking.parameters.items()}
        density = density_at(self.options, self.round.density, epoch)
        loop.change_masks(self.round.allocate(scores, loop.masking.masks, density))
