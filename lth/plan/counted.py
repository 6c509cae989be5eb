"""What a ticket's numbers of weights follow from: rates of kinds of layers, and the ticket that it follows."""

from lth.config.layers import LayerKind, LayerRates
from lth.config.study import Study
from lth.config.tickets import FollowingTicket, TicketSpec


def rate_of_kind(rate: float, of_kinds: LayerRates | None, kind: LayerKind | None) -> float:
    """The rate at which a kind of layer is pruned; of no kind in particular, `rate`."""
    own = getattr(of_kinds, kind, None) if kind and of_kinds else None
    return rate if own is None else float(own)


def counted_by(study: Study, name: str) -> TicketSpec:
    """The ticket itself, or the one that it follows alone and so has the counts of."""
    ticket = study.tickets[name]
    alone = isinstance(ticket, FollowingTicket) and len(ticket.made_from()) == 1
    return counted_by(study, ticket.made_from()[0]) if alone else ticket
