"""Evaluation: train an arm's ticket on another data set and say what became of it."""

from dataclasses import dataclass
from pathlib import Path

from lth.config.jobs import EvaluationJob
from lth.config.models import Compute
from lth.controls import chosen_ticket
from lth.data.images import Images
from lth.device import prepare_device
from lth.jobs import Job
from lth.outcome import write_outcome
from lth.tickets import Ticket
from lth.train import train


@dataclass(frozen=True, kw_only=True)
class EvaluationFiles:
    """The artifacts of one evaluation."""

    images: Path
    ticket: Path
    history: Path
    confusion: Path


def arm_ticket(spec: EvaluationJob, path: Path) -> Ticket:
    """The ticket of an arm; raises UserError if the file is another one, however well it would fit."""
    found = spec.kind == "own" or (spec.kind == "dense" and spec.round == 0)
    return chosen_ticket(spec, path, None if found else spec.kind)


def run_evaluation(spec: EvaluationJob, files: EvaluationFiles, compute: Compute, job: Job) -> None:
    """Train the arm and write its history, and its confusion matrix on the test images at the best epoch."""
    device = prepare_device(compute)
    images, ticket = Images.load(files.images), arm_ticket(spec, files.ticket)
    trained = train(ticket.network(), ticket.masks, images, spec.recipe, seed=spec.seed, device=device, log=job.log)
    described = {key: getattr(spec, key) for key in ("evaluation", "arm", "ticket", "kind", "dataset", "seed", "round")}
    named = {key: described[key] for key in ("evaluation", "arm", "seed")}
    density = {"density_percent": 100 * ticket.density}
    write_outcome(trained, images, {**described, **density}, named, files.history, files.confusion)
    job.found = trained.summary()
