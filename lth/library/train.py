"""Training a ticket on a data set, and making controls of it."""

import warnings
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Literal

import pandas as pd
import torch

from lth.artifacts.tickets import Ticket
from lth.catalog.controls import ARM_KINDS, DERIVED, DerivedKind
from lth.checks.relations import in_time
from lth.checks.wording import offered
from lth.config.noise import Noise
from lth.config.training import Recipe
from lth.errors import UserError
from lth.library.arguments import check_ticket, compute_of, seed_of, whole_number
from lth.library.arithmetic import arithmetic, one_at_a_time
from lth.library.data import Data, as_images
from lth.library.find import Device
from lth.library.networks import check_reads_images, fitting
from lth.library.progress import shown_progress
from lth.library.recipe import checked_recipe
from lth.library.recipe import recipe as default_recipe
from lth.library.result import DataFacts, Result
from lth.library.sentences import PART, in_library, refused
from lth.methods import controls
from lth.methods.new_output import with_new_output
from lth.networks.build import initial_weights
from lth.networks.own import is_given
from lth.printable import printable
from lth.training.train import train as run_training


@one_at_a_time
def train(
    ticket: Ticket,
    data: Data,
    recipe: Recipe | Mapping[str, Any] | None = None,
    *,
    seed: int | None = None,
    trains: Literal["all", "head"] = "all",
    device: Device = "auto",
    threads: int = 1,
    verbose: bool | None = None,
) -> Result:
    """Train a ticket, or a control of one, from its initial weights.

    Args:
        ticket: the ticket; it is not changed.
        data: what `dataset` takes, or what it returned. If it has another number of classes than the ticket's network,
            the output layer is a new one: not pruned, drawn from the seed, and so the same for all arms of the seed.
        recipe: from `lth.recipe`; by default one epoch of its defaults.
        seed: of the order of batches, augmentation, dropout and a new output layer; by default the ticket's own.
        trains: `head` trains only the last layer.
        device: `auto` takes a GPU where torch sees one.
        threads: CPU threads. Another number gives other last bits.
        verbose: True prints lines of progress, False nothing; None shows a bar on a terminal.

    Raises:
        UserError: an argument that is not allowed, data that do not fit the ticket's network, a schedule or patience
            that does not fit the training, or a training that diverged.
    """
    check_ticket(ticket)
    if trains not in ("all", "head"):
        raise UserError(f"trains: must be 'all' or 'head', found {printable(repr(trains))}")
    order, compute = seed_of(seed, ticket), compute_of(device, threads)
    images = as_images(data)
    check_reads_images(ticket)
    if (classes := max(2, len(images.classes))) != ticket.network.classes:
        ticket = with_new_output(ticket, classes, order)
    fitting(ticket, images)
    trained_by = default_recipe(epochs=1) if recipe is None else checked_recipe(recipe)
    if faults := [*in_time(trained_by, {f"'{images.name}'": len(images.splits["train"])})]:
        raise refused((("recipes", PART, *path), message) for path, message in faults[:1])
    with (
        arithmetic(compute) as where,
        shown_progress(f"training on {images.name}, seed {order}", 1, verbose) as (line, _),
    ):
        trained = run_training(
            ticket.module(), ticket.masks, images, trained_by, seed=order, device=where, log=line, trains=trains
        )
    history = pd.DataFrame([asdict(row) for row in trained.history])
    facts = DataFacts.of(images)
    return Result(ticket=ticket, seed=order, data=facts, recipe=trained_by, history=history, weights=trained.weights)


@one_at_a_time
def control(
    ticket: Ticket,
    kind: DerivedKind | Literal["dense"],
    *,
    seed: int | None = None,
    draw: int = 0,
    noise: Mapping[str, float] | None = None,
) -> Ticket:
    """A control: another mask or other weights, with the ticket's exact number of kept weights in each layer.

    Warns where a mask over theta_0 differs from the ticket in its weights as well: theta_0 is drawn from the seed, and
    a ticket of a checkpoint, or one that was rewound to a later step, has other weights. Warns, too, where new weights
    are drawn of a network that was given as a module: that is done by the `reset_parameters` of each layer, which need
    not be how the network was initialised.

    Args:
        ticket: the ticket.
        kind: `shuffled` (its masks permuted within each layer), `rewired` (the same with as many weights at each unit),
            `rewired_rescaled` (that one over weights of the ticket's size),
            `random` and `magnitude` (other masks over theta_0),
            `reinitialised`, `rescaled`, `own_signs`, `redrawn_signs`, `noisy` and `permuted` (other weights under its
            masks), or `dense` (no mask).
        seed: of everything that is drawn; by default the ticket's own.
        draw: which of several independent draws, from 0 on.
        noise: how much `noisy` adds, as a study says it: `{"relative": 0.1}` or `{"std": 0.01}`.

    Raises:
        UserError: no such kind, seed, draw or noise, noise for another kind than `noisy`, or weights have to be drawn
            of a network that this process does not know, or whose constructor always draws the ticket's own.
    """
    check_ticket(ticket)
    if kind != "dense" and kind not in DERIVED:
        kinds = ["dense", *DERIVED]
        raise UserError(f"kind: there is no control '{kind}'{offered(kind, kinds, 'there are')}")
    if noise is not None and kind != "noisy":
        raise UserError(f"noise: only kind 'noisy' has it, found kind '{kind}'; leave it out")
    drawn, which = seed_of(seed, ticket), whole_number("draw", draw)
    named = str(ticket.provenance.get("ticket", ""))
    made = controls.control(ticket, kind, ticket.network, drawn, named, which, _noise(noise))
    if kind != "dense" and ARM_KINDS[kind].weights == "theta_0" and not _from_theta_0(ticket, drawn):
        words = f"{kind}: theta_0 is drawn from seed {drawn}, and the ticket's weights are others"
        words = f"{words}: it differs from the ticket in its mask and in its weights"
        warnings.warn(words, stacklevel=3)  # of the caller, above `one_at_a_time`
    if kind != "dense" and ARM_KINDS[kind].weights == "new" and is_given(ticket.network):
        words = f"{kind}: of a network that was given as a module, each layer's reset_parameters() draws new weights"
        words = f"{words}; if it initialises its layers in another way, give the function that builds it"
        warnings.warn(words, stacklevel=3)
    told = {**made.provenance, "control": kind, "seed": drawn}
    return Ticket(made.masks, made.weights, {key: value for key, value in told.items() if key != "record"})


def _from_theta_0(ticket: Ticket, seed: int) -> bool:
    """Whether the ticket's kept weights are those that the seed draws."""
    theta_0 = initial_weights(ticket.network, seed)
    return all(torch.equal(ticket.weights[name][mask], theta_0[name][mask]) for name, mask in ticket.masks.items())


def _noise(told: Mapping[str, float] | None) -> Noise | None:
    with in_library("noise", "noise: "):
        return None if told is None else Noise.model_validate(told)
