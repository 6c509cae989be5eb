"""Evaluation: train an arm's ticket on another data set and say what became of it."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from lth.artifacts.records import checksums, job_digest, json_text, seal
from lth.artifacts.tickets import Ticket
from lth.artifacts.trained_weights import TrainedWeights
from lth.config.study import Compute
from lth.data.choose import stratified
from lth.data.examples import Examples, load_examples
from lth.errors import UserError
from lth.files import checksum, write_text
from lth.methods.controls import chosen_ticket
from lth.plan.jobs import EvaluationJob
from lth.running.jobs import Job
from lth.running.scratch import Scratch
from lth.seeds import generator
from lth.training.device import prepare_device
from lth.training.energy import Spending
from lth.training.outcome import Outcome, planned_steps, write_outcomes
from lth.training.train import Keep, train


@dataclass(frozen=True, kw_only=True)
class EvaluationFiles:
    """The artifacts of one evaluation."""

    data: Path
    ticket: Path
    model: Path | None = None
    """The pre-trained model, which the network names as well."""
    history: Path
    confusion: Path
    record: Path
    """JSON: which training this was, and the checksums of its ticket and of the two tables."""
    trained: Path | None = None
    """The trained weights, if they are to be kept."""
    measured: Path | None = None
    """Time and energy, if the study is to have them of evaluations."""


def arm_ticket(spec: EvaluationJob, path: Path) -> Ticket:
    """The ticket of an arm; raises UserError if the file is another one, however well it would fit."""
    found = spec.kind == "own" or (spec.kind == "dense" and spec.round == 0 and not spec.initialisation)
    return chosen_ticket(spec, path, None if found else spec.kind)


def run_evaluation(
    spec: EvaluationJob, files: EvaluationFiles, compute: Compute, job: Job, scratch: Scratch | None = None
) -> None:
    """Train the arm and write its history, and its confusion matrix on the test examples at the best epoch.

    Few-shot: it is trained several times, each on other examples, and the tables have a row `draw` for each.
    """
    device = prepare_device(compute, job.announce)
    spending = Spending(device)
    examples, ticket = load_examples(files.data), arm_ticket(spec, files.ticket)
    described = {key: getattr(spec, key) for key in ("evaluation", "arm", "ticket", "kind", "dataset", "seed", "round")}
    named = {key: described[key] for key in ("evaluation", "arm", "seed")}
    described["density_percent"] = 100 * ticket.density
    outcomes = []
    for draw in range(spec.draws) if spec.draws else [None]:
        trained = train(
            ticket.module(),
            ticket.masks,
            examples if draw is None else drawn(examples, spec, draw),
            spec.recipe,
            seed=spec.seed,
            device=device,
            log=job.log if draw is None else partial(_log_draw, job, draw),
            trains=spec.trains or "all",
            scratch=scratch,
            keep=Keep(best=spec.keep_weights == "both"),
            more=draw is not None and draw + 1 < (spec.draws or 0),
            capture=compute.capture,
        )
        which = {} if draw is None else {"draw": draw}
        outcomes.append(Outcome(trained, {**described, **which}, {**named, **which}))
    write_outcomes(outcomes, examples, files.history, files.confusion)
    if files.trained is not None:
        TrainedWeights(last=trained.weights, best=trained.best).save(files.trained, files.ticket, ticket.masks)
    record = _write_record(spec, files, spec.examples or len(examples.splits["train"]))
    if files.measured is not None:
        spending.write(files.measured, named, record, scratch)
    job.found = ", ".join(outcome.trained.summary() for outcome in outcomes)


def _write_record(spec: EvaluationJob, files: EvaluationFiles, examples: int) -> dict[str, Any]:
    names = {key: getattr(spec, key) for key in ("study", "evaluation", "arm", "ticket", "seed", "round")}
    told = {
        **names,
        **planned_steps(spec.recipe, examples),
        "job": job_digest(spec),
        "ticket_sha256": checksum(files.ticket),
        "files": checksums(files.history, files.confusion),
    }
    record = seal(told)
    write_text(files.record, json_text(record))
    return record


def drawn(examples: Examples, spec: EvaluationJob, draw: int) -> Examples:
    """A few-shot data set: so many training examples, stratified, the same for all arms of a seed.

    Raises:
        UserError: more are asked for than there are.
    """
    labels = examples.splits["train"].labels
    count = spec.examples or 0
    if count > len(labels):
        raise UserError(
            f"evaluations.{spec.evaluation}.examples: '{spec.dataset}' has {len(labels)} training {examples.noun}, "
            f"found {count}; must be at most that"
        )
    purpose = ("few-shot examples", spec.dataset, draw)
    random, which = generator(spec.seed, *purpose), generator(spec.seed, *purpose, "classes")
    return examples.few(stratified(labels, count, random, which))


def _log_draw(job: Job, draw: int, line: str) -> None:
    job.log(f"draw {draw}  {line}")
