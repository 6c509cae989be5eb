"""Evaluation: train an arm's ticket on another data set and say what became of it."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from lth.config.jobs import EvaluationJob
from lth.config.models import Compute
from lth.data.images import Images
from lth.device import prepare_device
from lth.history import write_history, write_rows
from lth.jobs import Job
from lth.networks.build import build, load_weights
from lth.tickets import Ticket
from lth.train import train


@dataclass(frozen=True, kw_only=True)
class EvaluationFiles:
    """The artifacts of one evaluation."""

    images: Path
    ticket: Path
    history: Path
    confusion: Path


def confusion(labels: Tensor, predicted: Tensor, classes: int) -> Tensor:
    """int64 [classes, classes]: how many images of class i (row) were taken for class j (column)."""
    return torch.bincount(labels * classes + predicted, minlength=classes * classes).view(classes, classes)


def arm_ticket(spec: EvaluationJob, path: Path) -> Ticket:
    """The ticket of an arm; raises UserError if the file is another one, however well it would fit."""
    control = None if spec.kind in ("own", "dense") else spec.kind
    return Ticket.load(
        path, spec.network, study=spec.study, ticket=spec.ticket, seed=spec.seed, round=spec.round, control=control
    )


def run_evaluation(spec: EvaluationJob, files: EvaluationFiles, compute: Compute, job: Job) -> None:
    """Train the arm and write its history, and its confusion matrix on the test images at the best epoch."""
    device = prepare_device(compute)
    images, ticket = Images.load(files.images), arm_ticket(spec, files.ticket)
    network = build(spec.network)
    load_weights(network, ticket.weights)
    trained = train(network, ticket.masks, images, spec.recipe, seed=spec.seed, device=device, log=job.log)
    described = {key: getattr(spec, key) for key in ("evaluation", "arm", "ticket", "kind", "dataset", "seed", "round")}
    write_history(files.history, {**described, "density_percent": 100 * ticket.density}, trained.history)
    counts = confusion(images.splits["test"].labels, trained.predictions, len(images.classes))
    rows = [
        (spec.evaluation, spec.arm, spec.seed, true, predicted, int(counts[i, j]))
        for i, true in enumerate(images.classes)
        for j, predicted in enumerate(images.classes)
    ]
    write_rows(files.confusion, rows, ["evaluation", "arm", "seed", "true", "predicted", "count"])
    job.found = trained.summary()
