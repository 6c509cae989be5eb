"""A control that is trained like the ticket: its masks, round by round, with one thing changed."""

from lth.controls import control
from lth.methods.round import Method, Round
from lth.tickets import Ticket


class DerivedTicket(Method):
    """Fresh weights, shuffled or random masks, at the exact per-layer counts of the ticket."""

    def ticket(self, round_: Round) -> Ticket:
        """The control of the parent's round."""
        spec, options = round_.spec, round_.spec.derived
        assert options is not None
        return control(round_.parent, options.kind, spec.network, spec.seed, options.ticket, options.draw)
