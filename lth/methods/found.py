"""What a method returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lth.artifacts.tickets import Ticket
    from lth.networks.cost import Meter
    from lth.training.hooks import Hook


@dataclass(frozen=True, kw_only=True)
class Found:
    """A ticket that is to be trained, and how."""

    ticket: Ticket
    """Masks over the weights that training begins with."""
    hook: Hook | None = None
    """What is done while it is trained; it may change masks. The ticket is then written with the last ones."""
    data_order: int | None = None
    """Seed of batch order, augmentation and dropout; None for the study's, which all rounds that begin anew share."""
    costs: tuple[tuple[str, Meter], ...] = ()
    """What was spent before the training, by phase."""
    notes: tuple[str, ...] = ()
    """Sentences for the log and the terminal."""
