"""A ticket on a data set with other classes: its output layer is new there, dense, and the same in every arm."""

from pathlib import Path

import torch

from lth.artifacts.tickets import RECORD, Ticket
from lth.files import checksum
from lth.methods.controls import chosen_ticket
from lth.networks.build import initial_weights
from lth.networks.new_output import new_output_names, with_classes
from lth.plan.jobs import NewOutputJob
from lth.plan.plan import Arm
from lth.running.jobs import Job


def with_new_output(ticket: Ticket, classes: int, seed: int) -> Ticket:
    """The ticket with a new output layer, also where the number of classes stays as it is.

    Its weights are drawn by the network's initialisation from a stream of the seed that nothing else shares, so that
    all arms of the seed have the same; none of them is pruned. All other masks and weights are the ticket's.

    Args:
        ticket: the ticket, or a control of one.
        classes: outputs of the new layer.
        seed: of its weights.

    Raises:
        UserError: the network cannot be built with so many outputs, or has other layers then.
    """
    head = new_output_names(ticket.network, classes)
    network = with_classes(ticket.network, classes)
    drawn = initial_weights(network, seed, "new output layer")
    weights = {**ticket.weights, **{name: drawn[name] for name in head}}
    masks = {**ticket.masks}
    masks |= {name: torch.ones_like(drawn[name], dtype=torch.bool) for name in masks if name in head}
    told = {key: value for key, value in ticket.provenance.items() if key != RECORD}
    return Ticket(masks, weights, {**told, "network": network.model_dump(), "new_output": seed})


def make_new_output(spec: NewOutputJob, ticket: Path, out: Path, job: Job) -> None:
    """Read the ticket of an arm, give it a new output layer, write it."""
    arm = Arm(spec.ticket, spec.kind, spec.round, initialisation=spec.initialisation)
    found = chosen_ticket(spec, ticket, spec.kind if arm.is_control else None)
    made = with_new_output(found, spec.classes, spec.seed)
    made = made.derive(made.masks, made.weights, parent=checksum(ticket))
    made.save(out)
    job.found = f"output layer for {spec.classes} classes, density {100 * made.density:.2f} % with it"
