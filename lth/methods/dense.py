"""The dense network, trained and never pruned: what sparse ones are compared with."""

from lth.methods.round import Method, Round
from lth.tickets import Ticket


class Dense(Method):
    """All weights."""

    def ticket(self, round_: Round) -> Ticket:
        """theta_0, whole."""
        return Ticket.dense(round_.spec.network, round_.spec.seed)
