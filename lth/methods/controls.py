"""Controls: transformations of a ticket that keep its exact per-layer counts and change one thing."""

from pathlib import Path

from lth.artifacts.tickets import Ticket
from lth.config.data import Network
from lth.files import checksum
from lth.networks.build import initial_weights
from lth.plan.jobs import ArmKind, ControlJob
from lth.pruning.masks import random_like, shuffled
from lth.running.jobs import Job
from lth.seeds import generator


def control(parent: Ticket, kind: ArmKind, network: Network, seed: int, name: str, draw: int = 0) -> Ticket:
    """The control of a ticket.

    - `reinitialised`: the same masks over newly drawn weights (the reinitialisation test of Frankle & Carbin 2019);
      one draw a seed, shared by all tickets, so that they differ in their masks only.
    - `shuffled`: theta_0 under the masks permuted within each layer; one permutation a ticket and seed.
    - `random`: theta_0 under random masks that share nothing but the counts.
    - `dense`: theta_0, whole.

    Args:
        parent: the ticket.
        kind: what to make of it.
        network: that of the ticket.
        seed: of all streams.
        name: of the ticket, for permutations of its own.
        draw: which of several independent draws of the seed.
    """
    which = (draw,) if draw else ()  # the only draw of most studies keeps the shorter name of its stream
    if kind == "dense":
        return Ticket.dense(network, seed)
    if kind == "reinitialised":
        return parent.derive(parent.masks, initial_weights(network, seed, "fresh initialisation", *which))
    theta_0 = initial_weights(network, seed)
    if kind == "shuffled":
        return parent.derive(shuffled(parent.masks, generator(seed, "shuffled mask", name, *which)), theta_0)
    if kind == "random":
        return parent.derive(random_like(parent.masks, generator(seed, "random mask", *which)), theta_0)
    raise ValueError(f"{kind} is no control")


def chosen_ticket(spec: ControlJob, path: Path, made: str | None) -> Ticket:
    """The ticket of a round (`made` None), or a control made of it; raises UserError if the file is another one."""
    expected = {"study": spec.study, "ticket": spec.ticket, "seed": spec.seed, "round": spec.round}
    return Ticket.load(path, spec.network, **expected, control=made)


def make_control(spec: ControlJob, ticket: Path, out: Path, job: Job) -> None:
    """Read a ticket, transform it, write the control."""
    made = control(chosen_ticket(spec, ticket, None), spec.kind, spec.network, spec.seed, spec.ticket)
    described = {key: getattr(spec, key) for key in ("study", "ticket", "seed", "round")}
    made = made.derive(made.masks, made.weights, **described, control=spec.kind, parent=checksum(ticket))
    made.save(out)
    job.found = f"{spec.kind} control at density {100 * made.density:.2f} %"
