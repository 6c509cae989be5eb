"""Two tickets of one network and seed made into one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from lth.config.base import Fault, RoundCount, TicketName
from lth.config.options import Context, Options
from lth.errors import UserError
from lth.methods.found import Found

if TYPE_CHECKING:
    from torch import Tensor

    from lth.artifacts.tickets import Ticket
    from lth.methods.round import Round


class Combined(Options):
    """The union or intersection of two tickets' masks."""

    later_keys: ClassVar = ("of_rounds",)

    of: Annotated[tuple[TicketName, TicketName], Field(min_length=2, max_length=2)]
    """The two tickets; rounds of equal number are combined."""
    of_rounds: Annotated[tuple[RoundCount, RoundCount], Field(min_length=2, max_length=2)] | None = None
    """Which round of each instead, where they differ in density. There is then one round, of the number and density of
    the first ticket's; the second may keep more or fewer weights."""
    rule: Literal["union", "intersection"] = "union"
    """Kept by either, or kept by both."""
    weights: Literal["initial", "first", "mean"] = "initial"
    """What training starts from. `initial`: the weights that both were found from. `first`: the trained weights of the
    first ticket, and of the second where only that keeps one. `mean`: likewise, and their mean where both keep one."""

    def faults(self) -> Iterator[Fault]:
        """Two different tickets."""
        if self.of[0] == self.of[1]:
            yield ("of",), f"combines '{self.of[0]}' with itself; give two tickets"

    def check(self, context: Context) -> Iterator[Fault]:
        """Both are masks over the same weights."""
        first, second = (context.weights_of(name) for name in self.of)
        if first != second:
            message = f"'{self.of[0]}' starts from {first}, '{self.of[1]}' from {second}"
            yield ("of",), f"{message}; combine tickets that start from the same weights"

    @property
    def trains_as_parent(self) -> bool:
        """If it starts from the weights that both were found from."""
        return self.weights == "initial"

    def further(self, round_: int) -> tuple[str | int, ...] | None:  # noqa: ARG002
        """Of trained weights, as after a `start`."""
        return ("start",) if self.weights != "initial" else None

    @property
    def starts_from_trained(self) -> bool:
        """Unless it starts from the weights that both were found from."""
        return self.weights != "initial"

    def variant(self) -> str:
        """`union` or `intersection`."""
        return self.rule

    def summary(self, rounds: str, scope: str) -> str:  # noqa: ARG002
        """Of which tickets."""
        numbers = [f" (round {number})" for number in self.of_rounds or ()] or ["", ""]
        return f"{self.rule} of the masks of {' and '.join(map(str.__add__, self.of, numbers))}"

    def rounds_of(self) -> Mapping[str, int]:
        """The round of each ticket that is followed, where they are named."""
        return dict(zip(self.of, self.of_rounds, strict=True)) if self.of_rounds else {}

    def initial_weights(self, ticket: str) -> str | None:
        """Those of the first, or joined trained ones."""
        return f"weights of its own ('{ticket}' has `weights: {self.weights}`)" if self.starts_from_trained else None


def find(round_: Round, options: Combined) -> Found:
    """The combined ticket.

    Raises:
        UserError: the two start from different weights.
    """
    from lth.pruning.masks import intersection, union

    first, second = round_.parent, round_.other
    weights = _weights_of_both(first, second, first.weights, second.weights, "first")
    for name in first.masks:
        if not weights[name][second.masks[name]].equal(second.weights[name][second.masks[name]]):
            raise UserError(
                f"{options.of[0]} and {options.of[1]} start from different weights in {name}; combine tickets that "
                "rewind to the same ones"
            )
    which = options.further(round_.spec.round) or round_.spec.further
    order = round_.further(*which) if which else None
    if options.weights != "initial":
        weights = _weights_of_both(first, second, round_.trained.last, round_.other_trained.last, options.weights)
    rule = union if options.rule == "union" else intersection
    ticket = first.derive(rule(first.masks, second.masks), weights, parents=list(options.of))
    return Found(ticket=ticket, data_order=order)


def _weights_of_both(
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
