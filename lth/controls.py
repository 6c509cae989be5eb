"""Controls: transformations of a ticket that keep its exact per-layer counts and change one thing."""

from pathlib import Path

from lth.config.jobs import ControlJob
from lth.files import checksum
from lth.jobs import Job
from lth.masks import random_like, shuffled
from lth.networks.build import initial_weights
from lth.seeds import generator
from lth.tickets import Ticket


def control(parent: Ticket, spec: ControlJob) -> Ticket:
    """The control of a ticket.

    - `fresh`: the same masks over newly drawn weights (the reinitialisation test of Frankle & Carbin 2019); one draw a
      seed, shared by all tickets, so that they differ in their masks only.
    - `shuffled`: theta_0 under the masks permuted within each layer; one permutation a ticket and seed.
    - `random`: theta_0 under random masks that share nothing but the counts.
    """
    if spec.kind == "fresh":
        return parent.derive(parent.masks, initial_weights(spec.network, spec.seed, "fresh initialisation"))
    theta_0 = initial_weights(spec.network, spec.seed)
    if spec.kind == "shuffled":
        return parent.derive(shuffled(parent.masks, generator(spec.seed, "shuffled mask", spec.ticket)), theta_0)
    if spec.kind == "random":
        return parent.derive(random_like(parent.masks, generator(spec.seed, "random mask")), theta_0)
    raise ValueError(f"{spec.kind} is no control")


def make_control(spec: ControlJob, ticket: Path, out: Path, job: Job) -> None:
    """Read a ticket, transform it, write the control."""
    parent = Ticket.load(
        ticket, spec.network, study=spec.study, ticket=spec.ticket, seed=spec.seed, round=spec.round, control=None
    )
    made = control(parent, spec)
    made = made.derive(made.masks, made.weights, control=spec.kind, parent=checksum(ticket))
    made.save(out)
    job.found = f"{spec.kind} control at density {100 * made.density:.2f} %"
