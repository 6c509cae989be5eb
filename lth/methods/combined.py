"""Two tickets of one network and seed made into one."""

from collections.abc import Mapping
from typing import Literal

from torch import Tensor

from lth.errors import UserError
from lth.masks import intersection, union
from lth.methods.round import Method, Round
from lth.tickets import Ticket, TrainedWeights


class CombinedTicket(Method):
    """The union or intersection of two masks, over the weights that both were found from, or that training gave."""

    def ticket(self, round_: Round) -> Ticket:
        """The combined ticket; raises UserError if the two start from different weights."""
        spec, first = round_.spec, round_.parent
        assert spec.combined is not None
        assert round_.files.other is not None
        second = round_.load(round_.files.other)
        weights = joined(first, second, first.weights, second.weights, "first")
        for name in first.masks:
            if not weights[name][second.masks[name]].equal(second.weights[name][second.masks[name]]):
                raise UserError(
                    f"{spec.combined.tickets[0]} and {spec.combined.tickets[1]} start from different weights in "
                    f"{name}; combine tickets that rewind to the same ones"
                )
        if spec.combined.weights != "initial":
            round_.order = round_.further("start")
            assert round_.files.other_trained is not None
            other = TrainedWeights.load(round_.files.other_trained, round_.files.other)
            weights = joined(first, second, round_.trained.last, other.last, spec.combined.weights)
        rule = union if spec.combined.rule == "union" else intersection
        return first.derive(rule(first.masks, second.masks), weights, parents=list(spec.combined.tickets))


def joined(
    first: Ticket,
    second: Ticket,
    weights: Mapping[str, Tensor],
    others: Mapping[str, Tensor],
    both: Literal["first", "mean"],
) -> dict[str, Tensor]:
    """Weights of two tickets made into one set, by name: where only one of them keeps a weight, that one's.

    Args:
        first: a ticket.
        second: another of its network.
        weights: those of the first, by name.
        others: those of the second.
        both: what to take where both keep a weight, and of all that has no mask.
    """
    found = {}
    for name, weight in weights.items():
        other = others[name]
        shared = weight.lerp(other, 0.5) if both == "mean" and weight.is_floating_point() else weight
        if name in first.masks:
            shared = other.where(second.masks[name] & ~first.masks[name], shared)
            shared = weight.where(first.masks[name] & ~second.masks[name], shared)
        found[name] = shared
    return found
