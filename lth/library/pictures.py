"""Looking at tickets that were found in this process."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from lth.analysis.pictures.rounds import Chain, PicturedRound
from lth.analysis.pictures.write import draw_chains
from lth.artifacts.tickets import Ticket
from lth.errors import UserError
from lth.library.result import Result
from lth.paths import expanded
from lth.printable import printable

_Rounds = Ticket | Result | Sequence[Ticket | Result]
"""A ticket or what it was trained to, or several rounds of one."""


def draw_masks(tickets: _Rounds | Mapping[str, _Rounds], to: str | Path) -> Path:
    """Draw the masks of tickets: a page for a browser, or an animation.

    Args:
        tickets: a ticket or result, its rounds in order (what `find_rounds` returned), or several of these by name,
            to be looked at side by side. Results also show accuracies, and trained weights.
        to: the file. `.html`: a page that needs nothing else. `.gif`, or `.mp4` with ffmpeg: an animation of the
            rounds of one ticket; `.png`: its last frame. A file that is there is replaced.

    Returns:
        the file.

    Raises:
        UserError: no tickets, rounds of different networks, more than one ticket for an animation, or a file of
            another kind.
    """
    named = {str(name): rounds for name, rounds in tickets.items()} if isinstance(tickets, Mapping) else {"": tickets}
    listed = {name: [one] if isinstance(one, Ticket | Result) else [*one] for name, one in named.items()}
    chains = [_chain(name or _method(rounds), rounds) for name, rounds in listed.items()]
    file = expanded(to)
    draw_chains(", ".join(chain.title for chain in chains), chains, file)
    return file


def _method(rounds: Sequence[Ticket | Result]) -> str:
    return str(_ticket(rounds[0]).provenance.get("method", "ticket")) if rounds else "ticket"


def _ticket(one: Ticket | Result) -> Ticket:
    return one.ticket if isinstance(one, Result) else one


def _chain(name: str, rounds: Sequence[Ticket | Result]) -> Chain:
    if not rounds:
        raise UserError(f"'{printable(name)}' has no rounds")
    numbers = [_ticket(one).provenance.get("round") for one in rounds]
    known = all(type(number) is int for number in numbers) and len({*numbers}) == len(numbers)
    pictured = [
        _round(number if known else place, one) for place, (number, one) in enumerate(zip(numbers, rounds, strict=True))
    ]
    return Chain(name=printable(name, 60), seed=None, rounds=tuple(pictured))


def _round(number: Any, one: Ticket | Result) -> PicturedRound:
    if isinstance(one, Ticket):
        return PicturedRound(number=number, read=partial(_ticket, one))
    weights, history = one.weights, one.history
    return PicturedRound(number=number, read=partial(_ticket, one), trained=lambda: weights, history=lambda: history)
