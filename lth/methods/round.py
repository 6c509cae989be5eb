"""A round of any method: find the ticket, train it, write down what it was and what it cost."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lth.artifacts.records import checksums, job_digest, seal
from lth.artifacts.tickets import RECORD, Ticket
from lth.artifacts.trained_weights import TrainedWeights
from lth.catalog.methods import METHODS
from lth.catalog.scores import SCORES
from lth.config.layers import LayerKind
from lth.config.options import Options
from lth.config.study import Compute
from lth.config.training import Capture
from lth.data.examples import Examples, Feed, load_examples
from lth.files import checksum
from lth.methods.found import Found
from lth.networks.build import build, initial_weights, layer_kinds, layout, load_weights
from lth.plan.jobs import RoundJob
from lth.pruning.allocation import Target, allocate
from lth.pruning.masks import Masks, apply_masks, collapsed, nearly_collapsed
from lth.pruning.scores.evidence import Evidence
from lth.running.jobs import Job
from lth.running.scratch import Scratch
from lth.seeds import derive, generator
from lth.training.device import prepare_device
from lth.training.energy import Spending
from lth.training.history import write_rows
from lth.training.outcome import Outcome, planned_steps, write_outcomes
from lth.training.train import Keep, train
from lth.training.trained import Trained


@dataclass(frozen=True, kw_only=True)
class RoundFiles:
    """The artifacts of one round."""

    data: Path
    scored: Path | None = None
    """The data set that the parent was trained on, where a score looks at its images and this round has another one."""
    parent: Path | None = None
    """The ticket before: of the last round, or the one that this is made from; none for a dense start."""
    parent_trained: Path | None = None
    """The weights that training the parent gave; needed to prune, and to rewind to them."""
    other: Path | None = None
    """The second of two tickets that are combined."""
    other_trained: Path | None = None
    """The weights that training it gave; needed to start from them."""
    given: Path | None = None
    """A ticket from outside the study."""
    model: Path | None = None
    """The pre-trained model, which the network names as well."""
    ticket: Path
    trained: Path
    history: Path
    confusion: Path
    layers: Path
    cost: Path
    measured: Path


OnTheWay = Callable[[Fraction], Fraction]
"""How much is kept at a moment on the way to a final density."""


@dataclass(frozen=True)
class Round:
    """What a method has to work with. Nothing of it changes; what a method finds, it returns (`Found`)."""

    spec: RoundJob
    files: RoundFiles
    examples: Examples
    device: torch.device
    log: Callable[[str], None]
    scratch: Scratch | None = None
    """Where the states of trainings are kept."""
    capture: Capture = "auto"
    """Whether a GPU records a training step and repeats it."""

    def further(self, *which: str | int) -> int:
        """The data-order seed of a training that goes on from trained weights: in the order of the study they would
        only see again, batch by batch, what they were trained on. The same for all arms of the seed."""
        return derive(self.spec.seed, "further training", *which)

    def random_scores(self) -> torch.Generator:
        """What random masks are drawn from: one stream a seed, so that arms that keep as much start from one mask."""
        return generator(self.spec.seed, "random scores")

    @cached_property
    def dense(self) -> Ticket:
        """theta_0, unpruned."""
        return Ticket.dense(self.spec.network, self.spec.seed)

    @cached_property
    def parent(self) -> Ticket:
        """The ticket that this one is made from."""
        assert self.files.parent is not None
        return self.load(self.files.parent)

    @cached_property
    def trained(self) -> TrainedWeights:
        """What training the parent gave."""
        assert self.files.parent is not None
        assert self.files.parent_trained is not None
        return TrainedWeights.load(self.files.parent_trained, self.files.parent)

    @cached_property
    def other(self) -> Ticket:
        """The second of two tickets that this one is made from."""
        assert self.files.other is not None
        return self.load(self.files.other)

    @cached_property
    def other_trained(self) -> TrainedWeights:
        """What training it gave."""
        assert self.files.other is not None
        assert self.files.other_trained is not None
        return TrainedWeights.load(self.files.other_trained, self.files.other)

    @cached_property
    def kinds(self) -> dict[str, LayerKind]:
        """The kind of each prunable layer."""
        return layer_kinds(layout(self.spec.network))

    @cached_property
    def feed(self) -> Feed:
        """The examples on the device, unchanged by augmentation."""
        return self._fed(self.examples)

    @cached_property
    def scored_feed(self) -> Feed:
        """The examples that a score looks at: those of the training that is pruned."""
        return self._fed(load_examples(self.files.scored)) if self.files.scored else self.feed

    def _fed(self, examples: Examples) -> Feed:
        feed = examples.feed(self.device)
        feed.suit(self._scored)
        return feed

    @cached_property
    def weight_uses(self) -> dict[str, int]:
        """How often one image uses each weight of a layer."""
        return self.feed.weight_uses(self._scored)

    @cached_property
    def _scored(self) -> nn.Module:
        """The network that a score looks at, with the weights of the moment."""
        return build(self.spec.network).to(self.device)

    @property
    def density(self) -> Fraction:
        """The share of weights that the round keeps."""
        return Fraction(self.spec.density)

    def load(self, path: Path) -> Ticket:
        """A ticket of this study, network and seed; an earlier round of a chain must be of the same ticket, or of the
        one whose dense network it prunes."""
        expected = {"ticket": self.spec.dense_of or self.spec.ticket} if self.spec.prunes else {}
        return Ticket.load(path, self.spec.network, study=self.spec.study, seed=self.spec.seed, **expected)

    def evidence(
        self, score: str, weights: Mapping[str, Tensor], masks: Masks, per_class: int | None = None
    ) -> Evidence:
        """What a saliency score may look at, of these weights under these masks."""
        left, known = apply_masks(weights, masks), SCORES[score]
        load_weights(self._scored, left)
        return Evidence(
            network=self._scored,
            masks={name: mask.to(self.device) for name, mask in masks.items()},
            weights={name: weight.to(self.device) for name, weight in left.items()},
            best={name: weight.to(self.device) for name, weight in self.trained.best.items()} if known.best else None,
            shape=(self.spec.network.channels, self.spec.network.size, self.spec.network.size),
            stream=self.random_scores(),
            sample=lambda n: self.scored_feed.sample(n, generator(self.spec.seed, "scored images")),
            per_class=per_class or known.per_class,
        )

    def allocate(self, scores: Mapping[str, Tensor], masks: Masks, moment: OnTheWay | None = None) -> Masks:
        """The masks that keep the largest scores, at the round's densities or on the way there.

        Args:
            scores: by layer, larger is worth more.
            masks: what is pruned already stays pruned.
            moment: on the way, the density that belongs to a final one.
        """
        there = {name: score.to(masks[name].device) for name, score in scores.items()}
        spec, at = self.spec, moment or (lambda final: final)
        of_kind = {kind: at(Fraction(share)) for kind, share in spec.layer_densities.items()}
        of_name = {pattern: at(Fraction(share)) for pattern, share in dict(spec.named_densities or ()).items()}
        target = Target(
            scope=spec.scope,
            density=at(self.density),
            of_kind=of_kind,
            of_name=of_name,
            unpruned=spec.unpruned,
            groups=spec.groups,
        )
        return allocate(there, masks, target, self.kinds)


def run_round(spec: RoundJob, files: RoundFiles, compute: Compute, job: Job, scratch: Scratch | None = None) -> None:
    """One round: find the ticket, train it, write its artifacts; what was stopped goes on from what scratch holds."""
    device = prepare_device(compute, job.announce)
    spending = Spending(device)
    entry = METHODS[spec.method]
    options = entry.options_model().model_validate(spec.options)
    round_ = Round(spec, files, load_examples(files.data), device, job.log, scratch, compute.capture)
    found: Found = entry.load()(round_, options)
    for note in (*found.notes, *_collapses(found.ticket)):
        job.log(note)
    trained = _train(found, round_, options)
    ticket = _as_trained(found.ticket, trained, round_)
    record = _write(ticket, trained, found, round_)
    spending.write(files.measured, {key: getattr(spec, key) for key in ("ticket", "seed", "round")}, record, scratch)
    job.found = "; ".join(
        [f"density {100 * ticket.density:.2f} %, {trained.summary()}", *found.notes, *_collapses(ticket)]
    )


def _as_trained(ticket: Ticket, trained: Trained, round_: Round) -> Ticket:
    """The ticket with the masks that training ended with, and where it came from."""
    spec = round_.spec
    if any(not mask.equal(trained.masks[name]) for name, mask in ticket.masks.items()):
        ticket = ticket.derive(trained.masks, initial_weights(spec.network, spec.seed))  # what grew has a theta_0, too
    return replace(ticket, provenance={**ticket.provenance, **_described(spec), **_parent(round_.files)})


def _described(spec: RoundJob) -> dict[str, object]:
    return {key: getattr(spec, key) for key in ("study", "ticket", "method", "dataset", "seed", "round")}


def _parent(files: RoundFiles) -> dict[str, object]:
    return {} if files.parent is None else {"parent": checksum(files.parent)}


def _train(found: Found, round_: Round, options: Options) -> Trained:
    """Train what the masks leave, from the ticket's weights."""
    spec, score = round_.spec, getattr(options, "score", None)
    return train(
        found.ticket.module(),
        found.ticket.masks,
        round_.examples,
        spec.recipe,
        seed=spec.seed if found.data_order is None else found.data_order,
        device=round_.device,
        log=round_.log,
        hook=found.hook,
        scratch=round_.scratch,
        keep=Keep(
            best=bool(spec.keep_best) or (score is not None and SCORES[score].best),
            step=None if spec.round else options.early_step,
        ),
        begin=spec.first_step,
        capture=round_.capture,
    )


def _collapses(ticket: Ticket) -> Iterator[str]:
    """What is to be said of layers that let nothing through, or hardly anything; mostly nothing."""
    if empty := collapsed(ticket.masks):
        yield f"LAYER COLLAPSE: no weight is left in {', '.join(empty)}"
    if thin := nearly_collapsed(ticket.masks):
        yield f"NEAR COLLAPSE: fewer weights than outputs are left in {', '.join(thin)}"


def _write(ticket: Ticket, trained: Trained, found: Found, round_: Round) -> dict[str, Any]:
    """Write all artifacts but what was measured; the round's record."""
    spec, files = round_.spec, round_.files
    _write_tables(ticket, trained, found, round_)
    names = {key: getattr(spec, key) for key in ("study", "ticket", "seed", "round")}
    length = planned_steps(spec.recipe, len(round_.examples.splits["train"]))
    tables = checksums(files.history, files.confusion, files.layers, files.cost)
    record = seal({**names, **length, "job": job_digest(spec), "files": tables})
    replace(ticket, provenance={**ticket.provenance, RECORD: record}).save(files.ticket)
    weights = TrainedWeights(last=trained.weights, best=trained.best, early=trained.early)
    weights.save(files.trained, files.ticket, ticket.masks)
    return record


def _write_tables(ticket: Ticket, trained: Trained, found: Found, round_: Round) -> None:
    spec, files = round_.spec, round_.files
    named = {"ticket": spec.ticket, "seed": spec.seed, "round": spec.round}
    described = {**named, "dataset": spec.dataset, "density_percent": 100 * ticket.density}
    write_outcomes([Outcome(trained, described, named)], round_.examples, files.history, files.confusion)
    layers = [(*named.values(), *layer) for layer in ticket.layers()]
    write_rows(files.layers, layers, [*named, "layer", "kept", "total", "outputs"])
    size = len(round_.examples.splits["train"])
    costs = [
        (*named.values(), phase, meter.forward_images / size, meter.forward_images, meter.backward_images, meter.flops)
        for phase, meter in (*found.costs, ("train", trained.meter))
    ]
    write_rows(files.cost, costs, [*named, "phase", "epochs", "forward_images", "backward_images", "flops"])
