"""Arguments that several calls take, checked before anything is read or trained."""

from operator import index
from typing import Any

import torch

from lth.artifacts.tickets import Ticket
from lth.config.study import Compute
from lth.errors import UserError
from lth.library.result import Result
from lth.library.sentences import in_library
from lth.printable import printable

_LAST_SEED = 2**31 - 1
_SHOWN = 60
"""Characters of a value that a sentence repeats."""


def seed_of(seed: int | None, ticket: Any = None) -> int:
    """The seed of a call: the one that is given, or else that of the ticket, if it is one and says one, or else 0.

    Raises:
        UserError: it is no whole number from 0 to 2^31 - 1.
    """
    if seed is None and isinstance(ticket, Ticket):
        seed = ticket.provenance.get("seed")
    return 0 if seed is None else whole_number("seed", seed, _LAST_SEED)


def whole_number(argument: str, value: Any, most: int | None = None) -> int:
    """A whole number from 0, also one of numpy; raises UserError."""
    try:
        number = -1 if isinstance(value, bool) else index(value)
    except TypeError:
        number = -1
    if number < 0 or (most is not None and number > most):
        bounds = "from 0 on" if most is None else f"from 0 to {most}"
        raise UserError(f"{argument}: must be a whole number {bounds}, found {printable(repr(value), _SHOWN)}")
    return number


def check_ticket(value: Any, argument: str = "ticket") -> None:
    """Whether it is a ticket, and not the result that holds one; raises UserError."""
    if isinstance(value, Result):
        raise UserError(f"{argument}: found a Result; give its ticket, `result.ticket`")
    if not isinstance(value, Ticket):
        raise UserError(f"{argument}: found a {type(value).__name__}, where a ticket is needed")
    for name, mask in value.masks.items():
        weight, shown = value.weights.get(name), f"{argument}: the mask '{printable(name, _SHOWN)}'"
        if weight is None or weight.shape != mask.shape:
            raise UserError(f"{shown} is not of the shape of a parameter with this name")
        if mask.dtype != torch.bool:
            raise UserError(f"{shown} is {str(mask.dtype).removeprefix('torch.')}, where bool is needed")
        if weight[~mask].any():
            raise UserError(f"{shown} prunes weights that are not zero; multiply the weights by it")


def compute_of(device: str, threads: int) -> Compute:
    """Where a call computes.

    Raises:
        UserError: no such device, or no number of threads.
    """
    with in_library("compute"):
        return Compute.model_validate({"device": device, "threads": threads})
