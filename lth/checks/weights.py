"""What the weights are called that a ticket's rounds train: equal names for equal weights."""

from lth.config.options import THETA_0
from lth.config.tickets import ChainTicket, FollowingTicket, PrunedTicket
from lth.plan.plan import Plan


class WeightNames:
    """Names of the weights that the rounds of a plan begin their training with."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._names: dict[tuple[str, int], str] = {}  # long rows of tickets ask for the same ones again

    def of(self, ticket: str, round_: int) -> str:
        """The name of a round's weights."""
        place, passed = (ticket, round_), []
        while place not in self._names:
            passed.append(place)
            if own := self._own(*place):
                self._names[place] = own
            else:
                place = self._plan.parents(*place)[0]
        self._names |= dict.fromkeys(passed, self._names[place])
        return self._names[place]

    def followed(self, ticket: str) -> dict[str, str]:
        """Those of the tickets that a ticket follows, by ticket.

        In the first of its rounds in which they differ: two from each other, one alone from theta_0; else in its last.
        """
        found: dict[str, str] = {}
        for round_ in self._plan.rounds(ticket):
            found = {other: self.of(other, number) for other, number in self._plan.parents(ticket, round_)}
            if len({*found.values(), *([THETA_0] if len(found) == 1 else [])}) > 1:
                break
        return found

    def _own(self, ticket: str, round_: int) -> str | None:
        """The name of weights that a round does not have from its parent; None if it has."""
        plan, spec = self._plan, self._plan.study.tickets[ticket]
        begins, options = not plan.parents(ticket, round_), spec.options
        if isinstance(spec, ChainTicket) and not plan.prunes(ticket, round_):
            if begins or plan.trains_as_parent(ticket, round_):
                return THETA_0 if begins else None
        elif options.early_step is not None:
            return f"step {options.early_step} of '{spec.recipe}' on '{spec.trained_on()[0]}'"
        if own := options.initial_weights(ticket):
            one = getattr(options, "kind", None) == "reinitialised"  # a draw of a seed is the same for all rounds
            one |= isinstance(spec, ChainTicket) and options.starts_from_trained  # all begin at the start's
            return own if one or not isinstance(spec, PrunedTicket | FollowingTicket) else f"{own} in round {round_}"
        return THETA_0 if begins else None
