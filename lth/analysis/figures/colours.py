"""Which colour a ticket has, in all figures of a study."""

from collections import Counter

from lth.config.tickets import DenseTicket, PrunedTicket, TicketSpec
from lth.plan.plan import Plan

OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Told apart with the common colour blindnesses (Okabe & Ito 2008); its yellow is too faint on white."""
FURTHER = ("#9900FF", "#994433", "#6644CC", "#AA77FF")
"""For more tickets: of those with a contrast of 2.7 to white and to dark pages the ones furthest from all others, with
and without colour blindness (Machado et al. 2009, in CIELAB)."""
COLOURS = OKABE_ITO + FURTHER

OF_A_DENSITY = {"densities", "recipe", "shape", "from_epoch", "until_epoch"}
"""Options in which tickets of one method may differ and still share a colour."""


def colour_places(plan: Plan) -> dict[str, int]:
    """The place of each ticket among colours (the place modulo their number) and shapes (how often it goes in).

    A ticket that differs from an earlier one only in density has the same colour and another shape. All others get
    unused colours while there are any, then a colour that no ticket in the same evaluation or comparison has, with
    another shape. Tickets added at the end of a study do not change the places of the others. Dense tickets have none.
    """
    together = [{*plan.assessment(assessment).tickets} for assessment in plan.assessments]
    colours: dict[str, int] = {}
    found: dict[str, int] = {}
    for ticket, spec in plan.study.tickets.items():
        if isinstance(spec, DenseTicket):
            continue
        beside = {other for tickets in together if ticket in tickets for other in tickets if other in colours}
        near, all_over = Counter(colours[other] for other in beside), Counter(colours.values())
        alike = {colours[other] for other in colours if _only_denser(spec, plan.study.tickets[other])}
        colours[ticket] = min(
            range(len(COLOURS)), key=lambda colour: (near[colour], colour not in alike, all_over[colour])
        )
        found[ticket] = colours[ticket] + len(COLOURS) * all_over[colours[ticket]]
    return found


def _only_denser(one: TicketSpec, other: TicketSpec) -> bool:
    """Whether two tickets differ only in density."""
    if not isinstance(one, PrunedTicket) or not isinstance(other, PrunedTicket):
        return False
    if not one.densities or not other.densities or {*one.densities} & {*other.densities}:
        return False
    methods = [ticket.model_dump(exclude=OF_A_DENSITY) for ticket in (one, other)]
    return bool(methods[0] == methods[1])
