"""How a ticket is found: each method a short composition of score, allocation, schedule and the one training loop."""

from dataclasses import dataclass

from lth.registry import Entry, Registry


@dataclass(frozen=True, kw_only=True)
class Way(Entry):
    """A class with `ticket(round)`, the ticket that is trained, and `hook(round)`, what is done while it is trained."""


METHODS = Registry(
    {
        "imp": Way(
            target="lth.methods.imp:Imp",
            about="train, prune, rewind, and again; or in one shot (Frankle & Carbin 2019)",
        ),
        "dense": Way(target="lth.methods.dense:Dense", about="train the whole network, prune nothing"),
        "at_init": Way(
            target="lth.methods.at_init:AtInitialisation",
            about="prune the untrained network by a score, then train (SNIP, GraSP, SynFlow, random, magnitude)",
        ),
        "progressive": Way(
            target="lth.methods.progressive:ProgressivePruning",
            about="prune by magnitude before each epoch of a single training",
        ),
        "dynamic": Way(
            target="lth.methods.dynamic:DynamicTraining",
            about="move a sparse mask while training (SET, Mocanu et al. 2018; RigL, Evci et al. 2020)",
        ),
        "dual": Way(
            target="lth.methods.dual:DualTicket",
            about="make random sparse networks trainable before removing what is masked (RST; Bai et al. 2022)",
        ),
        "derived": Way(
            target="lth.methods.derived:DerivedTicket",
            about="another ticket's masks with fresh weights, shuffled or random: a control, trained like the ticket",
        ),
        "combined": Way(
            target="lth.methods.combined:CombinedTicket",
            about="the union or intersection of two tickets' masks",
        ),
    }
)
