"""Two tickets of one network and seed made into one."""

from lth.errors import UserError
from lth.masks import intersection, union
from lth.methods.round import Method, Round
from lth.tickets import Ticket


class CombinedTicket(Method):
    """The union or intersection of two masks, over the weights that both were found from."""

    def ticket(self, round_: Round) -> Ticket:
        """The combined masks; raises UserError if the two tickets start from different weights."""
        spec, first = round_.spec, round_.parent
        assert spec.combined is not None
        assert round_.files.other is not None
        second = round_.load(round_.files.other)
        weights = dict(first.weights)
        for name, mask in first.masks.items():
            both = mask & second.masks[name]
            if not first.weights[name][both].equal(second.weights[name][both]):
                raise UserError(
                    f"{spec.combined.tickets[0]} and {spec.combined.tickets[1]} start from different weights in "
                    f"{name}; combine tickets that rewind to the same ones"
                )
            weights[name] = first.weights[name].where(mask, second.weights[name])
        rule = union if spec.combined.rule == "union" else intersection
        return first.derive(rule(first.masks, second.masks), weights, parents=list(spec.combined.tickets))
