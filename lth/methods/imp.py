"""Iterative magnitude pruning (Frankle & Carbin 2019, section 1): train, prune, rewind, and again.

A round is one job: it prunes with the weights that the round before had trained, rewinds the survivors and trains
them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from lth.config.jobs import RoundJob
from lth.config.models import Compute
from lth.data.images import Images
from lth.device import prepare_device
from lth.files import checksum
from lth.history import write_history, write_rows
from lth.jobs import Job
from lth.masks import prune
from lth.networks.build import build, load_weights
from lth.schedules import density_after
from lth.scores import SCORES
from lth.tickets import Ticket, load_trained, save_trained
from lth.train import Trained, train


@dataclass(frozen=True, kw_only=True)
class RoundFiles:
    """The artifacts of one round."""

    images: Path
    parent: Path | None
    """The ticket before: of the last round, or of the ticket that the chain starts from; none for a dense start."""
    parent_trained: Path | None
    """The weights that training the parent gave; needed to prune, and to rewind to them."""
    ticket: Path
    trained: Path
    history: Path
    layers: Path


def next_masks(spec: RoundJob, parent: Ticket, trained: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The masks of this round: exactly as many weights as the cumulative density keeps, all of them kept before."""
    scores = SCORES[spec.score].load()({name: trained[name] for name in parent.masks})
    return prune(scores, parent.masks, density_after(spec.rates), spec.scope)


def find_ticket(spec: RoundJob, files: RoundFiles) -> Ticket:
    """This round's ticket: dense, taken over, or pruned and rewound.

    Rewinding is multiplying: a parent carries its own initial weights, so the survivors keep theta_0 bit for bit
    through any chain, whatever data sets it was trained on. Only `rewind: parent` puts the starting ticket's trained
    weights in their place, once, where a chain takes over.
    """
    if files.parent is None:
        ticket = Ticket.dense(spec.network, spec.seed)
    else:
        expected = {} if spec.first else {"ticket": spec.ticket, "round": spec.round - 1}
        parent = Ticket.load(files.parent, spec.network, study=spec.study, seed=spec.seed, **expected)
        masks, weights = parent.masks, parent.weights
        if files.parent_trained is not None:
            trained = load_trained(files.parent_trained, files.parent)
            if not spec.first:
                masks = next_masks(spec, parent, trained)
            elif spec.rewind == "parent":
                weights = trained
        ticket = parent.derive(masks, weights, parent=checksum(files.parent))
    described = {key: getattr(spec, key) for key in ("study", "ticket", "method", "dataset", "seed", "round")}
    return ticket.derive(ticket.masks, ticket.weights, **described)


def train_ticket(ticket: Ticket, spec: RoundJob, images: Images, device: torch.device, job: Job) -> Trained:
    """Train what the masks leave, from the ticket's initial weights."""
    network = build(spec.network)
    load_weights(network, ticket.weights)
    prefix = f"density {100 * ticket.density:.2f} %  "
    return train(
        network, ticket.masks, images, spec.recipe, seed=spec.seed, device=device, log=lambda s: job.log(prefix + s)
    )


def run_round(spec: RoundJob, files: RoundFiles, compute: Compute, job: Job) -> None:
    """One round: find the ticket, train it, write its artifacts."""
    device = prepare_device(compute)
    ticket = find_ticket(spec, files)
    trained = train_ticket(ticket, spec, Images.load(files.images), device, job)
    described = {"ticket": spec.ticket, "dataset": spec.dataset, "seed": spec.seed, "round": spec.round}
    ticket.save(files.ticket)
    save_trained(files.trained, trained.weights, files.ticket)
    write_history(files.history, {**described, "density_percent": 100 * ticket.density}, trained.history)
    rows = [(spec.ticket, spec.seed, spec.round, *layer) for layer in ticket.layers()]
    write_rows(files.layers, rows, ["ticket", "seed", "round", "layer", "kept", "total"])
    job.found = f"density {100 * ticket.density:.2f} %, {trained.summary()}"
