"""How tickets are found: each method is one file with its options and a function `find`, and an entry here."""

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Literal

from lth.catalog.registry import Entry, Registry

if TYPE_CHECKING:
    from lth.config.options import Options


@dataclass(frozen=True, kw_only=True)
class Method(Entry):
    """A function `find(round, options) -> Found`, and what is known of it before torch is imported."""

    options: str
    """The model of its options, `module:class`; its module must not import torch when it is imported."""
    label: str
    """Its name in figures and tables, unless the options say a better one."""
    rounds: Literal["chain", "independent", "following", "dense", "given"]
    """How its rounds depend on each other. `chain`: each prunes what the one before has trained; `independent`: each
    finds the ticket of one density from theta_0; `following`: each takes over the masks of other tickets' rounds, which
    its option `of` names; `dense`: there is one round, which prunes nothing; `given`: there is one round, whose mask is
    read from a file."""

    prunes_in_training: bool = False
    """Whether density falls within a training."""

    def options_model(self) -> "type[Options]":
        """The model of its options."""
        module, _, name = self.options.partition(":")
        model: type[Options] = getattr(import_module(module), name)
        return model


METHODS = Registry(
    {
        "imp": Method(
            target="lth.methods.imp:find",
            options="lth.methods.imp:Imp",
            label="IMP",
            rounds="chain",
            about="train, prune, rewind, and again; or in one shot (Frankle & Carbin 2019)",
        ),
        "dense": Method(
            target="lth.methods.dense:find",
            options="lth.methods.dense:Dense",
            label="dense",
            rounds="dense",
            about="train the dense network, prune nothing",
        ),
        "at_init": Method(
            target="lth.methods.at_init:find",
            options="lth.methods.at_init:AtInit",
            label="at init",
            rounds="independent",
            about="prune the untrained network by saliency, then train (SNIP, GraSP, SynFlow, random, magnitude)",
        ),
        "progressive": Method(
            target="lth.methods.progressive:find",
            options="lth.methods.progressive:Progressive",
            label="progressive",
            rounds="independent",
            prunes_in_training=True,
            about="prune by magnitude before each epoch of a single training (Zhu & Gupta 2017)",
        ),
        "dynamic": Method(
            target="lth.methods.dynamic:find",
            options="lth.methods.dynamic:Dynamic",
            label="dynamic",
            rounds="independent",
            about="update a sparse mask while training (SET, Mocanu et al. 2018; RigL, Evci et al. 2020)",
        ),
        "dual": Method(
            target="lth.methods.dual:find",
            options="lth.methods.dual:Dual",
            label="RST",
            rounds="independent",
            about="make random sparse networks trainable before removing masked weights (RST; Bai et al. 2022)",
        ),
        "derived": Method(
            target="lth.methods.derived:find",
            options="lth.methods.derived:Derived",
            label="control",
            rounds="following",
            about="a control of another ticket (reinitialised, shuffled, random, ...), trained like it",
        ),
        "given": Method(
            target="lth.methods.given:find",
            options="lth.methods.given:GivenTicketOptions",
            label="from a file",
            rounds="given",
            about="a ticket from a file, found by another study or made from a checkpoint of another program",
        ),
        "combined": Method(
            target="lth.methods.combined:find",
            options="lth.methods.combined:Combined",
            label="combined",
            rounds="following",
            about="the union or intersection of two tickets' masks",
        ),
    }
)
"""All methods by name, in the order of `lth list`."""
