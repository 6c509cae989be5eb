"""What of a ticket an arm keeps: the ticket itself, its controls, and the dense network.

Each control has the exact number of kept weights of its ticket in each layer, and other properties as it is named.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

TicketControl = Literal[
    "shuffled", "rewired", "rewired_rescaled", "permuted", "rescaled", "redrawn_signs", "noisy", "own_signs"
]
SharedControl = Literal["random", "magnitude"]
DerivedKind = Literal["reinitialised", TicketControl, SharedControl]
"""What can be made of a ticket."""
ControlKind = Literal["dense", SharedControl, TicketControl]
"""What an evaluation can ask for besides initialisations."""
ArmKind = Literal["own", DerivedKind, "dense"]


@dataclass(frozen=True, kw_only=True)
class ArmFacts:
    """What is known of a kind of arm before torch is imported."""

    words: str
    """For legends."""
    sentence: str
    """What it is, in the answer of a report; `{of}` is the ticket."""
    about: str
    """What it is made of, for captions and notes; `{of}` is the ticket."""
    shared: bool = False
    """Of the ticket it keeps the number of weights in each layer and nothing else, so one arm serves all tickets."""
    weights: Literal["own", "theta_0", "theta_0_scaled", "new"] = "own"
    """Where the kept weights come from: the ticket, the seed's dense initialisation (as it is, or of the scale of the
    ticket's), or a new draw."""


ARM_KINDS: Mapping[ArmKind, ArmFacts] = {
    "own": ArmFacts(words="own initialisation", sentence="the ticket {of}", about="the ticket as found"),
    "reinitialised": ArmFacts(
        words="reinitialised",
        sentence="the mask of {of} with fresh initial weights",
        about="newly drawn weights under the masks of {of}",
        weights="new",
    ),
    "shuffled": ArmFacts(
        words="shuffled mask",
        sentence="the mask of {of} shuffled within each layer",
        about="shuffled masks of {of}",
        weights="theta_0",
    ),
    "rewired": ArmFacts(
        words="rewired mask",
        sentence="the mask of {of} rewired, with as many weights at each unit",
        about="masks with as many weights at each unit as those of {of}, at random places",
        weights="theta_0",
    ),
    "rewired_rescaled": ArmFacts(
        words="rewired mask, rescaled",
        sentence="the mask of {of} rewired, over weights of its scale",
        about="the rewired masks of {of} over theta_0, scaled to the RMS of its own weights in each layer",
        weights="theta_0_scaled",
    ),
    "permuted": ArmFacts(
        words="weights permuted",
        sentence="the ticket {of} with its weights permuted",
        about="the weights of {of}, permuted within each layer's mask",
    ),
    "rescaled": ArmFacts(
        words="reinitialised, rescaled",
        sentence="the mask of {of} with fresh weights of its scale",
        about="newly drawn weights under the masks of {of}, scaled to the RMS of its own in each layer",
        weights="new",
    ),
    "redrawn_signs": ArmFacts(
        words="signs redrawn",
        sentence="the ticket {of} with its signs drawn anew",
        about="the weights of {of}, with signs drawn anew",
    ),
    "noisy": ArmFacts(
        words="noise added",
        sentence="the ticket {of} with noise on its weights",
        about="the weights of {of}, with Gaussian noise in each layer",
    ),
    "own_signs": ArmFacts(
        words="reinitialised, own signs",
        sentence="the mask of {of} with fresh weights of its signs",
        about="newly drawn weights under the masks of {of}, with the signs of its own",
        weights="new",
    ),
    "random": ArmFacts(
        words="random mask",
        sentence="a random mask",
        about="random masks in place of {of}",
        shared=True,
        weights="theta_0",
    ),
    "magnitude": ArmFacts(
        words="mask of the largest initial weights",
        sentence="a mask of the largest initial weights",
        about="masks of the largest weights of theta_0 in place of {of}",
        shared=True,
        weights="theta_0",
    ),
    "dense": ArmFacts(
        words="dense network", sentence="the dense network", about="no mask", shared=True, weights="theta_0"
    ),
}
"""All kinds of arms, in the order of tables and legends."""

REWIRED: tuple[ArmKind, ...] = ("rewired", "rewired_rescaled")
"""Those that have a ticket's number of weights at each unit."""
OF_EACH: tuple[ArmKind, ...] = tuple(kind for kind, entry in ARM_KINDS.items() if not entry.shared)
"""Those of which each ticket has its own arm."""
SHARED: tuple[ArmKind, ...] = tuple(kind for kind, entry in ARM_KINDS.items() if entry.shared)
"""Those of which one arm serves all tickets."""
DERIVED: tuple[ArmKind, ...] = tuple(kind for kind in ARM_KINDS if kind not in ("own", "dense"))
"""Those that are made of a ticket, and so an artifact of their own."""
